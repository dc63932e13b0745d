"""A bill is taken in: nothing is written until it is applied, and then once."""

from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

from router.dispatch.resolving import Resolver
from router.finance.bills import Bill
from router.finance.findings import Kind
from router.finance.statement_csv import BadStatement
from router.finance.statements import Reconciler
from router.ledger.commands import Run
from router.ledger.executor import InlineExecutor
from router.ledger.rows import BEGINNING, END
from router.model.clock import rfc3339
from router.model.errors import (
    InvalidJob,
    Malformed,
    NotFound,
    ProviderInDoubt,
    ProviderUnreachable,
)
from router.model.ids import AttemptId, ProviderRef
from router.model.job import AttemptState
from tests.ledger_kit import usd
from tests.stage import Act, Stage, play


def a_bill(stage: Stage, *lines: tuple[str, str], **fields: Any) -> Bill:
    """Build a bill of ShortAPI's, whose lines are of now."""
    now = rfc3339(stage.clock.now())
    rows = [f"{ref},{amount},{now}\n" for ref, amount in lines]
    text = "ref,amount,at\n" + "".join(rows)
    return Bill(provider="shortapi", name="usage.csv", text=text, **fields)


def a_whole_bill(stage: Stage, *lines: tuple[str, str]) -> Bill:
    """Build a bill that has all of the time up to now."""
    now = stage.clock.now()
    bill = a_bill(stage, *lines)
    # Its lines are of now, which the period ends before.
    text = bill.text.replace(rfc3339(now), rfc3339(now - timedelta(seconds=1)))
    return replace(bill, text=text, since=now - timedelta(days=2), until=now)


def a_reconciler(stage: Stage) -> Reconciler:
    """Build one on a stage."""
    resolver = Resolver(stage.clock, stage.ledger, stage.dispatcher, stage.recovery)
    return Reconciler(stage.clock, stage.ledger, resolver, InlineExecutor())


Story = Callable[[Stage, Reconciler], Coroutine[Any, Any, None]]


def told(folder: Path, story: Story) -> None:
    """Play a story on a stage."""

    async def on(stage: Stage) -> None:
        await story(stage, a_reconciler(stage))

    play(folder, on)


async def posted(stage: Stage) -> str:
    """Have a job posted at $0.04; gives its provider's id of it."""
    job = await stage.submit()
    await stage.see(job)
    (row,) = await stage.attempts(job)
    assert row.provider_ref is not None
    assert row.posted == usd("0.04")
    return row.provider_ref


async def doubted(stage: Stage) -> AttemptId:
    """Have an attempt in doubt whose id nobody knows."""
    stage.troupe.acts["shortapi"].append(Act(refuses=ProviderInDoubt("no answer")))
    stage.troupe.acts["runpod"].append(Act(refuses=ProviderUnreachable("no route")))
    job = await stage.submit()
    await stage.pause(5)
    return (await stage.attempts(job))[0].id


async def name(stage: Stage, attempt: AttemptId, ref: str) -> None:
    """Learn the provider's id of an attempt."""
    at = stage.clock.now()
    await stage.ledger.submit(Run(at=at, attempt_id=attempt, ref=ProviderRef(ref)))


def journal(stage: Stage, attempt: str) -> list[tuple[str, str, str | None]]:
    """Read an attempt's entries: kind, who, reason."""
    path = str(stage.folder / "ledger.db")
    with closing(apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)) as database:
        query = "SELECT kind, who, reason FROM entries WHERE attempt_id = ? ORDER BY seq"
        rows = database.execute(query, (attempt,)).fetchall()
    return [(str(kind), str(who), str(reason) if reason else None) for kind, who, reason in rows]


def test_nothing_is_written_before_it_is_applied(tmp_path: Path) -> None:
    """A wrong column is seen before it has done harm."""

    async def story(stage: Stage, reconciler: Reconciler) -> None:
        ref = await posted(stage)
        done = await reconciler.reconcile(a_bill(stage, (ref, "0.05")), who="ada")

        assert (done.is_applied, done.agrees, done.total) == (False, False, usd("0.05"))
        assert [one.kind for one in done.compared.findings] == [Kind.AMOUNT_DIFFERS]
        assert await stage.used() == usd("0.04")
        assert await stage.ledger.statements() == []

    told(tmp_path, story)


def test_an_amount_is_adjusted_once(tmp_path: Path) -> None:
    """By an entry with who, and which line of which bill; the same bill again finds it so."""

    async def story(stage: Stage, reconciler: Reconciler) -> None:
        ref = await posted(stage)
        bill = a_bill(stage, (ref, "0.05"))
        done = await reconciler.reconcile(bill, who="ada", applied=True)
        again = await reconciler.reconcile(bill, who="bob", applied=True)

        assert done.agrees
        assert again.agrees
        assert [one.kind for one in again.compared.findings] == [Kind.MATCHED]
        assert await stage.used() == usd("0.05")
        assert await stage.ledger.posted_between("shortapi", BEGINNING, END) == usd("0.05")
        (statement,) = await stage.ledger.statements()
        assert (statement.id, statement.who, statement.complete) == (done.id, "ada", 0)
        (attempt,) = done.applied
        (entry,) = [one for one in journal(stage, attempt) if one[0] == "adjust"]
        assert entry == ("adjust", "ada", f"statement {done.id[:8]} (usage.csv), line 2")

    told(tmp_path, story)


def test_a_bill_posts_what_is_in_doubt(tmp_path: Path) -> None:
    """As it was billed, once the provider's id is known."""

    async def story(stage: Stage, reconciler: Reconciler) -> None:
        attempt = await doubted(stage)
        nameless = await reconciler.reconcile(a_bill(stage, ("r77", "0.04")), who="ada")
        (missing,) = nameless.compared.findings
        assert (missing.kind, missing.suggested) == (Kind.MISSING_HERE, (attempt,))

        await name(stage, attempt, "r77")
        done = await reconciler.reconcile(a_bill(stage, ("r77", "0.0433")), who="ada", applied=True)

        assert done.agrees
        row = await stage.ledger.attempt(attempt)
        assert row is not None
        assert (row.state, row.posted) == (AttemptState.POSTED, usd("0.0433"))
        assert (row.reported_source, row.reported_raw, row.reported_amount) == (
            *("statement", "0.0433", usd("0.0433")),
        )

    told(tmp_path, story)


def test_a_complete_bill_voids_what_it_does_not_have(tmp_path: Path) -> None:
    """Once it covers the horizon; the reason says that it is complete."""

    async def story(stage: Stage, reconciler: Reconciler) -> None:
        attempt = await doubted(stage)
        early = await reconciler.reconcile(a_whole_bill(stage), who="ada", applied=True)
        assert [one.kind for one in early.compared.findings] == [Kind.UNDECIDED]
        await stage.pause(6 * 3600)
        await stage.sweep.once()
        assert (await stage.ledger.attempt(attempt)).state is AttemptState.POSTED_PRESUMED  # type: ignore[union-attr]  # It is there.

        done = await reconciler.reconcile(a_whole_bill(stage), who="ada", applied=True)

        assert done.agrees
        row = await stage.ledger.attempt(attempt)
        assert row is not None
        assert row.state is AttemptState.VOIDED
        assert await stage.used() == usd("0.00")
        reason = journal(stage, attempt)[-1][2]
        assert reason == f"statement {done.id[:8]} (usage.csv): not billed, and it is complete"

    told(tmp_path, story)


def test_a_bill_states_the_price_unless_it_gives_money_back(tmp_path: Path) -> None:
    """Two charges of $0.04: one was billed lower, of the other a part was given back."""

    async def story(stage: Stage, reconciler: Reconciler) -> None:
        lower, refunded = await posted(stage), await posted(stage)
        lines = [(lower, "0.035"), (refunded, "0.04"), (refunded, "-0.013")]
        await reconciler.reconcile(a_bill(stage, *lines), who="ada", applied=True)

        rows = {row.id: row for row in await stage.ledger.charges(BEGINNING, most=9)}
        drifted = await stage.ledger.browse(money="drifted")
        (sums,) = await stage.ledger.spending(BEGINNING, END, cut=None)
        assert sorted(str(row.reported_amount) for row in rows.values()) == ["0.035", "0.04"]
        assert sorted(str(row.posted) for row in rows.values()) == ["0.027", "0.035"]
        assert len(drifted) == 1
        assert (sums.under, sums.drifted, sums.refunded) == (usd("0.005"), 1, usd("0.018"))

    told(tmp_path, story)


def test_a_refund_that_comes_later_is_held_against_its_charge(tmp_path: Path) -> None:
    """On another bill, weeks after; the attempt is found by its id, however old."""

    async def story(stage: Stage, reconciler: Reconciler) -> None:
        ref = await posted(stage)
        await reconciler.reconcile(a_bill(stage, (ref, "0.04")), who="ada", applied=True)
        await stage.pause(40 * 86_400)
        refund = a_bill(stage, (ref, "-0.03"))
        done = await reconciler.reconcile(refund, who="ada", applied=True)
        again = await reconciler.reconcile(refund, who="ada", applied=True)

        assert (done.agrees, again.agrees) == (True, True)
        assert await stage.ledger.posted_between("shortapi", BEGINNING, END) == usd("0.01")

    told(tmp_path, story)


def test_evidence_that_comes_meanwhile_stands(tmp_path: Path) -> None:
    """What could not be settled any more is told with why, and is not said to be done."""

    class Late:
        """Somebody else was first."""

        async def settle(self, *_: object, **__: object) -> Any:
            raise InvalidJob("The attempt is voided.")

    async def story(stage: Stage, _: Reconciler) -> None:
        ref = await posted(stage)
        reconciler = Reconciler(stage.clock, stage.ledger, Late(), InlineExecutor())
        done = await reconciler.reconcile(a_bill(stage, (ref, "0.05")), who="ada", applied=True)

        assert (done.applied, done.agrees) == (frozenset(), False)
        assert list(done.failed.values()) == ["The attempt is voided."]

    told(tmp_path, story)


def test_a_bill_must_be_of_a_time_that_was(tmp_path: Path) -> None:
    """Nothing of the future is complete, and nothing ends before it begins."""

    async def story(stage: Stage, reconciler: Reconciler) -> None:
        now = stage.clock.now()
        hour = timedelta(hours=1)
        with pytest.raises(Malformed, match="it cannot be complete yet"):
            await reconciler.reconcile(a_bill(stage, since=now - hour, until=now + hour), who="ada")
        with pytest.raises(Malformed, match="ends before it begins"):
            await reconciler.reconcile(a_bill(stage, since=now, until=now - hour), who="ada")
        with pytest.raises(Malformed, match="no lines"):
            await reconciler.reconcile(a_bill(stage), who="ada")
        with pytest.raises(BadStatement, match=r"usage\.csv:2:4"):
            await reconciler.reconcile(a_bill(stage, ("r1", "much")), who="ada")

    told(tmp_path, story)


def test_lines_of_another_time_are_not_looked_at(tmp_path: Path) -> None:
    """They are counted, so that nobody wonders where they are."""

    async def story(stage: Stage, reconciler: Reconciler) -> None:
        now = stage.clock.now()
        bill = a_bill(stage, ("r1", "0.04"), since=now - timedelta(hours=2), until=now)
        done = await reconciler.reconcile(bill, who="ada")

        assert (done.outside, done.line_count, done.agrees) == (1, 0, True)

    told(tmp_path, story)


def test_what_an_earlier_bill_has_settles_a_doubt_of_today(tmp_path: Path) -> None:
    """As when its id is learnt only later; the reason says where it stands."""

    async def story(stage: Stage, reconciler: Reconciler) -> None:
        attempt = await doubted(stage)
        await reconciler.reconcile(a_bill(stage, ("r78", "0.0417")), who="ada", applied=True)
        await name(stage, attempt, "r78")
        await stage.pause(60)

        done = await reconciler.reconcile(a_whole_bill(stage), who="ada", applied=True)

        assert done.agrees
        assert journal(stage, attempt)[-1][2] == (
            f"statement {done.id[:8]} (usage.csv): as on an earlier one"
        )
        row = await stage.ledger.attempt(attempt)
        assert row is not None
        assert row.posted == usd("0.0417")

    told(tmp_path, story)


def test_a_bill_that_was_read_wrongly_is_taken_back(tmp_path: Path) -> None:
    """With the right columns it is another bill, by which the books come right again."""

    async def story(stage: Stage, reconciler: Reconciler) -> None:
        ref = await posted(stage)
        now = rfc3339(stage.clock.now())
        text = f"ref,tax,amount,at\n{ref},0.007,0.043,{now}\n"
        right = replace(a_bill(stage), text=text)
        wrong = replace(right, columns={"amount": "tax"})
        first = await reconciler.reconcile(wrong, who="ada", applied=True)
        assert await stage.used() == usd("0.007")

        taken = await reconciler.withdraw(first.id, who="bob", reason="the tax")
        second = await reconciler.reconcile(right, who="ada", applied=True)

        assert (taken.id, second.agrees, second.id != first.id) == (first.id, True, True)
        assert await stage.used() == usd("0.043")
        (withdrawal,) = await stage.ledger.withdrawals()
        assert (withdrawal.who, withdrawal.reason) == ("bob", "the tax")
        with pytest.raises(InvalidJob, match="was withdrawn as it is"):
            await reconciler.reconcile(wrong, who="ada", applied=True)
        with pytest.raises(NotFound):
            await reconciler.withdraw("nobodys", who="bob", reason="r")

    told(tmp_path, story)


def test_what_was_settled_before_a_crash_is_known_to_be(tmp_path: Path) -> None:
    """Each outcome is recorded when it comes; the same bill again goes on with the rest."""

    class Crash(Exception):
        """Nobody foresaw it."""

    async def story(stage: Stage, reconciler: Reconciler) -> None:
        refs = [await posted(stage), await posted(stage)]
        bill = a_bill(stage, (refs[0], "0.051"), (refs[1], "0.032"))
        resolver = Resolver(stage.clock, stage.ledger, stage.dispatcher, stage.recovery)

        class Once:
            """Settles one attempt and no more."""

            settled = 0

            async def settle(self, *arguments: Any, **options: Any) -> Any:
                """Settle, the first time."""
                self.settled += 1
                if self.settled > 1:
                    raise Crash
                return await resolver.settle(*arguments, **options)

        broken = Reconciler(stage.clock, stage.ledger, Once(), InlineExecutor())
        with pytest.raises(Crash):
            await broken.reconcile(bill, who="ada", applied=True)
        assert await stage.used() == usd("0.091")
        assert outcomes(stage) == [("amount_differs", 1)]

        done = await reconciler.reconcile(bill, who="ada", applied=True)

        assert done.agrees
        assert await stage.used() == usd("0.083")
        assert sorted(outcomes(stage)) == [("amount_differs", 1)] * 2

    told(tmp_path, story)


def test_a_repeated_line_adjusts_nothing_until_a_person_says_so(tmp_path: Path) -> None:
    """It is in the sum, again and again; once a person has booked it, the books agree."""

    async def story(stage: Stage, reconciler: Reconciler) -> None:
        ref = await posted(stage)
        bill = a_bill(stage, (ref, "0.04"), (ref, "0.04"))
        done = await reconciler.reconcile(bill, who="ada", applied=True)
        again = await reconciler.reconcile(bill, who="ada", applied=True)
        for one in (done, again):
            assert (one.agrees, one.line_count, one.total) == (False, 2, usd("0.08"))
            assert [(line.number, line.repeats) for line in one.repeated] == [(3, 2)]
        assert await stage.used() == usd("0.04")
        (charge,) = await stage.ledger.charges(BEGINNING, most=9)
        assert charge.reported_amount == usd("0.04")

        (finding,) = done.compared.findings
        assert finding.attempt is not None
        resolver = Resolver(stage.clock, stage.ledger, stage.dispatcher, stage.recovery)
        await resolver.settle(
            finding.attempt, finding.billed, who="bob", reason="both were charged", forced=True
        )
        overlapping = a_bill(stage, (ref, "0.04"), ("nobodys", "0.07"))
        later = await reconciler.reconcile(overlapping, who="ada", applied=True)
        booked = await reconciler.reconcile(bill, who="ada", applied=True)

        assert (booked.agrees, len(booked.repeated), later.repeated) == (True, 1, ())
        kinds = [one.kind for one in later.compared.findings]
        assert kinds == [Kind.MATCHED, Kind.MISSING_HERE]
        assert await stage.used() == usd("0.08")
        (charge,) = await stage.ledger.charges(BEGINNING, most=9)
        assert (charge.reported_amount, charge.posted) == (usd("0.04"), usd("0.08"))

    told(tmp_path, story)


def test_a_bill_that_repeats_by_mistake_is_taken_back(tmp_path: Path) -> None:
    """The export without the mistake then settles what was in doubt, at one charge."""

    async def story(stage: Stage, reconciler: Reconciler) -> None:
        attempt = await doubted(stage)
        await name(stage, attempt, "r77")
        wrong = a_bill(stage, ("r77", "0.043"), ("r77", "0.043"))
        right = a_bill(stage, ("r77", "0.043"))
        first = await reconciler.reconcile(wrong, who="ada", applied=True)
        still = await reconciler.reconcile(right, who="ada", applied=True)
        await reconciler.withdraw(first.id, who="bob", reason="exported twice over")
        done = await reconciler.reconcile(right, who="ada", applied=True)

        assert [one.agrees for one in (first, still, done)] == [False, False, True]
        row = await stage.ledger.attempt(attempt)
        assert row is not None
        assert (row.state, row.posted) == (AttemptState.POSTED, usd("0.043"))

    told(tmp_path, story)


def test_unequal_lines_of_one_id_add_up(tmp_path: Path) -> None:
    """Two charges of one edit at two instants are two charges."""

    async def story(stage: Stage, reconciler: Reconciler) -> None:
        ref = await posted(stage)
        bill = a_bill(stage, (ref, "0.04"), (ref, "0.043"))
        done = await reconciler.reconcile(bill, who="ada", applied=True)

        assert (done.agrees, done.repeated) == (True, ())
        assert await stage.used() == usd("0.083")

    told(tmp_path, story)


def outcomes(stage: Stage) -> list[tuple[str, int]]:
    """What the ledger kept of what came of bills: kinds, and whether they were applied."""
    path = str(stage.folder / "ledger.db")
    with closing(apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)) as database:
        rows = database.execute("SELECT kind, applied FROM statement_outcomes").fetchall()
    return [(str(kind), int(str(applied))) for kind, applied in rows]
