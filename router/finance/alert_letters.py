"""Writes what people are told of alerts, with what is to be expected when it is told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from router.finance.alert_texts import alert_body
from router.finance.forecast import Forecast, NoForecast, forecast
from router.finance.foresight import window_of
from router.ledger.alert_rows import AlertRow
from router.ledger.ledger import Ledger
from router.ledger.usage import read_balances
from router.model.clock import Clock
from router.model.money import Money
from router.policy.budgets import Budget
from router.policy.policy import Policy

_SAMPLE_LEFT = timedelta(days=12)
_SAMPLE_LENGTH = timedelta(days=30)


class AlertWriter:
    """Writes letters under the policy in force."""

    def __init__(self, clock: Clock, ledger: Ledger, policy: Callable[[], Policy]) -> None:
        """
        Args:
            clock: Says how much of a window is left.
            ledger: Read for each letter.
            policy: Its budgets have a time zone.
        """
        self._clock, self._ledger, self._policy = clock, ledger, policy

    async def write(self, row: AlertRow, format_: str) -> bytes:
        """
        Write what is told of an alert: what was recorded, and what is to be expected now.

        Raises:
            LedgerUnavailable: It cannot be read now.
        """
        now = self._clock.now()
        budgets = (one for one in self._policy().budgets if one.name == row.budget)
        budget = next(budgets, None)
        ahead = await self._ahead(budget, row, now) if budget is not None else None
        zone = budget.time_zone if budget is not None else UTC
        return alert_body(row, format_, ahead, now, zone)

    async def _ahead(
        self, budget: Budget, row: AlertRow, at: datetime
    ) -> Forecast | NoForecast | None:
        """What is expected of the window that the alert is of; of one that has ended, nothing."""
        limit = budget.limit_of(row.scope, at)
        if not limit.rolls and limit.window_end is not None and limit.window_end != row.window_end:
            return None
        balances = await read_balances(self._ledger, at, [limit])
        hours = await self._ledger.hours_of_late(at)
        window = window_of(budget, balances.in_force(limit), balances.usage(limit))
        return forecast(window, hours.get((row.budget, row.scope), {}), at)

    def sample(self, format_: str) -> bytes:
        """Write a letter of a budget that does not exist, for a receiver to be tried with."""
        now = self._clock.now()
        end = now + _SAMPLE_LEFT
        row = AlertRow(
            id="sample",
            budget="sample-monthly",
            scope="tenant:sample",
            window_start=end - _SAMPLE_LENGTH,
            window_end=end,
            rolling=0,
            percent=80,
            at=now,
            charged=Money.parse("80.12"),
            limit_amount=Money.parse("100.00"),
        )
        runs_out = NoForecast(reason="", exhausted_at=now + _SAMPLE_LEFT / 3)
        return alert_body(row, format_, runs_out, now, UTC)
