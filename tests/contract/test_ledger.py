"""One suite for both back ends of the ledger: what one promises, the other keeps."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.ledger.alert_commands import Alert
from router.ledger.answers import AllPlaced, Answer, NotRotated, Placed, Refused, Replayed, Rotated
from router.ledger.books import Part
from router.ledger.commands import (
    AcceptAll,
    Adjust,
    Command,
    Dispatch,
    Idempotency,
    Post,
    Raise,
    Refuse,
    Rotate,
    SaveKey,
)
from router.ledger.key_rows import KeyRow
from router.ledger.ledger import Ledger
from router.ledger.limit_rows import RaiseRow
from router.ledger.store import Contradiction, Store
from router.ledger.views import JobsEndedRow, RefusedRow
from router.model.budget import Usage
from router.model.errors import LedgerUnavailable
from router.model.ids import AttemptId, CallbackToken, JobId
from router.model.job import Resolution
from router.model.money import Money
from tests.fakes import EPOCH
from tests.ledger_kit import DAY, HOUR, a_job_row, a_limit, a_sqlite_store, an_accept, usd
from tests.ledger_postgres import a_postgres_store
from tests.ledger_running import tell, used
from tests.ledger_story import Scribe, told
from tests.postgres_server import PostgresServer


async def test_a_hold_is_posted_and_leaves_its_rest(ledger: Ledger) -> None:
    """From the hold to the charge, with what the provider said on the way."""
    await tell(
        ledger,
        """
        limit    team  $0.10
        place    j1    $0.04                -> placed held at shortapi
        used     team                       -> held $0.04
        dispatch j1.1                       -> dispatching
        run      j1.1  $0.041 ref=r1        -> running
        post     j1.1  $0.03 end=succeeded  -> posted
        used     team                       -> posted $0.03
        place    j2    $0.08                -> refused by team, $0.07 left
        """,
    )
    attempt = await ledger.attempt(AttemptId("j1.1"))
    job = await ledger.job(JobId("j1"))

    assert attempt is not None
    assert job is not None
    assert (attempt.posted, attempt.reported_raw, attempt.quote_raw) == (
        usd("0.03"),
        "0.03",
        "$0.041",
    )
    assert (job.state, job.images) == ("succeeded", ("https://images.example/1.png",))


async def test_a_void_frees_the_hold(ledger: Ledger) -> None:
    """On proof, at once, and only once."""
    await tell(
        ledger,
        """
        limit    team  $0.05
        place    j1    $0.04 ready=shortapi -> placed dispatching at shortapi
        void     j1.1  end=failed           -> voided
        void     j1.1                       -> stale
        place    j2    $0.05                -> placed held at shortapi
        """,
    )


async def test_doubt_stays_and_is_presumed_after_the_horizon(ledger: Ledger) -> None:
    """And a late bill still replaces the presumption; above the hold it is an overage."""
    await tell(
        ledger,
        """
        limit    team  $0.10
        place    j1    $0.04 ready=shortapi -> placed dispatching at shortapi
        place    j2    $0.05 ready=shortapi -> placed dispatching at shortapi
        doubt    j1.1                       -> in_doubt
        doubt    j2.1                       -> in_doubt
        end      j1    failed               -> failed
        used     team                       -> in_doubt $0.09
        presume  j1.1                       -> stale
        wait     2h
        presume  j1.1                       -> posted_presumed
        used     team                       -> presumed $0.04 in_doubt $0.05
        post     j1.1  $0.07 end=succeeded  -> posted
        post     j2.1  $0.06                -> posted
        used     team                       -> posted $0.13
        adjust   j1.1  -$0.01               -> posted
        used     team                       -> posted $0.12
        """,
    )


async def test_stacked_limits_take_all_or_nothing(ledger: Ledger) -> None:
    """A provider's full budget leaves the other provider; a full one for all leaves nobody."""
    await tell(
        ledger,
        """
        limit    team     $0.30
        limit    shortapi $0.05
        limit    all      $0.24 for ever
        place    j1 $0.04 $0.09@runpod -> placed held at shortapi
        place    j2 $0.03 $0.08@runpod -> placed held at runpod
        used     team                  -> held $0.12
        used     shortapi              -> held $0.04
        used     all                   -> held $0.12
        place    j3 $0.02 $0.13@runpod -> refused by shortapi, $0.01 left
        place    j4 $0.13@runpod       -> refused by all, $0.12 left
        used     team                  -> held $0.12
        hold     j1.2 $0.11@runpod     -> placed held at runpod
        used     all                   -> held $0.23
        """,
    )


async def test_jobs_of_one_request_are_held_for_together_or_not_at_all(ledger: Ledger) -> None:
    """Of forty requests for three each and room for eight edits, two are placed whole."""
    limit = a_limit(limit="0.35")
    batches = [
        AcceptAll(
            at=EPOCH,
            accepts=tuple(
                an_accept(name, "0.04", limit, job=a_job_row(name, batch=JobId(f"{number:02}a")))
                for name in (f"{number:02}{letter}" for letter in "abc")
            ),
        )
        for number in range(40)
    ]

    answers = await asyncio.gather(*(ledger.submit(batch) for batch in batches))

    placed = [answer for answer in answers if isinstance(answer, AllPlaced)]
    assert len(placed) == 2
    assert sum(isinstance(answer, Refused) for answer in answers) == 38
    assert (await used(ledger, limit)).held == usd("0.24")
    first = placed[0].placed[0].job.id
    assert [row.id for row in await ledger.batch(first)] == [one.job.id for one in placed[0].placed]
    assert await ledger.refused(EPOCH) == [
        RefusedRow(budget="team", scope="everyone", jobs=114, amount=usd("4.56"))
    ]
    assert await ledger.imbalance() == Money.ZERO


async def test_a_request_is_found_again_by_its_fingerprint(ledger: Ledger) -> None:
    """Its own key's, its own kind, since an instant, the oldest first, and each request once."""

    async def place(name: str, fingerprint: str, at: datetime = EPOCH, **fields: Any) -> None:
        row = a_job_row(name, fingerprint=fingerprint, created_at=at, **fields)
        await ledger.submit(an_accept(name, "0.01", at=at, job=row))

    await place("j1", "f1")
    await place("j2", "f1", EPOCH + timedelta(seconds=5))
    await place("j3", "f2")
    await place("j4", "f1", key_id="key-2")
    await place("j5", "f1", tenant="beta")
    await place("j6", "f1", EPOCH - timedelta(seconds=1))
    await place("j7", "f1", batch=JobId("j7"))
    await place("j8", "f1", batch=JobId("j7"))

    found = await ledger.jobs_like("acme", "key-1", "f1", EPOCH)

    assert [row.id for row in found] == ["j1", "j2", "j7"]


async def test_of_a_hundred_at_once_exactly_those_are_placed_that_fit(ledger: Ledger) -> None:
    """Room for seven; the checks and the holds are one step, so an eighth never passes."""
    limit = a_limit(limit="0.30")
    accepts = [an_accept(f"j{number}", "0.04", limit) for number in range(100)]

    answers = await asyncio.gather(*(ledger.submit(accept) for accept in accepts))

    assert sum(isinstance(answer, Placed) for answer in answers) == 7
    assert sum(isinstance(answer, Refused) for answer in answers) == 93
    assert (await used(ledger, limit)).held == usd("0.28")
    assert await ledger.refused(EPOCH) == [
        RefusedRow(budget="team", scope="everyone", jobs=93, amount=usd("3.72"))
    ]
    assert len(await ledger.open_attempts()) == len(await ledger.unfinished_jobs()) == 7


async def test_refusals_without_holds_are_counted_each(ledger: Ledger) -> None:
    """Also at the same time, and the first of an hour."""
    refuse = Refuse(at=EPOCH, refused=Refused(limit=a_limit(), usage=Usage(), asked=usd("0.07")))
    await asyncio.gather(*(ledger.submit(refuse) for _ in range(3)))

    assert await ledger.refused(EPOCH) == [
        RefusedRow(budget="team", scope="everyone", jobs=3, amount=usd("0.21"))
    ]
    within = [
        await ledger.refused_between(since, until)
        for since, until in (
            (EPOCH + timedelta(minutes=59), EPOCH + DAY),
            (EPOCH - DAY, EPOCH),
            (EPOCH + HOUR, EPOCH + DAY),
        )
    ]
    assert [[row.jobs for row in rows] for rows in within] == [[3], [], []]


async def test_a_raise_ends_once_and_both_are_kept(ledger: Ledger) -> None:
    """The end binds the next hold; raises and thresholds of other times are still to be read."""
    limit = replace(a_limit("team", "0.05"), alerts=(50,))
    raised = RaiseRow(
        id="r1",
        budget="team",
        amount=usd("1.00"),
        created_at=EPOCH,
        until=EPOCH + DAY,
        who="ada",
        reason="sale",
    )
    end = raised.ended(at=EPOCH + HOUR, who="bob", reason="over")
    await ledger.submit(Raise(at=EPOCH, row=raised))
    placed = await ledger.submit(an_accept("j1", "0.06", limit))
    await ledger.submit(Raise(at=end.created_at, row=end))
    refused = await ledger.submit(replace(an_accept("j2", "0.01", limit), at=end.created_at))
    with pytest.raises(Contradiction):
        await ledger.submit(Raise(at=end.created_at, row=end))

    assert isinstance(placed, Placed)
    assert isinstance(refused, Refused)
    assert refused.limit.limit == usd("0.05")
    assert await ledger.raises_between(EPOCH, EPOCH + DAY) == [raised, end]
    assert await ledger.raises_between(EPOCH, end.created_at) == [raised]
    post = Post(at=EPOCH, attempt_id=AttemptId("j1.1"), amount=usd("0.06"), outcome="delivered")
    await ledger.submit(Dispatch(at=EPOCH, attempt_id=AttemptId("j1.1")))
    await ledger.submit(post)
    await ledger.submit(Alert(at=end.created_at, limits=(limit,)))
    (alert,) = await ledger.alerts_between(EPOCH, EPOCH + DAY)
    assert (alert.percent, alert.limit_amount) == (50, usd("0.05"))
    assert await ledger.alerts_between(EPOCH, end.created_at) == []


async def test_a_budget_that_refused_nothing_is_not_among_the_refusals(ledger: Ledger) -> None:
    """Refusals are counted where they were, by the hour, and leave no job."""
    team, everyone = a_limit("team", "0.05"), a_limit("all", "9.00")
    await ledger.submit(an_accept("j1", "0.04", team, everyone))
    await ledger.submit(an_accept("j2", "0.03", team, everyone))
    later = EPOCH + timedelta(hours=1)
    await ledger.submit(an_accept("j3", "0.02", team, everyone, at=later))

    assert [(row.budget, row.jobs, row.amount) for row in await ledger.refused(EPOCH)] == [
        ("team", 2, usd("0.05"))
    ]
    assert [(row.jobs, row.amount) for row in await ledger.refused(later)] == [(1, usd("0.02"))]
    assert await ledger.job(JobId("j2")) is None


async def test_a_key_stands_for_one_request(ledger: Ledger) -> None:
    """Replayed, in conflict, and usable after a refusal."""
    await tell(
        ledger,
        """
        limit    team  $0.10
        place    j1    $0.04 key=k fingerprint=a -> placed held at shortapi
        place    j2    $0.05 key=k fingerprint=a -> replayed j1
        place    j3    $0.06 key=k fingerprint=b -> conflict
        place    j4    $0.07 key=l fingerprint=a -> refused by team, $0.06 left
        place    j5    $0.03 key=l fingerprint=b -> placed held at shortapi
        """,
    )
    promise = await ledger.promise("acme", "k")
    assert promise is not None
    assert promise.job_id == "j1"
    assert await ledger.promise("acme", "never") is None


async def test_one_key_a_hundred_times_at_once_is_one_job(ledger: Ledger) -> None:
    """Ninety-nine are told which."""
    promise = Idempotency(key="k", fingerprint="f")
    accepts = [an_accept(f"j{number}", "0.04", idempotency=promise) for number in range(100)]

    answers = await asyncio.gather(*(ledger.submit(accept) for accept in accepts))

    placed = [answer.job.id for answer in answers if isinstance(answer, Placed)]
    assert len(placed) == 1
    assert sum(answer == Replayed(job_id=placed[0]) for answer in answers) == 99


async def test_a_promise_is_forgotten_only_when_its_job_has_ended(ledger: Ledger) -> None:
    """After the published retention the key is free again."""
    await tell(
        ledger,
        """
        place    j1    $0.04 key=k ready=shortapi -> placed dispatching at shortapi
        place    j2    $0.05 key=l                -> placed held at shortapi
        post     j1.1  $0.06 end=succeeded        -> posted
        """,
    )
    await ledger.forget_promises(EPOCH)
    assert await ledger.promise("acme", "k") is not None
    await ledger.forget_promises(EPOCH + timedelta(days=1))

    assert await ledger.promise("acme", "k") is None
    assert await ledger.promise("acme", "l") is not None


async def test_what_was_sent_is_rewritten_only_when_its_job_has_ended(ledger: Ledger) -> None:
    """What may be kept of it replaces it; jobs are found by what is not forgotten, and by age."""
    await tell(
        ledger,
        """
        place    j1    $0.04 ready=shortapi -> placed dispatching at shortapi
        place    j2    $0.05                -> placed held at shortapi
        post     j1.1  $0.06 end=succeeded  -> posted
        """,
    )
    job_id, other = JobId("j1"), JobId("j2")
    row = await ledger.job(job_id)
    assert row is not None
    later = EPOCH + timedelta(days=1)

    async def kept(part: Part, before: datetime = later, most: int = 7) -> list[str]:
        return [row.id for row in await ledger.requests_kept(part, before, most=most)]

    assert [await kept("prompt"), await kept("images")] == [["j1"], ["j1"]]
    assert [await kept("prompt", row.created_at), await kept("prompt", most=0)] == [[], []]
    await ledger.forget_part(job_id, "prompt", "gone", later)
    await ledger.forget_part(other, "prompt", "gone", later)
    rewritten = [await ledger.job(one) for one in (job_id, other)]
    assert [one.request == "gone" for one in rewritten if one is not None] == [True, False]
    assert [await kept("prompt"), await kept("images")] == [[], ["j1"]]
    await ledger.forget_part(job_id, "images", "all gone", later)
    assert await kept("images") == []


async def test_a_contradiction_is_its_own_commands_alone(ledger: Ledger) -> None:
    """A job that is there already is refused as unavailable; a reference twice is raised."""
    await ledger.submit(an_accept("j1", "0.04", ready=frozenset({"shortapi"})))
    again = an_accept("j1", "0.05")
    other = an_accept("j2", "0.06", ready=frozenset({"shortapi"}))
    first, second = await asyncio.gather(
        ledger.submit(again), ledger.submit(other), return_exceptions=True
    )
    scribe = Scribe()

    assert isinstance(first, LedgerUnavailable)
    assert isinstance(second, Placed)
    await ledger.submit(scribe.command(["run", "j1.1", "$0.041", "ref=same"]))
    with pytest.raises(Contradiction):
        await ledger.submit(scribe.command(["run", "j2.1", "$0.042", "ref=same"]))
    assert [attempt.quoted for attempt in await ledger.open_attempts()] == [
        usd("0.04"),
        usd("0.06"),
    ]


async def test_jobs_are_listed_the_newest_first(ledger: Ledger) -> None:
    """By their ids, page by page, whatever language the database sorts in."""
    for name in ("0a-1", "0A-2", "f-3", "F-4"):
        await ledger.submit(an_accept(name, "0.04"))

    ids = [job.id for job in await ledger.jobs_of("acme")]
    assert ids == sorted(("0a-1", "0A-2", "f-3", "F-4"), reverse=True)
    page = await ledger.jobs_of("acme", state="queued", after=ids[1], most=1)
    assert [job.id for job in page] == [ids[2]]
    assert await ledger.jobs_of("acme", state="failed") == []
    assert await ledger.jobs_of("other") == []


async def test_reports_add_up(ledger: Ledger) -> None:
    """Spending by what it is reported by, how jobs ended, and what was paid twice."""
    await tell(
        ledger,
        """
        place    j1    $0.04 ready=shortapi        -> placed dispatching at shortapi
        post     j1.1  $0.05 end=succeeded         -> posted
        place    j2    $0.06 ready=shortapi        -> placed dispatching at shortapi
        post     j2.1  $0.01                       -> posted
        hold     j2.2  $0.09@runpod ready=runpod   -> placed dispatching at runpod
        post     j2.2  $0.10 end=succeeded         -> posted
        place    j3    $0.02 ready=shortapi        -> placed dispatching at shortapi
        doubt    j3.1                              -> in_doubt
        end      j3    failed                      -> failed
        place    j4    $0.03                       -> placed held at shortapi
        """,
    )
    day = EPOCH.replace(hour=0)

    shortapi, runpod = reversed(await ledger.spending(day, day + timedelta(days=1)))

    assert (shortapi.attempts, shortapi.delivered, shortapi.in_doubt_attempts) == (4, 2, 1)
    assert (shortapi.posted, shortapi.held, shortapi.in_doubt) == (
        usd("0.06"),
        usd("0.03"),
        usd("0.02"),
    )
    assert (shortapi.over, shortapi.under, shortapi.drifted) == (usd("0.01"), usd("0.05"), 2)
    assert shortapi.avoided == usd("0.09") + usd("0.11") - usd("0.06")
    assert (runpod.posted, runpod.presumed, runpod.day) == (usd("0.10"), Money.ZERO, "2026-11-20")
    assert await ledger.spending(day - timedelta(days=1), day) == []
    assert await ledger.double_spent() == usd("0.01")
    assert await ledger.jobs_ended() == [
        JobsEndedRow(
            model="nano-banana-2-edit", resolution=Resolution.ONE_K, outcome=outcome, jobs=jobs
        )
        for outcome, jobs in (("provider_failed", 1), ("succeeded", 2))
    ]


async def test_an_attempt_is_found_by_its_token_and_in_its_order(ledger: Ledger) -> None:
    """A callback's token at its own provider only."""
    await ledger.submit(an_accept("j1", "0.04"))
    await ledger.submit(Scribe().command(["hold", "j1.2", "$0.09@runpod"]))
    token = CallbackToken("token-of-j1.2")

    found = await ledger.attempt_by_token("runpod", token)

    assert found is not None
    assert found.id == "j1.2"
    assert await ledger.attempt_by_token("shortapi", token) is None
    assert await ledger.attempt(AttemptId("j1.3")) is None
    assert [attempt.number for attempt in await ledger.attempts_of(JobId("j1"))] == [1, 2]


async def test_an_empty_ledger_knows_no_instant(ledger: Ledger) -> None:
    """And one that is not knows its last."""
    assert await ledger.latest_instant() is None
    later = EPOCH + timedelta(hours=3)
    await ledger.submit(an_accept("j1", "0.04", at=later))
    assert await ledger.latest_instant() == later
    assert await ledger.double_spent() == Money.ZERO
    assert ledger.admitting
    await ledger.resume()


async def test_keys_are_kept_and_changed(ledger: Ledger) -> None:
    """What may change is changed; the digest stays."""
    key = KeyRow(
        id="k1",
        digest="d",
        tenant="acme",
        role="client",
        name="laptop",
        tags=(("team", "blue"),),
        created_at=EPOCH,
    )
    await ledger.submit(SaveKey(at=EPOCH, key=key))
    revoked = KeyRow(
        id="k1",
        digest="x",
        tenant="acme",
        role="viewer",
        name="old",
        created_at=EPOCH,
        revoked_at=EPOCH,
    )
    await ledger.submit(SaveKey(at=EPOCH, key=revoked))

    kept = await ledger.key("k1")
    assert kept is not None
    assert (kept.digest, kept.role, kept.name, kept.revoked_at) == ("d", "viewer", "old", EPOCH)
    assert await ledger.keys() == [kept]
    assert await ledger.key("k2") is None


def a_key(key_id: str = "k1") -> KeyRow:
    """Make a row of a key that works."""
    return KeyRow(id=key_id, digest="d", tenant="acme", role="client", name="x", created_at=EPOCH)


def rotating(former: KeyRow, key_id: str, *, days: int = 0) -> Rotate:
    """Put a key in another's place some days on, with a grace of a week."""
    at = EPOCH + timedelta(days=days)
    return Rotate(at=at, former=former, key=a_key(key_id), ends=at + timedelta(days=7))


async def test_a_key_that_was_revoked_is_so_for_good(ledger: Ledger) -> None:
    """Whoever had read it before and stores it afterwards changes nothing; it has no successor."""
    revoked = replace(a_key(), revoked_at=EPOCH)
    await ledger.submit(SaveKey(at=EPOCH, key=a_key()))
    await ledger.submit(SaveKey(at=EPOCH, key=revoked))
    await ledger.submit(SaveKey(at=EPOCH, key=a_key()))
    answer = await ledger.submit(rotating(a_key(), "k2"))

    assert answer == NotRotated(former=revoked)
    assert await ledger.keys() == [revoked]


async def test_of_rotations_at_the_same_time_one_is_made(ledger: Ledger) -> None:
    """Also when both have read the key before; in one commit and in two."""
    key = a_key()
    await ledger.submit(SaveKey(at=EPOCH, key=key))
    answers = [
        *await asyncio.gather(*(ledger.submit(rotating(key, new)) for new in ("k2", "k3"))),
        await ledger.submit(rotating(key, "k4")),
    ]

    kept, new, *others = await ledger.keys()
    assert kept == replace(key, expires_at=EPOCH + timedelta(days=7), successor="k2")
    assert (new, others) == (replace(a_key("k2"), predecessor="k1"), [])
    assert answers[0] == Rotated(key=new, former=kept)
    assert answers[1:] == [NotRotated(former=kept, beside="k2")] * 2


async def test_of_keys_in_each_others_place_two_work(ledger: Ledger) -> None:
    """Neither a key with a successor nor one with a predecessor is rotated while that one works."""
    await ledger.submit(SaveKey(at=EPOCH, key=a_key()))
    await ledger.submit(rotating(a_key(), "k2"))
    former, new = await ledger.keys()

    early = [await ledger.submit(rotating(key, "k3", days=6)) for key in (former, new)]
    late = await ledger.submit(rotating(new, "k3", days=7))
    newer = (await ledger.keys())[1]
    third = await ledger.submit(rotating(newer, "k4", days=8))
    await ledger.submit(SaveKey(at=EPOCH, key=replace(a_key("k3"), revoked_at=EPOCH)))
    instead = await ledger.submit(rotating(newer, "k5", days=8))

    assert early == [
        NotRotated(former=former, beside="k2"),
        NotRotated(former=new, beside="k1"),
    ]
    assert isinstance(late, Rotated)
    assert (late.former.id, late.key.predecessor) == ("k2", "k2")
    assert third == NotRotated(former=newer, beside="k3")
    assert isinstance(instead, Rotated)
    assert instead.former == replace(newer, successor="k5")


async def test_a_providers_strange_words_settle_all_the_same(ledger: Ledger) -> None:
    """Half a surrogate pair or a NUL in its message must not keep a hold for ever."""
    await ledger.submit(an_accept("j1", "0.04", ready=frozenset({"shortapi"})))
    doubt = Scribe().command(["doubt", "j1.1"])

    await ledger.submit(_with_detail(doubt, "half \ud800 a pair, a NUL \0"))

    attempt = await ledger.attempt(AttemptId("j1.1"))
    assert attempt is not None
    assert (attempt.state, attempt.detail) == ("in_doubt", "half ? a pair, a NUL ?")


def _with_detail(command: Command, detail: str) -> Any:
    return type(command)(**{**_fields(command), "detail": detail})


def _fields(command: Command) -> dict[str, Any]:
    return {name: getattr(command, name) for name in command.__dataclass_fields__}


names = st.sampled_from(["j1", "j2", "j3"])
cents = st.integers(1, 9).map(lambda cent: f"$0.0{cent}")
lines = st.one_of(
    st.tuples(st.just("place"), names, cents, st.sampled_from(["key=k", "key=l fingerprint=b"])),
    st.tuples(st.just("place"), names, cents, st.sampled_from(["", "ready=shortapi"])),
    st.tuples(st.just("hold"), names.map(lambda name: f"{name}.2"), cents.map("{}@runpod".format)),
    st.tuples(
        st.sampled_from(["dispatch", "void", "doubt", "presume"]),
        names.map(lambda name: f"{name}.1"),
    ),
    st.tuples(st.sampled_from(["post", "adjust"]), names.map(lambda name: f"{name}.1"), cents),
    st.tuples(
        st.just("run"),
        names.map(lambda name: f"{name}.1"),
        cents,
        st.sampled_from(["ref=a", "ref=b"]),
    ),
    st.tuples(st.just("end"), names, st.sampled_from(["failed", "succeeded"])),
    st.just(("wait", "1h")),
)
scripts = st.lists(lines.map(" ".join), max_size=14)


async def test_an_ended_session_is_known_until_its_time(ledger: Ledger) -> None:
    """Ended again is as once; another is not ended."""
    for _ in range(2):
        await ledger.end_session("a", EPOCH + DAY, EPOCH)
    told = [await ledger.is_ended(one) for one in ("a", "b")]
    await ledger.end_session("b", EPOCH + 2 * DAY, EPOCH + DAY)

    assert told == [True, False]
    assert [await ledger.is_ended(one) for one in ("a", "b")] == [False, True]


async def test_a_secret_is_made_once_and_stays(ledger: Ledger) -> None:
    """Whoever asks first makes it for all, even at the same moment; each name has its own."""
    made = await asyncio.gather(*(ledger.secret("callbacks") for _ in range(8)))

    assert len(set(made)) == 1
    assert len(made[0]) == 32
    assert await ledger.secret("callbacks") == made[0]
    assert await ledger.secret("links") != made[0]


async def test_what_was_billed_and_not_delivered_is_found(ledger: Ledger) -> None:
    """By when it ended; not what was delivered, nor what cost nothing, nor what was given back."""
    ends = (("delivered", "0.04"), ("result_unavailable", "0.05"), ("cancelled", "0.00"))
    for number, (outcome, amount) in enumerate((*ends, ("provider_in_doubt", "0.06")), start=1):
        name, at = f"j{number}", EPOCH + HOUR * number
        await ledger.submit(an_accept(name, "0.07", at=at))
        attempt_id = AttemptId(f"{name}.1")
        await ledger.submit(Dispatch(at=at, attempt_id=attempt_id))
        await ledger.submit(Post(at=at, attempt_id=attempt_id, amount=usd(amount), outcome=outcome))

    async def found(since: datetime, until: datetime) -> list[str]:
        return [row.id for row in await ledger.undelivered(since, until)]

    assert await found(EPOCH, EPOCH + DAY) == ["j2.1", "j4.1"]
    assert await found(EPOCH, EPOCH + HOUR * 4) == ["j2.1"]
    assert await found(EPOCH + HOUR * 3, EPOCH + DAY) == ["j4.1"]
    back = Adjust(
        at=EPOCH + DAY,
        attempt_id=AttemptId("j4.1"),
        difference=-usd("0.06"),
        who="ada",
        reason="it was given back",
    )
    await ledger.submit(back)
    assert await found(EPOCH, EPOCH + DAY) == ["j2.1"]


async def _outcomes(store: Store, batches: Sequence[Sequence[Command]]) -> list[str]:
    told_: list[str] = []
    for batch in batches:
        answers: list[Answer | Contradiction] = await store.commit(batch)
        told_ += [
            "contradiction" if isinstance(answer, Contradiction) else told(answer)
            for answer in answers
        ]
    for query in ("open_attempts", "unfinished_jobs", "double_spending"):
        told_.append(str(await store.fetch(query)))
    told_.append(str(await store.fetch("callbacks", state="", after="~", most=100)))
    for query in ("books_out_of_balance", "attempts_out_of_balance"):
        assert await store.fetch(query) == []
    balances = await store.fetch("balances_at", at=EPOCH)
    told_ += [str(row) for row in balances if any(row[name] for name in AMOUNTS)]
    told_.append(str(await store.fetch("refusals_since", since=EPOCH)))
    return told_


_files = itertools.count(1)
AMOUNTS = ("posted", "presumed", "held", "in_doubt")


@pytest.mark.slow
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(script=scripts, size=st.integers(1, 4))
def test_both_back_ends_answer_alike(
    postgres: PostgresServer, tmp_path: Path, script: list[str], size: int
) -> None:
    """The same commands in the same batches: the same answers, rows, balances and refusals."""
    scribe = Scribe()
    scribe.limits = {"team": a_limit("team", "0.17"), "runpod": a_limit("runpod", "0.08")}
    commands = [scribe.command(line.split()) for line in script if not scribe.stage(line.split())]
    batches = [commands[start : start + size] for start in range(0, len(commands), size)]

    async def compare() -> None:
        path = tmp_path / f"{next(_files)}.db"
        sqlite = a_sqlite_store(path)
        async with a_postgres_store(postgres) as store:
            assert await _outcomes(sqlite, batches) == await _outcomes(store, batches)
        sqlite.close()

    asyncio.run(compare())
