"""The scrape."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from router.model.errors import LedgerUnavailable
from router.observe.events import PolicyRejected, PolicyReloaded, Polled
from router.observe.metrics import Metrics
from router.observe.snapshot import MoneySnapshot
from tests.fakes import FakeClock
from tests.ledger_kit import usd
from tests.observe_kit import (
    JOB,
    PROVIDERS,
    a_budget,
    a_settlement,
    a_snapshot,
    a_spent,
    names_of,
    one_of_each,
    series,
    some_jobs,
    value,
)

# What `interfaces` promises and exists now, beside what only some histograms have.
PROMISED = {
    "farebox_jobs_total",
    "farebox_attempts_total",
    "farebox_attempt_duration_seconds_bucket",
    "farebox_provider_queue_seconds_bucket",
    "farebox_overhead_seconds_bucket",
    "farebox_posted_usd_total",
    "farebox_refunded_usd_total",
    "farebox_presumed_usd",
    "farebox_held_usd",
    "farebox_in_doubt_usd",
    "farebox_in_doubt_attempts",
    "farebox_denied_usd_total",
    "farebox_avoided_usd",
    "farebox_budget_limit_usd",
    "farebox_budget_posted_usd",
    "farebox_budget_held_usd",
    "farebox_budget_window_end_timestamp_seconds",
    "farebox_price_drift_usd",
    "farebox_price_drift_jobs",
    "farebox_double_spend_usd",
    "farebox_provider_state",
    "farebox_failovers_total",
    "farebox_polls_total",
    "farebox_callbacks_total",
    "farebox_ledger_commit_seconds_bucket",
    "farebox_ledger_batch_size_bucket",
    "farebox_ledger_check_usd",
    "farebox_policy_info",
    "farebox_policy_reload_failures_total",
    "farebox_build_info",
}


class Books:
    """A ledger that can be read, in a while or not at all."""

    def __init__(self, clock: FakeClock) -> None:
        self.readings = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: Exception | None = None
        self.snapshot = a_snapshot(a_spent(posted=usd("0.04")))
        self.alarms: list[tuple[str, str]] = []
        self.metrics = Metrics(clock, providers=PROVIDERS)
        self.metrics.read_with(self.read, lambda what, detail: self.alarms.append((what, detail)))

    async def read(self) -> MoneySnapshot:
        """Wait for the gate, then answer or fail."""
        self.readings += 1
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return self.snapshot


@pytest.fixture(name="clock")
def _clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(name="books")
def _books(clock: FakeClock) -> Books:
    return Books(clock)


async def test_every_promised_metric_is_there(books: Books, clock: FakeClock) -> None:
    """By its exact name, and no series carries an id, or when it was made."""
    books.snapshot = a_snapshot(
        a_spent(),
        budgets=(a_budget(window_end=clock.now()),),
        denied=(("monthly", usd("0.11")),),
        jobs=(some_jobs("succeeded", 1),),
    )
    for event in (a_settlement(), *one_of_each("runpod")):
        books.metrics.tell(event)
    text = await books.metrics.scrape()
    found = series(text)

    assert names_of(found) >= PROMISED
    assert JOB.encode() not in text
    assert b"_id=" not in text
    assert not any(name.endswith("_created") for name in names_of(found))


async def test_offers_that_are_stopped_are_counted_at_each_scrape(books: Books) -> None:
    """As many as there are then: a newer row of the price book ends it without an event."""
    stopped = {"shortapi": 0, "runpod": 2}
    books.metrics.watch_offers(lambda: dict(stopped))
    before = series(await books.metrics.scrape())
    stopped["runpod"] = 0
    after = series(await books.metrics.scrape())

    assert value(before, "farebox_offers_stopped", provider="runpod") == 2
    assert value(before, "farebox_offers_stopped", provider="shortapi") == 0
    assert value(after, "farebox_offers_stopped", provider="runpod") == 0


async def test_money_is_read_anew_at_each_scrape(books: Books) -> None:
    """What is shown is what is in the books, not what was counted."""
    labels = {
        "provider": "shortapi", "model": "nano-banana-2-edit", "resolution": "1k",
        "tenant": "acme",
    }  # fmt: skip
    first = series(await books.metrics.scrape())
    books.snapshot = a_snapshot(a_spent(posted=usd("0.13")))
    second = series(await books.metrics.scrape())

    assert value(first, "farebox_posted_usd_total", **labels) == 0.04
    assert value(second, "farebox_posted_usd_total", **labels) == 0.13
    assert value(second, "farebox_ledger_readable") == 1


async def test_scrapes_that_wait_together_share_a_reading(books: Books) -> None:
    """Five at once read the ledger once; the sixth, later, reads it again."""
    books.gate.clear()
    async with asyncio.TaskGroup() as group:
        scrapes = [group.create_task(books.metrics.scrape()) for _ in range(5)]
        await asyncio.sleep(0)
        books.gate.set()
    assert books.readings == 1
    assert {scrape.result() for scrape in scrapes} == {scrapes[0].result()}

    await books.metrics.scrape()
    assert books.readings == 2


async def test_a_scrape_that_was_given_up_leaves_the_others_their_reading(books: Books) -> None:
    """The next in line reads for itself."""
    books.gate.clear()
    async with asyncio.TaskGroup() as group:
        given_up = group.create_task(books.metrics.scrape())
        waiting = group.create_task(books.metrics.scrape())
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.sleep(0)
        books.gate.set()

    assert value(series(waiting.result()), "farebox_ledger_readable") == 1
    assert books.readings == 2


async def test_without_a_ledger_the_money_is_absent_and_the_rest_is_there(books: Books) -> None:
    """An old number would be taken for a true one."""
    await books.metrics.scrape()
    books.failure = LedgerUnavailable("the disk is gone")
    books.metrics.tell(Polled(provider="runpod"))
    found = series(await books.metrics.scrape())

    assert value(found, "farebox_ledger_readable") == 0
    assert value(found, "farebox_polls_total", provider="runpod") == 1
    assert not any("_usd" in name for name in names_of(found))
    assert books.alarms == [("ledger_unreadable", "the disk is gone")]


async def test_an_error_of_our_own_is_not_hidden(books: Books) -> None:
    """Only an unreadable ledger is expected; else the scrape fails, and the next one reads."""
    books.failure = RuntimeError("a bug")
    with pytest.raises(RuntimeError):
        await books.metrics.scrape()
    books.failure = None

    assert value(series(await books.metrics.scrape()), "farebox_ledger_readable") == 1


async def test_before_a_ledger_is_given_there_is_no_money(clock: FakeClock) -> None:
    """But the events are."""
    found = series(await Metrics(clock, providers=PROVIDERS).scrape())

    assert value(found, "farebox_ledger_readable") == 0
    assert value(found, "farebox_polls_total", provider="shortapi") == 0


async def test_nobody_needs_to_be_told(books: Books) -> None:
    """Without somebody to alarm, an unreadable ledger is still no error of the scrape."""
    books.failure = LedgerUnavailable()
    books.metrics.read_with(books.read)

    assert value(series(await books.metrics.scrape()), "farebox_ledger_readable") == 0
    assert books.alarms == []


async def test_a_reading_is_timed(books: Books, clock: FakeClock) -> None:
    """It grows with the ledger, and somebody should see it."""
    books.gate.clear()
    async with asyncio.TaskGroup() as group:
        scrape = group.create_task(books.metrics.scrape())
        await asyncio.sleep(0)
        clock.advance(2.5)
        books.gate.set()

    assert value(series(scrape.result()), "farebox_ledger_read_seconds") == 2.5


async def test_the_policy_shown_is_the_one_in_force(books: Books) -> None:
    """A reload shows at the next scrape, and a broken one is counted."""
    before = series(await books.metrics.scrape())
    books.snapshot = replace(books.snapshot, policy_hash="b0b0")
    rejected = PolicyRejected(problems=2, detail="policy.yaml:1:1: no", in_force="b0b0")
    books.metrics.tell(rejected)
    after = series(await books.metrics.scrape())
    failures = "farebox_policy_reload_failures_total"

    assert value(before, "farebox_policy_info", policy="thrift", hash="5eed") == 1
    assert value(before, failures) == 0
    assert value(after, "farebox_policy_info", policy="thrift", hash="b0b0") == 1
    assert value(after, "farebox_policy_info", policy="thrift", hash="5eed") is None
    assert value(after, failures) == 1


async def test_broken_files_show_until_they_are_mended(books: Books) -> None:
    """A count alone does not say whether somebody has seen to it."""
    sound = "farebox_policy_last_reload_successful"
    before = value(series(await books.metrics.scrape()), sound)
    books.metrics.tell(PolicyRejected(problems=3, detail="policy.yaml:2:1: no", in_force="b0b0"))
    broken = value(series(await books.metrics.scrape()), sound)
    books.metrics.tell(
        PolicyReloaded(policy="thrift", hash="b0b0", former="b0b0", providers=PROVIDERS)
    )
    mended = value(series(await books.metrics.scrape()), sound)

    assert (before, broken, mended) == (1, 0, 1)


async def test_whether_holds_are_taken_is_told_where_it_is_known(books: Books) -> None:
    """Also while the ledger cannot be read."""
    name = "farebox_ledger_writable"
    unknown = value(series(await books.metrics.scrape()), name)
    books.failure = LedgerUnavailable()
    found = []
    for admits in (True, False):
        books.metrics.read_with(books.read, writable=partial(bool, admits))
        found.append(value(series(await books.metrics.scrape()), name))

    assert (unknown, found) == (None, [1, 0])


async def test_a_provider_that_a_reload_brings_has_its_series(books: Books) -> None:
    """At zero from then on; those of the others go on counting."""
    books.metrics.tell(Polled(provider="runpod"))
    books.metrics.tell(
        PolicyReloaded(policy="thrift", hash="b0b0", former="5eed", providers=("runpod", "new"))
    )
    found = series(await books.metrics.scrape())

    assert value(found, "farebox_polls_total", provider="new") == 0
    assert value(found, "farebox_polls_total", provider="runpod") == 1
    assert value(found, "farebox_held_usd", provider="new") == 0
    assert value(found, "farebox_provider_state", provider="new", state="serving") == 1
