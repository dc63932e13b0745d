"""The drop-in dialects for `/openapi.json`: their answers, their errors and their routes."""

from router.model.errors import (
    BudgetExceeded,
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
from router.web.openapi.operation import Answer, Errors, Operation
from router.web.openapi.shapes import (
    COUNT,
    EDIT_ID,
    FLAG,
    MONEY,
    NUMBER,
    TEXT,
    Schema,
    many,
    one_of,
    thing,
)

_CREATED = {"amount": {**MONEY, "description": "The quoted price."}, "job_id": EDIT_ID}
DIALECT_SCHEMAS: dict[str, Schema] = {
    "ShortApiError": thing(
        "What is wrong, in ShortAPI's envelope.",
        code={"type": "integer", "description": "The HTTP status."},
        info={**TEXT, "description": "What happened, and what to do next."},
    ),
    "ShortApiCreated": thing(
        "A job was bought; its id stands here twice, for the samples of ShortAPI's documents.",
        code={"const": 0},
        data=thing("As documented.", "amount", **_CREATED),
        job_id=EDIT_ID,
    ),
    "ShortApiJob": thing(
        "A job.",
        code={"const": 0},
        data=thing(
            "As documented, and as clients know it.",
            *("amount", "result", "error", "refunded"),
            status={"enum": [0, 1, 2, 3], "description": "Queued, runs, succeeded, failed."},
            result=thing("There when it succeeded.", images=many(thing("One.", url=TEXT))),
            error={**TEXT, "description": "There when it failed."},
            refunded={**FLAG, "description": "When it failed: that nothing was charged."},
            **_CREATED,
        ),
    ),
    "RunpodError": thing("What is wrong.", error=TEXT),
    "RunpodJob": thing(
        "A job's status object. Keys that have no value are not there.",
        *("output", "error", "delayTime", "executionTime"),
        id=EDIT_ID,
        status=one_of(["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED"]),
        output=thing(
            "There when it is completed; both addresses are the same.",
            result={**TEXT, "description": "A URL; with `enable_base64_output`, a `data:` URL."},
            image_url=TEXT,
            cost={**NUMBER, "description": "What was charged, in dollars."},
        ),
        error=TEXT,
        delayTime={**COUNT, "description": "Milliseconds before it was being made."},
        executionTime={**COUNT, "description": "Milliseconds that it was being made."},
    ),
    "RunpodHealth": thing(
        "How an endpoint is.",
        jobs=thing(
            "The caller's that are in hand; those that have ended are not counted.",
            **dict.fromkeys(("completed", "failed", "inProgress", "inQueue", "retried"), COUNT),
        ),
        workers=thing(
            "The providers.",
            **dict.fromkeys(
                ("idle", "initializing", "ready", "running", "throttled", "unhealthy"), COUNT
            ),
        ),
    ),
}

_OF_AN_EDIT: Errors = (
    *(Malformed, TooLarge, RequestTimeout, InvalidJob, IdempotencyConflict, BudgetExceeded),
    *(JobInProgress, RateLimited, NobodyQualifies),
)
_HEADERS = (
    *("Farebox-Job", "Farebox-Provider", "Farebox-Charged-USD", "Farebox-Budget-Remaining-USD"),
    "Farebox-Downshifted",
)
_ID = "0199d6f0-0000-7000-8000-000000000001"
_URL = "https://images.example/cat.png"
_INPUT = {
    "prompt": "Make the sky green",
    "images": ["https://pictures.example/cat.png"],
    "resolution": "1k",
}
_JOB = Answer(
    schema="RunpodJob",
    words="The job, whatever its state: no status but this is told once it was bought.",
    headers=(*_HEADERS, "Idempotent-Replayed"),
    example={
        "id": _ID,
        "status": "COMPLETED",
        "output": {"result": _URL, "image_url": _URL, "cost": 0.04},
        "delayTime": 41,
        "executionTime": 6159,
    },
)


def _of_a_job(name: str, *parameters: str) -> Operation:
    """A route that tells of a job."""
    return Operation(
        name=name,
        group="runpod",
        answers={200: _JOB},
        errors=(Malformed, NotFound),
        parameters=("slug", "edit", *parameters),
    )


def _run(name: str, *parameters: str) -> Operation:
    """A route that buys one."""
    return Operation(
        name=name,
        group="runpod",
        answers={200: _JOB},
        errors=(*_OF_AN_EDIT, NotFound),
        refusal_headers=_HEADERS,
        parameters=("slug", *parameters, "Idempotency-Key"),
        body="RunpodRun",
        example={"input": _INPUT},
    )


DIALECT_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/api/v1/job/create"): Operation(
        name="shortApiCreate",
        group="shortapi",
        answers={
            200: Answer(
                schema="ShortApiCreated",
                words="It is bought.",
                headers=(*_HEADERS, "Idempotent-Replayed"),
                example={"code": 0, "data": {"amount": "0.04", "job_id": _ID}, "job_id": _ID},
            )
        },
        errors=_OF_AN_EDIT,
        refusal_headers=_HEADERS,
        parameters=("Idempotency-Key",),
        body="ShortApiCreate",
        example={
            "model": "google/nano-banana-2/edit",
            "args": {"prompt": "Make the sky green", "image_urls": _INPUT["images"]},
        },
    ),
    ("GET", "/api/v1/job/query"): Operation(
        name="shortApiQuery",
        group="shortapi",
        answers={
            200: Answer(
                schema="ShortApiJob",
                words="The job as it is.",
                headers=_HEADERS,
                example={
                    "code": 0,
                    "data": {
                        "job_id": _ID,
                        "status": 2,
                        "amount": "0.04",
                        "result": {"images": [{"url": _URL}]},
                    },
                },
            )
        },
        errors=(Malformed, NotFound),
        parameters=("queried",),
    ),
    ("POST", "/v2/{slug}/run"): _run("runpodRun"),
    ("POST", "/v2/{slug}/runsync"): _run("runpodRunSync", "held"),
    ("GET", "/v2/{slug}/status/{id}"): _of_a_job("runpodStatus"),
    ("GET", "/v2/{slug}/status-sync/{id}"): _of_a_job("runpodStatusSync", "held"),
    ("POST", "/v2/{slug}/status-sync/{id}"): _of_a_job("runpodStatusSyncByPost", "held"),
    ("POST", "/v2/{slug}/cancel/{id}"): _of_a_job("runpodCancel"),
    ("GET", "/v2/{slug}/health"): Operation(
        name="runpodHealth",
        group="runpod",
        answers={200: Answer(schema="RunpodHealth", words="Now.")},
        errors=(NotFound,),
        parameters=("slug",),
    ),
}
