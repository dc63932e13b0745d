"""What refusals look like, as JSON Schema. What an edit ends with is told in its own body."""

from router.model import errors
from router.model.errors import RouterError
from router.web.openapi.shapes import (
    EDIT_ID,
    ENDS,
    FLAG,
    MONEY,
    ROLLS,
    TEXT,
    USED,
    Schema,
    nullable,
    one_of,
    thing,
)

REFUSALS: tuple[type[RouterError], ...] = (
    *(errors.Malformed, errors.TooLarge, errors.InvalidJob, errors.ContentRefused),
    *(errors.IdempotencyConflict, errors.Unauthorized, errors.Forbidden, errors.BudgetExceeded),
    *(errors.NotFound, errors.RequestTimeout, errors.JobInProgress, errors.RateLimited),
    *(errors.AllProvidersFailed, errors.NobodyQualifies, errors.Overloaded),
    errors.LedgerUnavailable,
)
"""Every error that is answered with its status. What ends an edit is told in a 200's body."""
UNSHOWN = "Null where the account is shared with others of whom the caller may not know."
INTERNAL = "internal_error"
"""The code of what nobody foresaw; it has no class."""

_PROBLEM = {
    "type": {**TEXT, "format": "uri"},
    "title": TEXT,
    "status": {"type": "integer"},
    "detail": {**TEXT, "description": "What happened, and what to do next."},
    "code": one_of([*(one.code for one in REFUSALS), INTERNAL]),
    "retryable": {**FLAG, "description": "Whether sending it again may help."},
    "may_have_been_charged": FLAG,
    "job_id": EDIT_ID,
}

PROBLEMS: dict[str, Schema] = {
    "Problem": thing("What is wrong, as RFC 9457 has it.", "job_id", **_PROBLEM),
    "BudgetProblem": thing(
        "The edit does not fit a budget.",
        "job_id",
        **_PROBLEM,
        budget=TEXT,
        scope=nullable({**TEXT, "description": UNSHOWN}),
        window_end=nullable(ENDS),
        rolls=ROLLS,
        limit=nullable({**MONEY, "description": UNSHOWN}),
        **dict.fromkeys(USED, nullable({**MONEY, "description": UNSHOWN})),
        asked=MONEY,
    ),
}

ERRORS_OF: dict[str, str] = {
    "openai": "OpenAIError",
    "runpod": "RunpodError",
    "shortapi": "ShortApiError",
}
"""By the name of a dialect that is not our own: what its errors look like."""
