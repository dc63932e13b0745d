"""
Edits that one request has bought, as the answer that OpenAI's clients read.

With at least one image it is a 200, which tells how many failed and why. Without any, it is an
error that no client sends again for: it has been bought, and may have been charged.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import web

from router.dispatch.watching import JobView
from router.model.errors import (
    AllProvidersFailed,
    ContentRefused,
    Overloaded,
    ProviderInDoubt,
    ResultUnavailable,
)
from router.model.job import JobState
from router.model.money import Money
from router.upstream.image_header import size_of
from router.web.buying import charged
from router.web.dialects.openai.refusing import UNDER_WAY, error_response, json_answer, words_of
from router.web.picturing import ShownImage
from router.web.rendering import job_headers

HEADER_BYTES = 64 * 1024
QUALITY = "high"
"""The models know one quality, whichever was asked for."""
USAGE = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "total_tokens": 0,
}
"""Edits are not billed by tokens; clients that read the block find it whole."""
_LOST = "The image is not kept any more."
_IN_DOUBT = "The provider has not said what became of it."


@dataclass(frozen=True, slots=True)
class Shot:
    """One of the edits, with what is shown of it."""

    view: JobView
    images: Sequence[ShownImage]

    @property
    def to_show(self) -> list[ShownImage]:
        """Its images, if it has ended with any that can still be had."""
        if self.view.row.state is not JobState.SUCCEEDED:
            return []
        return [one for one in self.images if one.url is not None or one.bytes is not None]

    @property
    def reason(self) -> tuple[str, str] | None:
        """Why there is no image, as a code and a sentence; None when there is one."""
        row = self.view.row
        if self.to_show:
            return None
        if not row.state.is_final:
            return UNDER_WAY, f"It is {row.state}."
        if row.state is JobState.SUCCEEDED:
            return ResultUnavailable.code, _LOST
        if row.error_code == ProviderInDoubt.code:
            # What broke on the way to the provider is the operator's to know.
            return ProviderInDoubt.code, _IN_DOUBT
        return row.error_code or row.state.value, row.error_detail or "There is no image."


def answer(shots: Sequence[Shot], remaining: Money | None) -> web.Response:
    """
    What became of edits that were bought together.

    Args:
        shots: One or more; the first one's id is the request's.
        remaining: What the tightest budget has left; None where there is none.
    """
    shown = [image for shot in shots for image in shot.to_show]
    response = _images(shots, shown) if shown else _failure(shots)
    first = next((shot for shot in shots if shot.to_show), shots[0])
    response.headers.update(job_headers(first.view, remaining))
    response.headers["Farebox-Job"] = response.headers["x-request-id"] = shots[0].view.row.id
    response.headers["Farebox-Charged-USD"] = str(charged([shot.view for shot in shots]))
    failed = sum(shot.reason is not None for shot in shots)
    if failed:
        response.headers["Farebox-Failed"] = str(failed)
    return response


def _images(shots: Sequence[Shot], shown: list[ShownImage]) -> web.Response:
    first = shown[0]
    told: dict[str, Any] = {
        "created": int(shots[0].view.row.created_at.timestamp()),
        "background": "opaque",
        "data": [_image(one) for one in shown],
        "quality": QUALITY,
    }
    if first.kind is not None:
        told["output_format"] = first.kind
    size = size_of(first.bytes[:HEADER_BYTES]) if first.bytes is not None else None
    if size is not None:
        told["size"] = f"{size[0]}x{size[1]}"
    return json_answer({**told, "usage": USAGE, "farebox": _books(shots)})


def _image(shown: ShownImage) -> dict[str, Any]:
    if shown.bytes is not None:
        return {"b64_json": base64.b64encode(shown.bytes).decode()}
    return {"url": shown.url}


def _books(shots: Sequence[Shot]) -> dict[str, Any]:
    """What of it is ours to tell: what was bought, each edit, and their money together."""
    return {
        "model": shots[0].view.row.model,
        "charged": str(charged([shot.view for shot in shots])),
        "may_have_been_charged": any(_is_open(shot.view) for shot in shots),
        "failed": sum(shot.reason is not None for shot in shots),
        "edits": [_edit(shot) for shot in shots],
    }


def _is_open(view: JobView) -> bool:
    """Whether money may be gone, or still go, of which nobody has told."""
    return view.may_have_been_charged or not view.row.state.is_final


def _edit(shot: Shot) -> dict[str, Any]:
    view, reason = shot.view, shot.reason
    return {
        "id": view.row.id,
        "status": view.row.state.value,
        "charged": str(view.charged),
        "may_have_been_charged": _is_open(view),
        "error": {"code": reason[0], "detail": reason[1]} if reason is not None else None,
    }


def _failure(shots: Sequence[Shot]) -> web.Response:
    """The worst of the reasons, which is what there is to look after."""
    reasons = [reason for shot in shots if (reason := shot.reason) is not None]
    codes = {code for code, _ in reasons}
    job_id = shots[0].view.row.id
    where = f"Look for it at GET /v1/edits/{job_id}."
    more = {"farebox": _books(shots)}
    if codes == {ContentRefused.code}:
        told = words_of(ContentRefused)
        return error_response(told, reasons[0][1], more=more)
    if codes <= _VOID and all(shot.view.nothing_spent for shot in shots):
        kind = AllProvidersFailed if AllProvidersFailed.code in codes else Overloaded
        message = f"{_first(reasons, kind.code)} Nothing was charged."
        return error_response(words_of(kind), message, more=more)
    code = UNDER_WAY if UNDER_WAY in codes else _gravest(shots)
    told = (int(HTTPStatus.FAILED_DEPENDENCY), "server_error", code)
    message = f"{_first(reasons, code)} {_money(shots)} {where}"
    response = error_response(told, message, more=more)
    response.headers["Location"] = f"/v1/edits/{job_id}"
    return response


def _money(shots: Sequence[Shot]) -> str:
    """What of it is gone, or may be."""
    spent = charged([shot.view for shot in shots])
    told = [f"${spent} was charged."] if spent > Money.ZERO else []
    if any(_is_open(shot.view) for shot in shots):
        told.append("More may be charged." if told else "It may have been charged, or still be.")
    return " ".join(told) or "Nothing was charged."


_VOID = frozenset({AllProvidersFailed.code, ContentRefused.code, Overloaded.code})
"""How an edit ends of which every attempt is void."""


def _gravest(shots: Sequence[Shot]) -> str:
    """The code of the edit whose money is gone, or may be; else the first one's."""
    spent = [shot for shot in shots if not shot.view.nothing_spent]
    reason = (spent or shots)[0].reason
    assert reason is not None, "there is no image of it"
    return reason[0]


def _first(reasons: list[tuple[str, str]], code: str) -> str:
    return next(words for one, words in reasons if one == code)
