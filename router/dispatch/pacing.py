"""What polls and queues go by: how long offers' jobs take, and how often providers may be asked."""

from collections.abc import Callable

from router.dispatch.latency import Latencies
from router.model.clock import Clock
from router.model.durations import Distribution
from router.model.job import Job, Resolution
from router.policy.policy import Policy

POLLS_SHARE = 0.5
"""Of the status calls that a provider allows: others of ours ask, too, and answers are repeated."""
POLLS_PER_S = 50.0
"""Where the price book says nothing of status calls. Assumed."""


class Pacing:
    """A pace of polls that learns. See `upstream.polling.PollPace`."""

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
        """How often a provider may be asked: half of its rate, or as one that has none."""
        prices = self._policy().prices
        rate = prices.terms(provider).status_rate if provider in prices.provider_names else None
        return POLLS_PER_S if rate is None else POLLS_SHARE * rate.calls / rate.per_s

    def expected_s(self, provider: str, job: Job) -> float | None:
        """How long a job takes at a provider on average; None where nothing is known of it."""
        now = self._clock.now()
        for one in self._policy().prices.offers(job.model, job.resolution, now):
            if one.row.provider == provider:
                key = (provider, one.row.slug, job.resolution)
                return self._latencies.expected_s(key, one.row.latency, now)
        return None
