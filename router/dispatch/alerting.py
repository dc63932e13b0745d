"""
Alerts: who booked a charge has the thresholds looked at that it may have reached.

What is to be expected is looked at with each sweep. The ledger records each threshold once for a
window; what it has recorded just now is told, and is due to whom the policy names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from router.dispatch.requests import facts_of
from router.ledger.alert_commands import Alert, Foreseen, Receiver
from router.ledger.alert_rows import AlertRow
from router.ledger.alerting import Told, reached
from router.ledger.answers import Alerted, Answer
from router.ledger.commands import Command
from router.ledger.hours_in_mind import Account
from router.ledger.limit_rows import RaiseRow, RollingRow, raised
from router.ledger.refusals import Refusals, read_refusals
from router.ledger.rows import AttemptRow, BalanceRow, JobRow, Window
from router.ledger.store import Contradiction
from router.ledger.views import RefusedRow
from router.model.alert import Threshold
from router.model.budget import Limit, Usage
from router.model.clock import Clock
from router.model.errors import LedgerUnavailable
from router.model.ids import JobId
from router.model.tasks import TaskRegistry
from router.model.yielding import Yielding
from router.observe.alert_events import ThresholdReached
from router.observe.events import Alarm, Observer
from router.policy.budgets import Budget, oldest_hour
from router.policy.policy import Policy


class AlertBooks(Protocol):
    """What of the ledger alerts need. See `ledger.ledger.Ledger`."""

    async def submit(self, command: Command) -> Answer: ...
    async def job(self, job_id: JobId) -> JobRow | None: ...
    async def balances_at(self, at: datetime) -> list[BalanceRow]: ...
    async def rolling_of(self, budget: str, since: datetime) -> list[RollingRow]: ...
    async def raises_at(self, at: datetime) -> list[RaiseRow]: ...
    async def alerts_at(self, at: datetime, since: datetime) -> list[AlertRow]: ...
    async def hours_of_late(self, at: datetime) -> Mapping[Account, Mapping[datetime, int]]: ...
    async def refused(self, since: datetime) -> list[RefusedRow]: ...


class LookAhead(Protocol):
    """Whoever says what is to be expected. See `finance.foresight.foreseen`."""

    def __call__(
        self,
        budget: Budget,
        limit: Limit,
        usage: Usage,
        hours: Mapping[datetime, int],
        at: datetime,
    ) -> tuple[Foreseen, ...]: ...


_ALL = Threshold("actual", 100)
_OUTLOOK = 100
"""That of an account that was charged in no hour takes about so many microseconds."""


class Alerts:
    """Watches the thresholds of the policy in force."""

    def __init__(
        self,
        clock: Clock,
        books: AlertBooks,
        observer: Observer,
        tasks: TaskRegistry,
        policy: Callable[[], Policy],
        look_ahead: LookAhead,
    ) -> None:
        self._clock, self._books, self._observer = clock, books, observer
        self._tasks, self._policy = tasks, policy
        self._look_ahead = look_ahead

    def booked(self, attempt: AttemptRow) -> None:
        """Look at the thresholds of an attempt whose money was booked. Waits for nothing."""
        if any(budget.alerts.actual for budget in self._policy().budgets):
            self._tasks.start(f"alerts {attempt.id}", self.after(attempt))

    async def after(self, attempt: AttemptRow) -> None:
        """Record and tell what an attempt's budgets have reached: in the windows of its hold."""
        try:
            row = await self._books.job(attempt.job_id)
            assert row is not None, "an attempt has its job"
            facts, policy = facts_of(row), self._policy()
            held = policy.limits(facts, attempt.provider, attempt.created_at)
            now = policy.limits(facts, attempt.provider, self._clock.now())
        except LedgerUnavailable as error:
            self._missed(error)
            return
        # What rolls is looked at as it is now; a month that has ended, as it was.
        limits = [one for one in held if one.bucket_start is None]
        await self._record([*limits, *(one for one in now if one.bucket_start is not None)])

    async def catch_up(self) -> None:
        """
        Look at every account of now.

        Not only charges reach a threshold: a limit is lowered, a raise ends, a threshold is new. An
        edit that finds no room reaches all of a limit. And a crash may have come between a charge
        and its alert.
        """
        try:
            limits, foreseen = await self._untold(self._clock.now())
        except LedgerUnavailable as error:
            self._missed(error)
            return
        await self._record(limits, foreseen)

    async def _untold(self, at: datetime) -> tuple[list[Limit], list[Foreseen]]:
        """
        Find the limits that the ledger may have something new to record of.

        Most have not: to have the ledger look at each account every time would keep holds waiting.
        """
        budgets = self._policy().budgets
        watched = [budget for budget in budgets if budget.alerts or budget.burn]
        limits: list[Limit] = []
        foreseen: list[Foreseen] = []
        if not watched:
            return limits, foreseen
        rows = {row.window: row.usage for row in await self._books.balances_at(at)}
        raises = await self._books.raises_at(at)
        told = Told(await self._books.alerts_at(at, oldest_hour(watched, at)))
        for budget in watched:
            refusals = await self._refusals(budget, at)
            used = await self._used(budget, rows, refusals, at)
            in_force = [(limit, raised(limit, raises, at), usage) for limit, usage in used]
            for limit, bound, usage in in_force:
                known = told.of(limit).keys()
                due = {Threshold("actual", percent) for percent in reached(bound, usage)}
                if not known >= due:
                    limits.append(limit)
                refused = refusals.unmet(bound, usage)
                if refused is not None and _ALL not in known | due:
                    foreseen.append(Foreseen(limit=limit, threshold=_ALL, amount=refused))
            if budget.looks_ahead:
                foreseen += await self._foreseen(budget, in_force, told, at)
        return limits, foreseen

    async def _refusals(self, budget: Budget, at: datetime) -> Refusals:
        """What a budget has refused in its window of now, if all of its limit is a threshold."""
        if _ALL.percent not in budget.alerts.actual:
            return Refusals({})
        # The window of all its accounts is the same.
        return await read_refusals(self._books, [budget.limit_of("", at)])

    async def _foreseen(
        self,
        budget: Budget,
        used: Sequence[tuple[Limit, Limit, Usage]],
        told: Told,
        at: datetime,
    ) -> list[Foreseen]:
        """What a budget's accounts are expected to reach, and was not told of."""
        hours = await self._books.hours_of_late(at)
        yielding, found = Yielding(), list[Foreseen]()
        for limit, in_force, usage in used:
            of_late = hours.get((limit.budget, limit.scope), {})
            known = told.of(limit)
            ahead = self._look_ahead(budget, in_force, usage, of_late, at)
            # The ledger adds by itself what the limit is raised by.
            found += [replace(one, limit=limit) for one in ahead if one.threshold not in known]
            await yielding.did(_OUTLOOK + len(of_late))
        return found

    async def _used(
        self, budget: Budget, rows: Mapping[Window, Usage], refusals: Refusals, at: datetime
    ) -> list[tuple[Limit, Usage]]:
        """The accounts of a budget that something was held or refused in, in its window of now."""
        refusing = set(filter(budget.scope.includes, refusals.accounts(budget.name)))
        since = budget.rolling_since(at)
        if since is not None:
            rolling = await self._books.rolling_of(budget.name, since)
            used = {row.scope: row.usage for row in rolling if budget.scope.includes(row.scope)}
            accounts = sorted(refusing | used.keys())
            return [(budget.limit_of(one, at), used.get(one, Usage())) for one in accounts]
        named = {window.scope for window in rows if window.budget == budget.name}
        accounts = sorted(refusing | set(filter(budget.scope.includes, named)))
        limits = [budget.limit_of(one, at) for one in accounts]
        # The same name under another kind of window is another budget.
        return [
            (one, rows.get(Window.of(one), Usage()))
            for one in limits
            if one.scope in refusing or Window.of(one) in rows
        ]

    async def _record(self, limits: list[Limit], foreseen: Sequence[Foreseen] = ()) -> None:
        watched = tuple(limit for limit in limits if limit.alerts)
        if not watched and not foreseen:
            return
        to = self._policy().alerts
        receiver = Receiver(url=to.to, format=to.format) if to is not None else None
        command = Alert(
            at=self._clock.now(), limits=watched, foreseen=tuple(foreseen), receiver=receiver
        )
        try:
            answer = await self._books.submit(command)
        except (LedgerUnavailable, Contradiction) as error:
            self._missed(error)
            return
        for event in _told(answer, (*watched, *(one.limit for one in foreseen))):
            self._observer.tell(event)

    def _missed(self, error: Exception) -> None:
        # The next sweep finds what this one did not get to.
        self._observer.tell(Alarm(what="threshold_unread", detail=str(error)))


def _told(answer: Answer, limits: tuple[Limit, ...]) -> Iterator[ThresholdReached]:
    assert isinstance(answer, Alerted), answer
    ends = {(limit.budget, limit.scope): limit.begins_anew_at for limit in limits}
    for row in answer.alerts:
        yield ThresholdReached(
            budget=row.budget,
            scope=row.scope,
            percent=row.percent,
            charged=row.charged,
            limit=row.limit_amount,
            window_end=ends[row.budget, row.scope],
            basis=row.basis,
            over_s=row.over_s or None,
            amount=row.amount,
        )
