from router.policy.failover import Failover, FailoverChanges
from tests.ledger_kit import usd


def test_what_a_rule_does_not_name_stays() -> None:
    """Single keys of the failover are changed; the others are the policy's."""
    failover = Failover(providers_max=3, double_spend_max=usd("2.50"), on_content_refusal=True)

    assert failover.changed(FailoverChanges()) == failover
    assert failover.changed(FailoverChanges(double_spend_max=usd("0"))) == Failover(
        providers_max=3, double_spend_max=usd("0"), on_content_refusal=True
    )


def test_a_rule_may_say_no_where_the_policy_says_yes() -> None:
    """False is said, and is not the same as nothing."""
    changed = Failover(on_content_refusal=True).changed(FailoverChanges(on_content_refusal=False))

    assert changed.on_content_refusal is False
