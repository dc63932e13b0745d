"""Past jobs by the thousand: a ledger in a file and a trace, made up from a seed."""

import json
import math
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import count as counting
from pathlib import Path
from typing import Any

import apsw

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
from router.policy.exploring import explores
from router.policy.policy import Policy
from tests.fakes import EPOCH, a_job
from tests.ledger_kit import a_sqlite_store, usd

LEARNT_FOR_S = 5.0
"""For so long the made-up router goes by the same latencies."""
FAILING = 0.03
TENANTS = 20
PER_DAY = 40_000
MADE_MAX = 50_000
"""Of a ledger with more jobs, so many are made, and the others copied."""
_INSTANTS = ("created_at", "deadline_at", "ended_at", "dispatched_at", "horizon_at")


@dataclass(frozen=True, slots=True)
class Made:
    """A job, what was seen, what was decided, and how it went at the first of the plan."""

    row: JobRow
    attempts: tuple[AttemptRow, ...]


class Maker:
    """Makes jobs one after the other, as a router with a policy would have bought them."""

    def __init__(self, policy: Policy, *, seed: int = 7, per_day: int = PER_DAY) -> None:
        self._policy, self._rng = policy, random.Random(seed)
        self._pause_s = 86_400 / per_day
        self._at = EPOCH + timedelta(days=1)
        self._seen_until = self._at
        self._scale = 1.0
        self._plans: dict[tuple[Resolution, str, bool], tuple[str, Plan]] = {}

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
        job_id = JobId(f"{int(self._at.timestamp() * 1000):012x}-{rng.getrandbits(64):016x}")
        seen, plan = self._planned(job_id, resolution, tenant)
        return self._bought(job_id, resolution, tenant, seen, plan)

    def _planned(self, job_id: JobId, resolution: Resolution, tenant: str) -> tuple[str, Plan]:
        """Jobs of one moment see the same, and choose the same but for those that explore."""
        key = (resolution, tenant, explores(self._policy.explore, job_id))
        known = self._plans.get(key)
        if known is None:
            job = a_job(id=job_id, resolution=resolution, tenant=tenant, created_at=self._at)
            offers = offers_for(
                self._policy.prices, job, self._at, shape="3x2", supplied=frozenset(Ability)
            )
            evidence = Evidence(tuple(self._learnt(offer) for offer in offers))
            known = as_text(evidence), replay(self._policy, job, evidence)
            self._plans[key] = known
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

    def _bought(
        self, job_id: JobId, resolution: Resolution, tenant: str, seen: str, plan: Plan
    ) -> Made:
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


def write_long_ledger(path: Path, policy: Policy, count: int) -> None:
    """Make a ledger of so many jobs, of which the later are the first ones again, days later."""
    made = min(count, MADE_MAX)
    write_ledger(path, policy, made)
    with closing(apsw.Connection(str(path))) as database:
        database.pragma("synchronous", "off")
        database.create_scalar_function("moved", _mover(policy), 2, deterministic=True)
        days = made // PER_DAY + 1
        for number in range(1, -(-count // made)):
            left = min(made, count - number * made)
            with database:
                _copy(database, number * days, left)


def _mover(policy: Policy) -> Callable[..., str]:
    """Give a job another id, for a later day, that draws the same lot."""

    @lru_cache(MADE_MAX)
    def moved(*of: Any) -> str:
        job_id, days = of
        began_ms, _, rest = job_id.partition("-")
        head = f"{int(began_ms, 16) + days * 86_400_000:012x}-{rest[:8]}"
        found = (f"{head}{number:08x}" for number in counting())
        lot = explores(policy.explore, job_id)
        return next(name for name in found if explores(policy.explore, name) == lot)

    return moved


def _copy(database: apsw.Connection, days: int, jobs: int) -> None:
    """Copy so many of the first jobs, with their attempts."""
    parameters = {"days": days, "after": f"+{days} days", "jobs": jobs}
    for table, job_id in (("jobs", "id"), ("attempts", "job_id")):
        columns = [str(row[1]) for row in database.execute(f"PRAGMA table_info({table})")]
        new = {name: f"date({name}, :after) || substr({name}, 11)" for name in _INSTANTS}
        new[job_id] = f"moved({job_id}, :days)"
        if table == "attempts":
            new["id"] = f"{new[job_id]} || '.' || number"
            new["callback_token"] = f"callback_token || '.' || {days}"
        values = ", ".join(new.get(name, name) for name in columns)
        database.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} "  # noqa: S608 - No one else's words are in it.
            f"WHERE {job_id} <= (SELECT id FROM jobs ORDER BY id LIMIT 1 OFFSET :jobs - 1)",
            parameters,
        )


def roomy(policy: Policy) -> Policy:
    """The same policy with budgets that have room for whatever there is."""
    budgets = tuple(one.model_copy(update={"limit": usd("9000000")}) for one in policy.budgets)
    return policy.model_copy(update={"budgets": budgets})


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
