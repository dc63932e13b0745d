"""What a policy is compared with: always one provider, for each provider of its price book."""

from dataclasses import dataclass

from router.model.offer import Offer
from router.policy.failover import Failover
from router.policy.policy import Policy
from router.policy.preference import FixedOrder

ALWAYS = "always "
"""Before a provider's name."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A policy that jobs are replayed under."""

    name: str
    policy: Policy
    provider: str | None = None
    """Whom all jobs go to; None: whoever the policy chooses."""

    def asks(self, offer: Offer) -> bool:
        """Whether it looks at an offer at all."""
        return self.provider in {None, offer.provider}


def scenarios(policy: Policy) -> tuple[Scenario, ...]:
    """The policy itself, and then each provider that sells something, in the book's order."""
    sellers = {row.provider for row in policy.prices.offers_listed if row.is_on}
    providers = [name for name in policy.prices.provider_names if name in sellers]
    return (Scenario(policy.name, policy), *(_always(policy, name) for name in providers))


def _always(policy: Policy, provider: str) -> Scenario:
    """One provider and nobody else, at the same prices and under the same budgets."""
    return Scenario(
        ALWAYS + provider,
        Policy.model_validate(
            {
                "policy": f"always-{provider}",
                "summary": f"Every job goes to {provider}.",
                "prefer": FixedOrder((provider,)),
                "prices": policy.prices,
                "failover": Failover(providers_max=1),
                "budgets": policy.budgets,
                "examples": policy.examples,
            }
        ),
        provider,
    )
