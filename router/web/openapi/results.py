"""Results, where they are kept, and what was billed without one: as schemas and as routes."""

from router.finance.claims import COLUMNS as CLAIM
from router.images.kinds import MEDIA_TYPES
from router.model.errors import LedgerUnavailable, Malformed, NotFound
from router.web.openapi.operation import Answer, Operation
from router.web.openapi.shapes import (
    COUNT,
    INSTANT,
    MONEY,
    NUMBER,
    TEXT,
    Schema,
    many,
    nullable,
    one_of,
    ref,
    thing,
)

_KEPT = {"images": COUNT, "bytes": COUNT}
RESULTS: dict[str, Schema] = {
    "Image": thing(
        "A result: an address, or where `response` was `base64`, the image itself.",
        *("url", "base64", "format"),
        url=TEXT,
        base64=nullable({**TEXT, "description": "Null once it is kept no more."}),
        format=nullable(one_of(MEDIA_TYPES)),
        expires_at=nullable(INSTANT),
    ),
    "ClaimList": thing(
        "What was billed and not delivered.", claims=many(ref("Claim")), total=MONEY
    ),
    "Claim": thing(
        "An attempt, as its provider can look it up.",
        **dict.fromkeys(CLAIM, TEXT) | {"at": INSTANT, "amount": MONEY},
    ),
    "Archive": thing(
        "How much is kept of results.",
        where={**TEXT, "description": "A folder, or an object store's address."},
        keep_s=nullable({**NUMBER, "description": "As the policy in force has it."}),
        **_KEPT,
        tenants=many(thing("One tenant's.", tenant=TEXT, **_KEPT)),
        oldest=nullable(INSTANT),
        next_removal=nullable(INSTANT),
    ),
}

_AN_IMAGE = Answer(
    schema="", words="The image, by the link that was told.", media=tuple(MEDIA_TYPES.values())
)

RESULT_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/v1/claims"): Operation(
        name="listClaims",
        group="money",
        answers={200: Answer(schema="ClaimList", words="The oldest first, and their sum.")},
        errors=(Malformed,),
        parameters=("claimed", "from", "to"),
    ),
    ("GET", "/v1/archive"): Operation(
        name="readArchive",
        group="operation",
        answers={200: Answer(schema="Archive", words="How much is kept, and of whom.")},
        errors=(Malformed,),
    ),
    ("GET", "/inputs/{name}"): Operation(
        name="readInput",
        group="images",
        answers={200: _AN_IMAGE},
        errors=(NotFound,),
        parameters=("input", "expires", "signature"),
    ),
    ("GET", "/results/{name}"): Operation(
        name="readResult",
        group="images",
        answers={200: _AN_IMAGE},
        errors=(NotFound, LedgerUnavailable),
        parameters=("result", "expires", "signature"),
    ),
}
