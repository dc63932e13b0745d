"""Signatures that a receiver's own library takes, and secrets that tell nothing of each other."""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from router.dispatch.signing import shown, signed_headers, tenant_secret

MASTER = bytes(range(32))
BODY = '{"type":"edit.succeeded","data":{"id":"ä"}}'.encode()


def test_a_receivers_library_takes_the_signature() -> None:
    """With the secret as it is shown; a changed body or another's secret is refused."""
    now = datetime.now(UTC)  # noqa: TID251 - the library reads the machine's clock.
    secret = tenant_secret(MASTER, "acme")
    headers = signed_headers(secret, "msg_1", now, BODY)

    assert Webhook(shown(secret)).verify(BODY.decode(), dict(headers)) == {
        "type": "edit.succeeded",
        "data": {"id": "ä"},
    }
    with pytest.raises(WebhookVerificationError):
        Webhook(shown(secret)).verify(BODY.decode() + " ", dict(headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(shown(tenant_secret(MASTER, "acme2"))).verify(BODY.decode(), dict(headers))
    old = signed_headers(secret, "msg_1", now - timedelta(minutes=6), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(shown(secret)).verify(BODY.decode(), dict(old))


def test_the_headers_are_those_of_the_standard() -> None:
    """Whole seconds of the try, and one signature of version 1. The value was worked out apart."""
    at = datetime(2026, 11, 21, 9, 0, 0, 987_000, tzinfo=UTC)
    headers = signed_headers(b"k" * 32, "msg_7", at, b"{}")

    assert headers == {
        "webhook-id": "msg_7",
        "webhook-timestamp": "1795251600",
        "webhook-signature": "v1,R763FO6u2zn0o2p4KG/UC6yNpiVL1GyR65QXXYRAtZg=",
    }


def test_each_tenants_secret_is_its_own() -> None:
    """Derived, always the same, and 32 bytes behind the standard's prefix."""
    secrets = {tenant_secret(MASTER, tenant) for tenant in ("acme", "acme2", "")}

    assert len(secrets) == 3
    assert {len(secret) for secret in secrets} == {32}
    assert shown(bytes(24)) == "whsec_" + "A" * 32
    assert tenant_secret(MASTER, "acme") != tenant_secret(bytes(32), "acme")
