"""
The money's series, made whole from one reading at each scrape: nothing is counted up by floats.

Sums are of `Money`, exact. What a later bill, refund or delivery may take back is a gauge.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from router.model.money import Money
from router.observe.budget_series import BudgetSeries
from router.observe.families import Amounts, Key, counter, gauge, instants, numbers, sums
from router.observe.labels import NAMES_MAX, Names
from router.observe.snapshot import MoneySnapshot, OpenMoney, Spent

OfSpent = Callable[[Spent], Money]

_AMOUNTS: tuple[tuple[str, str, OfSpent], ...] = (
    (
        "farebox_presumed_usd",
        "Presumed charged: no evidence came in time.",
        lambda row: row.presumed,
    ),
    ("farebox_held_usd", "Held for attempts under way.", lambda row: row.held),
    ("farebox_in_doubt_usd", "In doubt: sent, outcome unknown.", lambda row: row.in_doubt),
    (
        "farebox_list_cost_usd",
        "What public prices come to for all that is posted; falls when a charge is taken back.",
        lambda row: row.list_cost,
    ),
    (
        "farebox_missed_usd",
        "What always taking the cheapest qualifying offer would have saved besides.",
        lambda row: row.missed,
    ),
)
_BY_PROVIDER = ("provider",)
_HELD = "held"


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
        self._windows = BudgetSeries(self._budgets, names_max=names_max)
        self._jobs: dict[Key, int] = {}

    def begin(self, providers: Sequence[str]) -> None:
        """Have series for these providers too, from zero on."""
        self._known = tuple(dict.fromkeys((*self._known, *providers)))

    def families(self, snapshot: MoneySnapshot) -> Iterator[Metric]:
        """All series that a reading stands for."""
        yield from self._spending(snapshot.spent)
        yield from self._drift(snapshot.spent)
        yield from self._open(snapshot.open)
        yield instants(
            "farebox_ledger_began_timestamp_seconds",
            "When the first hold was placed: until then all sums of money were zero.",
            (),
            [((), snapshot.began)],
        )
        yield from self._windows.families(snapshot.budgets, snapshot.reached)
        yield self._jobs_ended(snapshot)
        yield counter(
            "farebox_denied_usd_total",
            "What the holds that a budget refused would have cost.",
            ("budget",),
            sums(((self._budgets.label(name),), amount) for name, amount in snapshot.denied),
        )
        yield gauge(
            "farebox_double_spend_usd",
            "Posted for jobs beyond the dearest of each one's postings; falls by refunds.",
            (),
            {(): snapshot.double_spent},
        )
        yield gauge(
            "farebox_ledger_check_usd",
            "Journal minus balances: anything but zero means that the books are wrong.",
            (),
            {(): snapshot.imbalance} if snapshot.imbalance is not None else {},
        )
        yield gauge(
            "farebox_provider_balance_usd",
            "Credit left: as it was read, and topped up since, less what was charged since.",
            _BY_PROVIDER,
            sums(((self._providers.label(one.provider),), one.left) for one in snapshot.credits),
        )
        yield numbers(
            "farebox_provider_credit_low",
            "Whether somebody should top it up: 1 from what the price book's `credit_low` says.",
            _BY_PROVIDER,
            (
                ((self._providers.label(one.provider),), float(one.is_low))
                for one in snapshot.credits
            ),
        )
        yield numbers(
            "farebox_provider_balance_read_timestamp_seconds",
            "When a prepaid provider's balance was read last; 0: never.",
            _BY_PROVIDER,
            (
                ((self._providers.label(name),), 0.0 if at is None else at.timestamp())
                for name, at in snapshot.balances_read
            ),
        )
        policy = GaugeMetricFamily(
            "farebox_policy_info", "The policy in force.", labels=("policy", "hash")
        )
        policy.add_metric((snapshot.policy, snapshot.policy_hash), 1)
        yield policy

    def _spending(self, spent: Sequence[Spent]) -> Iterator[Metric]:
        yield counter(
            "farebox_posted_usd_total",
            "Charged by providers, as booked; gross: less what was refunded it is what is posted.",
            ("provider", "model", "resolution", "tenant"),
            sums((self._whose(row), row.posted + row.refunded) for row in spent),
        )
        yield gauge(
            "farebox_spent_usd",
            "Charged by providers, less what was refunded: what is posted, since the ledger began.",
            ("provider", "model", "resolution", "tenant"),
            sums((self._whose(row), row.posted) for row in spent),
        )
        yield self._edits(spent)
        yield counter(
            "farebox_refunded_usd_total",
            "Taken back of what was charged, by later entries.",
            _BY_PROVIDER,
            self._by_provider(spent, lambda row: row.refunded),
        )
        yield gauge(
            "farebox_avoided_usd",
            "Saved against the dearest qualifying offer; a charge above that counts against it.",
            _BY_PROVIDER,
            self._by_provider(spent, lambda row: row.avoided),
        )
        for name, documentation, amount in _AMOUNTS:
            amounts = self._by_provider(spent, amount)
            yield gauge(name, documentation, _BY_PROVIDER, amounts)
        attempts = GaugeMetricFamily(
            "farebox_in_doubt_attempts", "How many attempts are in doubt.", labels=_BY_PROVIDER
        )
        for key, count in self._counts(spent, lambda row: row.in_doubt_attempts).items():
            attempts.add_metric(key, count)
        yield attempts

    def _edits(self, spent: Sequence[Spent]) -> Metric:
        counts: dict[Key, int] = defaultdict(int)
        for row in spent:
            counts[self._whose(row)] += row.delivered
        family = CounterMetricFamily(
            "farebox_edits_total",
            "Edits that were delivered: each once, however often it was paid for.",
            labels=("provider", "model", "resolution", "tenant"),
        )
        for key, count in sorted(counts.items()):
            family.add_metric(key, count)
        return family

    def _open(self, rows: Sequence[OpenMoney]) -> Iterator[Metric]:
        held = [
            ((self._providers.label(row.provider),), float(row.attempts))
            for row in rows
            if row.money == _HELD
        ]
        zeros = [((name,), 0.0) for name in self._known]
        yield numbers(
            "farebox_held_attempts", "How many attempts are under way.", _BY_PROVIDER, zeros + held
        )
        yield instants(
            "farebox_oldest_open_timestamp_seconds",
            "When the oldest hold was placed that is held, or in doubt; none where nothing is.",
            (*_BY_PROVIDER, "money"),
            (((self._providers.label(row.provider), row.money), row.oldest) for row in rows),
        )

    def _drift(self, spent: Sequence[Spent]) -> Iterator[Metric]:
        directions: dict[Key, Money] = {}
        for key, amount in self._by_provider(spent, lambda row: row.over).items():
            directions[*key, "over"] = amount
        for key, amount in self._by_provider(spent, lambda row: row.under).items():
            directions[*key, "under"] = amount
        yield gauge(
            "farebox_price_drift_usd",
            "By how much charges differ from the price pinned; falls where a bill corrects one.",
            ("provider", "direction"),
            directions,
        )
        jobs = GaugeMetricFamily(
            "farebox_price_drift_jobs",
            "How many charges are not the price pinned; falls where a bill corrects one.",
            labels=_BY_PROVIDER,
        )
        for key, count in self._counts(spent, lambda row: row.drifted).items():
            jobs.add_metric(key, count)
        yield jobs

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
        return sums([*zeros, *found])

    def _counts(self, spent: Sequence[Spent], count: Callable[[Spent], int]) -> Mapping[Key, int]:
        counts: dict[Key, int] = dict.fromkeys(((name,) for name in self._known), 0)
        for row in spent:
            key = (self._providers.label(row.provider),)
            counts[key] = counts.get(key, 0) + count(row)
        return counts
