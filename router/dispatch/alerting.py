"""
Alerts: who booked a charge has the thresholds looked at that it may have reached.

The ledger records each threshold once for a window; what it has recorded just now is told.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Protocol

from router.dispatch.requests import facts_of
from router.ledger.alerting import Told, reached
from router.ledger.answers import Alerted, Answer
from router.ledger.commands import Alert, Command
from router.ledger.limit_rows import AlertRow, RaiseRow, RollingRow, raised
from router.ledger.rows import AttemptRow, BalanceRow, JobRow, Window
from router.ledger.store import Contradiction
from router.model.budget import Limit, Usage
from router.model.clock import Clock
from router.model.errors import LedgerUnavailable
from router.model.ids import JobId
from router.model.tasks import TaskRegistry
from router.observe.events import Alarm, Observer, ThresholdReached
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


class Alerts:
    """Watches the thresholds of the policy in force."""

    def __init__(
        self,
        clock: Clock,
        books: AlertBooks,
        observer: Observer,
        tasks: TaskRegistry,
        policy: Callable[[], Policy],
    ) -> None:
        self._clock, self._books, self._observer = clock, books, observer
        self._tasks, self._policy = tasks, policy

    def booked(self, attempt: AttemptRow) -> None:
        """Look at the thresholds of an attempt whose money was booked. Waits for nothing."""
        if any(budget.alerts for budget in self._policy().budgets):
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

        Not only charges reach a threshold: a limit is lowered, a raise ends, a threshold is new.
        And a crash may have come between a charge and its alert.
        """
        try:
            limits = await self._untold(self._clock.now())
        except LedgerUnavailable as error:
            self._missed(error)
            return
        await self._record(limits)

    async def _untold(self, at: datetime) -> list[Limit]:
        """
        Find the limits that the ledger may have something new to record of.

        Most have not: to have the ledger look at each account every time would keep holds waiting.
        """
        watched = [budget for budget in self._policy().budgets if budget.alerts]
        if not watched:
            return []
        rows = {row.window: row.usage for row in await self._books.balances_at(at)}
        raises = await self._books.raises_at(at)
        told = Told(await self._books.alerts_at(at, oldest_hour(watched, at)))
        return [
            limit
            for budget in watched
            for limit, usage in await self._used(budget, rows, at)
            if not told.of(limit).keys() >= set(reached(raised(limit, raises, at), usage))
        ]

    async def _used(
        self, budget: Budget, rows: Mapping[Window, Usage], at: datetime
    ) -> list[tuple[Limit, Usage]]:
        """The accounts of a budget that something was ever held in, within its window of now."""
        since = budget.rolling_since(at)
        if since is not None:
            rolling = await self._books.rolling_of(budget.name, since)
            used = {row.scope: row.usage for row in rolling if budget.scope.includes(row.scope)}
            return [(budget.limit_of(account, at), used[account]) for account in sorted(used)]
        named = {window.scope for window in rows if window.budget == budget.name}
        limits = [budget.limit_of(one, at) for one in sorted(filter(budget.scope.includes, named))]
        # The same name under another kind of window is another budget.
        return [(one, rows[Window.of(one)]) for one in limits if Window.of(one) in rows]

    async def _record(self, limits: list[Limit]) -> None:
        watched = tuple(limit for limit in limits if limit.alerts)
        if not watched:
            return
        try:
            answer = await self._books.submit(Alert(at=self._clock.now(), limits=watched))
        except (LedgerUnavailable, Contradiction) as error:
            self._missed(error)
            return
        for event in _told(answer, watched):
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
        )
