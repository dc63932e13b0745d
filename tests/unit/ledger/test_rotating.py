"""Rotating: who may have a successor, and when the former key ends."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from router.ledger.answers import NotRotated, Rotated
from router.ledger.commands import Rotate
from router.ledger.key_rows import KeyRow
from router.ledger.page import Page
from router.ledger.rotating import rotate
from tests.fakes import EPOCH
from tests.ledger_kit import DAY

FORMER = KeyRow(id="k1", digest="d1", tenant="acme", role="client", name="n", created_at=EPOCH)
KEY = replace(FORMER, id="k9", digest="d9")


def rotated(former: KeyRow, *others: KeyRow, read: KeyRow | None = None) -> Rotated | NotRotated:
    """Rotate at the epoch with a grace of a day."""
    page = Page()
    page.load([former, *others])
    command = Rotate(at=EPOCH, former=read or former, key=KEY, ends=EPOCH + DAY)
    decided = rotate(page, command)
    answer = decided.answer
    assert isinstance(answer, Rotated | NotRotated)
    changed = (answer.key, answer.former) if isinstance(answer, Rotated) else ()
    assert decided.changes == changed
    return answer


@pytest.mark.parametrize(
    ("expires_at", "ends"),
    [
        (None, EPOCH + DAY),
        (EPOCH + 2 * DAY, EPOCH + DAY),
        (EPOCH + DAY / 2, EPOCH + DAY / 2),
    ],
)
def test_a_grace_never_lengthens_a_life(expires_at: datetime | None, ends: datetime) -> None:
    """The former key ends with its grace, or as it would have before; both know each other."""
    former = replace(FORMER, expires_at=expires_at)
    answer = rotated(former)

    assert answer == Rotated(
        key=replace(KEY, predecessor="k1"), former=replace(former, expires_at=ends, successor="k9")
    )


def test_what_has_ended_has_no_successor() -> None:
    """Whatever it was when it was read; nor has what is not there."""
    for ended in (replace(FORMER, revoked_at=EPOCH), replace(FORMER, expires_at=EPOCH)):
        assert rotated(ended, read=FORMER) == NotRotated(former=ended)
    command = Rotate(at=EPOCH, former=FORMER, key=KEY, ends=EPOCH)
    assert rotate(Page(), command).answer == NotRotated(former=None)


@pytest.mark.parametrize(
    "former", [replace(FORMER, predecessor="k2"), replace(FORMER, successor="k2")]
)
def test_no_third_key_works(former: KeyRow) -> None:
    """One beside it that works is in the way until it ends or is revoked."""
    other = replace(FORMER, id="k2", expires_at=EPOCH + timedelta(microseconds=1))
    expired, revoked = replace(other, expires_at=EPOCH), replace(other, revoked_at=EPOCH)

    assert rotated(former, other) == NotRotated(former=former, beside="k2")
    assert isinstance(rotated(former, expired), Rotated)
    assert isinstance(rotated(former, revoked), Rotated)


def test_a_successor_that_was_not_known_is_in_the_way() -> None:
    """It was made since the key was read, so that it was not looked up."""
    former = replace(FORMER, successor="k2")

    assert rotated(former, read=FORMER) == NotRotated(former=former, beside="k2")
