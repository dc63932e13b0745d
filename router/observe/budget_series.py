"""Budgets' series, made whole from one reading: what is allowed, what is used, what is ahead."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from prometheus_client.core import Metric

from router.model.money import Money
from router.observe.families import Key, gauge, instants, numbers, sums
from router.observe.labels import Names
from router.observe.snapshot import BudgetUsed, Reached

OfBudget = Callable[[BudgetUsed], Money]

_OF_A_WINDOW: tuple[tuple[str, str, OfBudget], ...] = (
    ("farebox_budget_limit_usd", "What a budget allows within its window.", lambda row: row.limit),
    ("farebox_budget_posted_usd", "Charged within the window.", lambda row: row.posted),
    (
        "farebox_budget_presumed_usd",
        "Presumed charged within the window.",
        lambda row: row.presumed,
    ),
    ("farebox_budget_held_usd", "Held within the window.", lambda row: row.held),
    ("farebox_budget_in_doubt_usd", "In doubt within the window.", lambda row: row.in_doubt),
)
_BY_BUDGET = ("budget", "scope")
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class BudgetSeries:
    """Renders how budgets stand; remembers which names have series of their own."""

    def __init__(self, budgets: Names, *, names_max: int) -> None:
        """
        Args:
            budgets: The names that budgets have as labels.
            names_max: How many distinct scopes there may be.
        """
        self._budgets = budgets
        self._scopes = Names(most=names_max)

    def families(
        self, budgets: Sequence[BudgetUsed], reached: Sequence[Reached] = ()
    ) -> Iterator[Metric]:
        """All series of these budgets, and of the thresholds that they reached of late."""
        keyed = [
            ((self._budgets.label(row.budget), self._scopes.label(row.scope)), row)
            for row in budgets
        ]
        for name, documentation, amount in _OF_A_WINDOW:
            added = sums((key, amount(row)) for key, row in keyed)
            yield gauge(name, documentation, _BY_BUDGET, added)
        yield gauge(
            "farebox_budget_forecast_usd",
            "Expected to be charged by the window's end; none where too little is known.",
            _BY_BUDGET,
            sums((key, row.forecast) for key, row in keyed if row.forecast is not None),
        )
        yield numbers(
            "farebox_budget_refused",
            "Whether edits were refused in the window, and what is left is too little for them.",
            _BY_BUDGET,
            ((key, int(row.refused)) for key, row in keyed),
        )
        yield from _times(keyed)
        yield numbers(
            "farebox_budget_burn_rate",
            "How fast a limit is used: at 1 it lasts just to the window's end. None of a lifetime.",
            (*_BY_BUDGET, "over"),
            (((*key, _over(over)), rate) for key, row in keyed for over, rate in row.burns),
        )
        yield numbers(
            "farebox_budget_threshold_timestamp_seconds",
            "When a budget last reached a threshold that people are told of; of the last day.",
            (*_BY_BUDGET, "basis", "percent"),
            ((self._threshold(one), one.at.timestamp()) for one in reached),
        )

    def _threshold(self, one: Reached) -> Key:
        whose = self._budgets.label(one.budget), self._scopes.label(one.scope)
        return (*whose, one.basis, str(one.percent))


def _times(keyed: Sequence[tuple[Key, BudgetUsed]]) -> Iterator[Metric]:
    yield instants(
        "farebox_budget_exhausted_timestamp_seconds",
        "When the limit is reached at the present pace; none if not within the window.",
        _BY_BUDGET,
        ((key, row.exhausted_at) for key, row in keyed),
    )
    yield instants(
        "farebox_budget_window_start_timestamp_seconds",
        "Since when charges count; none for a lifetime.",
        _BY_BUDGET,
        ((key, row.window_start) for key, row in keyed),
    )
    yield instants(
        "farebox_budget_window_end_timestamp_seconds",
        "When the budget begins anew; none for a lifetime, nor for a window that rolls.",
        _BY_BUDGET,
        ((key, row.window_end) for key, row in keyed),
    )


def _over(span: timedelta) -> str:
    """As people write it: `6h`, `3d`."""
    return f"{span // _DAY}d" if span % _DAY == timedelta(0) else f"{span // _HOUR}h"
