"""What of a budget people are told, as a policy says it."""

from datetime import timedelta
from fractions import Fraction

import pytest

from router.policy.alerts import (
    STANDARD,
    AlertsTo,
    BurnAlert,
    Thresholds,
    read_address,
    read_alerts,
    read_burns,
)
from tests.ledger_kit import DAY, HOUR
from tests.policy_files import a_policy


def test_thresholds_are_percents_that_rise() -> None:
    """On charges and on forecasts, each for itself; those that were read are taken as they are."""
    read = read_alerts(["50%", "forecast 90%", "80 %", "100%", "forecast 100 %"])

    assert read == read_alerts(read) == Thresholds((50, 80, 100), (90, 100))
    assert read
    assert not Thresholds()


@pytest.mark.parametrize(
    "said",
    [
        *([], ["80"], ["0%"], ["101%"], ["80%", "50%"], ["50%", "50%"], "80%", [["80%"]]),
        *(["forecast 100%", "forecast 80%"], ["forecast"], ["forecasts 80%"], ["forecast 101%"]),
    ],
)
def test_what_are_no_thresholds_is_refused(said: object) -> None:
    """With an example of some."""
    with pytest.raises(ValueError, match="as \\[50%, 80%, 100%\\]"):
        read_alerts(said)


def test_a_burn_is_so_much_in_so_long() -> None:
    """Or the standard ones, which go by the window's length as it is."""
    assert read_burns(["50% in 1h", "80% in 2d"]) == (
        BurnAlert(HOUR, percent=50),
        BurnAlert(2 * DAY, percent=80),
    )
    assert read_burns("standard") == read_burns(STANDARD) == STANDARD


@pytest.mark.parametrize(
    "said",
    [
        *([], "fast", ["50%"], ["0% in 1h"], ["101% in 1h"], [50], ["50% in 59m"], ["50% in 29d"]),
        *(["50% in 90m"], ["50% in 1h", "60% in 1h"], ["50% in 1y"], ["50% in 9999999h"]),
    ],
)
def test_what_is_no_burn_is_refused(said: object) -> None:
    """Each for its reason."""
    with pytest.raises(ValueError, match=r"write standard|whole number|twice|duration|between"):
        read_burns(said)


def test_a_share_within_a_time_is_a_pace_of_the_window() -> None:
    """Half of a day's limit in an hour is twelve times as fast as it allows."""
    half = BurnAlert(HOUR, percent=50)

    assert half.rate_for(DAY) == 12
    assert half.rate_for(30 * DAY) == 360


@pytest.mark.parametrize(
    ("length", "rates"),
    [
        (366 * DAY, [Fraction(4392, 25), Fraction(366, 5)]),
        (365 * DAY, [Fraction(876, 5), 73]),
        (92 * DAY, [Fraction(1104, 25), Fraction(92, 5)]),
        (31 * DAY, [Fraction(372, 25), Fraction(31, 5)]),
        (30 * DAY, [Fraction(72, 5), 6]),
        (28 * DAY, [Fraction(72, 5), 6]),
        (7 * DAY, [Fraction(72, 5), 6]),
        (2 * DAY, [Fraction(72, 5), 6]),
        (DAY, [12, Fraction(16, 5)]),
        (23 * HOUR, [Fraction(23, 2), Fraction(46, 15)]),
    ],
)
def test_the_standard_paces_can_be_reached_in_every_window(
    length: timedelta, rates: list[Fraction]
) -> None:
    """By less than all of the limit, which lets nothing more through; and none by a trifle."""
    found = [one.rate_for(length) for one in STANDARD]
    shares = [
        rate * Fraction(one.over // HOUR, length // HOUR)
        for rate, one in zip(found, STANDARD, strict=True)
    ]

    assert found == rates
    assert shares[0] >= Fraction(2, 100)
    assert shares[0] <= Fraction(50, 100)
    assert shares[1] >= Fraction(5, 100)
    assert shares[1] <= Fraction(80, 100)


@pytest.mark.parametrize("said", ["https://hooks.example/a?b=c", "http://10.0.0.7:8080/x"])
def test_an_address_is_taken_as_it_stands(said: str) -> None:
    """Whether it may be dialled is the guard's to say."""
    assert read_address(said) == said


@pytest.mark.parametrize(
    "said",
    [
        *("hooks.example", "ftp://hooks.example/", "https://", "https://a b/", "https://u@h/", 7),
        *("https://[::1", "https://h:99999/", "https://hooks.example/" + "yz" * 1000),
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(said: object) -> None:
    """It may be what keeps strangers out."""
    with pytest.raises(ValueError, match="the whole address of a web hook") as refusal:
        read_address(said)
    assert "yzyz" not in str(refusal.value)


def test_a_policy_says_where_people_are_told() -> None:
    """Nowhere, where it says nothing; the address is in no representation."""
    told = a_policy(alerts={"to": "https://hooks.example/T0/B1/xyz", "format": "slack"}).alerts

    assert told == AlertsTo(to="https://hooks.example/T0/B1/xyz", format="slack")
    assert "xyz" not in repr(told)
    assert a_policy().alerts is None


def test_what_looks_ahead_is_known_by_its_budget() -> None:
    """And belongs to a window with an end, or at least a length."""
    budget = {"name": "a", "who": "everyone", "limit": "$5.00", "per": "month"}
    said = ({"alerts": ["80%"]}, {"alerts": ["forecast 80%"]}, {"burn": "standard"})
    budgets = [a_policy(budgets=[{**budget, **one}]).budgets[0] for one in said]

    assert [one.looks_ahead for one in budgets] == [False, True, True]
    at = timedelta(0)
    assert [one.over > at for one in budgets[2].burn] == [True, True]
