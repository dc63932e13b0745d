"""Sums of the books: asked for in a zone, and checked from every side."""

from collections.abc import Iterator, Mapping
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from router.ledger.store import Store
from router.ledger.sums import Sums
from router.model.money import Money
from tests.fakes import EPOCH
from tests.finance_kit import Shop, a_shop
from tests.ledger_kit import DAY, at_once
from tests.policy_files import a_policy


@pytest.fixture(name="shop")
def _shop(tmp_path: Path) -> Iterator[Shop]:
    with a_shop(a_policy(), tmp_path) as shop:
        yield shop


def test_a_zone_is_named_or_given(shop: Shop) -> None:
    """A night's purchase is the next day's in Tokyo, whichever way it is asked for."""
    night = EPOCH + timedelta(hours=8)
    shop.buy("j1", "0.04", at=night)
    shop.post("j1.1", "0.04", at=night)

    def days(**asked: Any) -> list[str]:
        return [row.day for row in at_once(shop.ledger.spending(EPOCH, EPOCH + DAY, **asked))]

    assert days(zone="Asia/Tokyo") == days(zone=ZoneInfo("Asia/Tokyo")) == ["2026-11-21"]
    assert days() == days(zone="UTC") == days(zone=UTC) == ["2026-11-20"]


def test_a_zone_that_is_none_is_told(shop: Shop) -> None:
    """Rather than a sum of other days."""
    with pytest.raises(ZoneInfoNotFoundError):
        at_once(shop.ledger.spending(EPOCH, EPOCH + DAY, zone="Europe/Nowhere"))


class CrookedStore:
    """Books in which each check finds a difference of its own."""

    differences: Mapping[str, int] = {
        "books_out_of_balance": 1,
        "attempts_out_of_balance": 20,
        "spending_out_of_balance": 300,
        "endings_out_of_balance": 4000,
        "hours_out_of_balance": 50000,
    }

    async def scan(self, query: str, /, **_: Any) -> list[Mapping[str, Any]]:
        """See `Store.scan`."""
        return [{"difference": self.differences[query]}]


def test_every_check_counts() -> None:
    """None hides what another finds."""
    assert at_once(Sums(cast("Store", CrookedStore())).imbalance()) == Money(54321)
