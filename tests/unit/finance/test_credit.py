"""What is left at a provider, and until when."""

from dataclasses import replace
from datetime import timedelta

import pytest

from router.finance.credit import (
    Credit,
    Since,
    between,
    between_document,
    credit_document,
    latest,
    posted_since,
)
from router.model.money import Money
from tests.fakes import EPOCH
from tests.ledger_kit import DAY, HOUR, usd
from tests.statement_kit import READING

LEFT = Credit(
    provider="shortapi",
    at=EPOCH,
    read=usd("41.20"),
    read_at=EPOCH - DAY,
    topped_up=usd("9.50"),
    credited=usd("0.50"),
    posted=usd("3.20"),
    open=usd("0.31"),
    pace=usd("16.00"),
    low=2 * 86_400.0,
)


def test_what_is_left_is_what_was_read_and_came_less_what_went() -> None:
    """At the pace of the last day it lasts so long."""
    assert (LEFT.left, LEFT.gone_at) == (usd("48.00"), EPOCH + 3 * DAY)
    assert not LEFT.is_low
    assert LEFT.words == ("shortapi: $48.00 left, gone at 2026-11-23T09:00:00.000000Z at this pace")


@pytest.mark.parametrize(
    ("low", "is_low"),
    [(3 * 86_400.0, True), (3 * 86_400.0 - 1, False), (usd("48.00"), True), (usd("47.99"), False)],
)
def test_low_is_an_amount_or_a_time(low: Money | float, *, is_low: bool) -> None:
    """Whichever the price book says."""
    assert replace(LEFT, low=low).is_low is is_low


def test_what_nobody_spends_does_not_run_out() -> None:
    """Nor what lasts for ten years; without spending there is no pace."""
    for pace in ("0.00", "-0.04", "0.001"):
        credit = replace(LEFT, pace=usd(pace))
        assert (credit.gone_at, credit.is_low) == (None, False)
        assert credit.words == "shortapi: $48.00 left"


def test_what_is_gone_is_gone_now() -> None:
    """Whatever the pace is, and however low is meant."""
    gone = replace(LEFT, posted=usd("51.25"), pace=usd("0.00"))

    assert (gone.left, gone.gone_at, gone.is_low) == (usd("-0.05"), EPOCH, True)
    assert gone.words == "shortapi: -$0.05 left by our books: top it up"


def test_it_is_told_to_programs() -> None:
    """With everything that it comes from."""
    assert credit_document(LEFT) == {
        "provider": "shortapi",
        "left": "48.00",
        "read": "41.20",
        "read_at": "2026-11-19T09:00:00.000000Z",
        "topped_up": "9.50",
        "credited": "0.50",
        "posted": "3.20",
        "open": "0.31",
        "per_day": "16.00",
        "gone_at": "2026-11-23T09:00:00.000000Z",
        "low": False,
    }
    assert credit_document(replace(LEFT, pace=usd("0")))["gone_at"] is None


def test_two_readings_are_held_against_the_books() -> None:
    """What is gone by the provider's word, less what the books know of."""
    later = replace(READING, at=EPOCH + HOUR, amount=usd("45.00"), posted_before=usd("6.17"))
    since_former = Since(topped_up=usd("11.00"), credited=usd("0.60"), late=usd("0.21"))
    since_later = Since(topped_up=usd("1.25"), credited=usd("0.35"), late=usd("0.27"))
    (found,) = between([READING, later], [since_former, since_later])

    assert (found.topped_up, found.credited, found.spent, found.posted) == (
        *(usd("9.75"), usd("0.25"), usd("6.20"), usd("6.16")),
    )
    assert between_document(found) == {
        "provider": "shortapi",
        "from": "2026-11-20T09:00:00.000000Z",
        "to": "2026-11-20T10:00:00.000000Z",
        "read_before": "41.20",
        "read_after": "45.00",
        "topped_up": "9.75",
        "credited": "0.25",
        "spent": "6.20",
        "posted": "6.16",
        "difference": "0.04",
    }
    assert between([READING], [since_later]) == []


def test_the_last_reading_counts() -> None:
    """And of all that was posted, what was charged after it."""
    later = replace(READING, at=EPOCH + timedelta(seconds=1), amount=usd("9.00"))

    assert latest([READING, later]) == {"shortapi": later}
    assert posted_since(READING, {"shortapi": usd("0.19")}, usd("0.05")) == usd("0.07")
    assert posted_since(replace(READING, posted_before=usd("0")), {}, Money.ZERO) == usd("0.00")
