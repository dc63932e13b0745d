"""Past jobs by the thousand: a ledger in a file and a trace, made up from a seed."""

import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from router.dispatch.requests import decision_text
from router.finance.backtest.past import Happened, PastJob, Tried
from router.finance.backtest.sources import Read
from router.ledger.limit_rows import RaiseRow
from router.ledger.mapping import encode
from router.ledger.rows import AttemptRow, JobRow, RefusalRow
from router.ledger.sql import queries
from router.model.clock import rfc3339
from router.model.ids import AttemptId, CallbackToken, JobId
from router.model.job import AttemptState, JobState, Resolution
from router.model.latency import PERCENTILES, WINDOWS_S, Latency
from router.model.money import Money
from router.model.offer import Offer, Plan
from router.policy.capability import Ability, offers_for
from router.policy.evidence import Evidence, as_text, replay
from router.policy.policy import Policy
from tests.fakes import EPOCH, a_job
from tests.ledger_kit import a_sqlite_store, usd

LEARNT_FOR_S = 5.0
"""For so long the made-up router goes by the same latencies."""
FAILING = 0.03
TENANTS = 20


@dataclass(frozen=True, slots=True)
class Made:
    """A job, what was seen, what was decided, and how it went at the first of the plan."""

    row: JobRow
    attempts: tuple[AttemptRow, ...]


class Maker:
    """Makes jobs one after the other, as a router with a policy would have bought them."""

    def __init__(self, policy: Policy, *, seed: int = 7, per_day: int = 40_000) -> None:
        self._policy, self._rng = policy, random.Random(seed)
        self._pause_s = 86_400 / per_day
        self._at = EPOCH + timedelta(days=1)
        self._seen_until = self._at
        self._scale = 1.0
        self._plans: dict[tuple[Resolution, str], tuple[str, Plan]] = {}

    def make(self, count: int) -> Iterator[Made]:
        """So many more jobs."""
        for _ in range(count):
            self._at += timedelta(seconds=self._rng.expovariate(1 / self._pause_s))
            yield self._one()

    def _one(self) -> Made:
        if self._at >= self._seen_until:
            self._seen_until = self._at + timedelta(seconds=LEARNT_FOR_S)
            self._scale = math.exp(self._rng.gauss(0, 0.2))
            self._plans.clear()
        rng = self._rng
        resolution = rng.choices(list(Resolution), [6, 3, 1])[0]
        tenant = f"tenant-{rng.randrange(TENANTS)}"
        seen, plan = self._planned(resolution, tenant)
        return self._bought(resolution, tenant, seen, plan)

    def _planned(self, resolution: Resolution, tenant: str) -> tuple[str, Plan]:
        """Jobs of one moment see the same."""
        known = self._plans.get((resolution, tenant))
        if known is None:
            job = a_job(resolution=resolution, tenant=tenant, created_at=self._at)
            offers = offers_for(
                self._policy.prices, job, self._at, shape="3x2", supplied=frozenset(Ability)
            )
            evidence = Evidence(tuple(self._learnt(offer) for offer in offers))
            known = as_text(evidence), replay(self._policy, job, evidence)
            self._plans[resolution, tenant] = known
        return known

    def _learnt(self, offer: Offer) -> Offer:
        assert offer.latency is not None
        rows = offer.latency.percentiles_s
        scaled = tuple(tuple(round(one * self._scale, 3) for one in row) for row in rows)
        assert (len(rows), len(rows[0])) == (len(WINDOWS_S), len(PERCENTILES))
        mean_s = round(offer.latency.mean_s * self._scale, 3)
        return replace(
            offer,
            latency=Latency(percentiles_s=scaled, mean_s=mean_s, samples=50),
            failing=FAILING,
        )

    def _bought(self, resolution: Resolution, tenant: str, seen: str, plan: Plan) -> Made:
        bits = self._rng.getrandbits(64)
        job_id = JobId(f"{int(self._at.timestamp() * 1000):012x}-{bits:016x}")
        attempts: list[AttemptRow] = []
        at = self._at
        for number, offer in enumerate(plan.offers, start=1):
            attempts.append(self._attempt(job_id, number, offer, tenant, resolution, at))
            at = attempts[-1].ended_at or at
            if attempts[-1].outcome == "delivered":
                break
        is_delivered = bool(attempts) and attempts[-1].outcome == "delivered"
        row = JobRow(
            id=job_id,
            tenant=tenant,
            key_id="key-1",
            model="nano-banana-2-edit",
            resolution=resolution,
            request=json.dumps(
                {
                    "prompt": "make the sky green",
                    "images": ["https://pictures.example/cat.png"],
                    "aspect_ratio": None,
                    "output_format": None,
                    "price_max": None,
                    "key_name": "web",
                    "key_budget": None,
                }
            ),
            decision=decision_text(plan.decision),
            policy_hash=self._policy.hash,
            state=JobState.SUCCEEDED if is_delivered else JobState.FAILED,
            created_at=self._at,
            deadline_at=self._at + timedelta(seconds=300),
            ended_at=at,
            error_code=None if is_delivered else "provider_failed",
            evidence=seen,
        )
        return Made(row, tuple(attempts))

    def _attempt(
        self,
        job_id: JobId,
        number: int,
        offer: Offer,
        tenant: str,
        resolution: Resolution,
        at: datetime,
    ) -> AttemptRow:
        assert offer.latency is not None
        sigma = math.log(offer.latency.p95_s / offer.latency.p50_s) / 1.645
        seconds = self._rng.lognormvariate(math.log(offer.latency.p50_s), sigma)
        is_delivered = self._rng.random() >= FAILING
        return AttemptRow(
            id=AttemptId(f"{job_id}.{number}"),
            job_id=job_id,
            number=number,
            tenant=tenant,
            provider=offer.provider,
            model=offer.model,
            slug=offer.slug,
            resolution=resolution,
            state=AttemptState.POSTED if is_delivered else AttemptState.VOIDED,
            quoted=offer.price,
            list_price=offer.list_price,
            dearest=offer.price,
            price_from=offer.price_from,
            windows=(),
            callback_token=CallbackToken(f"token-{job_id}.{number}"),
            created_at=at,
            horizon_at=at + timedelta(seconds=5400),
            posted=offer.price if is_delivered else Money.ZERO,
            outcome="delivered" if is_delivered else "provider_attempt_failed",
            dispatched_at=at,
            ended_at=at + timedelta(seconds=round(seconds, 3)),
        )


def write_ledger(path: Path, policy: Policy, count: int, *, seed: int = 7) -> None:
    """Make a ledger of so many jobs, past its front door: as rows, without the journal."""
    store = a_sqlite_store(path)
    database, put = store._database, queries("sqlite")
    database.pragma("synchronous", "off")
    with database:
        for made in Maker(policy, seed=seed).make(count):
            database.execute(put["put_jobs"], encode(made.row))
            for attempt in made.attempts:
                database.execute(put["put_attempts"], encode(attempt))
    store.close()


def write_trace(path: Path, policy: Policy, count: int, *, seed: int = 7) -> None:
    """Make a CSV trace of so many jobs, with what became of each."""
    with path.open("w", encoding="utf-8") as file:
        file.write("created_at,tenant,model,resolution,provider,charged,seconds,outcome\n")
        for made in Maker(policy, seed=seed).make(count):
            row, last = made.row, made.attempts[-1]
            assert last.ended_at is not None
            seconds = (last.ended_at - row.created_at).total_seconds()
            outcome = "delivered" if last.outcome == "delivered" else "failed"
            file.write(
                f"{rfc3339(row.created_at)},{row.tenant},{row.model},{row.resolution},"
                f"{last.provider},{last.posted},{seconds:.1f},{outcome}\n"
            )


@dataclass(frozen=True)
class Given:
    """A source of jobs that are given, so many a page."""

    jobs: tuple[PastJob, ...]
    page: int = 3

    def size(self) -> int:
        """How many there are."""
        return len(self.jobs)

    def pages(self) -> Iterator[tuple[int, int]]:
        """From which to which job."""
        for first in range(0, len(self.jobs), self.page):
            yield first, first + self.page

    def reader(self) -> "Given":
        """It reads itself."""
        return self

    def read(self, page: tuple[int, int]) -> Read:
        """The page's jobs."""
        jobs = self.jobs[slice(*page)]
        return Read(jobs, done=len(jobs))

    def policy(self, policy_hash: str) -> None:
        """No other policy is known."""
        del policy_hash

    def close(self) -> None:
        """There is nothing to close."""

    def raises(self) -> list[RaiseRow]:
        """None."""
        return []

    def refusals(self) -> list[RefusalRow]:
        """None."""
        return []


def a_past(happened: Happened | None = None, **fields: Any) -> PastJob:
    """Build a past job of acme's; what became of it, and any field of the job, can be given."""
    return PastJob(job=a_job(**fields), happened=happened)


def tried(provider: str, charged: str = "", **fields: Any) -> Tried:
    """Build an attempt that took 8 s; without a charge it was not delivered."""
    attempt = Tried(
        provider=provider,
        resolution="1k",
        quoted_nanos=usd(charged).nanos if charged else None,
        charged_nanos=usd(charged).nanos if charged else 0,
        is_delivered=bool(charged),
        tenths=80,
    )
    return attempt._replace(**fields)


def delivered(*attempts: Tried) -> Happened:
    """Build what becomes of a job whose last attempt delivers, after 9 s."""
    return Happened(attempts=attempts, is_delivered=True, tenths=90)
