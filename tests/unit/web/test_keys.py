import hashlib
import random
from datetime import timedelta

import pytest

from router.web.keys import Role, digest, mint_key, split_key
from tests.fakes import EPOCH


def test_a_minted_key_is_told_once_and_kept_as_a_digest() -> None:
    """The row has neither the key nor its secret, and the key leads back to the row."""
    expires_at = EPOCH + timedelta(days=9)

    row, key = mint_key(
        EPOCH,
        tenant="acme",
        role=Role.VIEWER,
        name="the press room",
        tags=(("team", "press"), ("desk", "4")),
        expires_at=expires_at,
    )

    assert key.startswith(f"fbx_{row.id}_")
    parts = split_key(key)
    assert parts is not None
    assert parts[0] == row.id
    assert len(parts[1]) == 40
    assert row.digest == digest(parts[1]) == hashlib.sha256(parts[1].encode()).hexdigest()
    assert parts[1] not in repr(row)
    assert row.digest not in repr(row)
    assert (row.tenant, row.role, row.name) == ("acme", "viewer", "the press room")
    assert row.tags == (("desk", "4"), ("team", "press"))
    assert (row.created_at, row.expires_at, row.revoked_at) == (EPOCH, expires_at, None)


def test_no_two_keys_are_alike() -> None:
    """Ids and secrets are random."""
    keys = {mint_key(EPOCH, tenant="a", role=Role.CLIENT, name="n")[1] for _ in range(20)}

    assert len(keys) == 20
    assert len({key[:12] for key in keys}) == 20


def test_a_mistyped_key_is_told_without_asking_the_ledger() -> None:
    """Any one wrong character breaks the checksum or the shape."""
    _, key = mint_key(EPOCH, tenant="a", role=Role.CLIENT, name="n", entropy=random.Random(3))

    assert split_key(key) is not None
    for place, right in enumerate(key):
        wrong = "x" if right != "x" else "y"
        assert split_key(key[:place] + wrong + key[place + 1 :]) is None, place


@pytest.mark.parametrize("text", ["", "fbx_", "sk-123", "fbx_12345678_" + "a" * 46])
def test_what_is_no_key_is_none(text: str) -> None:
    """Other services' keys, halves of keys, and keys with an invented checksum."""
    assert split_key(text) is None
    assert split_key(text + "\n") is None
