from router.finance.backtest.scenarios import scenarios
from router.policy.preference import FixedOrder
from tests.fakes import an_offer
from tests.ledger_kit import usd
from tests.policy_files import PRICES, a_policy


def test_a_policy_is_compared_with_each_provider_alone() -> None:
    """At the same prices, under the same budgets, without its rules and its failover."""
    policy = a_policy(price_max="$0.20")

    tested, runpod, shortapi = scenarios(policy)

    assert (tested.name, tested.policy) == ("thrift", policy)
    assert [runpod.name, shortapi.name] == ["always runpod", "always shortapi"]
    assert runpod.policy.prefer == FixedOrder(("runpod",))
    assert runpod.policy.budgets == policy.budgets
    assert runpod.policy.failover.providers_max == 1
    assert runpod.policy.price_max is None


def test_a_provider_alone_looks_at_no_other_offer() -> None:
    """The tested policy looks at all of them."""
    tested, _, shortapi = scenarios(a_policy())
    other = an_offer(price=usd("0.07"), provider="runpod")

    assert [one.asks(other) for one in (tested, shortapi)] == [True, False]


def test_a_provider_that_sells_nothing_is_left_out() -> None:
    """An offer that is switched off is none."""
    prices = PRICES.replace("    verified: true\n", "    verified: false\n", 1)

    assert [one.name for one in scenarios(a_policy(prices=prices))] == ["thrift", "always runpod"]
