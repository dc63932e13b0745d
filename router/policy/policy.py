"""A policy: which offers may serve a job, in which order, under which limits."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, PlainValidator, PrivateAttr

from router.model.budget import Limit
from router.model.job import Resolution
from router.model.money import Money
from router.policy.budgets import KEY_BUDGET, Budget, key_budget
from router.policy.explain import closest
from router.policy.preference import FixedOrder, Preference, read_preference
from router.policy.prices import PriceBook
from router.policy.problems import Flaw, Place
from router.policy.scalars import (
    Count,
    Dollars,
    Flag,
    Instant,
    Name,
    Row,
    Seconds,
    Sentence,
    read_dollars,
    read_name,
)
from router.policy.scopes import EACH, EVERYONE, JobFacts
from router.policy.windows import Calendar, Window, bounds

DOUBLE_SPEND = "double-spend"
"""The budget that pays for second attempts beside one in doubt."""
_PROVIDERS_MAX = 10
_EXPECTED = re.compile(r"(?P<provider>\S+) at (?P<price>\S+)")


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


def _read_double_spend(value: object) -> Money:
    if isinstance(value, Money):
        return value
    text = value if isinstance(value, str) else ""
    amount, per, rest = text.partition(" per day")
    money = read_dollars(amount)
    if rest or (money and not per):
        raise ValueError("write an amount per day, as $2.00 per day, or $0 for never")
    return money


class Failover(Row):
    """What may happen when an attempt did not deliver."""

    providers_max: Count = Field(default=2, le=_PROVIDERS_MAX)
    """How many providers one job may be tried at, the first included."""
    double_spend_max: Annotated[Money, PlainValidator(_read_double_spend)] = Money.ZERO
    """A UTC day's limit for attempts made while an earlier one of the job is in doubt."""
    on_content_refusal: Flag = False
    """Whether a refusal of the picture or the prompt is tried elsewhere."""


class Example(Row):
    """A promise of the policy, kept by `farebox check` and the tests."""

    job: Resolution
    expect: Annotated[Expected, PlainValidator(_read_expected)]
    then: Annotated[Expected, PlainValidator(_read_expected)] | None = None
    """Who comes second, when the first does not deliver."""
    down: tuple[Name, ...] = ()
    """Providers that are not to be had."""
    model: Name = "nano-banana-2-edit"
    tenant: Name = "example"
    aspect_ratio: Sentence | None = None
    output_format: Sentence | None = None
    price_max: Dollars | None = None
    at: Instant | None = None
    """When; None: once the newest price is in force."""


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
    prefer: Annotated[Preference, PlainValidator(read_preference)]
    prices: PriceBook
    price_max: Dollars | None = None
    """No job may cost more."""
    failover: Failover = Field(default_factory=Failover)
    deadline_s: Seconds = Field(default=300.0, alias="deadline")
    """For a job that names none."""
    deadline_max_s: Seconds = Field(default=900.0, alias="deadline_max")
    """The longest that a job may ask for."""
    create_deadline_s: Seconds = Field(default=30.0, alias="create_deadline")
    """For the one request that buys; after it the attempt is in doubt."""
    budgets: tuple[Budget, ...] = ()
    examples: tuple[Example, ...] = Field(min_length=1)
    _provenance: Provenance = PrivateAttr(default=Provenance("", ()))

    def model_post_init(self, context: Any, /) -> None:
        """Take the provenance that the loader passes as the validation's context."""
        if isinstance(context, Provenance):
            self._provenance = context

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

    def double_spend_limit(self, at: datetime) -> Limit:
        """Limit the UTC day's attempts beside one in doubt. Zero: there are none."""
        start, end = bounds(Window.DAY, Calendar(), at)
        return Limit(
            budget=DOUBLE_SPEND,
            scope=EVERYONE,
            window_start=start,
            window_end=end,
            limit=self.failover.double_spend_max,
        )

    def flaws(self) -> Iterator[Flaw]:
        """Find what the parts say against each other: equal names, and names nobody has."""
        for flaw in self.prices.flaws():
            yield Flaw(("prices", *flaw.path), flaw.message)
        yield from self._flaws_of_deadlines()
        yield from self._flaws_of_budgets()
        if isinstance(self.prefer, FixedOrder):
            for index, provider in enumerate(self.prefer.order):
                yield from self._unknown_provider(provider, ("prefer", "order", index))
        for index, example in enumerate(self.examples):
            yield from self._flaws_of_example(example, ("examples", index))

    def _flaws_of_deadlines(self) -> Iterator[Flaw]:
        create, whole, longest = self.create_deadline_s, self.deadline_s, self.deadline_max_s
        if create > whole:
            message = f"'create_deadline' ({create:g}s) is longer than 'deadline' ({whole:g}s)"
            yield Flaw(("deadline",), message)
        if whole > longest:
            message = f"'deadline' ({whole:g}s) is longer than 'deadline_max' ({longest:g}s)"
            yield Flaw(("deadline_max",), message)

    def _flaws_of_budgets(self) -> Iterator[Flaw]:
        seen: set[str] = set()
        for index, budget in enumerate(self.budgets):
            path = ("budgets", index, "name")
            if budget.name == DOUBLE_SPEND:
                yield Flaw(path, f"'{DOUBLE_SPEND}' is the name of failover's own budget")
            if budget.name == KEY_BUDGET:
                yield Flaw(path, f"'{KEY_BUDGET}' is the name of keys' own budgets")
            if budget.name in seen:
                yield Flaw(path, f"a second budget named '{budget.name}'")
            seen.add(budget.name)
            for flaw in budget.flaws():
                yield Flaw(("budgets", index, *flaw.path), flaw.message)
            yield from self._flaws_of_scope(budget, ("budgets", index, "who"))

    def _flaws_of_scope(self, budget: Budget, path: tuple[str | int, ...]) -> Iterator[Flaw]:
        provider, model = budget.scope.provider, budget.scope.model
        if provider is not None and provider != EACH:
            yield from self._unknown_provider(provider, (*path, "provider"))
        if model is not None and model != EACH:
            yield from self._unknown_model(model, (*path, "model"))

    def _flaws_of_example(self, example: Example, path: tuple[str | int, ...]) -> Iterator[Flaw]:
        yield from self._unknown_model(example.model, (*path, "model"))
        for index, provider in enumerate(example.down):
            yield from self._unknown_provider(provider, (*path, "down", index))
        for key, expected in (("expect", example.expect), ("then", example.then)):
            if expected is not None and expected.provider is not None:
                yield from self._unknown_provider(expected.provider, (*path, key))

    def _unknown_provider(self, provider: str, path: tuple[str | int, ...]) -> Iterator[Flaw]:
        known = self.prices.provider_names
        if provider not in known:
            yield Flaw(
                path, f"the price book has no provider '{provider}'{closest(provider, known)}"
            )

    def _unknown_model(self, model: str, path: tuple[str | int, ...]) -> Iterator[Flaw]:
        known = self.prices.models
        if model not in known:
            yield Flaw(path, f"nobody sells '{model}'{closest(model, known)}")
