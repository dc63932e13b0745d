"""
Links to what is kept here: signed, and good until an instant. Whoever has one needs no key.

`/results/{name}?expires=1796000000&signature=1.5f…`: the signature is HMAC-SHA256 over the key's
id, the method, the path and the instant, each on its line. The same link comes out each time.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

KEY_ID = "1"
"""Which key signed: another key, should there ever be one, gets another id."""
_INSTANT_DIGITS_MAX = 12


class Links:
    """Makes links and checks them."""

    def __init__(self, key: bytes) -> None:
        """
        Args:
            key: The ledger's own, so that every replica makes and takes the same links.
        """
        self._key = key

    def to(self, base: str, path: str, expires_at: datetime) -> str:
        """
        Make a link.

        Args:
            base: Where Farebox is, without a slash at its end; empty for a link without a host.
            path: From the root, as it stands in the URL.
            expires_at: Good until then; whole seconds count.
        """
        instant = str(int(expires_at.timestamp()))
        return f"{base}{path}?expires={instant}&signature={self._signature('GET', path, instant)}"

    def expiry(
        self, method: str, path: str, query: Mapping[str, str], now: datetime
    ) -> datetime | None:
        """Until when a link is good; None when it is not ours, or no longer."""
        instant = query.get("expires", "")
        is_instant = instant.isascii() and instant.isdecimal()
        if not is_instant or len(instant) > _INSTANT_DIGITS_MAX:
            return None
        wanted = self._signature(method, path, instant)
        given = query.get("signature", "").encode(errors="replace")
        if not hmac.compare_digest(wanted.encode(), given):
            return None
        until = datetime.fromtimestamp(int(instant), UTC)
        return until if now < until else None

    def _signature(self, method: str, path: str, instant: str) -> str:
        message = f"{KEY_ID}\n{method}\n{path}\n{instant}".encode()
        return f"{KEY_ID}.{hmac.new(self._key, message, hashlib.sha256).hexdigest()}"
