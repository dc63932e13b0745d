"""A policy: which offers may serve a job, in which order, under which limits."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, cast

from pydantic import Field, PlainValidator, PrivateAttr, WithJsonSchema

from router.model.budget import Limit
from router.model.job import Resolution
from router.model.money import Money
from router.policy.alerts import AlertsTo
from router.policy.budgets import Budget, OnLimit, key_budget
from router.policy.exploring import Explore
from router.policy.failover import Failover
from router.policy.latencies import ExampleLatencies, LatencyLimit
from router.policy.preference import Prefer
from router.policy.prices import PriceBook
from router.policy.problems import Place
from router.policy.rule_index import RuleIndex
from router.policy.rules import Matched, Rule, Tags
from router.policy.scalars import (
    Dollars,
    Instant,
    Name,
    Row,
    Seconds,
    Sentence,
    pattern,
    read_dollars,
    read_name,
)
from router.policy.scopes import EVERYONE, JobFacts
from router.policy.stages import Stage
from router.policy.windows import Calendar, Window, bounds

DOUBLE_SPEND = "double-spend"
"""The budget that pays for second attempts beside one in doubt."""
_EXPECTED = re.compile(r"(?P<provider>\S+) at (?P<price>\S+)")
_SHARE = re.compile(r"(?P<percent>[0-9]{1,3})%")


@dataclass(frozen=True, slots=True)
class Expected:
    """What an example says should happen."""

    provider: str | None
    """None: nobody."""
    price: Money | None

    def __str__(self) -> str:
        return "nobody" if self.price is None else f"{self.provider} at {self.price.usd}"


def _read_expected(value: object) -> Expected:
    if isinstance(value, Expected):
        return value
    if value == "nobody":
        return Expected(None, None)
    match = _EXPECTED.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write nobody, or who at which price, as: shortapi at $0.09")
    return Expected(read_name(match["provider"]), read_dollars(match["price"]))


def _read_shares(value: object) -> tuple[tuple[str, int], ...]:
    """Read `{everyone-monthly: 85%}`."""
    if isinstance(value, tuple):
        return cast("tuple[tuple[str, int], ...]", value)
    said = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    shares: dict[str, int] = {}
    for name, share in said.items():
        match = _SHARE.fullmatch(str(share))
        if match is None:
            raise ValueError("write how much of a budget is used, as {everyone-monthly: 85%}")
        shares[name] = int(match["percent"])
    if not shares:
        raise ValueError("write how much of a budget is used, as {everyone-monthly: 85%}")
    return tuple(shares.items())


Expect = Annotated[
    Expected,
    PlainValidator(
        _read_expected,
        json_schema_input_type=pattern(
            r"^(nobody|\S+ at \$[0-9]+(\.[0-9]{1,9})?)$", "shortapi at $0.09", "nobody"
        ),
    ),
]
Shares = Annotated[
    tuple[tuple[str, int], ...],
    PlainValidator(_read_shares),
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {"type": "string", "pattern": "^[0-9]{1,3}%$"},
            "minProperties": 1,
        }
    ),
]


class Example(Row):
    """A promise of the policy, kept by `farebox check` and the tests."""

    job: Resolution
    expect: Expect
    then: Expect | None = None
    """Who comes second, when the first does not deliver."""
    down: tuple[Name, ...] = ()
    """Providers that are not to be had."""
    model: Name = "nano-banana-2-edit"
    tenant: Name = "example"
    tag: Tags = ()
    """The job's tags, for rules."""
    used: Shares = ()
    """How much of budgets is used, by their names; of those that are not named, nothing."""
    latency: ExampleLatencies = ()
    """How long providers take, by their names; of those that are not named, what is stated."""
    downshifted_to: Resolution | None = None
    """The resolution that is bought instead of `job`, where a budget's `on_limit` says so."""
    aspect_ratio: Sentence | None = None
    output_format: Sentence | None = None
    price_max: Dollars | None = None
    at: Instant | None = None
    """When; None: once the newest price is in force."""


class Keep(Row):
    """
    For how long what clients send is kept, counted from the job's admission.

    And results, counted from their delivery.
    """

    prompts_s: Seconds | None = Field(default=None, alias="prompts")
    """None: for as long as the ledger."""
    images_s: Seconds | None = Field(default=None, alias="images")
    """Of the pictures that were sent, or their URLs; None: for as long as the ledger."""
    results_s: Seconds | None = Field(default=None, alias="results")
    """Of the results, here, past their providers' own; None: where the provider has them."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a policy was read from."""

    hash: str
    """Of all its files."""
    examples: tuple[Place, ...]
    """Where each example stands."""


class Policy(Row):
    """One policy with its price book and budgets: a snapshot, which running jobs keep."""

    name: Name = Field(alias="policy")
    summary: Sentence
    prefer: Prefer
    prices: PriceBook
    price_max: Dollars | None = None
    """No job may cost more."""
    latency_max: LatencyLimit | None = None
    """No offer may be slower."""
    explore: Explore | None = None
    """What percentage of the jobs may go to see whether who was too slow still is."""
    failover: Failover = Field(default_factory=Failover)
    deadline_s: Seconds = Field(default=300.0, alias="deadline")
    """For a job that names none."""
    deadline_max_s: Seconds = Field(default=900.0, alias="deadline_max")
    """The longest that a job may ask for."""
    create_deadline_s: Seconds = Field(default=30.0, alias="create_deadline")
    """For the one request that buys; after it the attempt is in doubt."""
    keep: Keep = Keep()
    """How long prompts, images and results are kept."""
    rules: tuple[Rule, ...] = ()
    """The first that matches a job changes the policy for it."""
    stages: tuple[Stage, ...] = ()
    """What holds once so much of a budget is used."""
    budgets: tuple[Budget, ...] = ()
    alerts: AlertsTo | None = None
    """Where people are told of what budgets say is to be told; without it, in the log alone."""
    examples: tuple[Example, ...] = Field(min_length=1)
    _provenance: Provenance = PrivateAttr(default=Provenance("", ()))
    _index: RuleIndex = PrivateAttr(default=RuleIndex.of(()))
    _failovers: tuple[Failover, ...] = PrivateAttr(default=())

    def model_post_init(self, context: Any, /) -> None:
        """Take the provenance that the loader passes as the validation's context; index rules."""
        if isinstance(context, Provenance):
            self._provenance = context
        self._index = RuleIndex.of(self.rules)
        self._failovers = tuple(self.failover.changed(rule.failover) for rule in self.rules)

    @property
    def hash(self) -> str:
        """Twelve hex digits that change with any file of the policy; empty if built by hand."""
        return self._provenance.hash

    def example_place(self, index: int) -> Place | None:
        """Where an example stands; None if the policy was built by hand."""
        places = self._provenance.examples
        return places[index] if places else None

    def limits(self, facts: JobFacts, provider: str, at: datetime) -> tuple[Limit, ...]:
        """
        List every budget that an attempt must fit, in the order of the file; its key's own last.

        Without the double-spend limit, which counts only attempts beside one in doubt.
        """
        budgets = self.budgets
        if facts.key_budget is not None:
            budgets = (*budgets, key_budget(facts.key_budget))
        found = (budget.limit_for(facts, provider, at) for budget in budgets)
        return tuple(limit for limit in found if limit is not None)

    def double_spend_limit(self, at: datetime, job: Matched | None = None) -> Limit:
        """
        Limit the UTC day's attempts beside one in doubt. Zero: there are none.

        Args:
            at: Decides the day.
            job: Whose attempt it is: a rule may lower the limit for it. None: the policy's own.
        """
        failover = self.failover if job is None else self.failover_for(job)
        start, end = bounds(Window.DAY, Calendar(), at)
        return Limit(
            budget=DOUBLE_SPEND,
            scope=EVERYONE,
            window_start=start,
            window_end=end,
            limit=failover.double_spend_max,
        )

    def rule_for(self, job: Matched) -> Rule | None:
        """The first rule that matches; None: the policy itself."""
        return self.applied_to(job)[0]

    def failover_for(self, job: Matched) -> Failover:
        """What may happen when an attempt of this job did not deliver."""
        return self.applied_to(job)[1]

    def applied_to(self, job: Matched) -> tuple[Rule | None, Failover]:
        """Both of them at once."""
        place = self._index.place(job)
        if place is None:
            return None, self.failover
        return self.rules[place], self._failovers[place]

    def deadline_for(self, job: Matched) -> float:
        """How many seconds a job has that names no deadline."""
        rule = self.rule_for(job)
        own = rule.deadline_s if rule is not None else None
        return self.deadline_s if own is None else own

    def staging_limits(self, facts: JobFacts, at: datetime) -> dict[str, Limit]:
        """The limits that stages go by, by the budget's name, as far as they bind a job."""
        wanted = {stage.when.budget for stage in self.stages}
        found = {
            # No provider's: who serves is chosen later.
            budget.name: budget.limit_for(facts, "", at)
            for budget in self.budgets
            if budget.name in wanted
        }
        return {name: limit for name, limit in found.items() if limit is not None}

    @property
    def downshifting(self) -> frozenset[str]:
        """Budgets that, where they have no room, send a job to the next lower resolution."""
        return frozenset(
            budget.name for budget in self.budgets if budget.on_limit is OnLimit.DOWNSHIFT
        )

    def downshifts(self, budget: str) -> bool:
        """Whether a job that this budget refuses is tried at the next lower resolution."""
        return budget in self.downshifting
