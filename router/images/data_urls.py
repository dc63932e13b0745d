"""Images inside `data:` URLs, whole. Source: RFC 2397."""

import base64
import binascii
from urllib.parse import unquote_to_bytes

_WORD = ";base64"


def is_data_url(url: str) -> bool:
    """Whether an image travels inside its own address."""
    return url[:5].lower() == "data:"


def bytes_in(url: str) -> bytes | None:
    """What a `data:` URL in base64 holds, whole; None when it is none, or cannot be read."""
    head, comma, payload = url.partition(",")
    if not (comma and is_data_url(head) and head.lower().rstrip().endswith(_WORD)):
        return None
    plain = unquote_to_bytes(payload).translate(None, b" \t\r\n").rstrip(b"=")
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
