"""
The page of the books that a batch of commands works on: the rows it loaded, and what it changed.

A back end fills a page, `decide` reads it, each command's changes are applied before the next is
decided, and at the end the back end writes what is dirty. So both back ends decide alike.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TypeVar

from router.ledger.alert_commands import Alert, AlertTold
from router.ledger.alert_rows import AlertLetterRow, AlertRow
from router.ledger.answers import Refused
from router.ledger.commands import (
    Accept,
    AcceptAll,
    Adjust,
    CallOff,
    Close,
    Command,
    Doubt,
    End,
    Enter,
    Hold,
    Idempotency,
    Post,
    Presume,
    Raise,
    Record,
    Redeliver,
    Refuse,
    Rotate,
    SaveKey,
    Told,
    Void,
)
from router.ledger.flow_rows import EndingRow, FlowRow, SumRow
from router.ledger.key_rows import KeyRow
from router.ledger.limit_rows import BudgetHourRow, RaiseRow, RollingRow
from router.ledger.outbox_rows import OutboxRow
from router.ledger.period_rows import AccountEventRow, PeriodRow
from router.ledger.rows import (
    BEGINNING,
    AttemptRow,
    BalanceRow,
    EntryRow,
    IdempotencyRow,
    JobRow,
    RefusalRow,
    Row,
    Window,
)
from router.model.budget import Limit, Usage
from router.model.ids import job_of

R = TypeVar("R", bound=Row)
G = TypeVar("G", RaiseRow, AlertRow, AccountEventRow, PeriodRow)
Key = tuple[type[Row], tuple[object, ...]]
"""A kind of row and its primary key."""


class Page:
    """Rows by key, with what changed since loading."""

    def __init__(self) -> None:
        self._rows: dict[tuple[type[object], tuple[object, ...]], Row] = {}
        self._dirty: dict[Key, Row] = {}
        self._entries: list[EntryRow] = []
        self._hours: dict[tuple[str | datetime, ...], BudgetHourRow] = {}
        self._sums: dict[Key, SumRow] = {}
        self._groups: dict[Key, dict[tuple[object, ...], Row]] = {}
        self._rolling: dict[tuple[str, str], set[tuple[object, ...]]] = {}

    def load(self, rows: Iterable[Row]) -> None:
        """Put rows as they stand in the database."""
        for row in rows:
            self._keep(row)

    def get(self, kind: type[R], *key: object) -> R | None:
        """The row as the commands so far have left it."""
        row = self._rows.get((kind, key))
        return row if isinstance(row, kind) else None

    def group(self, kind: type[G], *key: object) -> tuple[G, ...]:
        """The rows of a kind that are looked up together."""
        rows = self._groups.get((kind, key), {})
        return tuple(row for row in rows.values() if isinstance(row, kind))

    def apply(self, changes: Iterable[Row]) -> None:
        """Take a command's changes as the new truth for the next command."""
        for row in changes:
            if isinstance(row, EntryRow):
                self._entries.append(row)
                continue
            if isinstance(row, BudgetHourRow):
                before = self._hours.get(row.key)
                self._hours[row.key] = row if before is None else before.plus(row.charged)
                continue
            if isinstance(row, SumRow):
                self._add(row)
                continue
            if isinstance(row, BalanceRow) and row.is_hour:
                self._roll(row)
            self._keep(row)
            self._dirty[type(row), row.key] = row

    def _add(self, row: SumRow) -> None:
        key: Key = (type(row), row.key)
        match self._sums.get(key), row:
            case (FlowRow() as former, FlowRow() as flow):
                self._sums[key] = former.plus(flow)
            case (EndingRow() as former, EndingRow() as ending):
                self._sums[key] = former.plus(ending)
            case _:
                self._sums[key] = row

    def _keep(self, row: Row) -> None:
        self._rows[type(row), row.key] = row
        if isinstance(row, RaiseRow | AlertRow | AccountEventRow | PeriodRow):
            self._groups.setdefault((type(row), row.group), {})[row.key] = row
        elif isinstance(row, RollingRow):
            self._rolling.setdefault((row.budget, row.scope), set()).add(row.key)

    def _roll(self, hour: BalanceRow) -> None:
        """Add what changes in an hour to the sums that it is a part of."""
        before = self.get(BalanceRow, *hour.key)
        change = hour.usage - (before.usage if before is not None else Usage())
        for key in self._rolling.get((hour.budget, hour.scope), ()):
            rolling = self.get(RollingRow, *key)
            assert rolling is not None
            if rolling.since <= hour.window_start:
                self._rows[RollingRow, key] = rolling.plus(change)

    def sketch(self) -> "Page":
        """A copy to decide on tentatively: what is applied to it changes nothing here."""
        sketch = Page()
        sketch._rows = dict(self._rows)
        sketch._groups = {key: dict(rows) for key, rows in self._groups.items()}
        sketch._rolling = {account: set(keys) for account, keys in self._rolling.items()}
        return sketch

    @property
    def changed(self) -> tuple[Row, ...]:
        """
        What must be written: rows with their last value, the entries in order, and then what is
        added to hours and sums, in the order of their keys: two writers never wait in a circle for
        them.
        """
        hours = [self._hours[key] for key in sorted(self._hours)]
        sums = sorted(self._sums.values(), key=lambda row: (row.table, row.key))
        return (*self._dirty.values(), *hours, *self._entries, *sums)


def subjects(command: Command) -> set[Key]:
    """The rows, other than balances, that deciding a command reads."""
    keys: set[Key] = set()
    match command:
        case Accept(job=row, idempotency=Idempotency(key=key)):
            keys = {(IdempotencyRow, (row.tenant, key))}
        case AcceptAll(accepts=accepts):
            keys = keys.union(*(subjects(accept) for accept in accepts))
        case Hold(job_id=job_id, tenders=tenders):
            attempts = {(AttemptRow, (tender.attempt.id,)) for tender in tenders}
            keys = {(JobRow, (job_id,)), *attempts}
        case End() | CallOff() | Told() | Redeliver():
            keys = _of_a_job(command)
        case Rotate(former=former):
            beside = (former.id, former.predecessor, former.successor)
            keys = {(KeyRow, (key_id,)) for key_id in beside if key_id is not None}
        case AlertTold(alert_id=alert_id):
            keys = {(AlertLetterRow, (alert_id,))}
        case Accept() | SaveKey() | Raise() | Refuse() | Alert() | Enter() | Record() | Close():
            pass
        case _:
            job = job_of(command.attempt_id)
            keys = {(AttemptRow, (command.attempt_id,)), (JobRow, (job,))}
            if isinstance(command, Post | Void) and command.end is not None:
                keys.add((OutboxRow, (job,)))
    return keys


def _of_a_job(command: End | CallOff | Told | Redeliver) -> set[Key]:
    job: Key = (JobRow, (command.job_id,))
    callback: Key = (OutboxRow, (command.job_id,))
    match command:
        case End() | Told():
            return {job, callback}
        case CallOff():
            return {job}
        case _:
            return {callback}


def limits_of(command: Command) -> Iterator[Limit]:
    """The limits that deciding a command looks at."""
    match command:
        case Accept(tenders=tenders) | Hold(tenders=tenders):
            for tender in tenders:
                yield from tender.limits
        case AcceptAll(accepts=accepts):
            for accept in accepts:
                yield from limits_of(accept)
        case Alert(limits=limits, foreseen=foreseen):
            yield from limits
            yield from (one.limit for one in foreseen)
        case _:
            pass


def balances(command: Command, page: Page) -> set[Key]:
    """The balances, counts and rows about limits that a command reads, its subjects being known."""
    keys: set[Key] = set()
    for limit in limits_of(command):
        keys.add((BalanceRow, Window.of(limit).key))
        keys.add((RaiseRow, (limit.budget,)))
        if limit.bucket_start is not None:
            keys.add((RollingRow, (limit.budget, limit.scope, limit.window_start)))
    match command:
        case Accept() | AcceptAll() | Hold():
            hour = command.at.replace(minute=0, second=0, microsecond=0)
            for limit in limits_of(command):
                keys.add((RefusalRow, (limit.budget, limit.scope, hour)))
        case Refuse(refused=Refused(limit=limit)):
            hour = command.at.replace(minute=0, second=0, microsecond=0)
            keys.add((RefusalRow, (limit.budget, limit.scope, hour)))
        case Alert():
            for limit in limits_of(command):
                since = limit.window_start or BEGINNING
                keys.add((AlertRow, (limit.budget, limit.scope, since)))
        case Record(row=row) | Close(row=row):
            keys = {(AccountEventRow, (row.provider,)), (PeriodRow, (row.provider,))}
        case Post() | Void() | Doubt() | Presume() | Adjust():
            attempt = page.get(AttemptRow, command.attempt_id)
            keys.update((BalanceRow, window.key) for window in (attempt.windows if attempt else ()))
        case _:
            pass
    return keys
