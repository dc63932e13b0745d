"""
Taking in a provider's bill: read it, hold it against the books, and on request settle by it.

What is settled goes through the verbs of the ledger, as everything does: an entry with who did it,
and which line of which statement it is known by. Without being applied, nothing is written at all.
The same bill again finds everything settled and changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from router.finance.bills import (
    Bill,
    Reconciled,
    as_line,
    id_of,
    kept_lines,
    kept_outcome,
    kept_statement,
)
from router.finance.findings import Action, Finding, Kind
from router.finance.reconciling import SKEW, Compared, Period, compare
from router.finance.statement_csv import Line, read_statement
from router.ledger.answers import Answer
from router.ledger.commands import Command, Enter
from router.ledger.executor import Executor
from router.ledger.flow_rows import Source
from router.ledger.rows import AttemptRow
from router.ledger.statement_rows import (
    AccountFact,
    StatementLineRow,
    StatementRow,
    StatementWithdrawalRow,
)
from router.ledger.views import BilledRow
from router.model.charge import Reported
from router.model.clock import Clock
from router.model.errors import InvalidJob, Malformed, NotFound
from router.model.ids import AttemptId, ProviderRef
from router.model.money import Money, total

SOURCE = "statement"
"""Where an amount stands that is known by a bill, and what the journal's reasons begin with."""
BEFORE = timedelta(days=1)
"""How long before its period attempts may have been sent that a bill's lines belong to."""
RECORDED_AT_ONCE = 200
"""Facts in one command, so that edits need not wait for a whole statement."""
INSTANT = timedelta(microseconds=1)


class StatementBooks(Protocol):
    """What of the ledger is needed. See `ledger.ledger.Ledger`."""

    async def submit(self, command: Command) -> Answer: ...
    def sent_between(
        self, provider: str, since: datetime, until: datetime
    ) -> AsyncIterator[BilledRow]: ...
    async def sent_as(self, provider: str, ref: ProviderRef) -> BilledRow | None: ...
    def lines_between(
        self, provider: str, since: datetime, until: datetime
    ) -> AsyncIterator[StatementLineRow]: ...
    async def lines_of(self, provider: str, ref: ProviderRef) -> list[StatementLineRow]: ...
    async def statements(self) -> list[StatementRow]: ...
    async def withdrawals(self) -> list[StatementWithdrawalRow]: ...


class Settles(Protocol):
    """Who settles attempts. See `dispatch.resolving.Resolver`."""

    async def settle(
        self,
        attempt_id: AttemptId,
        posted: Money | None,
        *,
        who: str,
        reason: str,
        forced: bool = False,
        reported: Reported | None = None,
        source: Source = "word",
    ) -> AttemptRow: ...


class Reconciler:
    """Holds providers' bills against the books, one at a time."""

    def __init__(
        self, clock: Clock, books: StatementBooks, settles: Settles, desk: Executor
    ) -> None:
        """
        Args:
            desk: Where bills are read and compared: a large one would keep edits waiting.
        """
        self._clock, self._books, self._settles = clock, books, settles
        self._desk = desk
        self._turn = asyncio.Lock()

    async def reconcile(self, bill: Bill, *, who: str, applied: bool = False) -> Reconciled:
        """
        Hold a bill against the books.

        Args:
            bill: With its time, if it is complete.
            who: The person, for the journal.
            applied: Also settle what it proves, and keep the bill. Otherwise nothing is written.

        Raises:
            BadStatement: It cannot be read.
            Malformed: Its period is none.
            InvalidJob: It was withdrawn; nothing was written.
            LedgerUnavailable: The books cannot be read, or not be written any further: what was
                settled stays settled, and the same bill again goes on from there.
        """
        async with self._turn:
            everything = await self._desk.run(
                lambda: read_statement(bill.provider, bill.name, bill.text, bill.columns)
            )
            period = self._period(bill, everything)
            lines = [one for one in everything if period.since <= one.at < period.until]
            if not lines and not period.is_complete:
                raise Malformed("The statement has no lines. Say of what time it is complete.")
            found = Reconciled(
                id=id_of(bill, period),
                bill=bill,
                period=period,
                line_count=len(lines),
                outside=len(everything) - len(lines),
                total=total([line.amount for line in lines]),
                compared=await self._compare(bill.provider, lines, period),
                repeated=tuple(line for line in lines if line.repeats is not None),
            )
            if not applied:
                return found
            if found.id in {row.statement_id for row in await self._books.withdrawals()}:
                raise InvalidJob(
                    "This bill was withdrawn as it is: with other columns, or of another time, it "
                    "is another."
                )
            return await self._apply(found, lines, who)

    async def withdraw(self, statement_id: str, *, who: str, reason: str) -> StatementRow:
        """
        Take back a bill that was applied: its lines count no more.

        What was settled by it stays as it is, until a right bill says otherwise.

        Args:
            statement_id: Which.
            who: The person.
            reason: Why.

        Raises:
            NotFound: There is none by that id.
        """
        for row in await self._books.statements():
            if row.id == statement_id:
                now = self._clock.now()
                fact = StatementWithdrawalRow(
                    statement_id=statement_id, reason=reason, recorded_at=now, who=who
                )
                await self._record([fact])
                return row
        raise NotFound("There is no statement by that id.")

    def _period(self, bill: Bill, lines: Sequence[Line]) -> Period:
        """What time a bill is of: as it is said, or else from its first line to its last."""
        now = self._clock.now()
        since = bill.since or min((line.at for line in lines), default=now - INSTANT)
        until = bill.until or max((line.at + INSTANT for line in lines), default=now)
        if since >= until:
            raise Malformed("The statement's time ends before it begins.")
        is_complete = bill.since is not None and bill.until is not None
        if is_complete and until > now:
            raise Malformed("The statement's time has not ended: it cannot be complete yet.")
        return Period(since=since, until=until, is_complete=is_complete)

    async def _compare(self, provider: str, lines: Sequence[Line], period: Period) -> Compared:
        books, begins, ends = self._books, period.since - BEFORE, period.until + SKEW
        rows = {row.id: row async for row in books.sent_between(provider, begins, ends)}
        known = {row.provider_ref for row in rows.values()}
        for ref in {line.ref for line in lines} - known:
            row = await books.sent_as(provider, ref) if ref is not None else None
            if row is not None:
                rows[row.id] = row
        earlier = [
            as_line(row)
            async for row in books.lines_between(provider, begins, period.until + BEFORE)
        ]
        # A refund may come long after its charge.
        for ref in {line.ref for line in lines if line.amount < Money.ZERO}:
            if ref is not None:
                earlier += map(as_line, await books.lines_of(provider, ref))
        unique = {line.id: line for line in earlier}
        return await self._desk.run(lambda: compare(lines, unique.values(), rows.values(), period))

    async def _apply(self, found: Reconciled, lines: Sequence[Line], who: str) -> Reconciled:
        now = self._clock.now()
        await self._record([kept_statement(found, who, now), *kept_lines(found, lines)])
        done = replace(found, is_applied=True)
        for finding in found.compared.findings:
            if finding.action is None:
                continue
            why_not = await self._settle(found, finding, who)
            if why_not is not None:
                done = replace(done, failed={**done.failed, finding.subject: why_not})
                continue
            done = replace(done, applied=done.applied | {finding.subject})
            # At once: whatever happens to the rest, this is known to have been done by this bill.
            await self._record([kept_outcome(done, finding, who, self._clock.now())])
        now = self._clock.now()
        # What agrees needs no word of its own: its line and its entries say so.
        rest = [
            one
            for one in found.compared.findings
            if one.kind is not Kind.MATCHED and one.subject not in done.applied
        ]
        await self._record([kept_outcome(done, one, who, now) for one in rest])
        return done

    async def _settle(self, found: Reconciled, finding: Finding, who: str) -> str | None:
        """Settle one attempt by what the bill says; gives why not, where that is no longer so."""
        assert finding.attempt is not None, "only attempts are settled"
        amount = None if finding.action is Action.VOID else finding.billed
        try:
            await self._settles.settle(
                finding.attempt,
                amount,
                who=who,
                reason=_reason(found, finding),
                forced=finding.action is Action.ADJUST,
                reported=Reported(raw=finding.raw[:64], source=SOURCE, amount=amount),
                source="refund" if finding.gives_back else "statement",
            )
        except InvalidJob as error:
            return error.detail
        return None

    async def _record(self, facts: Sequence[AccountFact]) -> None:
        for start in range(0, len(facts), RECORDED_AT_ONCE):
            some = tuple(facts[start : start + RECORDED_AT_ONCE])
            await self._books.submit(Enter(at=self._clock.now(), facts=some))


def _reason(found: Reconciled, finding: Finding) -> str:
    """For the journal: which statement, and what it says."""
    named = f"{SOURCE} {found.id[:8]} ({found.bill.name})"
    if finding.lines:
        return f"{named}, line {', '.join(map(str, finding.lines))}"
    if finding.kind is Kind.ABSENT:
        return f"{named}: not billed, and it is complete"
    return f"{named}: as on an earlier one"
