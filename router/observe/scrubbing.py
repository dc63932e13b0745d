"""
The last guard of what is logged: takes from a text what may be a secret, whoever put it there.

Events carry no secrets to begin with, and `logs` takes only named fields of theirs. This is for the
words of others: a provider's error, an exception's text.
"""

import re
from collections.abc import Collection

TEXT_MAX = 500
"""Characters of one text; the rest is cut off."""
HIDDEN = "[hidden]"
_KEY_MIN = 20
_SECRET_MIN = 6

# What moves a terminal's cursor, forges a line, or cannot be written at all.
_UNPRINTABLE = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]"
)
_DATA_URL = re.compile(r"\bdata:[^\s\"'<>,;/]*[,;/][^\s\"'<>]*", re.IGNORECASE)
_URL = re.compile(r"\b([a-z][a-z0-9+.-]*://)([^\s\"'<>]*)", re.IGNORECASE)
_SIGNATURE = re.compile(r"\?[\w.~%-]+=[^\s\"'<>]*")
# Of pydantic's errors: they quote what they were given.
_INPUT = re.compile(r"\binput_value=.*?(?=, input_type=|\]|$)")
_AUTHORIZATION = re.compile(r"\b(bearer|basic)\s+[^\s\"',;]+", re.IGNORECASE)
_NAMED = re.compile(
    r"([\w-]*(?:api[_-]?key|token|secret|password|passwd|credential|signature)[\w-]*[\"']?\s*[:=]\s*)"
    r"(?:\"[^\"]*\"|'[^']*'|[^\s\"',;&}]+)",
    re.IGNORECASE,
)
_RUN = re.compile(rf"[A-Za-z0-9_+=.-]{{{_KEY_MIN},}}")
_PIECE = re.compile(r"[A-Za-z0-9+=]+")
# A short name: neither URL, nor key, nor sentence. Most of what is logged is one.
_NAME = re.compile(rf"[A-Za-z0-9_.-]{{0,{_KEY_MIN - 1}}}")
_OUR_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.[0-9]+)?\.?")


class Scrubber:
    """Takes secrets out of texts."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        """
        Args:
            secrets: Known ones, such as our keys at the providers: taken out wherever they stand.
                Those of less than six characters are words, and left.
        """
        known = sorted({one for one in secrets if len(one) >= _SECRET_MIN}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str, *, most: int = TEXT_MAX) -> str:
        """The text on one line: no credentials, no query of a URL, no data, not too long."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        if _NAME.fullmatch(text) or _OUR_ID.fullmatch(text):
            return text
        # Nothing after it is needed to judge what is before: what is cut in two is still hidden.
        text = text[: 4 * most]
        text = _DATA_URL.sub("data:" + HIDDEN, text)
        text = _INPUT.sub("input_value=" + HIDDEN, text)
        text = _URL.sub(_bare_url, text)
        text = _SIGNATURE.sub("?" + HIDDEN, text)
        text = _AUTHORIZATION.sub(r"\1 " + HIDDEN, text)
        text = _NAMED.sub(r"\1" + HIDDEN, text)
        text = _RUN.sub(_unless_key, text)
        text = _UNPRINTABLE.sub(" ", text)
        return text if len(text) <= most else text[: most - 1] + "…"


def _bare_url(match: re.Match[str]) -> str:
    """A URL without user, query and fragment: those are what signs it."""
    scheme, rest = match.groups()
    place, *signature = re.split(r"[?#]", rest, maxsplit=1)
    host, slash, path = place.partition("/")
    end = "?" + HIDDEN if signature else ""
    return f"{scheme}{host.rpartition('@')[2]}{slash}{path}{end}"


def _unless_key(match: re.Match[str]) -> str:
    run = match.group()
    return HIDDEN if _is_like_a_key(run) and not _OUR_ID.fullmatch(run) else run


def _is_like_a_key(run: str) -> bool:
    """
    Whether a long run of letters and digits was drawn by a machine. Either:

    1. A piece of it without separators is long and mixes letters and digits.
    2. All of it mixes digits with capitals and small letters.
    """
    if not any(map(str.isdigit, run)):
        return False
    for piece in _PIECE.findall(run):
        if len(piece) >= _KEY_MIN and not piece.isdigit() and any(map(str.isdigit, piece)):
            return True
    return any(map(str.isupper, run)) and any(map(str.islower, run))
