"""
Names of downloads: a file that has only some rows says which, so that none passes for the whole.

What is not plain in a value is replaced, and a few digits of its digest then keep names of
different values apart. Headers are ASCII; a browser is told of other letters as RFC 6266 says.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import quote

_LONGEST = 48
"""So many characters of one value: with all filters a name stays below what file systems take."""
_DIGITS = 6
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._+-]+")
_NOT_SAFE = re.compile(r"[^\w.+-]+")


def attachment(words: Sequence[str], ending: str) -> str:
    """
    Say what a download is called: a value of `Content-Disposition`, in ASCII.

    Args:
        words: What the name is made of; empty ones are left out. Any text.
        ending: Of the file, without its dot.
    """
    said = [word for word in words if word]
    plain = "-".join(_plain(word) for word in said)
    header = f'attachment; filename="{plain}.{ending}"'
    if all(word.isascii() for word in said):
        return header
    wide = "-".join(_kept(word, _NOT_SAFE, word) for word in said)
    return f"{header}; filename*=UTF-8''{quote(f'{wide}.{ending}', safe='')}"


def _plain(word: str) -> str:
    """`Äds x` is `Ads-x`, with a digest."""
    decomposed = unicodedata.normalize("NFKD", word)
    return _kept(word, _NOT_PLAIN, "".join(one for one in decomposed if one.isascii()))


def _kept(word: str, strange: re.Pattern[str], letters: str) -> str:
    found = strange.sub("-", letters)[:_LONGEST]
    if found == word:
        return word
    digest = hashlib.sha256(word.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{found.strip('-')}.{digest}".removeprefix(".")
