from datetime import UTC, datetime
from typing import Any

import pytest

from router.model.budget import Limit
from router.model.money import Money
from router.policy.budgets import Budget, Scope

AT = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)


def a_budget(who: Any, **keys: str) -> Budget:
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
    limit = a_budget(who).limit_for(tenant, provider, AT)

    assert (limit.scope if limit else None) == scope


def test_a_limit_is_for_the_window_of_the_budgets_own_zone() -> None:
    """Half past eleven at night in UTC is the next day in Berlin."""
    assert a_budget("everyone", time_zone="Europe/Berlin").limit_for("acme", "runpod", AT) == Limit(
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
