"""
API keys: `fbx_<id>_<secret><checksum>`. The secret is told once; the ledger has its digest.

The secret has 238 random bits, so a plain SHA-256 is as good as any slow hash. The checksum tells a
mistyped key from an unknown one without asking the ledger, and lets scanners find leaked keys.
"""

import hashlib
import random
import re
import string
import zlib
from datetime import datetime
from enum import StrEnum

from router.ledger.key_rows import KeyRow

PREFIX = "fbx_"
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID, _SECRET, _CHECKSUM = 8, 40, 6
_SHAPE = re.compile(
    rf"(?P<signed>{PREFIX}(?P<id>[0-9A-Za-z]{{{_ID}}})_(?P<secret>[0-9A-Za-z]{{{_SECRET}}}))"
    rf"(?P<checksum>[0-9A-Za-z]{{{_CHECKSUM}}})"
)


class Role(StrEnum):
    """What a key may do."""

    CLIENT = "client"  # Buys edits for its tenant, and reads its own.
    VIEWER = "viewer"  # Reads what is its tenant's.
    ADMIN = "admin"  # All of it, for all tenants.


EVERYONE = "everyone"
"""Whoever views for this tenant sees all of them, but changes nothing."""


def mint_key(
    at: datetime,
    *,
    tenant: str,
    role: Role,
    name: str,
    tags: tuple[tuple[str, str], ...] = (),
    expires_at: datetime | None = None,
    budget: str | None = None,
    entropy: random.Random | None = None,
) -> tuple[KeyRow, str]:
    """
    Make a key.

    Args:
        at: Now.
        tenant: Whose budgets pay.
        role: What it may do.
        name: For people: entries made with it carry this name.
        tags: Its jobs' tags.
        expires_at: From then on it is refused; None for never.
        budget: What it may spend itself, as `$20.00 per month`; None: no limit of its own.
        entropy: The system's, unless a test gives its own.

    Returns:
        The row to store, and the key, which nobody can tell again.
    """
    entropy = entropy or random.SystemRandom()
    key_id = "".join(entropy.choices(_ALPHABET, k=_ID))
    secret = "".join(entropy.choices(_ALPHABET, k=_SECRET))
    signed = f"{PREFIX}{key_id}_{secret}"
    row = KeyRow(
        id=key_id,
        digest=digest(secret),
        tenant=tenant,
        role=role,
        name=name,
        tags=tuple(sorted(tags)),
        created_at=at,
        expires_at=expires_at,
        budget=budget,
    )
    return row, signed + _checksum(signed)


def split_key(key: str) -> tuple[str, str] | None:
    """A key's id and secret; None when it is not a key, or mistyped."""
    match = _SHAPE.fullmatch(key)
    if match is None or match["checksum"] != _checksum(match["signed"]):
        return None
    return match["id"], match["secret"]


def digest(secret: str) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()


def _checksum(signed: str) -> str:
    number, digits = zlib.crc32(signed.encode()), ""
    for _ in range(_CHECKSUM):
        number, place = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[place] + digits
    return digits
