"""
The page of the books that a batch of commands works on: the rows it loaded, and what it changed.

A back end fills a page, `decide` reads it, each command's changes are applied before the next is
decided, and at the end the back end writes what is dirty. So both back ends decide alike.
"""

from collections.abc import Iterable
from typing import TypeVar

from router.ledger.commands import (
    Accept,
    Adjust,
    Command,
    Doubt,
    End,
    Hold,
    Post,
    Presume,
    SaveKey,
    Void,
)
from router.ledger.rows import (
    AttemptRow,
    BalanceRow,
    EntryRow,
    IdempotencyRow,
    JobRow,
    RefusalRow,
    Row,
    Window,
)
from router.model.ids import job_of

R = TypeVar("R", bound=Row)
Key = tuple[type[Row], tuple[object, ...]]
"""A kind of row and its primary key."""


class Page:
    """Rows by key, with what changed since loading."""

    def __init__(self) -> None:
        self._rows: dict[tuple[type[object], tuple[object, ...]], Row] = {}
        self._dirty: dict[Key, Row] = {}
        self._entries: list[EntryRow] = []

    def load(self, rows: Iterable[Row]) -> None:
        """Put rows as they stand in the database."""
        for row in rows:
            self._rows[type(row), row.key] = row

    def get(self, kind: type[R], *key: object) -> R | None:
        """The row as the commands so far have left it."""
        row = self._rows.get((kind, key))
        return row if isinstance(row, kind) else None

    def apply(self, changes: Iterable[Row]) -> None:
        """Take a command's changes as the new truth for the next command."""
        for row in changes:
            if isinstance(row, EntryRow):
                self._entries.append(row)
                continue
            self._rows[type(row), row.key] = row
            self._dirty[type(row), row.key] = row

    @property
    def changed(self) -> tuple[Row, ...]:
        """What must be written: rows with their last value, then the entries in order."""
        return (*self._dirty.values(), *self._entries)


def subjects(command: Command) -> set[Key]:
    """The rows, other than balances, that deciding a command reads."""
    match command:
        case Accept(job=row, idempotency=idempotency):
            if idempotency is None:
                return set()
            return {(IdempotencyRow, (row.tenant, idempotency.key))}
        case Hold(job_id=job_id, tenders=tenders):
            return {
                (JobRow, (job_id,)),
                *((AttemptRow, (tender.attempt.id,)) for tender in tenders),
            }
        case End(job_id=job_id):
            return {(JobRow, (job_id,))}
        case SaveKey():
            return set()
        case _:
            job = job_of(command.attempt_id)
            return {(AttemptRow, (command.attempt_id,)), (JobRow, (job,))}


def balances(command: Command, page: Page) -> set[Key]:
    """The balances and refusal counts that a command reads, once its subjects are known."""
    keys: set[Key] = set()
    match command:
        case Accept(tenders=tenders) | Hold(tenders=tenders):
            hour = command.at.replace(minute=0, second=0, microsecond=0)
            for limit in (limit for tender in tenders for limit in tender.limits):
                window = Window.of(limit)
                keys.add(_balance_key(window))
                keys.add((RefusalRow, (window.budget, window.scope, hour)))
        case Post() | Void() | Doubt() | Presume() | Adjust():
            attempt = page.get(AttemptRow, command.attempt_id)
            keys.update(_balance_key(window) for window in (attempt.windows if attempt else ()))
        case _:
            pass
    return keys


def _balance_key(window: Window) -> Key:
    return BalanceRow, (window.budget, window.scope, window.start)
