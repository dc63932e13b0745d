"""
The money's series, made whole from one reading at each scrape: nothing is counted up by floats.

Sums are of `Money`, exact. A dollar amount becomes a float in `_dollars` alone, from its exact
decimal text, because Prometheus knows no other numbers; finance takes its figures from the API.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from router.model.money import Money
from router.observe.labels import NAMES_MAX, Names
from router.observe.snapshot import BudgetUsed, MoneySnapshot, Spent

Key = tuple[str, ...]
Amounts = Mapping[Key, Money]
OfSpent = Callable[[Spent], Money]
OfBudget = Callable[[BudgetUsed], Money]

_OPEN: tuple[tuple[str, str, OfSpent], ...] = (
    (
        "farebox_presumed_usd",
        "Presumed charged: no evidence came in time.",
        lambda row: row.presumed,
    ),
    ("farebox_held_usd", "Held for attempts under way.", lambda row: row.held),
    ("farebox_in_doubt_usd", "In doubt: sent, outcome unknown.", lambda row: row.in_doubt),
)
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
_BY_PROVIDER = ("provider",)
_BY_BUDGET = ("budget", "scope")


class MoneySeries:
    """Renders readings; remembers which names have series of their own."""

    def __init__(self, *, providers: Sequence[str], names_max: int = NAMES_MAX) -> None:
        """
        Args:
            providers: Have a series from the start, at zero, so that no first cent goes unseen.
            names_max: How many distinct values a label may have.
        """
        self._known = tuple(providers)
        self._providers = Names(providers, most=names_max)
        self._tenants = Names(most=names_max)
        self._models = Names(most=names_max)
        self._outcomes = Names(most=names_max)
        self._budgets = Names(most=names_max)
        self._scopes = Names(most=names_max)
        self._jobs: dict[Key, int] = {}

    def begin(self, providers: Sequence[str]) -> None:
        """Have series for these providers too, from zero on."""
        self._known = tuple(dict.fromkeys((*self._known, *providers)))

    def families(self, snapshot: MoneySnapshot) -> Iterator[Metric]:
        """All series that a reading stands for."""
        yield from self._spending(snapshot.spent)
        yield from self._drift(snapshot.spent)
        yield from self._used(snapshot.budgets)
        yield self._jobs_ended(snapshot)
        yield _counter(
            "farebox_denied_usd_total",
            "What the holds that a budget refused would have cost.",
            ("budget",),
            _sums(((self._budgets.label(name),), amount) for name, amount in snapshot.denied),
        )
        yield _counter(
            "farebox_double_spend_usd_total",
            "Posted for jobs beyond the dearest of each one's postings.",
            (),
            {(): snapshot.double_spent},
        )
        yield _gauge(
            "farebox_ledger_check_usd",
            "Journal minus balances: anything but zero means that the books are wrong.",
            (),
            {(): snapshot.imbalance} if snapshot.imbalance is not None else {},
        )
        yield _gauge(
            "farebox_provider_balance_usd",
            "Credit left: as it was read, and topped up since, less what was posted since.",
            _BY_PROVIDER,
            _sums(((self._providers.label(name),), left) for name, left in snapshot.credits),
        )
        policy = GaugeMetricFamily(
            "farebox_policy_info", "The policy in force.", labels=("policy", "hash")
        )
        policy.add_metric((snapshot.policy, snapshot.policy_hash), 1)
        yield policy

    def _spending(self, spent: Sequence[Spent]) -> Iterator[Metric]:
        yield _counter(
            "farebox_posted_usd_total",
            "Charged by providers, as booked; gross: less what was refunded it is what is posted.",
            ("provider", "model", "resolution", "tenant"),
            _sums((self._whose(row), row.posted + row.refunded) for row in spent),
        )
        yield _counter(
            "farebox_refunded_usd_total",
            "Taken back of what was charged, by later entries.",
            _BY_PROVIDER,
            self._by_provider(spent, lambda row: row.refunded),
        )
        yield _counter(
            "farebox_avoided_usd_total",
            "Saved against the dearest qualifying offer; a charge above that counts against it.",
            _BY_PROVIDER,
            self._by_provider(spent, lambda row: row.avoided),
        )
        for name, documentation, amount in _OPEN:
            sums = self._by_provider(spent, amount)
            yield _gauge(name, documentation, _BY_PROVIDER, sums)
        attempts = GaugeMetricFamily(
            "farebox_in_doubt_attempts", "How many attempts are in doubt.", labels=_BY_PROVIDER
        )
        for key, count in self._counts(spent, lambda row: row.in_doubt_attempts).items():
            attempts.add_metric(key, count)
        yield attempts

    def _drift(self, spent: Sequence[Spent]) -> Iterator[Metric]:
        directions: dict[Key, Money] = {}
        for key, amount in self._by_provider(spent, lambda row: row.over).items():
            directions[*key, "over"] = amount
        for key, amount in self._by_provider(spent, lambda row: row.under).items():
            directions[*key, "under"] = amount
        yield _counter(
            "farebox_price_drift_usd_total",
            "By how much charges differed from the price that was pinned.",
            ("provider", "direction"),
            directions,
        )
        jobs = CounterMetricFamily(
            "farebox_price_drift_jobs_total",
            "How many charges were not the price that was pinned.",
            labels=_BY_PROVIDER,
        )
        for key, count in self._counts(spent, lambda row: row.drifted).items():
            jobs.add_metric(key, count)
        yield jobs

    def _used(self, budgets: Sequence[BudgetUsed]) -> Iterator[Metric]:
        keyed = [
            ((self._budgets.label(row.budget), self._scopes.label(row.scope)), row)
            for row in budgets
        ]
        for name, documentation, amount in _OF_A_WINDOW:
            sums = _sums((key, amount(row)) for key, row in keyed)
            yield _gauge(name, documentation, _BY_BUDGET, sums)
        yield _gauge(
            "farebox_budget_forecast_usd",
            "Expected to be charged by the window's end; none where too little is known.",
            _BY_BUDGET,
            _sums((key, row.forecast) for key, row in keyed if row.forecast is not None),
        )
        yield _instants(
            "farebox_budget_exhausted_timestamp_seconds",
            "When the limit is reached at the present pace; none if not within the window.",
            ((key, row.exhausted_at) for key, row in keyed),
        )
        yield _instants(
            "farebox_budget_window_end_timestamp_seconds",
            "When the budget begins anew; none for a lifetime, nor for a window that rolls.",
            ((key, row.window_end) for key, row in keyed),
        )

    def _jobs_ended(self, snapshot: MoneySnapshot) -> Metric:
        counts: dict[Key, int] = defaultdict(int)
        for row in snapshot.jobs:
            model, outcome = self._models.label(row.model), self._outcomes.label(row.outcome)
            counts[model, row.resolution.value, outcome] += row.jobs
        for key, count in counts.items():
            # A late result turns a failed job into a succeeded one; a counter that fell by one
            # would be taken for a restart, and all it ever counted for new.
            self._jobs[key] = max(count, self._jobs.get(key, 0))
        family = CounterMetricFamily(
            "farebox_jobs_total", "How jobs ended.", labels=("model", "resolution", "outcome")
        )
        for key, count in sorted(self._jobs.items()):
            family.add_metric(key, count)
        return family

    def _whose(self, row: Spent) -> Key:
        return (
            self._providers.label(row.provider),
            self._models.label(row.model),
            row.resolution.value,
            self._tenants.label(row.tenant),
        )

    def _by_provider(self, spent: Sequence[Spent], amount: OfSpent) -> Amounts:
        zeros = [((name,), Money.ZERO) for name in self._known]
        found = [((self._providers.label(row.provider),), amount(row)) for row in spent]
        return _sums([*zeros, *found])

    def _counts(self, spent: Sequence[Spent], count: Callable[[Spent], int]) -> Mapping[Key, int]:
        counts: dict[Key, int] = dict.fromkeys(((name,) for name in self._known), 0)
        for row in spent:
            key = (self._providers.label(row.provider),)
            counts[key] = counts.get(key, 0) + count(row)
        return counts


def _sums(amounts: Iterable[tuple[Key, Money]]) -> Amounts:
    """Exact sums by key, in the order of the keys' first coming."""
    sums: dict[Key, Money] = defaultdict(lambda: Money.ZERO)
    for key, amount in amounts:
        sums[key] += amount
    return sums


def _counter(name: str, documentation: str, labels: Sequence[str], amounts: Amounts) -> Metric:
    family = CounterMetricFamily(name, documentation, labels=labels)
    for key, amount in amounts.items():
        family.add_metric(key, _dollars(amount))
    return family


def _gauge(name: str, documentation: str, labels: Sequence[str], amounts: Amounts) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=labels)
    for key, amount in amounts.items():
        family.add_metric(key, _dollars(amount))
    return family


def _instants(
    name: str, documentation: str, instants: Iterable[tuple[Key, datetime | None]]
) -> Metric:
    """Of accounts that share a label, the first instant."""
    firsts: dict[Key, datetime] = {}
    for key, instant in instants:
        if instant is not None:
            firsts[key] = min(instant, firsts.get(key, instant))
    family = GaugeMetricFamily(name, documentation, labels=_BY_BUDGET)
    for key, instant in firsts.items():
        family.add_metric(key, instant.timestamp())
    return family


def _dollars(amount: Money) -> float:
    """The nearest float to an exact sum; it goes into the exposition and nowhere else."""
    return float(str(amount))
