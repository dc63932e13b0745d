"""What raises of budgets' limits, their history and their outlook look like, as JSON Schema."""

from router.web.openapi.alerts import REACHED
from router.web.openapi.shapes import (
    INSTANT,
    MONEY,
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
                *REACHED,
                **_RAISE,
                at=INSTANT,
                what=one_of(["raised", "raise_ended", "threshold_reached"]),
                **REACHED,
            )
        ),
    ),
}

OUTLOOK: dict[str, Schema] = {
    "forecast": nullable(
        thing(
            "What the window will have been charged when it ends.",
            expected=MONEY,
            low={**MONEY, "description": "Eight times in ten it is not less than this."},
            high={**MONEY, "description": "Nor more than this."},
            method=one_of(
                ("linear", "weekday"),
                "The window's own pace so far; or, once two weeks are known, that of the same "
                "hours of the weeks before.",
            ),
        )
    ),
    "no_forecast": nullable({**TEXT, "description": "Why there is no forecast."}),
    "exhausted_at": nullable(
        {**INSTANT, "description": "When the limit is reached at this pace; null: not in time."}
    ),
    "burn_rates": many(
        thing(
            "How fast the limit is used: at 1 it is used up just as the window ends.",
            over_s={"type": "integer", "description": "Over the last so many seconds."},
            rate={**TEXT, "description": "As `14.40`."},
        )
    ),
}
"""The fields of a budget's line that look ahead."""
