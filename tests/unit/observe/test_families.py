"""Families of metrics from readings."""

from datetime import timedelta

from prometheus_client.core import Metric

from router.model.money import Money
from router.observe.families import Key, counter, gauge, instants, numbers, sums
from tests.fakes import EPOCH
from tests.ledger_kit import usd

LABELS = ("provider",)
A, B = ("shortapi",), ("runpod",)


def samples(family: Metric) -> dict[Key, float]:
    """A family's samples by their labels."""
    return {tuple(one.labels.values()): one.value for one in family.samples}


def test_amounts_of_one_key_are_added_exactly() -> None:
    """As money, not as floats, which become 0.30000000000000004."""
    added = sums([(A, usd("0.1")), (A, usd("0.2")), (B, Money.ZERO)])

    assert added == {A: usd("0.3"), B: Money.ZERO}
    assert samples(gauge("farebox_a_usd", "A.", LABELS, added)) == {A: 0.3, B: 0}


def test_a_counter_says_that_it_is_one() -> None:
    """By its type, and by its name."""
    family = counter("farebox_a_usd_total", "A.", LABELS, {A: usd("0.0875")})

    assert (family.type, [one.name for one in family.samples]) == (
        "counter",
        ["farebox_a_usd_total"],
    )


def test_numbers_that_share_a_key_show_the_highest() -> None:
    """In whatever order they come; there is no sum of rates."""
    family = numbers("farebox_rate", "R.", LABELS, [(A, 2.5), (A, -1.5), (B, -3.5), (B, -0.5)])

    assert samples(family) == {A: 2.5, B: -0.5}


def test_instants_that_share_a_key_show_the_first() -> None:
    """And there is no series where there is none."""
    later = EPOCH + timedelta(hours=3)
    family = instants("farebox_at", "I.", LABELS, [(A, later), (A, EPOCH), (A, None), (B, None)])

    assert samples(family) == {A: EPOCH.timestamp()}
