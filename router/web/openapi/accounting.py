"""Exports, billing accounts and closed months: as schemas and as routes."""

from router.finance.focus.forms import MEDIA
from router.model.errors import Malformed, NotFound, RequestTimeout, TooLarge
from router.web.openapi.operation import Answer, Errors, Operation
from router.web.openapi.parameters import OF_MONEY
from router.web.openapi.shapes import (
    COUNT,
    INSTANT,
    MONEY,
    TEXT,
    Schema,
    many,
    nullable,
    one_of,
    ref,
    thing,
)

_DIGEST: Schema = {**TEXT, "pattern": "^[0-9a-f]{64}$"}
ACCOUNTING: dict[str, Schema] = {
    "AccountEvent": thing(
        "Money that passed between us and a provider beside its charges.",
        id=TEXT,
        provider=TEXT,
        kind=one_of(
            ["topup", "credit"],
            "topup: paid into a prepaid balance. credit: given back, as by a credit note.",
        ),
        amount=MONEY,
        at={**INSTANT, "description": "When the money moved."},
        reference={**TEXT, "description": "The receipt's or the note's own number."},
        created_at=INSTANT,
        who=TEXT,
        reason=nullable(TEXT),
    ),
    "AccountEventList": thing(
        "What passed on an account, the oldest first.",
        events=many(ref("AccountEvent")),
        topped_up=MONEY,
        credited=MONEY,
    ),
    "Period": thing(
        "A month that is closed, with what it came to.",
        provider=TEXT,
        month={**TEXT, "description": "In UTC, as `2026-11`."},
        account={**TEXT, "description": "The billing account's number."},
        billing=one_of(["prepaid", "invoiced"]),
        invoice=nullable({**TEXT, "description": "Null where nobody has named it."}),
        posted={**MONEY, "description": "What was charged, corrections included."},
        billed={**MONEY, "description": "What is on invoices and receipts, less credits."},
        topped_up=MONEY,
        credited=MONEY,
        left_open={**MONEY, "description": "Held, in doubt or presumed when it was closed."},
        left_open_attempts=COUNT,
        rows={**COUNT, "description": "Of its exports."},
        sha256=thing(
            "Of its exports as CSV.",
            **{"focus-1.2.csv": _DIGEST, "focus-1.4.csv": _DIGEST},
        ),
        closed_at=INSTANT,
        who=TEXT,
        reason=nullable(TEXT),
    ),
    "PeriodList": thing(
        "Closed months, the oldest first.",
        "open",
        periods=many(ref("Period")),
        open={
            **many(TEXT),
            "description": "Providers whose `?month=` is not closed, of those with which anything "
            "was ever booked before it ended.",
        },
    ),
}

_OF_A_BODY: Errors = (Malformed, TooLarge, RequestTimeout)
ACCOUNTING_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/v1/exports/focus"): Operation(
        name="exportFocus",
        group="money",
        answers={
            200: Answer(
                schema="",
                words="The file, sent as it is written: it is whole if the answer is. With "
                "`part=metadata`, what its columns are, as JSON.",
                media=(*MEDIA.values(), "application/json"),
            )
        },
        errors=(Malformed,),
        parameters=(
            *("focus_version", "focus_format", "from", "to"),
            *("tenant", *OF_MONEY, "focus_part"),
        ),
    ),
    ("GET", "/v1/accounts/events"): Operation(
        name="listAllAccountEvents",
        group="money",
        answers={200: Answer(schema="AccountEventList", words="Of all of them, and sums.")},
        errors=(Malformed,),
        parameters=("from", "to"),
    ),
    ("GET", "/v1/accounts/{provider}/events"): Operation(
        name="listAccountEvents",
        group="money",
        answers={200: Answer(schema="AccountEventList", words="The oldest first, and sums.")},
        errors=(Malformed, NotFound),
        parameters=("account", "from", "to"),
    ),
    ("POST", "/v1/accounts/{provider}/events"): Operation(
        name="recordAccountEvent",
        group="administration",
        answers={201: Answer(schema="AccountEvent", words="It is in the books.")},
        errors=(*_OF_A_BODY, NotFound),
        parameters=("account",),
        body="EventRequest",
        example={"kind": "topup", "amount": "100", "reference": "receipt 2026-1107"},
    ),
    ("GET", "/v1/periods"): Operation(
        name="listPeriods",
        group="money",
        answers={200: Answer(schema="PeriodList", words="The oldest first.")},
        errors=(Malformed,),
        parameters=("month",),
    ),
    ("POST", "/v1/periods"): Operation(
        name="closePeriod",
        group="administration",
        answers={201: Answer(schema="Period", words="It is closed, with these sums.")},
        errors=(*_OF_A_BODY, NotFound),
        body="CloseRequest",
        example={"provider": "shortapi", "month": "2026-11"},
    ),
}
