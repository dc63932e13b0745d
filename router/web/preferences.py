"""
What a client says in its headers about how it wants to be answered.

Sources: RFC 7240 (Prefer), and the draft of the Idempotency-Key header.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from router.model.errors import Malformed

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Preference:
    """How long the client wants to be held, and which of its preferences that was."""

    wait_s: float | None = None
    """None: until the job's deadline."""
    applied: str | None = None
    """For `Preference-Applied`."""


def preference(headers: Sequence[str]) -> Preference:
    """
    Read the `Prefer` headers: `wait=N`, or `respond-async`, which alone means not to wait at all.

    What is not understood is ignored, as RFC 7240 wants it.
    """
    is_async, wait = False, None
    for part in ",".join(headers).split(","):
        name, _, value = part.partition(";")[0].partition("=")
        name, value = name.strip().lower(), value.strip().strip('"')
        if name == "respond-async":
            is_async = True
        elif name == "wait" and wait is None and _SECONDS.fullmatch(value):
            wait = value
    if wait is not None:
        return Preference(float(wait), f"wait={wait}")
    return Preference(0.0, "respond-async") if is_async else Preference()


def read_wait(text: str | None) -> float:
    """
    Read `?wait=N`, in seconds; zero when it is absent.

    Raises:
        Malformed: It is no number of seconds.
    """
    if text is None:
        return 0.0
    if not _SECONDS.fullmatch(text):
        raise Malformed("`?wait=` is a number of seconds, as 60.")
    return float(text)


def idempotency_key(headers: Sequence[str]) -> str | None:
    """
    Read the `Idempotency-Key` headers: one, quoted or bare; None when it is absent.

    Raises:
        Malformed: It is there twice, empty, too long, or not visible ASCII.
    """
    if not headers:
        return None
    key = headers[0].strip()
    is_quoted = len(key) > 1 and key.startswith('"') and key.endswith('"')
    key = key[1:-1] if is_quoted else key
    if len(headers) > 1 or not _KEY.fullmatch(key):
        raise Malformed("`Idempotency-Key` is 1 to 255 visible ASCII characters, once.")
    return key
