"""Builders of events and of readings, and what a scrape says as a dictionary."""

from collections.abc import Iterator
from dataclasses import fields, replace
from enum import StrEnum
from typing import Any, get_args

from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from router.model.ids import AttemptId, JobId
from router.model.job import AttemptState, Resolution
from router.model.money import Money
from router.observe.events import AttemptSettled, Event
from router.observe.money_series import MoneySeries
from router.observe.snapshot import BudgetUsed, JobsEnded, MoneySnapshot, Spent
from tests.fakes import EPOCH
from tests.ledger_kit import usd

PROVIDERS = ("shortapi", "runpod")
JOB = JobId("0199d6f0-0000-7000-8000-000000000001")
ATTEMPT = AttemptId(f"{JOB}.1")
EVENT_TYPES: tuple[type[Event], ...] = get_args(Event)

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def a_settlement(**overrides: Any) -> AttemptSettled:
    """Build the event of a delivered 1k edit at ShortAPI; any field can be overridden."""
    settled = AttemptSettled(
        attempt_id=ATTEMPT,
        job_id=JOB,
        tenant="acme",
        provider="shortapi",
        model="nano-banana-2-edit",
        resolution=Resolution.ONE_K,
        outcome="delivered",
        money=AttemptState.POSTED,
        quoted=usd("0.04"),
        posted=usd("0.05"),
        seconds=6.25,
        queue_s=1.5,
        detail=None,
    )
    return replace(settled, **overrides)


def a_spent(**overrides: Any) -> Spent:
    """Build what tenant `acme` spent on 1k edits at ShortAPI; any field can be overridden."""
    spent = Spent(
        provider="shortapi",
        model="nano-banana-2-edit",
        resolution=Resolution.ONE_K,
        tenant="acme",
        posted=Money.ZERO,
        refunded=Money.ZERO,
        presumed=Money.ZERO,
        held=Money.ZERO,
        in_doubt=Money.ZERO,
        in_doubt_attempts=0,
        delivered=0,
        avoided=Money.ZERO,
        over=Money.ZERO,
        under=Money.ZERO,
        drifted=0,
    )
    return replace(spent, **overrides)


def a_budget(**overrides: Any) -> BudgetUsed:
    """Build a lifetime budget for everyone, unused; any field can be overridden."""
    budget = BudgetUsed(
        budget="monthly",
        scope="everyone",
        limit=usd("70.00"),
        window_end=None,
        posted=Money.ZERO,
        presumed=Money.ZERO,
        held=Money.ZERO,
        in_doubt=Money.ZERO,
    )
    return replace(budget, **overrides)


def some_jobs(outcome: str, jobs: int) -> JobsEnded:
    """Build a count of 1k jobs that ended in one way."""
    return JobsEnded(
        model="nano-banana-2-edit", resolution=Resolution.ONE_K, outcome=outcome, jobs=jobs
    )


def a_snapshot(*spent: Spent, **overrides: Any) -> MoneySnapshot:
    """Build a reading of books in balance; any field can be overridden."""
    snapshot = MoneySnapshot(
        policy="thrift",
        policy_hash="5eed",
        spent=spent,
        budgets=(),
        denied=(),
        jobs=(),
        double_spent=Money.ZERO,
        imbalance=Money.ZERO,
    )
    return replace(snapshot, **overrides)


def series(text: bytes) -> Series:
    """Every sample of a scrape, as Prometheus' own parser reads it; each of them once."""
    found: Series = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, f"twice: {key}"
            found[key] = sample.value
    return found


def value(found: Series, name: str, **labels: str) -> float | None:
    """One sample; None when there is none with exactly these labels."""
    return found.get((name, frozenset(labels.items())))


class _Reading(Collector):
    """One reading's metrics."""

    def __init__(self, money: MoneySeries, snapshot: MoneySnapshot) -> None:
        self._metrics = list(money.families(snapshot))

    def collect(self) -> list[Metric]:
        """Show them."""
        return self._metrics


def shown(snapshot: MoneySnapshot, money: MoneySeries | None = None) -> Series:
    """What a scrape says of a reading."""
    money = money or MoneySeries(providers=PROVIDERS)
    return series(generate_latest(_Reading(money, snapshot)))


def names_of(found: Series) -> set[str]:
    """Which metrics there are."""
    return {name for name, _ in found}


def one_of_each(text: str) -> Iterator[Event]:
    """Build one event of every type, `text` in every field that holds free text."""
    likely: dict[str, Any] = {
        "money": AttemptState.IN_DOUBT,
        "quoted": usd("0.06"),
        "posted": usd("0.07"),
        "asked": usd("0.08"),
        "charged": usd("0.09"),
        "limit": usd("5.00"),
        "window_end": EPOCH,
        "may_pay_twice": True,
        "providers": PROVIDERS,
    }
    for kind in EVENT_TYPES:
        values: dict[str, Any] = {}
        for field in fields(kind):
            if field.name in likely:
                values[field.name] = likely[field.name]
            elif isinstance(field.type, type) and issubclass(field.type, StrEnum):
                values[field.name] = next(iter(field.type))
            elif field.type in {float, float | None}:
                values[field.name] = 1.25
            elif field.type is int:
                values[field.name] = 3
            else:
                values[field.name] = text
        yield kind(**values)
