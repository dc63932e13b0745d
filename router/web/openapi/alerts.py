"""The routes about alerts, and what their answers look like."""

from router.model.errors import InvalidJob, Malformed
from router.web.openapi.operation import Answer, Operation
from router.web.openapi.shapes import (
    COUNT,
    ENDS,
    FLAG,
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

REACHED: dict[str, Schema] = {
    "basis": one_of(("actual", "forecast", "burn"), "By what it is reached."),
    "percent": {
        "type": "integer",
        "description": "Of the limit; of a burn, of the pace that lasts just to the window's end.",
    },
    "over_s": nullable({"type": "integer", "description": "Of a burn: over what time."}),
    "charged": MONEY,
    "limit": MONEY,
    "amount": nullable(
        {
            **MONEY,
            "description": "What is expected; of a burn, what was charged in that time; of a limit "
            "that is used up and not charged whole, what was refused.",
        }
    ),
    "window_start": nullable(INSTANT),
    "window_end": nullable(ENDS),
    "rolls": ROLLS,
}
"""The figures of an alert."""

ALERTS: dict[str, Schema] = {
    "AlertList": thing(
        "What budgets have reached, the newest first.",
        alerts=many(
            thing(
                "A threshold that was reached, and how far telling it is.",
                at=INSTANT,
                id=TEXT,
                budget=TEXT,
                scope=TEXT,
                **REACHED,
                delivery=nullable(
                    thing(
                        "Null where the policy named nobody to tell.",
                        host=nullable(TEXT),
                        format=one_of(("standard", "slack")),
                        state=one_of(("due", "delivered", "failed", "refused")),
                        tries=COUNT,
                        last_status=nullable({"type": "integer"}),
                        tried_at=nullable(INSTANT),
                        next_at=nullable(INSTANT),
                    )
                ),
            )
        ),
    ),
    "AlertTrial": thing(
        "What came of a sample.",
        id={**TEXT, "description": "The message's."},
        host=nullable(TEXT),
        format=one_of(("standard", "slack")),
        delivered=FLAG,
        status=nullable({"type": "integer", "description": "What the receiver answered."}),
        detail=nullable({**TEXT, "description": "Why there is no answer."}),
    ),
    "AlertSecret": thing("What alerts are signed with.", secret=TEXT),
}

ALERTING: dict[tuple[str, str], Operation] = {
    ("GET", "/v1/alerts"): Operation(
        name="listAlerts",
        group="money",
        answers={200: Answer(schema="AlertList", words="Of the last 30 days, if not said.")},
        errors=(Malformed,),
        parameters=("from", "to"),
    ),
    ("POST", "/v1/alerts/test"): Operation(
        name="sendSampleAlert",
        group="money",
        answers={200: Answer(schema="AlertTrial", words="It was posted once; taken or not.")},
        errors=(InvalidJob,),
    ),
    ("GET", "/v1/alerts/secret"): Operation(
        name="readAlertSecret",
        group="money",
        answers={200: Answer(schema="AlertSecret", words="As receivers' libraries take it.")},
    ),
}
