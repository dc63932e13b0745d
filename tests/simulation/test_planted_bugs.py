"""The tests of the tests: known mistakes are planted, and the seeds must find each of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import pytest

from router.dispatch.errand import Errand
from router.dispatch.recovery import Recovery
from router.dispatch.settlement import Onward, Settlement
from router.images.keeping import FolderResults
from router.ledger.answers import Done, Refused
from router.ledger.commands import (
    Accept,
    AcceptAll,
    CallOff,
    Command,
    Doubt,
    Hold,
    Post,
    Tender,
    Void,
)
from router.ledger.decide import Decider, decide
from router.ledger.decided import Decided
from router.ledger.moves import Move, moved
from router.ledger.outbox_rows import OutboxRow, OutboxState
from router.ledger.page import Page
from router.ledger.rows import AttemptRow, BalanceRow, JobRow, Window
from router.model.budget import Limit
from router.model.job import AttemptState, JobState
from tests.simulation.judge import Violation
from tests.simulation.seeded_house import live
from tests.virtual_time import run

SEEDS = 100
"""A tenth of those of `make simulate`: some bugs need a kill at just the wrong moment."""


def limits_ignore_holds(page: Page, command: Command) -> Decided:
    """Check a limit against what is posted only."""
    if isinstance(command, Accept | Hold):
        tenders = tuple(
            Tender(attempt=one.attempt, limits=tuple(_without_holds(page, x) for x in one.limits))
            for one in command.tenders
        )
        command = replace(command, tenders=tenders)
    return decide(page, command)


def _without_holds(page: Page, limit: Limit) -> Limit:
    window = Window.of(limit)
    row = page.get(BalanceRow, *window.key)
    return replace(limit, limit=limit.limit + row.held + row.in_doubt) if row else limit


def balances_leave_the_journal(page: Page, command: Command) -> Decided:
    """Count a charge twice in the balances, and once in the journal."""
    decided = decide(page, command)
    if not isinstance(command, Post):
        return decided
    changes = tuple(
        replace(row, posted=row.posted + command.amount) if isinstance(row, BalanceRow) else row
        for row in decided.changes
    )
    return Decided(decided.answer, changes)


def a_charge_is_posted_twice(page: Page, command: Command) -> Decided:
    """
    Book a second collector's charge on top of the first, in entries and balances that add up.

    As a correction: a second end of an attempt is refused by the ledger's schema.
    """
    attempt = page.get(AttemptRow, command.attempt_id) if isinstance(command, Post) else None
    if attempt is None or attempt.state is not AttemptState.POSTED:
        return decide(page, command)
    assert isinstance(command, Post)
    twice = replace(attempt, posted=attempt.posted + command.amount)
    move = Move("adjust", posted=command.amount)
    return Decided(Done(attempt=twice), (twice, *moved(page, twice, move, at=command.at)))


def the_quote_is_booked(page: Page, command: Command) -> Decided:
    """Book the price, whatever the provider says that it charged."""
    if isinstance(command, Post):
        attempt = page.get(AttemptRow, command.attempt_id)
        assert attempt is not None
        command = replace(command, amount=attempt.quoted)
    return decide(page, command)


def silence_is_free(page: Page, command: Command) -> Decided:
    """Take what is unknown for nothing."""
    if isinstance(command, Doubt):
        command = Void(at=command.at, attempt_id=command.attempt_id, outcome=command.outcome)
    return decide(page, command)


def what_comes_late_is_thrown_away(page: Page, command: Command) -> Decided:
    """Book an image that came after its job's end, and leave the job without it."""
    if isinstance(command, Post):
        attempt = page.get(AttemptRow, command.attempt_id)
        job = page.get(JobRow, attempt.job_id) if attempt is not None else None
        if job is not None and job.state is JobState.FAILED:
            command = replace(command, end=None)
    return decide(page, command)


def a_no_is_kept_in_mind_only(page: Page, command: Command) -> Decided:
    """Answer that a job is called off, and write nothing down: whoever recovers cannot know."""
    decided = decide(page, command)
    return Decided(decided.answer) if isinstance(command, CallOff) else decided


def what_fits_of_a_request_is_bought(page: Page, command: Command) -> Decided:
    """Refuse a request for several edits, and buy the first of them all the same."""
    decided = decide(page, command)
    if not isinstance(command, AcceptAll) or not isinstance(decided.answer, Refused):
        return decided
    first = decide(page, command.accepts[0])
    return Decided(decided.answer, first.changes)


def an_end_is_booked_and_not_told(page: Page, command: Command) -> Decided:
    """Post a charge that ends a job, and leave its client's callback waiting."""
    decided = decide(page, command)
    if not isinstance(command, Post):
        return decided
    silent = tuple(row for row in decided.changes if not isinstance(row, OutboxRow))
    return Decided(decided.answer, silent)


def a_client_is_told_too_early(page: Page, command: Command) -> Decided:
    """Have a client told of a job as soon as it is taken on."""
    decided = decide(page, command)
    early = tuple(
        replace(row, state=OutboxState.DUE, next_at=command.at)
        if isinstance(command, Accept) and isinstance(row, OutboxRow)
        else row
        for row in decided.changes
    )
    return Decided(decided.answer, early)


class ForgetfulRecovery(Recovery):
    """Takes what was being sent when the router died for unsent."""

    async def _doubt(self, errand: Errand, attempt: AttemptRow) -> None:
        void = Void(at=self._clock.now(), attempt_id=attempt.id, outcome="not_sent")
        await self._dispatcher.settle(errand, Settlement(void, Onward.STOP))


class ForgetfulResults(FolderResults):
    """Says that a result is kept, and keeps nothing."""

    async def put(self, key: str, data: bytes) -> None:
        """Forget it."""
        del key, data


@dataclass(frozen=True)
class Bug:
    """A mistake, and the rules that must notice."""

    rules: tuple[str, ...]
    decider: Decider = decide
    recovery: type[Recovery] = Recovery
    results: type[FolderResults] = FolderResults


BUGS: Mapping[str, Bug] = MappingProxyType(
    {
        "limits ignore holds": Bug(("I2",), decider=limits_ignore_holds),
        "balances leave the journal": Bug(("I1",), decider=balances_leave_the_journal),
        "a charge is posted twice": Bug(("I5",), decider=a_charge_is_posted_twice),
        "the quote is booked": Bug(("I5",), decider=the_quote_is_booked),
        "silence is free": Bug(("I5", "I8"), decider=silence_is_free),
        "what comes late is thrown away": Bug(("I8",), decider=what_comes_late_is_thrown_away),
        "recovery forgets a client's no": Bug(("I17",), decider=a_no_is_kept_in_mind_only),
        "what fits of a request is bought": Bug(("I18",), decider=what_fits_of_a_request_is_bought),
        "an end is booked and not told": Bug(("I19",), decider=an_end_is_booked_and_not_told),
        "a client is told too early": Bug(("I19",), decider=a_client_is_told_too_early),
        "a result is told and not kept": Bug(("I20",), results=ForgetfulResults),
        "recovery forgets what was sent": Bug(("I5", "I9"), recovery=ForgetfulRecovery),
    }
)


@pytest.mark.slow
@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(tmp_path: Path, name: str) -> None:
    """Each mistake breaks a rule of money within a tenth of the seeds of `make simulate`."""
    found = next(filter(None, (violation_of(BUGS[name], tmp_path, n) for n in range(SEEDS))), None)
    assert found is not None, f"{SEEDS} seeds did not notice that {name}"
    assert str(found).startswith(BUGS[name].rules), found


def violation_of(bug: Bug, folder: Path, seed: int) -> Violation | None:
    """Live through a seed with a bug planted; gives the rule that it broke."""
    place = folder / str(seed)
    place.mkdir()
    try:
        bugs = {"decider": bug.decider, "recovery": bug.recovery, "results": bug.results}
        run(live(place, seed, **bugs), seed)
    except Violation as violation:
        return violation
    return None
