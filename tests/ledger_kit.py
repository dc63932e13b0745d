"""Builders of the ledger's rows and commands, and of a ledger without threads."""

from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from router.ledger.commands import Accept, Tender
from router.ledger.decide import Decider, decide
from router.ledger.executor import InlineExecutor
from router.ledger.reserve import Reserve
from router.ledger.rows import AttemptRow, JobRow
from router.ledger.sqlite import SqliteStore
from router.model.budget import Limit
from router.model.ids import AttemptId, CallbackToken, JobId, job_of
from router.model.job import AttemptState, ClientCallback, JobState, Resolution
from router.model.money import Money
from tests.fakes import EPOCH

T = TypeVar("T")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
CALLBACK = ClientCallback(url="https://app.example/hooks?token=t7")


def usd(text: str) -> Money:
    """Read an amount: `0.04`, `$0.04`, `-$0.04`."""
    return Money.parse(text.replace("$", ""))


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits, as a store's on an `InlineExecutor` does not."""
    try:
        work.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]  # What the coroutine returns is a T.
    work.close()
    raise AssertionError("it waits")


def a_job_row(name: str = "j1", **overrides: Any) -> JobRow:
    """Build a job of tenant `acme`; any field can be overridden."""
    job = JobRow(
        id=JobId(name),
        tenant="acme",
        key_id="key-1",
        model="nano-banana-2-edit",
        resolution=Resolution.ONE_K,
        request='{"prompt": "make the sky green"}',
        policy_hash="5eed",
        state=JobState.QUEUED,
        created_at=EPOCH,
        deadline_at=EPOCH + timedelta(seconds=300),
    )
    return replace(job, **overrides)


def an_attempt_row(name: str = "j1.1", *, price: Money, **overrides: Any) -> AttemptRow:
    """Build an attempt at ShortAPI, of the job in its name; any field can be overridden."""
    identity = AttemptId(name)
    attempt = AttemptRow(
        id=identity,
        job_id=job_of(identity),
        number=int(name.rpartition(".")[2]),
        tenant="acme",
        key_id="key-1",
        provider="shortapi",
        model="nano-banana-2-edit",
        slug="google/nano-banana-2/edit",
        resolution=Resolution.ONE_K,
        state=AttemptState.HELD,
        quoted=price,
        list_price=price + usd("0.003"),
        dearest=price + usd("0.05"),
        cheapest=price - usd("0.001"),
        price_from=EPOCH - timedelta(days=30),
        windows=(),
        callback_token=CallbackToken(f"token-of-{name}"),
        created_at=EPOCH,
        horizon_at=EPOCH + timedelta(seconds=5400),
    )
    return replace(attempt, **overrides)


def a_limit(
    budget: str = "team", limit: str = "1.00", *, at: datetime = EPOCH, scope: str = "everyone"
) -> Limit:
    """Build a daily budget's limit on the day that an instant lies in."""
    start = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return Limit(
        budget=budget, scope=scope, window_start=start, window_end=start + DAY, limit=usd(limit)
    )


def a_rolling_limit(budget: str = "team", limit: str = "1.00", *, at: datetime = EPOCH) -> Limit:
    """Build a limit on the last day up to an instant."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    return Limit(
        budget=budget,
        scope="everyone",
        window_start=hour - DAY,
        window_end=hour + HOUR,
        bucket_start=hour,
        limit=usd(limit),
    )


def a_lifetime_limit(budget: str, limit: str) -> Limit:
    """Build a limit without a window."""
    return Limit(
        budget=budget, scope="everyone", window_start=None, window_end=None, limit=usd(limit)
    )


def an_accept(
    name: str, price: str, *limits: Limit, at: datetime = EPOCH, **overrides: Any
) -> Accept:
    """Build the command that takes job `name` with one tender at ShortAPI."""
    attempt = an_attempt_row(f"{name}.1", price=usd(price), created_at=at)
    accept = Accept(
        at=at,
        job=a_job_row(name, created_at=at),
        tenders=(Tender(attempt=attempt, limits=limits),),
    )
    return replace(accept, **overrides)


def a_sqlite_store(path: Path, *, decider: Decider = decide) -> SqliteStore:
    """Open a ledger's file without threads."""
    reserve = Reserve(path.with_name(path.name + ".reserve"), size_bytes=4096)
    return SqliteStore(path, InlineExecutor(), InlineExecutor(), decider=decider, reserve=reserve)
