"""Polls in a simulation: placed by what the router has learnt, as in the house itself."""

from router.dispatch.pacing import Pacing
from router.model.durations import Distribution
from router.model.job import Resolution
from tests.stage import Stage


class LearntPace:
    """What polls go by: what the router of now has learnt, which a restart replaces."""

    def __init__(self) -> None:
        self.stage: Stage

    def ready(self, provider: str, slug: str, resolution: Resolution) -> Distribution:
        """See `Pace`."""
        return self._pacing.ready(provider, slug, resolution)

    def polls_per_s_max(self, provider: str) -> float:
        """See `Pace`."""
        return self._pacing.polls_per_s_max(provider)

    @property
    def _pacing(self) -> Pacing:
        stage = self.stage
        return Pacing(stage.clock, stage.latencies, lambda: stage.policy)
