"""
ShortAPI's dialect: create and query, numeric states, an envelope of `code` and `info`.

Source: shortapi.ai, model google/nano-banana-2/edit (shapes, state 2); clients' code for states 0,
1 and 3, `error` and `refunded`. What its own codes and callbacks look like is not documented: ours
are the HTTP status, and the answer to a query.
"""

import json
from collections.abc import Sequence
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from router.dispatch.watching import JobView
from router.model.errors import InvalidJob, Malformed, RouterError
from router.model.ids import JobId
from router.model.job import JobState
from router.web.asking import Asked, asked_for
from router.web.buying import buy, own_job, watch
from router.web.dialect import Dialect
from router.web.dialects.answering import headers_about, quoted, refusal, status_of, why_failed
from router.web.dialects.reading import (
    in_words_of,
    model_named,
    ratio_in,
    read_field,
    refuse_impossible,
    wish_of,
)
from router.web.explaining import read_as
from router.web.picturing import ShownImage, shown_images
from router.web.preferences import idempotency_key
from router.web.problems import json_response
from router.web.visit import Visit

NAME = "shortapi"
"""Of the dialect, and of the provider whose names it uses."""
PLACEHOLDER = "CALLBACK_URL"
"""What the documents' samples send for want of a callback."""
NOT_SERVED = (
    "Of ShortAPI's addresses Farebox serves `POST /api/v1/job/create` and "
    "`GET /api/v1/job/query?id=`."
)
_STATES = {
    JobState.QUEUED: 0,
    JobState.RUNNING: 1,
    JobState.SUCCEEDED: 2,
    JobState.FAILED: 3,
    JobState.CANCELLED: 3,  # There is no cancelling here: somebody did it elsewhere.
}
_NAMES = {
    "prompt": "args.prompt",
    "images": "args.image_urls",
    "resolution": "args.resolution",
    "aspect_ratio": "args.aspect_ratio",
}


class ShortApiCreate(BaseModel):
    """The body of a create."""

    model_config = ConfigDict(extra="ignore", strict=True)

    model: str
    args: dict[str, Any] = Field(repr=False)
    callback_url: str | None = Field(default=None, repr=False)


class ShortApiArgs(BaseModel):
    """What a create asks for."""

    model_config = ConfigDict(extra="allow", strict=True)

    prompt: str = Field(repr=False)
    image_urls: Annotated[list[str], Field(repr=False)]
    aspect_ratio: str | None = None
    resolution: str | None = None
    num_images: int | None = None


async def create(visit: Visit) -> web.Response:
    """`POST /api/v1/job/create`: buy an edit, and answer at once with its id and its price."""
    key = idempotency_key(visit.request.headers.getall("Idempotency-Key", []))
    bought = await buy(visit, _asked(visit, await visit.body()), key)
    view = await watch(visit, bought.row, 0.0)
    headers = await headers_about(visit, view, bought)
    return web.Response(text=created_text(view), content_type="application/json", headers=headers)


async def query(visit: Visit) -> web.Response:
    """`GET /api/v1/job/query`: a job as it is."""
    ids = visit.request.query.getall("id", [])
    if len(ids) != 1:
        raise Malformed("`?id=` is the id of one job.")
    view = await watch(visit, await own_job(visit, ids[0]), 0.0)
    # Images are told by address here, whatever their buyer asked for elsewhere.
    images = await shown_images(visit, view, with_bytes=False)
    return json_response(queried(view, images), headers=await headers_about(visit, view))


def _asked(visit: Visit, body: bytes) -> Asked:
    policy = visit.services.policy()
    asks = read_as(ShortApiCreate, body, InvalidJob)
    model = model_named(policy.prices, NAME, asks.model)
    if model is None:
        raise InvalidJob("invalid model: `model` names nothing that is sold here.")
    wish = wish_of({"model": model, **fields_of(asks)})
    return asked_for(visit.services, visit.caller, wish, dialect=NAME, origin=visit.origin)


def fields_of(asks: ShortApiCreate) -> dict[str, object]:
    """
    The fields of the canonical wish, but for its model.

    Raises:
        InvalidJob: It is no edit, or asks for what no provider can do; names each field.
    """
    args = read_field(ShortApiArgs, asks.args, "args")
    if args.num_images not in {None, 1}:
        raise InvalidJob("`args.num_images` must be 1: one request buys one edit.")
    unknown = args.model_extra or {}
    refuse_impossible(unknown, "args", unknown)
    return {
        "prompt": args.prompt,
        "images": args.image_urls,
        # ShortAPI demands a shape; without one it is the first image's.
        "aspect_ratio": ratio_in(args.aspect_ratio),
        "resolution": args.resolution or None,
        "callback_url": callback_of(asks.callback_url),
    }


def callback_of(url: str | None) -> str | None:
    """Where a client wants to be told; the placeholder of the documents' samples is nowhere."""
    return None if url in {None, "", PLACEHOLDER} else url


def created_text(view: JobView) -> str:
    """A job that was just bought, as the answer to its create."""
    price = quoted(view)
    return _created_text(view.row.id, {} if price is None else {"amount": str(price)})


def _created_text(job_id: JobId, amount: dict[str, str]) -> str:
    """
    The id stands in `data`, as the documents have it, and at the top, where their samples read it.

    The one at the top has a space before its colon, so that the samples' grep for `"job_id": *"`
    finds one match.
    """
    told = json.dumps({"code": 0, "data": {**amount, "job_id": job_id}}, separators=(",", ":"))
    return f'{told[:-1]},"job_id" : "{job_id}"}}'


def queried(view: JobView, images: Sequence[ShownImage]) -> dict[str, Any]:
    """A job as the answer to a query."""
    row = view.row
    data: dict[str, Any] = {"job_id": row.id, "status": _STATES[row.state]}
    if (price := quoted(view)) is not None:
        data["amount"] = str(price)
    if row.state is JobState.SUCCEEDED:
        data["result"] = {"images": [{"url": image.url} for image in images if image.url]}
    elif row.state.is_final:
        data |= {"error": why_failed(view), "refunded": view.nothing_spent}
    return {"code": 0, "data": data}


def callback_body(view: JobView, images: Sequence[ShownImage]) -> dict[str, Any]:
    """What a client's `callback_url` is told when the job has ended: as a query would be."""
    return queried(view, images)


def refused(error: RouterError) -> web.Response:
    """An error in the envelope: its status as the `code`, and what to do about it as `info`."""
    told = {"code": status_of(error), "info": in_words_of(_NAMES, error.detail)}
    return refusal(error, told)


def unforeseen() -> web.Response:
    """What nobody foresaw, before anything was bought."""
    told = "Something went wrong inside Farebox. The operator has been told. Nothing was bought."
    return json_response({"code": 500, "info": told}, status=500)


def under_way(job_id: JobId, state: str) -> web.Response:  # noqa: ARG001 - a query tells.
    """A job that is in the books, or may be, and of which no more can be told now."""
    return web.Response(text=_created_text(job_id, {}), content_type="application/json")


DIALECT = Dialect(name=NAME, refused=refused, unforeseen=unforeseen, under_way=under_way)
"""ShortAPI's."""
