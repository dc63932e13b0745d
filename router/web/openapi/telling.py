"""The routes about clients' callbacks, and what their answers look like."""

from router.ledger.outbox_rows import OutboxState
from router.model.errors import InvalidJob, Malformed, NotFound
from router.web.openapi.operation import Answer, Operation
from router.web.openapi.shapes import (
    EDIT_ID,
    INSTANT,
    TEXT,
    Schema,
    many,
    nullable,
    one_of,
    ref,
    thing,
)

_COUNT: Schema = {"type": "integer", "minimum": 0}

CALLBACKS: dict[str, Schema] = {
    "Callback": thing(
        "How far the client was told of the edit's end. Where is told to nobody.",
        state=one_of(
            OutboxState,
            "waiting: the edit has not ended. due: to be told at `next_at`. failed: given up. "
            "refused: the address may not be dialled.",
        ),
        tries=_COUNT,
        last_status=nullable({"type": "integer", "description": "Null where nobody answered."}),
        next_at=nullable(INSTANT),
    ),
    "Redelivery": thing("What is told again.", id=EDIT_ID, callback=ref("Callback")),
    "CallbackList": thing(
        "Callbacks, those of the newest edits first.",
        callbacks=many(
            thing(
                "One edit's.",
                id=EDIT_ID,
                tenant=TEXT,
                host=nullable({**TEXT, "description": "Null once the address is forgotten."}),
                dialect={**TEXT, "description": "In whose words."},
                callback=ref("Callback"),
                tried_at=nullable(INSTANT),
            )
        ),
        after=nullable({**TEXT, "description": "For the next page; null on the last."}),
    ),
    "CallbackSecret": thing(
        "What a tenant's callbacks are signed with.",
        tenant=TEXT,
        secret={**TEXT, "pattern": "^whsec_[A-Za-z0-9+/]{43}=$"},
    ),
}

TELLING: dict[tuple[str, str], Operation] = {
    ("POST", "/v1/edits/{id}/callback/redeliver"): Operation(
        name="redeliverCallback",
        group="callbacks",
        answers={200: Answer(schema="Redelivery", words="It is told now, with the same id.")},
        errors=(InvalidJob, NotFound),
        parameters=("edit",),
    ),
    ("GET", "/v1/callbacks"): Operation(
        name="listCallbacks",
        group="callbacks",
        answers={200: Answer(schema="CallbackList", words="A page of them.")},
        errors=(Malformed,),
        parameters=("callback_state", "after", "limit"),
    ),
    ("GET", "/v1/callbacks/secret"): Operation(
        name="readCallbackSecret",
        group="callbacks",
        answers={200: Answer(schema="CallbackSecret", words="As receivers' libraries take it.")},
        errors=(Malformed,),
        parameters=("tenant",),
    ),
}
