"""
Finds the human sentence in a provider's error, makes it safe to show, and says what it is about.

Errors arrive as text, as objects, as JSON documents inside strings, and as a sentence that ends in
one. Safe means: no URL, no picture, nothing that looks like a key, no control characters.
"""

import re
from collections.abc import Mapping

from router.providers.parsing import Json, NotJson, parse
from router.providers.wire import Reply

SENTENCE_LENGTH_MAX = 200

_READ_LENGTH_MAX = 4_000
_NESTED_LENGTH_MAX = 65_536
_NESTED_STARTS_MAX = 8
_DEPTH_MAX = 5
# In the order of preference: sentences for people before words for programs.
_KEYS = (
    *("error_message", "message", "info", "msg", "error", "errors", "detail", "details"),
    *("title", "reason", "code", "type", "error_type"),
)
_HIDDEN = re.compile(
    r"""
      data:[^\s"'<>]+
    | [A-Za-z][A-Za-z0-9+.-]{0,15}:(?:\\?/){2}[^\s"'<>]+
    | (?i:bearer)\s+\S+
    | (?i:key|token|secret|password|authorization|signature)["']?\s*[:=]\s*\S+
    | \b(?:rpa_|ak-|sk-|pk-)\w[\w-]*
    | \b(?=\w*[0-9])[\w+/=-]{24,}
    """,
    re.VERBOSE,
)
# "policy" is also a field of Runpod's requests, "case-sensitive" a remark on spelling, and
# `enable_safety_checker` an input: none of them speaks of a picture.
_CONTENT = re.compile(
    r"""
      (?<![a-z_])safety(?!_checker) | \bunsafe\b
    | (?<!invalid[ ])\bpolic(?:y|ies)\b(?!\.\w|["'`]) | content[ _-]policy | policy[ _-]violation
    | (?<![a-z])(?<!case[ _-])sensitive(?![a-z]) | \bprohibited\b | \bguidelines\b
    | \bmoderat(?:ion|ed) | \bnsfw | \binappropriate\b | \bharmful\b | \bflagged\b
    | \bsexual | \bnudity\b | \bblockreason\b
    | image_safety | prohibited_content | blocklist | model_armor | jailbreak | image_recitation
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CREDIT = re.compile(
    r"""
      \binsufficient[ _-](?:\w+[ _-])?(?:balance|credits?|funds?|quota)\b
    | \bnot[ ]enough[ ](?:\w+[ ])?(?:balance|credits?|funds?)\b
    | \b(?:no|out[ ]of|zero|negative)[ ](?:\w+[ ])?(?:balance|credits?|funds)\b
    | \b(?:balance|credits?|funds)\b[ ](?:(?:is|are|has|have)[ ](?:been[ ])?)?
      (?:too[ ]low|insufficient|exhausted|depleted|empty|not[ ]enough|used[ ]up)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)


def printable(text: str) -> str:
    """
    Keep what can be shown and stored, with single spaces for all else; at most 4000 characters.

    PostgreSQL has no NUL, UTF-8 no half of a surrogate pair, and a terminal obeys some characters.
    """
    shown = (char if char.isprintable() else " " for char in text[:_READ_LENGTH_MAX])
    return " ".join("".join(shown).split())


def told_in(*values: Json) -> str:
    """Find the first value with words for people in it, without secrets; empty when none has."""
    for value in values:
        if said := _said(value, _DEPTH_MAX):
            return said
    return ""


def told_by(reply: Reply, document: Mapping[str, Json] | None) -> str:
    """Find the words in a reply, whose JSON object is `document` if it has one."""
    if document is not None:
        return told_in(document)
    text = reply.body[:_READ_LENGTH_MAX].decode("utf-8", errors="replace").strip()
    if not text:
        return "an empty body"
    if text.startswith("<"):
        return "a page, not JSON"
    # What is left of a broken document may hold the prompt.
    return "JSON that cannot be read" if text.startswith(("{", "[", '"')) else told_in(text)


def sentence(opening: str, told: str) -> str:
    """Say in at most 200 characters who said what: `runpod answered 401: bad key`."""
    text = f"{opening}: {told}" if told else f"{opening}."
    if len(text) <= SENTENCE_LENGTH_MAX:
        return text
    return text[: SENTENCE_LENGTH_MAX - 1].rstrip() + "…"


def answer(speaker: str, status: int, told: str) -> str:
    """Say who answered what, and with which status."""
    return sentence(f"{speaker} answered {status}", told)


def speaks_of_content(told: str) -> bool:
    """Whether the words blame the picture or the prompt."""
    return _CONTENT.search(told) is not None


def speaks_of_credit(told: str) -> bool:
    """Whether the words say that our account there is empty."""
    return _CREDIT.search(told) is not None


def _said(value: Json, depth: int) -> str:
    if depth == 0:
        return ""
    if isinstance(value, str):
        return _said_in_text(value, depth)
    if isinstance(value, list):
        return next((said for item in value[:_DEPTH_MAX] if (said := _said(item, depth - 1))), "")
    if isinstance(value, Mapping):
        return next((said for key in _KEYS if (said := _said(value.get(key), depth - 1))), "")
    return ""


def _said_in_text(text: str, depth: int) -> str:
    opening, nested = _nested(text)
    return _said(nested, depth - 1) or printable(_HIDDEN.sub("[…]", opening[:_READ_LENGTH_MAX]))


def _nested(text: str) -> tuple[str, Json]:
    """Split a text that ends in a JSON object into what stands before it, and the object."""
    if not text.rstrip().endswith("}") or len(text) > _NESTED_LENGTH_MAX:
        return text, None
    start = -1
    for _ in range(_NESTED_STARTS_MAX):
        start = text.find("{", start + 1)
        if start < 0:
            break
        try:
            return text[:start], parse(text[start:])
        except NotJson:
            continue
    return text, None
