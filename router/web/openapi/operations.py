"""What each route takes and answers. A test holds it to the table of routes."""

from router.model.errors import (
    AllProvidersFailed,
    BudgetExceeded,
    ContentRefused,
    IdempotencyConflict,
    InvalidJob,
    JobInProgress,
    Malformed,
    NobodyQualifies,
    NotFound,
    RateLimited,
    RequestTimeout,
    TooLarge,
)
from router.web.openapi.accounting import ACCOUNTING_OPERATIONS
from router.web.openapi.accounts import ACCOUNT_OPERATIONS
from router.web.openapi.alerts import ALERTING
from router.web.openapi.dialects import DIALECT_OPERATIONS
from router.web.openapi.openai import OPENAI_OPERATIONS
from router.web.openapi.operation import Answer, Errors, Operation
from router.web.openapi.pages import PAGE_OPERATIONS
from router.web.openapi.parameters import OF_MONEY
from router.web.openapi.results import RESULT_OPERATIONS
from router.web.openapi.telling import TELLING

_OF_A_BODY: Errors = (Malformed, TooLarge, RequestTimeout)
_OF_AN_EDIT: Errors = (
    *(*_OF_A_BODY, InvalidJob, IdempotencyConflict, ContentRefused, BudgetExceeded),
    *(JobInProgress, RateLimited, AllProvidersFailed, NobodyQualifies),
)
_JOB_HEADERS = (
    *("Farebox-Job", "Farebox-Provider", "Farebox-Charged-USD", "Farebox-Budget-Remaining-USD"),
    "Farebox-Downshifted",
)
_WHERE = ("Location", "Retry-After")
_HOW = ("Preference-Applied", "Idempotent-Replayed")

AN_EDIT = {
    "prompt": "Make the sky green",
    "images": ["https://pictures.example/cat.png"],
    "resolution": "1k",
    "aspect_ratio": "16:9",
    "tags": {"team": "growth"},
    "price_max": "0.10",
}
_JOB_ID = "0199d6f0-0000-7000-8000-000000000001"
_BOUGHT = {
    "id": _JOB_ID,
    "status": "succeeded",
    "model": "nano-banana-2-edit",
    "resolution": "1k",
    "downshifted": None,
    "images": [
        {"url": "https://images.example/cat.png", "expires_at": "2026-11-21T09:00:06.200000Z"}
    ],
    "provider": "shortapi",
    "charged": "0.04",
    "quoted": "0.04",
    "may_have_been_charged": False,
    "attempts": [
        {
            "id": f"{_JOB_ID}.1",
            "provider": "shortapi",
            "outcome": "delivered",
            "quoted": "0.04",
            "charged": "0.04",
            "money": "posted",
            "seconds": 6.2,
        }
    ],
    "decision": {
        "policy": "cheapest-first",
        "policy_hash": "5eed0000c0ff",
        "rule": "lowest price",
        "candidates": [
            {"provider": "shortapi", "price": "0.04", "verdict": "chosen by lowest price"}
        ],
    },
    "error": None,
    "callback": None,
    "created_at": "2026-11-20T09:00:00.000000Z",
    "ended_at": "2026-11-20T09:00:06.200000Z",
}
_ENDED = Answer(
    schema="Edit",
    words="The edit has ended; `status` tells how.",
    headers=(*_JOB_HEADERS, *_HOW),
    example=_BOUGHT,
)
_GOES_ON = Answer(
    schema="EditUnderWay",
    words="It runs, or is in doubt: `Location` says where to ask for it.",
    headers=(*_JOB_HEADERS, *_WHERE, *_HOW),
)
OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/v1/edits"): Operation(
        name="createEdit",
        group="edits",
        answers={200: _ENDED, 202: _GOES_ON},
        errors=_OF_AN_EDIT,
        refusal_headers=_JOB_HEADERS,
        parameters=("Idempotency-Key", "Prefer"),
        body="EditRequest",
        example=AN_EDIT,
    ),
    ("GET", "/v1/edits"): Operation(
        name="listEdits",
        group="edits",
        answers={200: Answer(schema="EditList", words="A page of them.")},
        errors=(Malformed,),
        parameters=("status", "after", "limit", "tenant"),
    ),
    ("GET", "/v1/edits/{id}"): Operation(
        name="readEdit",
        group="edits",
        answers={200: _ENDED, 202: _GOES_ON},
        errors=(Malformed, NotFound),
        parameters=("edit", "wait"),
    ),
    ("POST", "/v1/edits/{id}/cancel"): Operation(
        name="cancelEdit",
        group="edits",
        answers={200: _ENDED, 202: _GOES_ON},
        errors=(NotFound,),
        parameters=("edit",),
    ),
    **TELLING,
    **ALERTING,
    ("POST", "/v1/quotes"): Operation(
        name="createQuote",
        group="edits",
        answers={200: Answer(schema="Quote", words="Who would be asked, and why.")},
        errors=(*_OF_A_BODY, InvalidJob),
        parameters=("tenant",),
        body="EditRequest",
        example=AN_EDIT,
    ),
    ("GET", "/v1/budgets"): Operation(
        name="listBudgets",
        group="money",
        answers={200: Answer(schema="BudgetList", words="Those that bind the tenant.")},
        errors=(Malformed,),
        parameters=("tenant",),
    ),
    ("POST", "/v1/budgets/{id}/raise"): Operation(
        name="raiseBudget",
        group="money",
        answers={201: Answer(schema="Raise", words="The entry. It changes no file.")},
        errors=(*_OF_A_BODY, NotFound),
        parameters=("budget",),
        body="RaiseRequest",
        example={"by": "100.00", "until": "2026-12-01T00:00:00Z", "reason": "campaign"},
    ),
    ("GET", "/v1/budgets/history"): Operation(
        name="listBudgetHistory",
        group="money",
        answers={200: Answer(schema="BudgetHistory", words="Of the last 30 days, if not said.")},
        errors=(Malformed,),
        parameters=("from", "to"),
    ),
    ("POST", "/v1/raises/{id}/end"): Operation(
        name="endRaise",
        group="money",
        answers={200: Answer(schema="EndedRaise", words="The raise. What is held stays held.")},
        errors=(*_OF_A_BODY, NotFound),
        parameters=("raise",),
        body="EndRequest",
        example={"reason": "it was ten times too much"},
    ),
    ("GET", "/v1/spend"): Operation(
        name="readSpend",
        group="money",
        answers={200: Answer(schema="Spend", words="Lines, and what they add up to.")},
        errors=(Malformed,),
        parameters=("by", "from", "to", "time_zone", "tenant", *OF_MONEY),
    ),
    ("POST", "/v1/keys"): Operation(
        name="createKey",
        group="administration",
        answers={201: Answer(schema="NewKey", words="The key.")},
        errors=_OF_A_BODY,
        body="KeyRequest",
        example={"tenant": "acme", "name": "web-shop", "tags": {"team": "growth"}},
    ),
    ("GET", "/v1/keys"): Operation(
        name="listKeys",
        group="administration",
        answers={200: Answer(schema="KeyList", words="All of them.")},
        errors=(Malformed,),
    ),
    ("DELETE", "/v1/keys/{id}"): Operation(
        name="revokeKey",
        group="administration",
        answers={200: Answer(schema="Key", words="The key, with when it was revoked.")},
        errors=(NotFound,),
        parameters=("key",),
    ),
    ("POST", "/v1/keys/{id}/rotate"): Operation(
        name="rotateKey",
        group="administration",
        answers={201: Answer(schema="RotatedKey", words="The new key, and the former one's end.")},
        errors=(*_OF_A_BODY, InvalidJob, NotFound),
        parameters=("key",),
        body="RotateRequest",
        example={"grace_s": 604_800},
    ),
    ("GET", "/v1/attempts"): Operation(
        name="listAttempts",
        group="administration",
        answers={200: Answer(schema="AttemptList", words="Those whose money is open.")},
        errors=(Malformed,),
        parameters=("state",),
    ),
    ("POST", "/v1/attempts/{id}/settle"): Operation(
        name="settleAttempt",
        group="administration",
        answers={200: Answer(schema="OpenAttempt", words="The attempt as it is now.")},
        errors=(*_OF_A_BODY, InvalidJob, NotFound),
        parameters=("attempt",),
        body="SettleRequest",
        example={"posted": "0.04", "reason": "invoice of November"},
    ),
    ("POST", "/callbacks/{provider}/{token}"): Operation(
        name="ringDoorbell",
        group="providers",
        answers={200: Answer(schema="Nothing", words="We ask the provider what it is about.")},
        errors=(*_OF_A_BODY, NotFound),
        parameters=("provider", "token"),
        body="Anything",
    ),
    ("GET", "/metrics"): Operation(
        name="readMetrics",
        group="operation",
        answers={200: Answer(schema="", words="As Prometheus takes it.")},
    ),
    ("GET", "/livez"): Operation(
        name="isAlive",
        group="operation",
        answers={200: Answer(schema="Liveness", words="It is.")},
    ),
    ("GET", "/readyz"): Operation(
        name="isReady",
        group="operation",
        answers={
            200: Answer(schema="Readiness", words="Edits are taken."),
            503: Answer(schema="Readiness", words="They are not: it starts, stops, or cannot."),
        },
        errors=(Malformed,),
        parameters=("verbose",),
    ),
    ("GET", "/openapi.json"): Operation(
        name="readDocument",
        group="operation",
        answers={200: Answer(schema="Document", words="OpenAPI 3.1.")},
        errors=(Malformed,),
    ),
    ("GET", "/"): Operation(
        name="readIndex",
        group="operation",
        answers={200: Answer(schema="Document", words="What this is, and where to go.")},
    ),
    **ACCOUNT_OPERATIONS,
    **ACCOUNTING_OPERATIONS,
    **RESULT_OPERATIONS,
    **DIALECT_OPERATIONS,
    **OPENAI_OPERATIONS,
    **PAGE_OPERATIONS,
}
