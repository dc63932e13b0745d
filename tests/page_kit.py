"""A month of edits in the books of a house on a stage, so that its pages have something to show."""

import asyncio
import json
import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from router.ledger.commands import (
    Accept,
    Command,
    Doubt,
    Enter,
    Hold,
    JobEnd,
    Post,
    Presume,
    Record,
    Tender,
    Void,
)
from router.ledger.period_rows import AccountEventRow, EventKind
from router.ledger.statement_rows import BalanceReadingRow
from router.model.ids import AttemptId, CallbackToken, Ids, JobId
from router.model.job import AttemptState, JobState, Resolution
from router.model.money import Money
from router.policy.scopes import JobFacts
from router.web.dashboard.session import COOKIE
from tests.fakes import FakeClock
from tests.ledger_kit import a_job_row, an_attempt_row, usd
from tests.policy_files import a_policy
from tests.web_stage import Front

TENANTS = ("acme", "globex", "initech")
TEAMS = ("ads", "catalogue", "studio")
PRICES = {
    ("shortapi", "1k"): "0.04", ("shortapi", "2k"): "0.06",
    ("runpod", "1k"): "0.0875", ("runpod", "2k"): "0.13", ("runpod", "4k"): "0.175",
}  # fmt: skip
PROMPT = "a prompt that stands on no page"
POLICY = a_policy(
    budgets=[
        {"name": "everyone-monthly", "who": "everyone", "limit": "$40.00", "per": "month"},
        {"name": "each-tenant-daily", "who": "each_tenant", "limit": "$1.37", "per": "day"},
        {
            "name": "runpod-monthly",
            "who": {"provider": "runpod"},
            "limit": "$19.10",
            "per": "month",
        },
        {"name": "rolling", "who": "everyone", "limit": "$90.00", "per": "rolling 30 days"},
    ]
)
DECISION = {
    "policy": "thrift",
    "rule": "lowest price",
    "candidates": [
        {"provider": "shortapi", "price": "0.04", "verdict": "chosen by lowest price"},
        {
            "provider": "runpod",
            "price": "0.0875",
            "verdict": "next if shortapi does not deliver; $0.0475 dearer than shortapi; its p95 "
            "of 25.3 s in the last hour is above the 20 s of latency_max, so it came last",
        },
    ],
}


class Bookkeeper:
    """Buys edits at instants of its own choosing, by the ledger's own verbs."""

    def __init__(self, front: Front) -> None:
        self._ledger, self._policy = front.stage.ledger, front.services.policy

    async def buy(
        self, at: datetime, tenant: str = "acme", provider: str = "shortapi", **fields: Any
    ) -> AttemptId:
        """Accept a job with one attempt, sent at once."""
        clock = FakeClock(at)
        job_id = Ids(clock).job()
        resolution = Resolution(fields.pop("resolution", "1k"))
        tags = fields.pop("tags", ())
        price = usd(fields.pop("price", None) or PRICES[provider, resolution.value])
        job = a_job_row(
            job_id,
            tenant=tenant,
            created_at=at,
            deadline_at=at + timedelta(seconds=300),
            resolution=resolution,
            tags=tags,
            decision=json.dumps(DECISION),
            request=json.dumps({"prompt": PROMPT, "images": ["https://pictures.example/1.png"]}),
        )
        attempt = an_attempt_row(
            f"{job_id}.1",
            price=price,
            tenant=tenant,
            provider=provider,
            tags=tags,
            resolution=resolution,
            created_at=at,
            dispatched_at=at,
            dearest=usd("0.175"),
            horizon_at=at + timedelta(hours=1),
        )
        facts = JobFacts(tenant=tenant, key="key-1", model=job.model, tags=tags)
        limits = self._policy().limits(facts, provider, at)
        tender = Tender(attempt=attempt, limits=limits)
        await self.do(Accept(at=at, job=job, tenders=(tender,), ready=frozenset({provider})))
        return attempt.id

    async def ask_again(self, attempt: AttemptId, provider: str, price: str) -> AttemptId:
        """Send a job's second attempt, to another provider, ten seconds after its first."""
        first = await self._ledger.attempt(attempt)
        assert first is not None
        at = first.created_at + timedelta(seconds=10)
        second = replace(
            first,
            id=AttemptId(f"{first.job_id}.2"),
            number=2,
            provider=provider,
            quoted=usd(price),
            callback_token=CallbackToken(f"{first.callback_token}-2"),
            created_at=at,
            dispatched_at=at,
            state=AttemptState.HELD,
        )
        facts = JobFacts(tenant=first.tenant, key="key-1", model=first.model, tags=first.tags)
        limits = self._policy().limits(facts, provider, at)
        tenders = (Tender(attempt=second, limits=limits),)
        ready = frozenset({provider})
        await self.do(Hold(at=at, job_id=first.job_id, tenders=tenders, ready=ready))
        return second.id

    async def deliver(self, attempt: AttemptId, amount: str, at: datetime) -> None:
        """Post an attempt that delivered."""
        end = JobEnd(state=JobState.SUCCEEDED, delivered_by=attempt)
        await self.do(
            Post(at=at, attempt_id=attempt, amount=usd(amount), outcome="delivered", end=end)
        )

    async def bill_for_nothing(self, attempt: AttemptId, amount: str, at: datetime) -> None:
        """Post an attempt that did not deliver."""
        end = JobEnd(state=JobState.FAILED, error_code="provider_failed")
        await self.do(
            Post(
                at=at,
                attempt_id=attempt,
                amount=usd(amount),
                outcome="provider_attempt_failed",
                end=end,
            )
        )

    async def void(self, attempt: AttemptId, at: datetime) -> None:
        """Void an attempt that the provider refused."""
        end = JobEnd(state=JobState.FAILED, error_code="provider_failed")
        await self.do(Void(at=at, attempt_id=attempt, outcome="provider_refused", end=end))

    async def doubt(self, attempt: AttemptId, at: datetime) -> None:
        """Leave an attempt in doubt."""
        await self.do(Doubt(at=at, attempt_id=attempt, outcome="provider_in_doubt"))

    async def presume(self, attempt: AttemptId, at: datetime) -> None:
        """Presume an attempt in doubt."""
        await self.do(Presume(at=at, attempt_id=attempt))

    async def do(self, command: Command) -> None:
        """Commit one command."""
        await self._ledger.submit(command)


async def a_month(front: Front, *, a_day: int = 12) -> None:
    """Fill the books with last month's and this month's edits, and one of each misfortune."""
    books, chance = Bookkeeper(front), random.Random(4)
    now = front.clock.now()
    start = now.replace(day=1, hour=0, minute=0) - timedelta(days=31)
    days = (now - start).days
    await asyncio.gather(
        *(_bought(books, chance, start + timedelta(days=day), a_day) for day in range(days + 1))
    )
    for minutes, tenant in ((40, "acme"), (90, "globex")):
        at = now - timedelta(minutes=minutes)
        attempt = await books.buy(at, tenant, tags=(("team", "ads"),))
        await books.doubt(attempt, at + timedelta(seconds=31))
    await _lately(books, now)
    at = now - timedelta(days=3)
    await books.deliver(await books.buy(at, price="0.0411"), "0.0533", at + timedelta(seconds=9))
    await books.bill_for_nothing(
        await books.buy(at, "globex", "runpod"), "0.0871", at + timedelta(seconds=40)
    )
    await books.void(await books.buy(at, "initech"), at + timedelta(seconds=2))
    presumed = await books.buy(at, "initech", resolution="2k")
    await books.doubt(presumed, at + timedelta(seconds=30))
    await books.presume(presumed, at + timedelta(hours=2))
    for _ in range(3):
        await books.buy(now - timedelta(seconds=20), "globex", "runpod", resolution="4k")
    # What does not fit any more today is refused, and counted.
    for _ in range(30):
        await books.buy(now - timedelta(seconds=10), "initech", "runpod", resolution="2k")


async def booked_on_the_account(front: Front) -> None:
    """A top-up and a credit of ShortAPI's, in the days before, and what was read of it since."""
    now = front.clock.now()
    kinds: tuple[tuple[EventKind, str], ...] = (("topup", "31.07"), ("credit", "0.53"))
    for days, (kind, amount) in zip((5, 4), kinds, strict=True):
        row = AccountEventRow(
            id=f"{kind}-{days}",
            provider="shortapi",
            kind=kind,
            amount=usd(amount),
            at=now - timedelta(days=days),
            reference=f"{kind} {amount}",
            created_at=now,
            who="ada",
        )
        await front.stage.ledger.submit(Record(at=now, row=row))


async def credit_read(front: Front) -> None:
    """What ShortAPI showed as its balance yesterday."""
    now = front.clock.now()
    reading = BalanceReadingRow(
        provider="shortapi",
        at=now - timedelta(days=1),
        amount=usd("17.03"),
        posted_before=usd("6.11"),
        recorded_at=now,
        who="ada",
    )
    await front.stage.ledger.submit(Enter(at=now, facts=(reading,)))


async def _lately(books: Bookkeeper, now: datetime) -> None:
    """Some edits of the last hour, slow and quick, and one that was refused."""
    for number in range(12):
        at = now - timedelta(minutes=5 + 4 * number)
        provider, resolution = list(PRICES)[(0, 1, 3)[number % 3]]
        attempt = await books.buy(at, TENANTS[number % 2], provider, resolution=resolution)
        took = timedelta(seconds=5 + number * (1.7 if provider == "runpod" else 0.6))
        await books.deliver(attempt, PRICES[provider, resolution], at + took)
    at = now - timedelta(minutes=6)
    await books.void(await books.buy(at, "acme", "runpod", resolution="2k"), at)


async def _bought(books: Bookkeeper, chance: random.Random, day: datetime, a_day: int) -> None:
    """A day's delivered edits, fewer at the weekend."""
    number = a_day // 3 if day.weekday() >= 5 else a_day
    for _ in range(number + chance.randrange(4)):
        at = day + timedelta(seconds=chance.randrange(30_000))
        provider, resolution = chance.choice((*PRICES, *[("shortapi", "1k")] * 4))
        attempt = await books.buy(
            at,
            chance.choice(TENANTS),
            provider,
            resolution=resolution,
            tags=(("team", chance.choice(TEAMS)),),
        )
        took = timedelta(seconds=4 + chance.expovariate(0.2))
        await books.deliver(attempt, PRICES[provider, resolution], at + took)


def posted_in(page: str) -> list[Money]:
    """Every amount that a page has exactly, in its order."""
    return [Money.parse(part.partition('"')[0]) for part in page.split('<data value="')[1:]]


def job_of_attempt(attempt: AttemptId) -> JobId:
    """The job that an attempt is of."""
    return JobId(attempt.rpartition(".")[0])


async def session_of(front: Front, key: str) -> dict[str, str]:
    """Sign in; gives the header that a browser sends from then on."""
    assert front.client is not None
    sent = {"Host": "127.0.0.1"}
    async with front.client.post(
        "/dashboard/sign-in", data={"key": key}, headers=sent, allow_redirects=False
    ) as answer:
        assert answer.status == 303, await answer.text()
        value = answer.cookies[COOKIE].value
    front.client.session.cookie_jar.clear()
    return {"Cookie": f"{COOKIE}={value}"}
