"""OpenAI's images API, as schemas and as routes."""

from router.model.errors import (
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
from router.model.job import JobState
from router.web.openapi.operation import Answer, Operation
from router.web.openapi.shapes import (
    BYTES,
    COUNT,
    EDIT_ID,
    FLAG,
    MONEY,
    TEXT,
    Schema,
    many,
    nullable,
    one_of,
    ref,
    thing,
)

_TOKENS = thing("By what they were of.", image_tokens=COUNT, text_tokens=COUNT)
_MODEL = {
    "id": TEXT,
    "object": one_of(["model"]),
    "created": {**COUNT, "description": "Since when it is sold, in seconds."},
    "owned_by": TEXT,
}
_BOOKS = thing(
    "What is Farebox's to tell of the edits.",
    model={**TEXT, "description": "Which was bought, whatever it was asked for as."},
    charged={**MONEY, "description": "For all of them together."},
    may_have_been_charged=FLAG,
    failed={**COUNT, "description": "Of how many there is no image."},
    edits=many(
        thing(
            "One of them.",
            id=EDIT_ID,
            status=one_of(JobState),
            charged=MONEY,
            may_have_been_charged=FLAG,
            error=nullable(thing("Why there is no image.", code=TEXT, detail=TEXT)),
        )
    ),
)
OPENAI_SCHEMAS: dict[str, Schema] = {
    "OpenAIImages": thing(
        "The images that came.",
        *("output_format", "size"),
        created={**COUNT, "description": "In seconds."},
        background=one_of(["opaque"]),
        data=many(thing("An image.", "url", "b64_json", url=TEXT, b64_json=TEXT)),
        output_format=TEXT,
        quality=one_of(["high"], "The models know one."),
        size={**TEXT, "description": "What came, by its bytes."},
        usage=thing(
            "Zeros: edits are not billed by tokens.",
            input_tokens=COUNT,
            input_tokens_details=_TOKENS,
            output_tokens=COUNT,
            output_tokens_details=_TOKENS,
            total_tokens=COUNT,
        ),
        farebox=_BOOKS,
    ),
    "OpenAIError": thing(
        "What is wrong, as OpenAI's clients read it.",
        "farebox",
        error=thing(
            "What is wrong.", message=TEXT, type=TEXT, param=nullable(TEXT), code=nullable(TEXT)
        ),
        farebox=_BOOKS,
    ),
    "OpenAIModel": thing("What can be bought.", **_MODEL),
    "OpenAIModelList": thing("All of it.", object=one_of(["list"]), data=many(ref("OpenAIModel"))),
    "ImageEditForm": {
        "description": "The fields of `ImageEdit` as text, and images as bytes; `tags[name]` too.",
        "type": "object",
        "properties": {
            "prompt": TEXT,
            "image": {"type": "array", "items": BYTES},
            "image[]": {"type": "array", "items": BYTES},
        },
        "required": ["prompt"],
        "additionalProperties": TEXT,
    },
}

_OF_A_JOB = (
    *("Farebox-Job", "Farebox-Provider", "Farebox-Charged-USD", "Farebox-Budget-Remaining-USD"),
    *("Farebox-Downshifted", "Farebox-Failed", "Idempotent-Replayed", "x-request-id"),
)
_REFUSED = (*_OF_A_JOB, "x-should-retry")
OPENAI_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/v1/images/edits"): Operation(
        name="createImageEdit",
        group="openai",
        answers={
            200: Answer(
                schema="OpenAIImages",
                words="At least one image; `farebox.failed` says how many did not come.",
                headers=_OF_A_JOB,
            ),
            424: Answer(
                schema="OpenAIError",
                words="No image, and what was bought may be charged, or still be under way: "
                "`Location` says where to ask.",
                headers=(*_REFUSED, "Location"),
            ),
            502: Answer(
                schema="OpenAIError",
                words="No provider delivered, and none charged.",
                headers=_REFUSED,
            ),
        },
        errors=(
            *(Malformed, TooLarge, RequestTimeout, InvalidJob, IdempotencyConflict),
            *(ContentRefused, NotFound, BudgetExceeded, JobInProgress, RateLimited),
            NobodyQualifies,
        ),
        refusal_headers=_REFUSED,
        parameters=("Idempotency-Key",),
        body="ImageEdit",
        form="ImageEditForm",
        example={
            "prompt": "Make the sky green",
            "images": [{"image_url": "https://pictures.example/cat.png"}],
            "size": "1536x1024",
            "n": 2,
        },
    ),
    ("GET", "/v1/models"): Operation(
        name="listModels",
        group="openai",
        answers={200: Answer(schema="OpenAIModelList", words="By name.", headers=_OF_A_JOB[-1:])},
    ),
    ("GET", "/v1/models/{id}"): Operation(
        name="readModel",
        group="openai",
        answers={200: Answer(schema="OpenAIModel", words="The model.", headers=_OF_A_JOB[-1:])},
        errors=(NotFound,),
        parameters=("model",),
    ),
}
