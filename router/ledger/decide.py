"""Decide what a verb of the ledger does: pure, from the books and a command to changes."""

from collections.abc import Callable, Sequence

from router.ledger import alerting, closing, outbox, placing, rotating, settling
from router.ledger.alert_commands import Alert, AlertTold
from router.ledger.answers import Answer, Done, Stale
from router.ledger.commands import (
    Accept,
    AcceptAll,
    Accounting,
    CallOff,
    Close,
    Command,
    Dispatch,
    Doubt,
    End,
    Enter,
    Hold,
    Noting,
    Post,
    Presume,
    Raise,
    Record,
    Redeliver,
    Refuse,
    Rotate,
    Run,
    SaveKey,
    Settling,
    Spending,
    Told,
    Void,
)
from router.ledger.decided import Decided
from router.ledger.page import Page
from router.ledger.rows import AttemptRow, JobRow, Row

Decider = Callable[[Page, Command], Decided]
"""The shape of `decide`. The tests of the tests plant bugs through it."""


def decide(page: Page, command: Command) -> Decided:
    """Decide one command on the books as they stand. Reads nothing else; changes nothing."""
    match command:
        case Accept() | AcceptAll() | Hold():
            return _hold(page, command)
        case End() | CallOff() | Told() | Redeliver():
            return _on_job(page, command)
        case Alert() | AlertTold():
            return _on_alerts(page, command)
        case SaveKey() | Rotate() | Raise() | Refuse() | Enter() | Record() | Close():
            return _noted(page, command)
        case _:
            return _on_attempt(page, command)


def _hold(page: Page, command: Spending) -> Decided:
    match command:
        case Accept():
            return placing.accept(page, command)
        case AcceptAll():
            return placing.accept_all(page, command)
        case _:
            return placing.hold(page, command)


def _on_attempt(page: Page, command: Settling) -> Decided:
    attempt = page.get(AttemptRow, command.attempt_id)
    job = page.get(JobRow, attempt.job_id) if attempt is not None else None
    if attempt is None or job is None:
        return Decided(Stale())
    decided: Decided
    match command:
        case Dispatch():
            decided = settling.dispatch(attempt, job, command)
        case Run():
            decided = settling.run(attempt, command)
        case Post():
            decided = settling.post(page, attempt, job, command)
        case Void():
            decided = settling.void(page, attempt, job, command)
        case Doubt():
            decided = settling.doubt(page, attempt, command)
        case Presume():
            decided = settling.presume(page, attempt, command)
        case _:
            decided = settling.adjust(page, attempt, command)
    return decided


def decide_all(page: Page, commands: Sequence[Command], decider: Decider = decide) -> list[Answer]:
    """Decide commands one after the other, each on the books as the one before has left them."""
    answers: list[Answer] = []
    for command in commands:
        decided = decider(page, command)
        page.apply(decided.changes)
        answers.append(decided.answer)
    return answers


def _on_job(page: Page, command: End | CallOff | Told | Redeliver) -> Decided:
    match command:
        case End():
            return settling.end(page, command)
        case CallOff():
            return settling.call_off(page, command)
        case Told():
            return outbox.told(page, command)
        case _:
            return outbox.redeliver(page, command)


def _noted(page: Page, command: Noting | Accounting) -> Decided:
    """
    What a person has said is taken as it is, and so is a refusal that was given; only a key's place
    may be another's already, and a month closed.
    """
    match command:
        case Refuse():
            return placing.refuse(page, command)
        case Rotate():
            return rotating.rotate(page, command)
        case Record() | Close():
            return closing.book(page, command)
        case _:
            return Decided(Done(), _said(command))


def _said(command: SaveKey | Raise | Enter) -> tuple[Row, ...]:
    """What a command brings, as it is."""
    match command:
        case Raise():
            return (command.row,)
        case Enter():
            return command.facts
        case _:
            return (command.key,)


def _on_alerts(page: Page, command: Alert | AlertTold) -> Decided:
    if isinstance(command, AlertTold):
        return alerting.alert_told(page, command)
    return alerting.alert(page, command)
