from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from router.model.budget import Limit
from router.model.money import Money
from router.policy.failover import Failover
from router.policy.flaws import flaws
from router.policy.policy import Expected
from router.policy.preference import FixedOrder, LowestPrice, read_preference
from router.policy.price_rows import ProviderRow
from router.policy.problems import Flaw
from router.policy.scalars import Row, read_dollars, read_duration_s, read_instant
from router.policy.scopes import JobFacts
from tests.policy_files import a_policy

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


def test_every_budget_that_matches_limits_an_attempt() -> None:
    """Budgets stack: all that name the tenant or the provider count, in the file's order."""
    policy = a_policy(
        budgets=[
            {"name": "a", "who": "each_tenant", "limit": "$5", "per": "lifetime"},
            {"name": "b", "who": {"provider": "shortapi"}, "limit": "$6", "per": "day"},
            {"name": "c", "who": "everyone", "limit": "$7", "per": "month"},
        ]
    )

    limits = policy.limits(JobFacts(tenant="acme"), "runpod", AT)

    assert [(limit.budget, limit.scope, str(limit.limit)) for limit in limits] == [
        ("a", "tenant:acme", "5.00"),
        ("c", "everyone", "7.00"),
    ]


def test_double_spending_has_a_budget_of_its_own() -> None:
    """It limits everybody's second attempts together, per UTC day."""
    assert a_policy().double_spend_limit(AT) == Limit(
        budget="double-spend",
        scope="everyone",
        window_start=datetime(2026, 11, 20, tzinfo=UTC),
        window_end=datetime(2026, 11, 21, tzinfo=UTC),
        limit=Money.parse("3.00"),
    )


@pytest.mark.parametrize(
    ("said", "dollars"), [("$0", "0"), ("$0.00 per day", "0"), ("$4.50 per day", "4.50")]
)
def test_double_spending_is_an_amount_per_day_or_nothing(said: str, dollars: str) -> None:
    """`$0` is never."""
    failover = Failover.model_validate({"double_spend_max": said})

    assert failover.double_spend_max == Money.parse(dollars)


def test_without_being_told_nothing_is_paid_twice() -> None:
    """A policy that is silent on failover is the cautious one."""
    policy = a_policy(failover={})

    assert policy.failover == Failover(
        providers_max=2, double_spend_max=Money.ZERO, on_content_refusal=False
    )


def test_a_policy_is_silent_on_deadlines() -> None:
    """The deadlines of a policy that names none."""
    policy = a_policy(deadline="300s")

    assert (policy.deadline_s, policy.deadline_max_s, policy.create_deadline_s) == (300, 900, 30)


def test_deadlines_may_be_equal() -> None:
    """A job may spend all of its time on its one request, and ask for no more than it has."""
    policy = a_policy(create_deadline="70s", deadline="70s", deadline_max="70s")

    assert list(flaws(policy)) == []


def test_a_policy_cannot_be_changed() -> None:
    """Running jobs keep the policy that they started with."""
    with pytest.raises(ValidationError, match="frozen"):
        a_policy().summary = "Other."  # type: ignore[misc]  # That it cannot be done is the point.


def rows() -> list[Row]:
    """One of each kind of row, with most of its keys."""
    policy = a_policy(
        prefer={"order": ["runpod"]},
        examples=[{"job": "1k", "expect": "nobody", "then": "runpod at $0.07", "at": "2026-12-01"}],
    )
    provider = ProviderRow.model_validate(
        {"provider": "runpod", "source": "a page", "origin_not_reached": ["521"]}
    )
    parts = policy.failover, policy.budgets[0], policy.examples[0], policy.prices.offers_listed[0]
    return [policy, provider, *parts]


@pytest.mark.parametrize("row", rows(), ids=lambda row: type(row).__name__)
def test_a_row_can_be_built_again_from_its_own_values(row: Row) -> None:
    """Readers take what they return, so nothing is lost on the way."""
    kind = type(row)
    values = {field.alias or name: getattr(row, name) for name, field in kind.model_fields.items()}

    assert kind.model_validate(values) == row


def test_a_policy_built_by_hand_has_no_files() -> None:
    """Neither a hash nor places."""
    policy = a_policy()

    assert (policy.hash, policy.example_place(0)) == ("", None)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (Expected("runpod", Money.parse("0.0875")), "runpod at $0.0875"),
        (Expected(None, None), "nobody"),
    ],
)
def test_an_expectation_is_told_as_it_is_written(expected: Expected, text: str) -> None:
    """Messages use the words of the file."""
    assert str(expected) == text


def test_the_cheapest_is_preferred_by_its_word() -> None:
    """The two ways to prefer, as they are written."""
    assert read_preference("lowest_price") == LowestPrice()
    assert read_preference({"order": ["b", "a"]}) == FixedOrder(("b", "a"))


@pytest.mark.parametrize(
    ("text", "seconds"), [("300s", 300), ("5m", 300), ("2h", 7_200), ("1d", 86_400)]
)
def test_durations_have_units(text: str, seconds: float) -> None:
    """Seconds, minutes, hours, days."""
    assert read_duration_s(text) == seconds


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T09:00:00Z", AT),
        ("2026-11-20T10:00:00+01:00", AT),
    ],
)
def test_instants_are_in_utc(text: str, read: datetime) -> None:
    """A date is its midnight; an offset is turned into UTC."""
    instant = read_instant(text)

    assert (instant, instant.tzinfo) == (read, UTC)


@pytest.mark.parametrize("text", ["2026-02-30T09:00:00Z", "0001-01-01T00:00:00+23:00"])
def test_an_instant_that_is_in_no_calendar_is_refused(text: str) -> None:
    """Neither the thirtieth of February nor a day before the first."""
    with pytest.raises(ValueError, match="no such day"):
        read_instant(text)


def test_money_that_was_read_is_taken_as_it_is() -> None:
    """No path leads from money to a float and back."""
    price = Money.parse("0.0875")

    assert read_dollars(price) is price


def test_a_row_takes_no_unknown_key() -> None:
    """All rows of all files share this rule."""
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Row.model_validate({"any": "thing"})


@pytest.mark.parametrize(
    ("keys", "path", "told"),
    [
        (
            {"name": "of-its-key"},
            ("budgets", 0, "name"),
            "'of-its-key' is the name of keys' own budgets",
        ),
        (
            {"who": {"model": "nano-banana-2-edt"}},
            ("budgets", 0, "who", "model"),
            "nobody sells 'nano-banana-2-edt'; did you mean 'nano-banana-2-edit'?",
        ),
        (
            {"who": {"model": "each"}, "week_start": "sunday"},
            ("budgets", 0, "week_start"),
            "a day does not begin with a day of the week",
        ),
    ],
)
def test_a_budget_names_what_there_is(
    keys: dict[str, object], path: tuple[str | int, ...], told: str
) -> None:
    """A model that is sold, a name that is free, and starts that its own window has."""
    budget = {"name": "a", "who": "everyone", "limit": "$5.00", "per": "day", **keys}

    assert list(flaws(a_policy(budgets=[budget]))) == [Flaw(path, told)]


def test_a_keys_own_budget_binds_beside_the_policys() -> None:
    """Last, and only a key that was made with one."""
    policy = a_policy()
    facts = JobFacts(tenant="acme", key="shop", key_budget="$7.00 per rolling 2 days")

    budgets = [limit.budget for limit in policy.limits(facts, "runpod", AT)]
    assert budgets == ["monthly", "of-its-key"]
