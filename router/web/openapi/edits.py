"""Edits, their attempts and their decisions, as JSON Schema."""

from router.model import errors
from router.model.errors import RouterError
from router.model.job import JobState
from router.web.openapi.offers import EXPECTED
from router.web.openapi.shapes import (
    EDIT_ID,
    FLAG,
    INSTANT,
    MONEY,
    NUMBER,
    STATE,
    TEXT,
    Schema,
    many,
    nullable,
    one_of,
    ref,
    thing,
)

ENDINGS: tuple[type[RouterError], ...] = (
    *(errors.ProviderInDoubt, errors.AllProvidersFailed, errors.ResultUnavailable),
    *(errors.DeadlineExceeded, errors.ContentRefused, errors.Overloaded),
)
"""Every error that an edit ends with, in its body."""
CANDIDATE = {"provider": TEXT, "price": MONEY, "verdict": TEXT, **EXPECTED, "state": STATE}

ATTEMPT = {
    "id": {**TEXT, "description": "The edit's id, a dot, and the attempt's number from 1."},
    "provider": TEXT,
    "outcome": nullable({**TEXT, "description": "`delivered`, or what went wrong, in one word."}),
    "quoted": MONEY,
    "charged": {**MONEY, "description": "What was posted."},
    "money": one_of(
        ["held", "posted", "voided", "in_doubt", "posted_presumed"],
        "`in_doubt`: sent, its outcome unknown, and counted until evidence comes.",
    ),
    "seconds": nullable({**NUMBER, "description": "From the first byte to the end."}),
}

EDITS: dict[str, Schema] = {
    "Attempt": thing("One try of an edit at one provider.", **ATTEMPT),
    # Edits of earlier versions do not have what was expected.
    "Candidate": thing(
        "A provider, and why it was chosen or not.", *EXPECTED, "state", **CANDIDATE
    ),
    "Decision": {
        **thing(
            "Why the edit went where it went.",
            policy=TEXT,
            policy_hash={**TEXT, "description": "Of all of its files."},
            rule={
                **TEXT,
                "description": "Which rule applied, and which stages were reached; `otherwise`: no "
                "rule matched, and the policy's own applied.",
            },
            candidates=many(ref("Candidate")),
        ),
        "additionalProperties": True,
    },
    "Downshift": thing(
        "Why the edit is smaller than was asked for: a budget had no room for it.",
        **{"from": ref("Resolution"), "to": ref("Resolution")},
        budget=TEXT,
    ),
    "Edit": thing(
        "An edit, with what it cost.",
        id=EDIT_ID,
        status=one_of(JobState),
        model=TEXT,
        resolution={**ref("Resolution"), "description": "What was bought."},
        downshifted=nullable(ref("Downshift")),
        images=many(ref("Image")),
        provider=nullable({**TEXT, "description": "Who delivered, or was tried last."}),
        charged=MONEY,
        quoted=nullable(MONEY),
        may_have_been_charged={**FLAG, "description": "Money may be gone that nobody told of."},
        attempts=many(ref("Attempt")),
        decision=ref("Decision"),
        error=nullable(ref("EditError")),
        callback=nullable(ref("Callback")),
        created_at=INSTANT,
        ended_at=nullable(INSTANT),
    ),
    "EditError": thing(
        "Why there is no image.", code=one_of(one.code for one in ENDINGS), detail=nullable(TEXT)
    ),
    "EditBegun": thing(
        "An edit that is in the books, though its request could not be answered whole.",
        id=EDIT_ID,
        status=one_of(JobState),
        may_have_been_charged=FLAG,
    ),
    "EditList": thing(
        "Edits, the newest first.",
        edits=many(ref("Edit")),
        after=nullable({**TEXT, "description": "For `?after=` of the next page, if there is one."}),
    ),
}
