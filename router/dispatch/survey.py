"""What each provider offers for a job now: price, ability, health, latency, load."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from router.dispatch.health import Health
from router.dispatch.latency import Latencies
from router.dispatch.ports import Shapes
from router.dispatch.turns import Turns
from router.ledger.rows import AttemptRow
from router.model.job import Job
from router.model.offer import Offer, Plan
from router.policy.capability import Ability, needs_shape, offers_for
from router.policy.choose import choose
from router.policy.policy import Policy


class Survey:
    """Makes the offers that a policy chooses from."""

    def __init__(
        self,
        health: Health,
        shapes: Shapes,
        connected: frozenset[str],
        turns: Turns,
        *,
        latencies: Latencies,
        supplied: frozenset[Ability] = frozenset(),
    ) -> None:
        """
        Args:
            health: Knows who is ejected.
            shapes: Reads an image's size where a provider wants an aspect ratio.
            connected: Providers that we have a codec and a credential for.
            turns: Knows where a create would have to wait.
            latencies: Knows how long offers take, and how often they fail.
            supplied: What the router does itself, so that its lack is no obstacle.
        """
        self._health, self._shapes, self._connected = health, shapes, connected
        self._turns, self._latencies, self._supplied = turns, latencies, supplied

    async def offers(
        self,
        policy: Policy,
        job: Job,
        at: datetime,
        *,
        tried: frozenset[str] = frozenset(),
        look_s: float | None = None,
    ) -> tuple[Offer, ...]:
        """
        One offer a provider; those that cannot serve the job have an obstacle.

        Args:
            policy: In force for the job.
            job: What is to be bought.
            at: Decides which prices are in force.
            tried: Providers that the job will not go to again.
            look_s: For how long to look at the job's first image, where its shape matters: whoever
                wants an answer at once has an offer less if the image comes slowly. None: for as
                long as it takes.
        """
        shape = None
        if needs_shape(policy.prices, job, at):
            shape = await self._shape(job.images[0], look_s)
        offers = offers_for(policy.prices, job, at, shape=shape, supplied=self._supplied)
        known = (self._latencies.offer(offer, job.resolution, at) for offer in offers)
        found = [self._with_health(policy, job, offer) for offer in known]

        def would_do(others: Sequence[Offer]) -> bool:
            return bool(choose(policy, job, others, tried=tried).offers)

        return self._turns.in_time(job, found, would_do)

    def check_turns(self, policy: Policy, job: Job, at: datetime) -> None:
        """
        Refuse a job that is in time nowhere, before its images are looked at and the books read.

        Raises:
            Overloaded: As much waits at every provider that sells it.
        """
        rows = policy.prices.offers(job.model, job.resolution, at)
        sellers = {one.row.provider for one in rows if one.obstacle is None}
        self._turns.check(job, sellers & self._connected)

    def learn(self, settled: AttemptRow) -> None:
        """Take note of how an attempt was settled."""
        self._health.settled(settled)
        self._latencies.settled(settled)

    async def _shape(self, image: str, look_s: float | None) -> str | None:
        try:
            async with asyncio.timeout(look_s):
                size = await self._shapes.shape_of(image)
        except TimeoutError:
            return None
        return f"{size[0]}x{size[1]}" if size else None

    def may_pass(self, policy: Policy, plan: Plan) -> bool:
        """Whether a plan leaves a provider out for its health, which may be better soon."""
        return any(
            one.verdict == self._health.obstacle(one.provider, policy.prices.terms(one.provider))
            for one in plan.decision.candidates
        )

    def _with_health(self, policy: Policy, job: Job, offer: Offer) -> Offer:
        obstacle = offer.obstacle
        if obstacle is None and offer.provider not in self._connected:
            obstacle = "has no key configured"
        if obstacle is None:
            terms = policy.prices.terms(offer.provider)
            obstacle = self._health.obstacle(offer.provider, terms)
            obstacle = obstacle or self._health.prices.obstacle(offer, job.resolution)
        return replace(offer, state=self._health.state(offer.provider), obstacle=obstacle)
