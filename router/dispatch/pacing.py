"""What polls go by: how long each offer's jobs take, and how often its provider may be asked."""

from collections.abc import Callable

from router.dispatch.latency import Latencies
from router.model.clock import Clock
from router.model.durations import Distribution
from router.model.job import Resolution
from router.model.offer import ProviderTerms
from router.policy.policy import Policy


class Pacing:
    """A `Pace` that learns. See `upstream.polling.Pace`."""

    def __init__(self, clock: Clock, latencies: Latencies, policy: Callable[[], Policy]) -> None:
        """
        Args:
            clock: What was seen fades with time.
            latencies: Knows how long jobs take.
            policy: The one in force, whose price book says what providers bear.
        """
        self._clock, self._latencies, self._policy = clock, latencies, policy

    def ready(self, provider: str, slug: str, resolution: Resolution) -> Distribution:
        """How long after dispatch the provider has a job's image."""
        return self._latencies.ready(provider, slug, resolution, self._clock.now())

    def polls_per_s_max(self, provider: str) -> float:
        """How often a provider may be asked: by its terms, or as one that has none."""
        prices = self._policy().prices
        known = provider in prices.provider_names
        terms = prices.terms(provider) if known else ProviderTerms(name=provider)
        return terms.polls_per_second_max
