"""An API key's end: it is revoked, it expires, or neither yet."""

from datetime import datetime, timedelta

import pytest

from router.ledger.key_rows import KeyRow
from tests.fakes import EPOCH

SOON, LATER = EPOCH + timedelta(hours=1), EPOCH + timedelta(hours=2)


@pytest.mark.parametrize(
    ("revoked", "expires", "ended"),
    [
        (None, None, None),
        (SOON, None, SOON),
        (None, LATER, LATER),
        (SOON, LATER, SOON),
        (LATER, SOON, SOON),
    ],
)
def test_a_key_ends_at_the_first_of_its_ends(
    revoked: datetime | None, expires: datetime | None, ended: datetime | None
) -> None:
    """Whichever comes first, from that very instant on, and not before."""
    key = KeyRow(
        id="k1",
        digest="d",
        tenant="acme",
        role="client",
        name="web",
        created_at=EPOCH,
        revoked_at=revoked,
        expires_at=expires,
    )

    assert key.ended(EPOCH) is None
    assert key.ended(LATER) == ended
    assert key.ended(SOON) == (SOON if ended == SOON else None)
