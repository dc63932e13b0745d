"""What raises of budgets' limits look like, and what became of limits, as JSON Schema."""

from router.web.openapi.shapes import (
    ENDS,
    INSTANT,
    MONEY,
    ROLLS,
    TEXT,
    Schema,
    many,
    nullable,
    one_of,
    thing,
)

_RAISE = {
    "id": TEXT,
    "budget": TEXT,
    "scope": nullable({**TEXT, "description": "Null for each of the budget's accounts."}),
    "by": {**MONEY, "description": "More in each window that it is in force in."},
    "until": INSTANT,
    "who": TEXT,
    "reason": TEXT,
}

RAISES: dict[str, Schema] = {
    "Raise": thing("A limit that a person has raised for a while.", **_RAISE),
    "EndedRaise": thing(
        "A raise that is in force no more: who ended it, when and why.",
        **_RAISE,
        ended_at=INSTANT,
    ),
    "BudgetHistory": thing(
        "What became of limits, the newest first.",
        history=many(
            thing(
                "A raise, the end of one, or a threshold that was reached.",
                *("id", "by", "until", "who", "reason"),
                *("percent", "charged", "limit", "window_start", "window_end", "rolls"),
                **_RAISE,
                at=INSTANT,
                what=one_of(["raised", "raise_ended", "threshold_reached"]),
                percent={"type": "integer"},
                charged=MONEY,
                limit=MONEY,
                window_start=nullable(INSTANT),
                window_end=nullable(ENDS),
                rolls=ROLLS,
            )
        ),
    ),
}
