"""
From a past job to its digest: every choice that matters, and the limits that bind it.

This is what takes long, and knows nothing of other jobs: it is done in parallel. Jobs that are
alike are asked for once; what is kept of them is a value of the same inputs, so nothing changes.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from router.dispatch.requests import decision_text
from router.finance.backtest.menus import Menu, menu
from router.finance.backtest.offers import Epochs, book_offers, facts, offers_seen
from router.finance.backtest.past import PastJob
from router.finance.backtest.replaying import Digest
from router.finance.backtest.rooms import Line, Lines, line_of, microseconds
from router.finance.backtest.scenarios import Scenario
from router.ledger.limit_rows import RaiseRow, raised
from router.model.budget import Limit
from router.model.job import Job
from router.model.offer import Offer
from router.policy.downshift import at_each_resolution
from router.policy.evidence import replay
from router.policy.exploring import explores
from router.policy.policy import Policy
from router.policy.preference import Weights
from router.policy.scopes import JobFacts

QUARTER_US = 15 * 60 * 1_000_000
"""Every time zone's midnight is at one of these."""
KEPT_MAX = 20_000
V = TypeVar("V")
Former = Callable[[str], Policy | None]
"""Finds a policy that was in force by its hash."""


@dataclass(frozen=True, slots=True)
class _Bound:
    """The limits of equal jobs within a quarter of an hour."""

    lines: Mapping[str, Lines]
    staging: Mapping[str, Line]
    limits: Mapping[str, Limit]
    """Those that stages go by, whole."""


class _Kept(dict[Hashable, Any]):
    """What was made once; forgotten all together when it is too much."""

    def keep(self, key: Hashable, value: V) -> V:
        """Keep a value, and give it back."""
        if len(self) >= KEPT_MAX:
            self.clear()
        self[key] = value
        return value


class Digester:
    """Makes digests. Holds nothing but what it was made with, and what it can make again."""

    def __init__(
        self,
        scenarios: Sequence[Scenario],
        raises: Sequence[RaiseRow] = (),
        *,
        former: Former | None = None,
    ) -> None:
        """
        Args:
            scenarios: The policies; all have the first one's prices and budgets.
            raises: What people raised budgets by; it counts for budgets of the same name.
            former: Finds policies that were in force, to compare decisions under them as well.
                None: only decisions of the first scenario's policy are compared.
        """
        self._scenarios, self._raises = scenarios, tuple(raises)
        self._policy = scenarios[0].policy
        self._former = former
        self._policies: dict[str, Policy | None] = {self._policy.hash: self._policy}
        self._epochs = Epochs([self._policy.prices])
        self._raised_at = sorted(
            {microseconds(at) for row in raises for at in (row.created_at, row.until)}
        )
        self._draws_lots = any(_draws_lots(one.policy) for one in scenarios)
        said = {one.policy.explore for one in scenarios}
        self._exploring = sorted(percent for percent in said if percent is not None)
        self._menus, self._alike = _Kept(), _Kept()
        self._offers, self._bound = _Kept(), _Kept()

    def digest(self, past: PastJob) -> Digest:
        """Make one job ready."""
        job = past.job
        at = microseconds(job.created_at)
        bound = self._limits(job, at)
        return Digest(
            at=at,
            tenant=job.tenant,
            resolution=job.resolution.value,
            happened=past.happened,
            lines=bound.lines,
            staging=bound.staging,
            menus=self._choices(past, bound.limits),
            job=job.id,
            is_same=self._is_same(past),
            is_own=bool(past.decision) and past.policy_hash == self._policy.hash,
        )

    def _is_same(self, past: PastJob) -> bool | None:
        """Whether it is decided as it was; None where that cannot be told, or was not asked."""
        decided_by = self._policies.get(past.policy_hash)
        if decided_by is None and self._former is not None and past.policy_hash:
            if past.policy_hash not in self._policies:
                self._policies[past.policy_hash] = self._former(past.policy_hash)
            decided_by = self._policies[past.policy_hash]
        return None if decided_by is None else is_the_same_decision(decided_by, past)

    def _choices(self, past: PastJob, limits: Mapping[str, Limit]) -> tuple[Menu, ...]:
        job = past.job
        # All that a choice goes by: of the job's tenant and tags, only which rule is theirs.
        lot = job.batch or job.id
        key = (
            facts(job),
            job.price_max,
            id(self._policy.rule_for(job)),
            past.bought,
            self._epochs.of(job.created_at),
            id(past.evidence),
            tuple(limits),
            lot if self._draws_lots else None,
            *(explores(percent, lot) for percent in self._exploring),
        )
        kept = self._menus.get(key)
        if kept is None:
            # The evidence is kept beside what was made of it: nothing else may have its id.
            kept = self._menus.keep(key, (past.evidence, self._made(past, limits)))
        menus: tuple[Menu, ...] = kept[1]
        return menus

    def _made(self, past: PastJob, limits: Mapping[str, Limit]) -> tuple[Menu, ...]:
        job = past.job
        sizes = list(at_each_resolution(job)) if self._policy.downshifting else [job]
        offers = {
            one.resolution: offers_seen(self._listed(one), past, one.resolution) for one in sizes
        }
        made = tuple(menu(one, job, offers, limits) for one in self._scenarios)
        known: tuple[Menu, ...] | None = self._alike.get(made)
        return known if known is not None else self._alike.keep(made, made)

    def _listed(self, job: Job) -> tuple[Offer, ...]:
        key = (facts(job), self._epochs.of(job.created_at))
        kept: tuple[Offer, ...] | None = self._offers.get(key)
        return kept or self._offers.keep(key, book_offers(self._policy.prices, job))

    def _limits(self, job: Job, at: int) -> _Bound:
        of = JobFacts.of(job)
        key = (of, at // QUARTER_US, bisect_right(self._raised_at, at))
        kept: _Bound | None = self._bound.get(key)
        return kept if kept is not None else self._bound.keep(key, self._binding(of, job))

    def _binding(self, of: JobFacts, job: Job) -> _Bound:
        policy, at = self._policy, job.created_at

        def in_force(limit: Limit) -> Limit:
            return raised(limit, self._raises, at)

        staging = {name: in_force(one) for name, one in policy.staging_limits(of, at).items()}
        return _Bound(
            lines={
                name: tuple(line_of(in_force(one)) for one in policy.limits(of, name, at))
                for name in policy.prices.provider_names
            },
            staging={name: line_of(one) for name, one in staging.items()},
            limits=staging,
        )


def _draws_lots(policy: Policy) -> bool:
    """Whether an order may hang on the job's id."""
    ways = (
        policy.prefer,
        *(rule.prefer for rule in policy.rules),
        *(stage.prefer for stage in policy.stages),
    )
    return any(isinstance(way, Weights) for way in ways)


def is_the_same_decision(policy: Policy, past: PastJob) -> bool | None:
    """
    Whether a job's policy decides by the same evidence as it is recorded to have decided.

    None where that cannot be told: the job is from before evidence was kept.
    """
    if past.evidence is None or not past.decision:
        return None
    decided = decision_text(replay(policy, past.planned, past.evidence).decision)
    if decided == past.decision:
        return True
    stored = json.loads(past.decision)
    stored.pop("downshifted", None)
    return bool(json.loads(decided) == stored)
