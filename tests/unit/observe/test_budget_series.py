"""Budgets' series: what a window allows, what is used, what is ahead."""

from datetime import UTC, datetime, timedelta

from router.observe.money_series import MoneySeries
from router.observe.snapshot import Reached
from tests.ledger_kit import usd
from tests.observe_kit import PROVIDERS, a_budget, a_snapshot, shown, value


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


def test_a_budget_that_refuses_edits_says_so() -> None:
    """And one that does not says that; of those that share a label, one is enough."""
    found = shown(
        a_snapshot(
            budgets=(
                a_budget(),
                a_budget(budget="tight", refused=True),
                a_budget(budget="third", refused=True),
                a_budget(budget="fourth"),
            )
        ),
        MoneySeries(providers=PROVIDERS, names_max=2),
    )

    said = {
        name: value(found, "farebox_budget_refused", budget=name, scope="everyone")
        for name in ("monthly", "tight", "other")
    }
    assert said == {"monthly": 0, "tight": 1, "other": 1}


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


def test_a_window_shows_since_when_and_how_fast() -> None:
    """Of what shares a label, the fastest; a lifetime has neither."""
    began = datetime(2026, 11, 1, tzinfo=UTC)
    hour, days = timedelta(hours=1), timedelta(days=3)
    found = shown(
        a_snapshot(
            budgets=(
                a_budget(window_start=began, burns=((hour, 15.5), (days, 0.75))),
                a_budget(budget="ever"),
                a_budget(budget="third", burns=((hour, 2.25),)),
                a_budget(budget="fourth", burns=((hour, 1.125),)),
            )
        ),
        MoneySeries(providers=PROVIDERS, names_max=2),
    )
    mine, rate = {"budget": "monthly", "scope": "everyone"}, "farebox_budget_burn_rate"
    starts = [key for key in found if key[0] == "farebox_budget_window_start_timestamp_seconds"]

    assert value(found, rate, **mine, over="1h") == 15.5
    assert value(found, rate, **mine, over="3d") == 0.75
    assert value(found, rate, budget="other", scope="everyone", over="1h") == 2.25
    assert [name for name, _ in found].count(rate) == 3
    assert [(key[1], found[key]) for key in starts] == [
        (frozenset(mine.items()), began.timestamp())
    ]


def test_a_threshold_shows_whose_it_is_and_when_it_was_reached() -> None:
    """Of those that share their labels, the last."""
    early, late = (datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (9, 11))
    scopes = (("tenant:acme", late), ("tenant:zeta", early), ("tenant:far", late))
    found = shown(
        a_snapshot(
            budgets=(a_budget(scope="tenant:acme"),),
            reached=tuple(
                Reached(budget="daily", scope=scope, basis="burn", percent=1440, at=at)
                for scope, at in (*scopes, ("tenant:near", early))
            ),
        ),
        MoneySeries(providers=PROVIDERS, names_max=2),
    )
    name = "farebox_budget_threshold_timestamp_seconds"
    labels = {"budget": "daily", "basis": "burn", "percent": "1440"}

    assert {
        scope: value(found, name, **labels, scope=scope)
        for scope in ("tenant:acme", "tenant:zeta", "other")
    } == {
        "tenant:acme": late.timestamp(),
        "tenant:zeta": early.timestamp(),
        "other": late.timestamp(),
    }
    assert [one for one, _ in found].count(name) == 3
