"""The money's series: exact sums of one reading."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from router.model.job import Resolution
from router.model.money import Money, total
from router.observe.money_series import MoneySeries
from router.observe.snapshot import MoneySnapshot
from tests.ledger_kit import usd
from tests.observe_kit import (
    PROVIDERS,
    Series,
    a_budget,
    a_snapshot,
    a_spent,
    series,
    some_jobs,
    value,
)


class _Reading(Collector):
    """One reading's metrics."""

    def __init__(self, money: MoneySeries, snapshot: MoneySnapshot) -> None:
        self._metrics = list(money.families(snapshot))

    def collect(self) -> list[Metric]:
        """Show them."""
        return self._metrics


def shown(snapshot: MoneySnapshot, money: MoneySeries | None = None) -> Series:
    """What a scrape says of a reading."""
    money = money or MoneySeries(providers=PROVIDERS)
    return series(generate_latest(_Reading(money, snapshot)))


def test_each_amount_stands_apart() -> None:
    """Posted, presumed, held, in doubt, avoided and drifted are never mixed."""
    found = shown(
        a_snapshot(
            a_spent(
                posted=usd("1.23"),
                refunded=usd("0.31"),
                presumed=usd("0.17"),
                held=usd("0.04"),
                in_doubt=usd("0.09"),
                in_doubt_attempts=2,
                avoided=usd("0.55"),
                over=usd("0.021"),
                under=usd("0.013"),
                drifted=5,
            ),
            double_spent=usd("0.0875"),
            imbalance=usd("-0.07"),
        )
    )
    mine = {"provider": "shortapi"}
    whose = {**mine, "model": "nano-banana-2-edit", "resolution": "1k", "tenant": "acme"}

    # Gross: what was refunded later had been charged.
    assert value(found, "farebox_posted_usd_total", **whose) == 1.54
    assert value(found, "farebox_refunded_usd_total", **mine) == 0.31
    assert value(found, "farebox_presumed_usd", **mine) == 0.17
    assert value(found, "farebox_held_usd", **mine) == 0.04
    assert value(found, "farebox_in_doubt_usd", **mine) == 0.09
    assert value(found, "farebox_in_doubt_attempts", **mine) == 2
    assert value(found, "farebox_avoided_usd_total", **mine) == 0.55
    assert value(found, "farebox_price_drift_usd_total", **mine, direction="over") == 0.021
    assert value(found, "farebox_price_drift_usd_total", **mine, direction="under") == 0.013
    assert value(found, "farebox_price_drift_jobs_total", **mine) == 5
    assert value(found, "farebox_double_spend_usd_total") == 0.0875
    assert value(found, "farebox_ledger_check_usd") == -0.07
    assert value(found, "farebox_policy_info", policy="thrift", hash="5eed") == 1


def test_a_provider_without_money_is_at_zero() -> None:
    """Its series are there, so that its first cent is seen."""
    found = shown(a_snapshot(a_spent(posted=usd("0.04"))))

    for name in ("held_usd", "in_doubt_usd", "in_doubt_attempts", "avoided_usd_total"):
        assert value(found, f"farebox_{name}", provider="runpod") == 0


def test_a_budget_that_looks_ahead_shows_it_and_no_other_does() -> None:
    """Where too little is known there is no series; what shares a label runs out with the first."""
    soon, later = (datetime(2026, 11, day, tzinfo=UTC) for day in (24, 27))
    found = shown(
        a_snapshot(
            budgets=(
                a_budget(forecast=usd("88.25"), exhausted_at=soon),
                a_budget(budget="young"),
                a_budget(budget="third", forecast=usd("3.50"), exhausted_at=later),
                a_budget(budget="fourth", forecast=usd("4.25"), exhausted_at=soon),
            )
        ),
        MoneySeries(providers=PROVIDERS, names_max=2),
    )
    names = ("farebox_budget_forecast_usd", "farebox_budget_exhausted_timestamp_seconds")
    mine = {"budget": "monthly", "scope": "everyone"}

    assert [value(found, name, **mine) for name in names] == [88.25, soon.timestamp()]
    assert [value(found, name, **(mine | {"budget": "other"})) for name in names] == [
        7.75,
        soon.timestamp(),
    ]
    assert not [one for one in found if one[0] in names and ("budget", "young") in one[1]]


def test_a_budget_shows_its_limit_and_what_is_used() -> None:
    """A lifetime's end has no series: no infinity, no zero."""
    end = datetime(2026, 12, 1, tzinfo=UTC)
    found = shown(
        a_snapshot(
            budgets=(
                a_budget(
                    window_end=end,
                    posted=usd("11.50"),
                    presumed=usd("0.12"),
                    held=usd("0.31"),
                    in_doubt=usd("0.23"),
                ),
                a_budget(budget="ever", limit=usd("999.00")),
            )
        )
    )
    labels = {"budget": "monthly", "scope": "everyone"}
    expected = {"limit": 70.0, "posted": 11.5, "presumed": 0.12, "held": 0.31, "in_doubt": 0.23}

    for name, amount in expected.items():
        assert value(found, f"farebox_budget_{name}_usd", **labels) == amount
    ends = [key for key in found if key[0] == "farebox_budget_window_end_timestamp_seconds"]
    assert [(key[1], found[key]) for key in ends] == [(frozenset(labels.items()), end.timestamp())]


def test_what_a_budget_denied_is_shown_by_its_name() -> None:
    """Also one that denied nothing."""
    found = shown(a_snapshot(denied=(("monthly", usd("0.36")), ("daily", Money.ZERO))))

    assert value(found, "farebox_denied_usd_total", budget="monthly") == 0.36
    assert value(found, "farebox_denied_usd_total", budget="daily") == 0


def test_a_thousand_equal_cents_are_exactly_their_sum() -> None:
    """Floats that are added up say 39.999999999999325."""
    tenants = [
        a_spent(tenant=f"tenant-{number}", posted=usd("0.04"), held=usd("0.04"))
        for number in range(1000)
    ]
    found = shown(a_snapshot(*tenants))
    other = [
        amount
        for (name, labels), amount in found.items()
        if name == "farebox_posted_usd_total" and ("tenant", "other") in labels
    ]

    assert value(found, "farebox_held_usd", provider="shortapi") == 40.0
    assert other == [32.0]


@given(st.lists(st.integers(min_value=0, max_value=10**15), max_size=30))
def test_no_name_past_the_cap_loses_money(nanos: list[int]) -> None:
    """What is shown per tenant adds up to what is shown per provider."""
    rows = [
        a_spent(
            tenant=f"tenant-{number}",
            resolution=list(Resolution)[number % 3],
            posted=Money(amount),
            held=Money(amount),
        )
        for number, amount in enumerate(nanos)
    ]
    found = shown(a_snapshot(*rows), MoneySeries(providers=PROVIDERS, names_max=3))
    posted = [
        Money.parse(f"{amount:.9f}")
        for (name, _), amount in found.items()
        if name == "farebox_posted_usd_total"
    ]
    held = value(found, "farebox_held_usd", provider="shortapi")

    assert held is not None
    assert total(posted) == Money.parse(f"{held:.9f}") == Money(sum(nanos))


def test_a_count_of_jobs_never_falls() -> None:
    """A late result makes a failed job succeed; a counter that fell would look restarted."""
    money = MoneySeries(providers=PROVIDERS)
    before = a_snapshot(jobs=(some_jobs("deadline_exceeded", 9), some_jobs("succeeded", 20)))
    after = a_snapshot(jobs=(some_jobs("deadline_exceeded", 8), some_jobs("succeeded", 21)))
    labels = {"model": "nano-banana-2-edit", "resolution": "1k"}

    shown(before, money)
    found = shown(after, money)

    assert value(found, "farebox_jobs_total", **labels, outcome="deadline_exceeded") == 9
    assert value(found, "farebox_jobs_total", **labels, outcome="succeeded") == 21


def test_credit_is_shown_where_it_is_known() -> None:
    """Also below zero; a provider whose credit nobody has read has no series."""
    found = shown(a_snapshot(credits=(("shortapi", usd("-0.0875")),)))

    assert value(found, "farebox_provider_balance_usd", provider="shortapi") == -0.0875
    assert [name for name, _ in found].count("farebox_provider_balance_usd") == 1
