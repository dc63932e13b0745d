"""What goes in and out: one HTTP request, one answer, and what to do to the connection."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast
from urllib.parse import urlsplit


class WireFault(Enum):
    """What the one who owns the socket does instead of, or while, sending the answer."""

    HANG = "hang"
    """Read the whole request, never answer, keep the connection open."""
    RESET = "reset"
    """Read the whole request, then RST."""
    DISCONNECT = "disconnect"
    """Read the whole request, then FIN, without a byte of answer."""
    REFUSE = "refuse"
    """The connection is not made at all. A server that already has one resets it."""
    TRUNCATE = "truncate"
    """Promise the whole body by Content-Length, send half of it, then FIN."""
    DRIP = "drip"
    """Send the body one byte at a time, with a pause after each."""


SILENT = frozenset(
    {WireFault.HANG, WireFault.RESET, WireFault.DISCONNECT, WireFault.REFUSE},
)
"""The wire faults after which the client has no answer at all."""


def _nothing() -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Request:
    """One complete HTTP request."""

    method: str
    path: str
    """Without query, percent-decoded."""
    query: Mapping[str, str] = field(default_factory=_nothing)
    headers: Mapping[str, str] = field(default_factory=_nothing)
    """Names in lower case."""
    body: bytes = field(default=b"", repr=False)

    def parsed(self) -> Any:
        """
        Parse the body as JSON.

        Raises:
            ValueError: It is not JSON in UTF-8.
        """
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """One complete HTTP answer, and what happens to it on the way."""

    status: int
    """0 when `wire` is silent: the client gets no answer."""
    headers: Mapping[str, str] = field(default_factory=_nothing)
    """Names in lower case."""
    body: bytes = field(default=b"", repr=False)
    wire: WireFault | None = None


def json_answer(value: object, status: int = 200) -> Answer:
    """Answer with a JSON document."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return Answer(status, {"content-type": "application/json"}, body)


def text_answer(text: str, status: int = 200, kind: str = "text/plain") -> Answer:
    """Answer with text in UTF-8."""
    return Answer(status, {"content-type": f"{kind}; charset=utf-8"}, text.encode())


def as_object(value: object) -> dict[str, Any]:
    """Take a JSON value for an object; anything else counts as an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """Take a JSON value for an array; anything else counts as an empty one."""
    return list(cast("Any", value)) if isinstance(value, list) else []


def as_text(value: object) -> str | None:
    """Take a JSON value for a string; anything else counts as none."""
    return value if isinstance(value, str) else None


def is_web_url(text: str) -> bool:
    """Whether it looks like something that can be fetched or posted to."""
    return text.startswith(("http://", "https://"))


def path_of(url: str) -> str:
    """Take a URL's path; empty for what is not a URL."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
