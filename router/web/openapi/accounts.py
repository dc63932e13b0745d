"""Providers' bills, the credit left there, and prices that changed: as schemas and as routes."""

from router.finance.findings import Action, Kind
from router.model.errors import InvalidJob, Malformed, NotFound, RequestTimeout, TooLarge
from router.model.job import AttemptState
from router.web.openapi.operation import Answer, Operation
from router.web.openapi.shapes import (
    COUNT,
    FLAG,
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

_OF_A_BODY = (Malformed, TooLarge, RequestTimeout, InvalidJob)
_LINE = {"type": "integer", "minimum": 1}
_LINES = many(_LINE)
_STATEMENT = {
    "id": {**TEXT, "description": "The same bill of the same time has the same."},
    "provider": TEXT,
    "name": {**TEXT, "description": "The file's."},
    "from": INSTANT,
    "to": INSTANT,
    "complete": {**FLAG, "description": "Whether all that was billed then is said to be on it."},
    "lines": COUNT,
    "total": MONEY,
}
ACCOUNTS: dict[str, Schema] = {
    "Reconciliation": thing(
        "A provider's bill held against the books.",
        statement=thing("The bill.", **_STATEMENT),
        outside={**COUNT, "description": "Lines that are not of its time: not looked at."},
        repeated=many(
            thing(
                "A line that says the same again as one before it: a second charge, or a mistake "
                "of the export. It counts, and settles nothing by itself.",
                line=_LINE,
                same_as=_LINE,
            )
        ),
        recent={**COUNT, "description": "Charges that are too recent to be missed on it."},
        applied={**FLAG, "description": "Whether the books were to be settled by it."},
        agrees={**FLAG, "description": "Whether nothing is left to be done or asked."},
        sums=many(
            thing(
                "All findings of one kind.",
                kind=one_of(Kind),
                count=COUNT,
                billed=MONEY,
                posted=MONEY,
                difference=MONEY,
            )
        ),
        findings=many(ref("Finding")),
    ),
    "Finding": thing(
        "Where the bill and the books do not just agree.",
        kind=one_of(Kind),
        attempt=nullable(TEXT),
        ref=nullable({**TEXT, "description": "The provider's id of it."}),
        money=nullable(one_of(AttemptState, "The attempt's state, as it was found.")),
        held=nullable({**MONEY, "description": "The price that was pinned; counted while open."}),
        billed=MONEY,
        posted={**MONEY, "description": "As it was found."},
        difference={**MONEY, "description": "Billed less posted."},
        lines=_LINES,
        action=nullable(one_of(Action, "What the bill proves; null where a person must see.")),
        applied={**FLAG, "description": "Whether that was done."},
        why={**TEXT, "description": "Why nothing is done by itself, and what to do."},
        suggested=many({**TEXT, "description": "An attempt that it may be the charge of."}),
    ),
    "Statement": thing(
        "A bill by which the books were settled.",
        **_STATEMENT,
        recorded_at=INSTANT,
        who=TEXT,
        withdrawn=nullable(
            thing("When it was taken back, by whom and why.", at=INSTANT, who=TEXT, reason=TEXT)
        ),
    ),
    "StatementList": thing(
        "Bills by which the books were settled, the latest first.",
        statements=many(ref("Statement")),
    ),
    "Credit": thing(
        "What is left at a provider.",
        provider=TEXT,
        left={
            **MONEY,
            "description": "As it was read, topped up and credited, less what was charged.",
        },
        read=MONEY,
        read_at=INSTANT,
        topped_up={**MONEY, "description": "Since then, without credits."},
        credited={**MONEY, "description": "Since then, by credit notes."},
        posted={**MONEY, "description": "What was charged since then, of what is posted."},
        open={**MONEY, "description": "Sent since then, not settled: perhaps charged, too."},
        per_day={**MONEY, "description": "Charged within the last day, refunds not taken off."},
        gone_at=nullable({**INSTANT, "description": "At that pace; null where it lasts."}),
        low={**FLAG, "description": "By the price book's `credit_low`."},
    ),
    "BalanceList": thing(
        "Credit, and what its readings say of the books.",
        balances=many(ref("Credit")),
        unread=many(
            thing(
                "A prepaid account whose credit nobody has read, with what passed there by these "
                "books: what is left is not known.",
                provider=TEXT,
                topped_up=MONEY,
                credited=MONEY,
                posted=MONEY,
            )
        ),
        between=many(
            thing(
                "Two readings one after the other.",
                **{"provider": TEXT, "from": INSTANT, "to": INSTANT},
                read_before=MONEY,
                read_after=MONEY,
                topped_up=MONEY,
                credited=MONEY,
                spent={**MONEY, "description": "By the readings."},
                posted={**MONEY, "description": "By the books."},
                difference={**MONEY, "description": "Spent less posted."},
            )
        ),
    ),
    "PriceStop": thing(
        "An offer is not bought any more, because charges in a row were above its price.",
        price={**MONEY, "description": "At which nothing is bought."},
        charged_above=COUNT,
        charged=many({**MONEY, "description": "The newest first."}),
        proposed={**MONEY, "description": "For its newer row; the highest where charges differ."},
        words=TEXT,
    ),
    "PriceDrift": thing(
        "What is charged beside the price book.",
        since_days={**COUNT, "description": "How far back is looked."},
        named=many(
            thing(
                "What an offer named when it took edits of which no charge is known yet, where "
                "that is not its price.",
                provider=TEXT,
                model=TEXT,
                resolution=ref("Resolution"),
                pinned=MONEY,
                named=MONEY,
                in_a_row=COUNT,
                since=INSTANT,
                words=TEXT,
            )
        ),
        drift=many(
            thing(
                "One offer at one resolution, by its latest charges.",
                provider=TEXT,
                model=TEXT,
                resolution=ref("Resolution"),
                pinned={**MONEY, "description": "The price of the latest charge, by the book."},
                charges=COUNT,
                exact=COUNT,
                drifted=COUNT,
                over={**MONEY, "description": "By how much charges were above their prices."},
                under=MONEY,
                first_seen=nullable(INSTANT),
                last_seen=nullable(INSTANT),
                changed_to=nullable({**MONEY, "description": "Null while nothing is clear."}),
                changed_at=nullable(INSTANT),
                withdrawn={
                    **COUNT,
                    "description": "How many drifted by nothing but a bill that was withdrawn: "
                    "they count in all sums until a right bill says otherwise.",
                },
                stopped=nullable(ref("PriceStop")),
                attempts=many(
                    thing(
                        "Every amount that is known of one attempt.",
                        id=TEXT,
                        at=INSTANT,
                        pinned=MONEY,
                        at_create=nullable(MONEY),
                        at_completion=MONEY,
                        source=TEXT,
                        posted=MONEY,
                    )
                ),
            )
        ),
        proposal={**TEXT, "description": "Rows for the price book, as YAML. None is in force."},
    ),
}

ACCOUNT_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/v1/statements"): Operation(
        name="createStatement",
        group="money",
        answers={200: Answer(schema="Reconciliation", words="What agrees, and what does not.")},
        errors=_OF_A_BODY,
        body="StatementRequest",
        example={
            "provider": "shortapi",
            "name": "usage.csv",
            "csv": "ref,amount,at\njob-77,0.04,2026-11-20T09:00:00Z\n",
            "from": "2026-11-01T00:00:00Z",
            "to": "2026-12-01T00:00:00Z",
            "apply": False,
        },
    ),
    ("GET", "/v1/statements"): Operation(
        name="listStatements",
        group="money",
        answers={200: Answer(schema="StatementList", words="All of them.")},
        errors=(Malformed,),
    ),
    ("POST", "/v1/statements/{id}/withdraw"): Operation(
        name="withdrawStatement",
        group="money",
        answers={200: Answer(schema="Statement", words="Its lines count no more.")},
        errors=(Malformed, TooLarge, RequestTimeout, NotFound),
        parameters=("statement",),
        body="WithdrawRequest",
        example={"reason": "the wrong column was taken for the amount"},
    ),
    ("POST", "/v1/balances"): Operation(
        name="createBalance",
        group="money",
        answers={201: Answer(schema="BalanceList", words="What is left there.")},
        errors=_OF_A_BODY,
        body="BalanceRequest",
        example={"provider": "shortapi", "balance": "41.20"},
    ),
    ("GET", "/v1/balances"): Operation(
        name="listBalances",
        group="money",
        answers={
            200: Answer(
                schema="BalanceList",
                words="Of providers whose credit was read, and who else is prepaid.",
            )
        },
        errors=(Malformed,),
        parameters=("of_provider",),
    ),
    ("GET", "/v1/prices/drift"): Operation(
        name="listPriceDrift",
        group="money",
        answers={200: Answer(schema="PriceDrift", words="Of every offer that was charged.")},
        errors=(Malformed,),
    ),
}
