"""
A ledger under watch: after each step its books are held against a truth that does not come from it.

The truth is what the provider in the test charged. What the steps are stands in `ledger_machine`.
"""

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from router.ledger.answers import Answer
from router.ledger.commands import Command, JobEnd, Post, Void
from router.ledger.decide import Decider, decide
from router.ledger.ledger import Ledger
from router.ledger.mapping import decode
from router.ledger.rows import AttemptRow, BalanceRow, EntryRow, JobRow, Window
from router.ledger.sqlite import SqliteStore
from router.ledger.store import Contradiction
from router.ledger.writer import Writer
from router.model.charge import Reported
from router.model.ids import AttemptId, JobId, ProviderRef
from router.model.job import AttemptState, JobState
from router.model.money import Money, total
from tests.fakes import EPOCH, FakeClock
from tests.ledger_kit import a_sqlite_store, at_once, usd

NEXT: dict[AttemptState, frozenset[AttemptState]] = {
    AttemptState.HELD: frozenset({AttemptState.DISPATCHING, AttemptState.VOIDED}),
    AttemptState.DISPATCHING: frozenset(
        {
            *(AttemptState.RUNNING, AttemptState.IN_DOUBT),
            *(AttemptState.POSTED, AttemptState.VOIDED),
        }
    ),
    AttemptState.RUNNING: frozenset(
        {AttemptState.IN_DOUBT, AttemptState.POSTED, AttemptState.VOIDED}
    ),
    AttemptState.IN_DOUBT: frozenset(
        {AttemptState.POSTED, AttemptState.VOIDED, AttemptState.POSTED_PRESUMED}
    ),
    AttemptState.POSTED_PRESUMED: frozenset({AttemptState.POSTED, AttemptState.VOIDED}),
    AttemptState.POSTED: frozenset(),
    AttemptState.VOIDED: frozenset({AttemptState.POSTED}),
}
"""What may follow what. A voided attempt is posted again only by a bill that came later."""
OPEN_SENT = (AttemptState.DISPATCHING, AttemptState.RUNNING, AttemptState.IN_DOUBT)


@dataclass
class Charge:
    """What a provider did with an attempt that reached it."""

    ref: ProviderRef
    billed: Money
    """Net of refunds; zero for what failed free."""
    reply_lost: bool = False


def settled_by(truth: Charge, attempt: AttemptRow, at: datetime) -> Post | Void:
    """The settlement that evidence of the truth leads to."""
    if not truth.billed:
        return Void(at=at, attempt_id=attempt.id, outcome="provider_attempt_failed")
    reported = Reported(raw=str(truth.billed), source="output.cost", amount=truth.billed)
    return Post(
        at=at,
        attempt_id=attempt.id,
        amount=truth.billed,
        outcome="delivered",
        reported=reported,
        end=JobEnd(state=JobState.SUCCEEDED, delivered_by=attempt.id),
    )


class BooksUnderWatch(RuleBasedStateMachine):
    """A ledger in a file, what is true of it, and the invariants."""

    def __init__(self, decider: Decider = decide) -> None:
        super().__init__()
        self._decider = decider
        self._folder = Path(tempfile.mkdtemp(prefix="farebox-machine-"))
        self._known: list[AttemptRow] | None = None
        self._succeeded: set[str] = set()
        self.now = EPOCH
        self.limits = ("1.01", "1.02", "1.03", "1.04")
        self.truth: dict[AttemptId, Charge] = {}
        self.promises: dict[str, JobId] = {}
        self.refused = 0
        self.seen: dict[AttemptId, AttemptState] = {}
        self._open()

    def _open(self) -> None:
        self._store: SqliteStore = a_sqlite_store(
            self._folder / "farebox.db", decider=self._decider
        )
        writer = Writer(FakeClock(), self._store, lambda *_: None, lambda: None)
        self.ledger = Ledger(self._store, writer)

    def _submit(self, *commands: Command) -> list[Answer]:
        self._known = None
        answers: list[Answer] = []
        for answer in at_once(self._store.commit(commands)):
            assert not isinstance(answer, Contradiction), answer
            answers.append(answer)
        return answers

    def _rows(self, table: str) -> list[dict[str, Any]]:
        found: Iterable[Any] = self._store._readable.execute(f"SELECT * FROM {table}")  # noqa: S608
        return list(found)

    def _attempts(self, *states: AttemptState) -> list[AttemptRow]:
        if self._known is None:
            self._known = [decode(AttemptRow, row) for row in self._rows("attempts")]
        return [row for row in self._known if not states or row.state in states]

    def _draw(self, data: st.DataObject, *states: AttemptState) -> AttemptRow:
        return data.draw(st.sampled_from(self._attempts(*states)))

    # After every step.

    @invariant()
    def the_journal_is_the_balances(self) -> None:
        """I1: by the ledger's own check, which reads every entry."""
        assert at_once(self.ledger.imbalance()) == Money.ZERO

    @invariant()
    def the_balances_are_the_attempts(self) -> None:
        """I3: what is held is what is open, in each window; no phantom, no gap."""
        attempts = self._attempts()
        for row in (decode(BalanceRow, row) for row in self._rows("balances")):
            within = [a for a in attempts if any(_is(row, window) for window in a.windows)]
            doubted = [a.quoted for a in within if a.state is AttemptState.IN_DOUBT]
            held = [
                a.quoted for a in within if a.state.is_open and a.state is not AttemptState.IN_DOUBT
            ]
            assert (row.held, row.in_doubt) == (total(held), total(doubted))

    @invariant()
    def no_budget_is_passed_but_by_bills(self) -> None:
        """I2: used is within the limit, and what bills added to their holds."""
        limits = dict(zip(("tenant", "everyone", "provider", "rolling"), self.limits, strict=True))
        entries = [decode(EntryRow, row) for row in self._rows("entries")]
        attempts = {attempt.id: attempt for attempt in self._attempts()}
        for row in (decode(BalanceRow, row) for row in self._rows("balances")):
            added = [
                net
                for entry in entries
                if entry.kind != "hold"
                and any(_is(row, window) for window in attempts[entry.attempt_id].windows)
                and (net := entry.posted + entry.presumed + entry.held + entry.in_doubt).nanos > 0
            ]
            assert row.usage.used <= usd(limits[row.budget]) + total(added)

    @invariant()
    def one_hold_has_one_end(self) -> None:
        """I4: exactly one hold, and an end exactly when nothing is open."""
        kinds = Counter((row["attempt_id"], row["kind"]) for row in self._rows("entries"))
        for attempt in self._attempts():
            ends = sum(kinds[attempt.id, kind] for kind in ("post", "void", "presume"))
            assert kinds[attempt.id, "hold"] == 1
            assert ends == (0 if attempt.state.is_open else 1)

    @invariant()
    def what_was_charged_is_in_the_books(self) -> None:
        """I5: never voided, and to the nano where it was settled."""
        for attempt in self._attempts():
            truth = self.truth.get(attempt.id)
            billed = truth.billed if truth else Money.ZERO
            if attempt.state is AttemptState.VOIDED:
                assert not billed, "what the provider billed was voided"
            if attempt.state is AttemptState.POSTED:
                assert attempt.posted == billed

    @invariant()
    def whoever_wants_to_know_of_an_end_is_told(self) -> None:
        """A callback waits for as long as its job runs, and not a commit longer."""
        callbacks = {row["job_id"]: row["state"] for row in self._rows("outbox")}
        for job in (decode(JobRow, row) for row in self._rows("jobs")):
            assert callbacks[job.id] == ("due" if job.state.is_final else "waiting")

    @invariant()
    def nothing_moves_back(self) -> None:
        """I9: of attempts; and a job that succeeded or was cancelled stays so."""
        for attempt in self._attempts():
            before = self.seen.get(attempt.id, attempt.state)
            assert attempt.state in {before} | _reachable(before)
            self.seen[attempt.id] = attempt.state
        delivered = {row["id"] for row in self._rows("jobs") if row["state"] == "succeeded"}
        assert self._succeeded <= delivered
        self._succeeded = delivered

    @invariant()
    def a_key_is_one_job(self) -> None:
        """I7: for as long as it is kept."""
        for key, job_id in self.promises.items():
            promise = at_once(self.ledger.promise("acme", key))
            assert promise is not None
            assert promise.job_id == job_id

    @invariant()
    def refusals_leave_only_counts(self) -> None:
        """I14: no job without an attempt, and as many refusals counted as were answered."""
        attempted = {attempt.job_id for attempt in self._attempts()}
        assert {decode(JobRow, row).id for row in self._rows("jobs")} == attempted
        counted = sum(row["jobs"] for row in self._rows("refusals"))
        assert counted == self.refused

    def teardown(self) -> None:
        """When the last evidence is in, the books say what the provider says, to the nano."""
        try:
            # Not after a failure, which this one's would hide.
            if sys.exc_info()[0] is None:
                self._settle_everything()
        finally:
            self._store.close()
            shutil.rmtree(self._folder)

    def _settle_everything(self) -> None:
        for attempt in self._attempts(*OPEN_SENT, AttemptState.POSTED_PRESUMED):
            known = self.truth.get(attempt.id)
            truth = known or Charge(ref=ProviderRef("none"), billed=Money.ZERO)
            self._submit(settled_by(truth, attempt, self.now))
        posted = total([attempt.posted for attempt in self._attempts()])
        billed = total([charge.billed for charge in self.truth.values()])
        assert posted == billed, "the books are not the bills"


def _is(row: BalanceRow, window: Window) -> bool:
    return row.key == window.key


def _reachable(state: AttemptState) -> frozenset[AttemptState]:
    """What may follow a state within one step of the machine, which may be several of the books."""
    following = NEXT[state]
    return following.union(*(NEXT[after] for after in following))
