"""
Signing what clients are told, so that they can tell it from what anybody else may post to them.

Each tenant has a secret of its own, derived from one that the ledger keeps: there is nothing more
to store, and who knows one tenant's learns nothing of another's.

Source: Standard Webhooks 1.0.0, "Signature scheme".
"""

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime

MASTER = "callbacks"
"""The name of the ledger's secret that all tenants' are derived from."""

ALERTS = "alerts"
"""The name of the ledger's secret for alerts, where nobody has given another."""


def tenant_secret(master: bytes, tenant: str) -> bytes:
    """The 32 bytes that a tenant's callbacks are signed with."""
    return hmac.digest(master, f"{MASTER}:{tenant}".encode(), "sha256")


def shown(secret: bytes) -> str:
    """A secret as the receivers' libraries take it: `whsec_…`."""
    return "whsec_" + base64.b64encode(secret).decode()


def signed_headers(secret: bytes, message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """
    The three headers of a message.

    Args:
        secret: The tenant's.
        message_id: The same for every try of one message; without a dot.
        at: Of this try, so that an old message cannot be played again.
        body: As it is sent, to the byte.
    """
    timestamp = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    signature = base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }
