"""The money's series: exact sums of one reading."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from router.model.job import Resolution
from router.model.money import Money, total
from router.observe.money_series import MoneySeries
from router.observe.snapshot import CreditLeft, OpenMoney
from tests.fakes import EPOCH
from tests.ledger_kit import usd
from tests.observe_kit import (
    PROVIDERS,
    a_snapshot,
    a_spent,
    shown,
    some_jobs,
    value,
)


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
                delivered=17,
                avoided=usd("0.55"),
                over=usd("0.021"),
                under=usd("0.013"),
                drifted=5,
                missed=usd("0.19"),
                list_cost=usd("1.48"),
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
    assert value(found, "farebox_spent_usd", **whose) == 1.23
    assert value(found, "farebox_edits_total", **whose) == 17
    assert value(found, "farebox_presumed_usd", **mine) == 0.17
    assert value(found, "farebox_held_usd", **mine) == 0.04
    assert value(found, "farebox_in_doubt_usd", **mine) == 0.09
    assert value(found, "farebox_in_doubt_attempts", **mine) == 2
    assert value(found, "farebox_avoided_usd", **mine) == 0.55
    assert value(found, "farebox_missed_usd", **mine) == 0.19
    assert value(found, "farebox_list_cost_usd", **mine) == 1.48
    assert value(found, "farebox_price_drift_usd", **mine, direction="over") == 0.021
    assert value(found, "farebox_price_drift_usd", **mine, direction="under") == 0.013
    assert value(found, "farebox_price_drift_jobs", **mine) == 5
    assert value(found, "farebox_double_spend_usd") == 0.0875
    assert value(found, "farebox_ledger_check_usd") == -0.07
    assert value(found, "farebox_policy_info", policy="thrift", hash="5eed") == 1


def test_sums_that_a_bill_or_a_refund_may_take_back_are_gauges() -> None:
    """A counter that falls is taken for a restart, and all it ever counted for new."""
    series = MoneySeries(providers=PROVIDERS)
    kinds = {one.name: one.type for one in series.families(a_snapshot(a_spent()))}
    falling = ("price_drift_usd", "price_drift_jobs", "double_spend_usd", "avoided_usd")

    for name in (*falling, "missed_usd", "list_cost_usd"):
        assert kinds[f"farebox_{name}"] == "gauge"
    assert {kinds["farebox_posted_usd"], kinds["farebox_refunded_usd"]} == {"counter"}


def test_a_provider_without_money_is_at_zero() -> None:
    """Its series are there, so that its first cent is seen."""
    found = shown(a_snapshot(a_spent(posted=usd("0.04"))))

    for name in ("held_usd", "in_doubt_usd", "in_doubt_attempts", "avoided_usd"):
        assert value(found, f"farebox_{name}", provider="runpod") == 0


def test_when_the_ledger_began_is_told_once_it_has() -> None:
    """Before the first hold there is no such instant."""
    name = "farebox_ledger_began_timestamp_seconds"

    assert value(shown(a_snapshot(began=EPOCH)), name) == EPOCH.timestamp()
    assert value(shown(a_snapshot()), name) is None


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
    credit = CreditLeft(provider="shortapi", left=usd("-0.0875"), is_low=True)
    found = shown(a_snapshot(credits=(credit,)))

    assert value(found, "farebox_provider_balance_usd", provider="shortapi") == -0.0875
    assert value(found, "farebox_provider_credit_low", provider="shortapi") == 1
    names = [name for name, _ in found]
    assert names.count("farebox_provider_balance_usd") == 1
    assert names.count("farebox_provider_credit_low") == 1


def test_when_a_balance_was_read_is_shown_of_each_prepaid_provider() -> None:
    """Zero is never; who is invoiced has none."""
    found = shown(a_snapshot(balances_read=(("shortapi", EPOCH), ("runpod", None))))
    name = "farebox_provider_balance_read_timestamp_seconds"

    assert value(found, name, provider="shortapi") == EPOCH.timestamp()
    assert value(found, name, provider="runpod") == 0
    assert [one for one, _ in found].count(name) == 2
    assert name not in {one for one, _ in shown(a_snapshot())}


def test_open_money_shows_since_when_it_is() -> None:
    """How long is for Prometheus to say; a provider without any has a count of zero and no age."""
    kinds = (("held", 3, EPOCH), ("in_doubt", 2, EPOCH - timedelta(hours=2)))
    found = shown(
        a_snapshot(
            open=tuple(
                OpenMoney(provider="shortapi", money=money, attempts=attempts, oldest=oldest)
                for money, attempts, oldest in kinds
            )
        )
    )
    oldest = "farebox_oldest_open_timestamp_seconds"

    assert value(found, "farebox_held_attempts", provider="shortapi") == 3
    assert value(found, "farebox_held_attempts", provider="runpod") == 0
    for money, _, instant in kinds:
        assert value(found, oldest, provider="shortapi", money=money) == instant.timestamp()
    assert [name for name, _ in found].count(oldest) == 2
