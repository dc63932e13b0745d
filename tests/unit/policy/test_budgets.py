from datetime import UTC, datetime
from typing import Any

import pytest

from router.model.budget import Limit
from router.model.money import Money
from router.policy.budgets import Budget, key_budget, oldest_hour
from router.policy.scopes import JobFacts, Scope

AT = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)


def a_budget(who: Any, **keys: Any) -> Budget:
    """A budget of $12.50 a day, unless told otherwise."""
    said = {"name": "daily", "who": who, "limit": "$12.50", "per": "day"}
    return Budget.model_validate({**said, **keys})


@pytest.mark.parametrize(
    ("who", "tenant", "provider", "scope"),
    [
        ("everyone", "acme", "runpod", "everyone"),
        ("each_tenant", "acme", "runpod", "tenant:acme"),
        ({"tenant": "each"}, "zeta", "runpod", "tenant:zeta"),
        ({"tenant": "acme"}, "acme", "runpod", "tenant:acme"),
        ({"tenant": "acme"}, "zeta", "runpod", None),
        ({"provider": "runpod"}, "acme", "runpod", "provider:runpod"),
        ({"provider": "runpod"}, "acme", "shortapi", None),
        ({"provider": "each"}, "acme", "shortapi", "provider:shortapi"),
        (
            {"provider": "runpod", "tenant": "acme"},
            "acme",
            "runpod",
            "tenant:acme,provider:runpod",
        ),
        ({"provider": "runpod", "tenant": "acme"}, "acme", "shortapi", None),
        ({"provider": "runpod", "tenant": "acme"}, "zeta", "runpod", None),
        (
            {"provider": "runpod", "tenant": "each"},
            "zeta",
            "runpod",
            "tenant:zeta,provider:runpod",
        ),
        ({"provider": "runpod", "tenant": "each"}, "zeta", "shortapi", None),
    ],
)
def test_a_budget_limits_whom_it_names(
    who: Any, tenant: str, provider: str, scope: str | None
) -> None:
    """Each scope is one account; an attempt of somebody else's is not limited."""
    limit = a_budget(who).limit_for(JobFacts(tenant=tenant), provider, AT)

    assert (limit.scope if limit else None) == scope


def test_a_limit_is_for_the_window_of_the_budgets_own_zone() -> None:
    """Half past eleven at night in UTC is the next day in Berlin."""
    budget = a_budget("everyone", time_zone="Europe/Berlin")

    assert budget.limit_for(JobFacts(tenant="acme"), "runpod", AT) == Limit(
        budget="daily",
        scope="everyone",
        window_start=datetime(2026, 11, 20, 23, tzinfo=UTC),
        window_end=datetime(2026, 11, 21, 23, tzinfo=UTC),
        limit=Money.parse("12.50"),
    )


def test_a_scope_that_was_read_is_taken_as_it_is() -> None:
    """A budget can be built again from its own values."""
    scope = Scope(provider="runpod")

    assert a_budget(scope).scope is scope


def test_a_rolling_budgets_limit_knows_the_hour_under_way() -> None:
    """New holds count in it; all hours since the window's start count against the limit."""
    limit = a_budget("everyone", per="rolling 7 days").limit_of("everyone", AT)

    assert limit.window_start == datetime(2026, 11, 13, 23, tzinfo=UTC)
    assert limit.bucket_start == datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert limit.window_end == datetime(2026, 11, 21, tzinfo=UTC)
    assert a_budget("everyone", per="rolling 7 days").rolling_since(AT) == limit.window_start
    assert a_budget("everyone").rolling_since(AT) is None


def test_of_several_budgets_the_oldest_hour_that_counts_is_known() -> None:
    """Of windows that roll alone: the others are found by the instant itself."""
    week, month = (a_budget("everyone", per=f"rolling {days} days") for days in (7, 30))

    assert oldest_hour([week, a_budget("everyone"), month], AT) == month.rolling_since(AT)
    assert oldest_hour([week], AT) == week.rolling_since(AT)
    assert oldest_hour([a_budget("everyone")], AT) == oldest_hour([], AT) == AT


def test_starts_that_say_nothing_of_the_window_are_flaws() -> None:
    """A day has no first month, and what rolls has no midnight."""
    starts = {
        "week_start": "sunday",
        "month_start": "2",
        "year_start": "april",
        "time_zone": "Europe/Berlin",
    }
    flawed = {
        per: [flaw.path for flaw in a_budget("everyone", per=per, **starts).flaws()]
        for per in ("day", "week", "month", "quarter", "year", "lifetime", "rolling 2 days")
    }

    week, month, year, zone = [(name,) for name in starts]
    assert flawed == {
        "day": [week, month, year],
        "week": [month, year],
        "month": [week, year],
        "quarter": [week],
        "year": [week],
        "lifetime": [week, month, year, zone],
        "rolling 2 days": [week, month, year, zone],
    }


def test_a_keys_own_budget_is_its_names_and_tenants() -> None:
    """So a rotated key goes on with what is left, and another tenant's of that name does not."""
    limit = key_budget("$20.00 per month").limit_for(
        JobFacts(tenant="acme", key="shop"), "runpod", AT
    )

    assert limit is not None
    assert (limit.scope, limit.limit) == ("tenant:acme,key:shop", Money.parse("20.00"))


@pytest.mark.parametrize("said", ["$20", "20 per month", "$20 per fortnight", "per day", ""])
def test_a_keys_own_budget_needs_an_amount_and_a_window(said: str) -> None:
    """Each as in a file."""
    with pytest.raises(ValueError, match=r"belongs|window|write|no amount"):
        key_budget(said)
