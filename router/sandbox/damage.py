"""What each fault does to one answer: a table, and the one function that applies a row of it."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import quote, urlencode

from router.sandbox.rules import Options
from router.sandbox.wire import SILENT, Answer, Request, WireFault, text_answer

BOMB_BYTES = 64 * 1024 * 1024
"""What a gzip bomb inflates to."""

PAGE = "<!DOCTYPE html><html><head><title>Bad gateway</title></head><body>Ray 7f3a</body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a row may look at."""

    request: Request
    answer: Answer
    """The real one, or an empty one when the request was not processed."""
    options: Options
    base_url: str
    refuse: Callable[[int, str], Answer]
    """The provider's own way to say no."""
    without_id: Callable[[Answer], Answer]


Apply = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One row."""

    processed: bool
    """Whether the provider handles the request before the answer is lost."""
    apply: Apply


def _wire(fault: WireFault) -> Apply:
    def apply(call: Call) -> Answer:
        silent = fault in SILENT
        return Answer(0, {}, b"", fault) if silent else replace(call.answer, wire=fault)

    return apply


def _status(status: int, text: str) -> Apply:
    return lambda call: call.refuse(status, text)


def _html(status: int) -> Apply:
    return lambda _: text_answer(PAGE, status, "text/html")


def _broken_json(call: Call) -> Answer:
    body = call.answer.body
    return replace(call.answer, status=200, body=body[: len(body) // 2])


def _no_id(call: Call) -> Answer:
    return call.without_id(call.answer)


def _throttled(call: Call) -> Answer:
    answer = call.refuse(429, "Too many requests")
    seconds = call.options.retry_after_s
    if seconds is None:
        return answer
    return replace(answer, headers={**answer.headers, "retry-after": str(seconds)})


def _redirect(call: Call) -> Answer:
    query = f"?{urlencode(call.request.query)}" if call.request.query else ""
    return Answer(307, {"location": f"{call.base_url}{quote(call.request.path)}{query}"})


@lru_cache(maxsize=1)
def _bomb() -> bytes:
    return gzip.compress(b" " * BOMB_BYTES, compresslevel=6, mtime=0)


def _gzip_bomb(call: Call) -> Answer:
    kind = call.answer.headers.get("content-type", "application/json")
    return Answer(200, {"content-type": kind, "content-encoding": "gzip"}, _bomb())


_TEXTS = {500: "Internal error", 502: "Bad gateway", 503: "Unavailable", 504: "Gateway time-out"}

_BEFORE: Mapping[str, Apply] = {
    "hang_before_accept": _wire(WireFault.HANG),
    "reset_before_accept": _wire(WireFault.RESET),
    "disconnect_before_accept": _wire(WireFault.DISCONNECT),
    "refuse": _wire(WireFault.REFUSE),
    **{f"status_{code}": _status(code, text) for code, text in _TEXTS.items()},
    "redirect_307": _redirect,
    "status_429": _throttled,
    "status_401": _status(401, "Unauthorized"),
    "status_403": _status(403, "Forbidden"),
    "credit_gone": _status(402, "Insufficient balance"),
}

_AFTER: Mapping[str, Apply] = {
    "accept_then_hang": _wire(WireFault.HANG),
    "accept_then_reset": _wire(WireFault.RESET),
    "accept_then_disconnect": _wire(WireFault.DISCONNECT),
    "truncated": _wire(WireFault.TRUNCATE),
    "slow_drip": _wire(WireFault.DRIP),
    "gzip_bomb": _gzip_bomb,
    "ok_html": _html(200),
    "ok_broken_json": _broken_json,
    "ok_no_id": _no_id,
    **{f"{code}_after_accept": _status(code, text) for code, text in _TEXTS.items()},
    "html_502_after_accept": _html(502),
    "redirect_307_after_accept": _redirect,
}

DAMAGES: Mapping[str, Damage] = {
    **{name: Damage(processed=False, apply=apply) for name, apply in _BEFORE.items()},
    **{name: Damage(processed=True, apply=apply) for name, apply in _AFTER.items()},
}
"""By the fault's name; what is in neither table loses no reply."""
