"""
Hosting: images that travel inside a job become links, for a provider that takes only addresses.

Whatever a client sent as a `data:` URL is put beside the ledger, and the provider is given a signed
link to it that ends when the attempt can no longer use it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from router.dispatch.ports import InputStore
from router.images.data_urls import is_data_url
from router.images.links import Links
from router.ledger.rows import AttemptRow
from router.model.clock import Clock
from router.model.job import Job
from router.policy.capability import Ability, obstacle_of_size
from router.policy.policy import Policy

MARGIN = timedelta(minutes=5)
"""For a provider that begins to fetch at the last moment."""
INPUTS = "/inputs/"
"""The path under which inputs are served, before their digest."""


@dataclass(frozen=True, slots=True)
class PublicLinks:
    """Links that lead here from everywhere."""

    links: Links
    base: str
    """Where Farebox is reached, without a slash at its end."""

    def to_input(self, sha256: str, expires_at: datetime) -> str:
        """A link to an input."""
        return self.links.to(self.base, INPUTS + sha256, expires_at)


class Hosting:
    """Gives providers addresses for what clients sent."""

    def __init__(self, clock: Clock, inputs: InputStore, public: PublicLinks | None) -> None:
        """
        Args:
            public: None where nobody can reach us: then nothing is hosted.
        """
        self._clock, self._inputs, self._public = clock, inputs, public

    @property
    def supplies(self) -> frozenset[Ability]:
        """What a provider need not do itself; transcoding is always done here."""
        own = {Ability.OUTPUT_FORMAT}
        return frozenset(own if self._public is None else {*own, Ability.DATA_URLS})

    async def as_taken(self, job: Job, attempt: AttemptRow, policy: Policy) -> Job:
        """
        The job as an attempt's provider takes it. The links are good when this returns.

        Args:
            job: With all of its images at hand.
            attempt: About to be sent.
            policy: Whose price book says what its provider takes.

        Raises:
            LedgerUnavailable: An image could not be put where it is found. Nothing was sent.
        """
        if self._public is None or not any(map(is_data_url, job.images)):
            return job
        if _takes_them(job, attempt, policy):
            return job
        expires_at = max(attempt.horizon_at, job.deadline_at) + MARGIN
        images = [await self._linked(image, expires_at, self._public) for image in job.images]
        return replace(job, images=tuple(images))

    async def _linked(self, image: str, expires_at: datetime, public: PublicLinks) -> str:
        if not is_data_url(image):
            return image
        # Also what is there already: it is then no older than this attempt when it is forgotten.
        sha256 = await self._inputs.put(image.encode(), self._clock.now())
        await self._inputs.keep(sha256)
        return public.to_input(sha256, expires_at)


def _takes_them(job: Job, attempt: AttemptRow, policy: Policy) -> bool:
    """Whether the job can go as it is; an offer that the policy does not have takes links only."""
    for priced in policy.prices.offers(job.model, job.resolution, attempt.created_at):
        if priced.row.provider == attempt.provider:
            return obstacle_of_size(priced.row.capability, job) is None
    return False
