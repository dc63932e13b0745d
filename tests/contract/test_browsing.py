"""Pages of jobs and sums of what is open, on every back end."""

from datetime import timedelta
from typing import Any

import pytest

from router.ledger.browsing import MoneyWord, first_id
from router.ledger.commands import Accept, Doubt, Post, Presume, Tender, Void
from router.ledger.ledger import Ledger
from router.ledger.views import Only
from router.model.ids import AttemptId, Ids, JobId
from router.model.job import Resolution
from tests.fakes import EPOCH, FakeClock
from tests.ledger_kit import DAY, HOUR, a_job_row, an_attempt_row, usd

ADS, SHOP = ("team", "ads"), ("shop", 'the "best" \N{SNOWMAN}')


async def a_history(ledger: Ledger) -> list[JobId]:
    """Six jobs, a minute apart, the money of each in another state; gives their ids in order."""
    states = ("held", "in_doubt", "presumed", "drifted", "undelivered", "voided")
    clock, ids = FakeClock(), []
    for number, state in enumerate(states):
        at, job_id = clock.now(), Ids(clock).job()
        ids.append(job_id)
        tenant, tags = ("acme", (ADS,)) if number % 2 else ("zeta", (ADS, SHOP))
        resolution = Resolution.TWO_K if number == 1 else Resolution.ONE_K
        provider = "runpod" if number in {1, 4} else "shortapi"
        shared = {"tenant": tenant, "tags": tags, "resolution": resolution, "created_at": at}
        job = a_job_row(job_id, deadline_at=at + timedelta(seconds=300), **shared)
        price = usd(f"0.04{number}1")
        attempt = an_attempt_row(f"{job_id}.1", price=price, provider=provider, **shared)
        tender = Tender(attempt=attempt, limits=())
        await ledger.submit(Accept(at=at, job=job, tenders=(tender,), ready=frozenset({provider})))
        await _settle(ledger, clock, attempt.id, state)
        clock.advance(60.0)
    return ids


async def _settle(ledger: Ledger, clock: FakeClock, attempt: AttemptId, state: str) -> None:
    at = clock.now() + timedelta(seconds=20)
    if state in {"in_doubt", "presumed"}:
        await ledger.submit(Doubt(at=at, attempt_id=attempt, outcome="provider_in_doubt"))
    if state == "presumed":
        later = at + timedelta(hours=2)
        await ledger.submit(Presume(at=later, attempt_id=attempt))
    if state == "drifted":
        await ledger.submit(
            Post(at=at, attempt_id=attempt, amount=usd("0.05"), outcome="delivered")
        )
    if state == "undelivered":
        await ledger.submit(
            Post(at=at, attempt_id=attempt, amount=usd("0.0441"), outcome="provider_failed")
        )
    if state == "voided":
        await ledger.submit(Void(at=at, attempt_id=attempt, outcome="provider_refused"))


@pytest.mark.parametrize(
    ("money", "places"),
    [
        ("", [5, 4, 3, 2, 1, 0]),
        ("held", [0]),
        ("in_doubt", [1]),
        ("posted_presumed", [2]),
        ("posted", [4, 3]),
        ("drifted", [3]),
        ("undelivered", [4]),
        ("voided", [5]),
    ],
)
async def test_jobs_are_found_by_what_became_of_their_money(
    ledger: Ledger, money: MoneyWord, places: list[int]
) -> None:
    """The newest first."""
    ids = await a_history(ledger)
    found = await ledger.browse(money=money)

    assert [row.id for row in found] == [ids[place] for place in places]


async def test_jobs_are_found_by_everything_that_they_are_reported_by(ledger: Ledger) -> None:
    """Each exactly, and all together; a tag with its quotes and in any script."""
    ids = await a_history(ledger)
    asked = {
        "tenant": await ledger.browse(tenant="acme"),
        "provider": await ledger.browse(provider="runpod"),
        "resolution": await ledger.browse(resolution="2k"),
        "model": await ledger.browse(model="nano"),
        "tag": await ledger.browse(tag=SHOP),
        "case": await ledger.browse(tag=("team", "Ads")),
        "all": await ledger.browse(tenant="zeta", provider="runpod", tag=ADS),
        "since": await ledger.browse(since=EPOCH + timedelta(minutes=4)),
        "before": await ledger.browse(after=first_id(EPOCH + timedelta(minutes=1))),
        "few": await ledger.browse(after=ids[4], most=2),
    }

    assert {name: [ids.index(row.id) for row in rows] for name, rows in asked.items()} == {
        "tenant": [5, 3, 1],
        "provider": [4, 1],
        "resolution": [1],
        "model": [],
        "tag": [4, 2, 0],
        "case": [],
        "all": [4],
        "since": [5, 4],
        "before": [0],
        "few": [3, 2],
    }


async def test_a_page_looks_only_so_far(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says from where to go on, so that no page is slow for a filter."""
    monkeypatch.setattr("router.ledger.browsing.WITHIN", 4)
    ids = await a_history(ledger)
    first = await ledger.browse(provider="runpod")
    end = await ledger.looked_to()
    rest = await ledger.browse(provider="runpod", after=end or "")

    assert ([row.id for row in first], end) == ([ids[4]], ids[2])
    assert [row.id for row in rest] == [ids[1]]
    assert await ledger.looked_to(after=ids[2]) is None
    assert await ledger.looked_to(tenant="acme") is None
    assert await ledger.looked_to(since=EPOCH + timedelta(minutes=3)) is None


async def test_open_money_is_added_up(ledger: Ledger) -> None:
    """Held and in doubt apart, each with how long its oldest has been."""
    await a_history(ledger)
    held, in_doubt = sorted(await ledger.open_money(), key=lambda row: row.money)

    assert (held.money, held.attempts, held.amount, held.oldest) == (
        "held", 1, usd("0.0401"), EPOCH,
    )  # fmt: skip
    assert (in_doubt.money, in_doubt.provider, in_doubt.amount) == (
        "in_doubt", "runpod", usd("0.0411"),
    )  # fmt: skip
    assert in_doubt.oldest == EPOCH + timedelta(minutes=1)
    assert held.tags == (ADS, SHOP)


async def test_what_is_presumed_is_found_and_added_up(ledger: Ledger) -> None:
    """Now, whenever that was; what evidence settles is presumed no longer."""
    ids = await a_history(ledger)
    (found,) = await ledger.presumed()
    (summed,) = await ledger.presumed_money()
    await ledger.submit(
        Post(at=EPOCH + DAY, attempt_id=found.id, amount=usd("0.0397"), outcome="delivered")
    )

    assert found.job_id == ids[2]
    assert (summed.money, summed.attempts, summed.amount) == ("posted_presumed", 1, usd("0.0421"))
    assert (summed.oldest, summed.tags) == (EPOCH + timedelta(minutes=2), (ADS, SHOP))
    assert await ledger.presumed() == []
    assert await ledger.presumed_money() == []


async def test_what_drifted_is_found_by_when_it_was_booked(ledger: Ledger) -> None:
    """From an instant on, until another, and at most so many, the first ones."""
    ids = await a_history(ledger)
    at = EPOCH + timedelta(minutes=3, seconds=20)
    again = (await ledger.attempts_of(ids[0]))[0]
    await ledger.submit(Post(at=at, attempt_id=again.id, amount=usd("0.0399"), outcome="delivered"))
    found = [
        await ledger.drifted(since, until, most=most)
        for since, until, most in (
            (EPOCH, EPOCH + DAY, 9), (EPOCH, EPOCH + DAY, 1), (EPOCH, at, 9), (at, at + HOUR, 9),
        )
    ]  # fmt: skip

    assert all(above == one.posted - one.quoted for rows in found for one, above in rows)
    assert [[ids.index(one.job_id) for one, _ in rows] for rows in found] == [
        [0, 3],
        [0],
        [],
        [0, 3],
    ]


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ({}, [3]),
        ({"tenant": "zeta"}, [2]),
        ({"only": Only(provider="runpod")}, [1]),
        ({"only": Only(resolution="2k")}, [1]),
        ({"only": Only(model="another")}, []),
        ({"only": Only(tag=SHOP)}, [2]),
        ({"tenant": "acme", "only": Only(provider="runpod", tag=ADS)}, [1]),
        ({"tenant": "acme", "only": Only(tag=SHOP)}, []),
    ],
)
async def test_what_drifted_is_cut_only_after_it_was_chosen(
    ledger: Ledger, wanted: dict[str, Any], places: list[int]
) -> None:
    """The first of those that are meant, however many others came before it."""
    ids = await a_history(ledger)
    for minutes, place, amount in ((8, 1, "0.0467"), (9, 2, "0.0473")):
        attempt = (await ledger.attempts_of(ids[place]))[0]
        at = EPOCH + timedelta(minutes=minutes)
        await ledger.submit(
            Post(at=at, attempt_id=attempt.id, amount=usd(amount), outcome="delivered")
        )
    found = await ledger.drifted(EPOCH, EPOCH + DAY, most=1, **wanted)

    assert [ids.index(one.job_id) for one, _ in found] == places


async def test_what_ended_lately_is_the_newest_of_it(ledger: Ledger) -> None:
    """At most so many, the last to end first."""
    await a_history(ledger)
    found = await ledger.ended_lately(EPOCH + timedelta(minutes=3), most=3)

    assert [row.outcome for row in found] == [
        "provider_in_doubt", "provider_refused", "provider_failed",
    ]  # fmt: skip


def test_ids_begin_with_their_time() -> None:
    """So that a day's jobs are a stretch of ids."""
    clock = FakeClock()
    made = Ids(clock).job()

    assert first_id(EPOCH) <= made < first_id(EPOCH + timedelta(milliseconds=1))


@pytest.mark.parametrize(
    ("wanted", "charged"),
    [
        ({}, ["0.0941", "0.0421"]),
        ({"tenant": "acme"}, ["0.05"]),
        ({"provider": "runpod"}, ["0.0441"]),
        ({"provider": "runpod", "tenant": "acme"}, []),
        ({"model": "another"}, []),
        ({"resolution": "1k", "tag": SHOP}, ["0.0441", "0.0421"]),
        ({"tag": ADS}, ["0.0941", "0.0421"]),
        ({"tag": ("team", "ad")}, []),
    ],
)
async def test_hours_are_told_apart_by_nothing_but_themselves(
    ledger: Ledger, wanted: dict[str, Any], charged: list[str]
) -> None:
    """Posted and presumed, of all that is meant: the presumed one two hours after the others."""
    await a_history(ledger)
    until = EPOCH + timedelta(days=1)
    found = await ledger.spent_hours(EPOCH - timedelta(days=1), until, **wanted)

    assert [str(row.charged) for row in found] == charged
    assert {row.hour for row in found} <= {EPOCH, EPOCH + timedelta(hours=2)}
    assert await ledger.spent_hours(EPOCH + timedelta(hours=3), until, **wanted) == []
