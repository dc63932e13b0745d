"""
What providers name as the price when they take a job, beside what the price book says. Pure.

It is a warning and no charge: only of edits of which no charge is known yet is it looked at here,
so that nothing is told twice. A price that is named has changed no sum, and proposes no row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Any

from router.finance.drift import CHANGED_FROM
from router.ledger.views import NamedRow
from router.model.clock import rfc3339
from router.model.job import Resolution
from router.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyDrift:
    """What an offer named at one resolution, where its latest word is not the pinned price."""

    provider: str
    model: str
    resolution: Resolution
    named: tuple[NamedRow, ...]
    """At least one; the newest first. The newest is not its price."""

    @property
    def pinned(self) -> Money:
        """The price of the latest one, by the book."""
        return self.named[0].quoted

    @property
    def amount(self) -> Money:
        """What was named last."""
        return self.named[0].quote_amount

    @property
    def in_a_row(self) -> tuple[NamedRow, ...]:
        """The latest ones that all named this, the newest first."""
        return tuple(
            takewhile(
                lambda one: one.quote_amount == self.amount and one.quoted != self.amount,
                self.named,
            )
        )

    @property
    def words(self) -> str:
        """For people."""
        times = len(self.in_a_row)
        return (
            f"{self.provider} {self.model} {self.resolution}: {self.amount.usd} was named when the "
            f"last {times} edit{'s were' if times != 1 else ' was'} taken, where the price book "
            f"says {self.pinned.usd}; no charge has shown it yet"
        )


def early_drifts(rows: Iterable[NamedRow]) -> list[EarlyDrift]:
    """Put what was named together by offer and resolution; of each the newest comes first."""
    grouped = groupby(rows, lambda row: (row.provider, row.model, row.slug, row.resolution))
    found = (
        EarlyDrift(provider=provider, model=model, resolution=resolution, named=tuple(some))
        for (provider, model, _, resolution), some in grouped
    )
    return [one for one in found if one.amount != one.pinned]


def early_document(found: Sequence[EarlyDrift]) -> list[dict[str, Any]]:
    """Each of them for a program; money as decimal strings."""
    return [
        {
            "provider": one.provider,
            "model": one.model,
            "resolution": one.resolution.value,
            "pinned": str(one.pinned),
            "named": str(one.amount),
            "in_a_row": len(one.in_a_row),
            "since": rfc3339(one.in_a_row[-1].dispatched_at),
            "words": one.words,
        }
        for one in found
    ]


def remarks(found: Iterable[EarlyDrift]) -> str:
    """What stands above proposals: comments, of what was named often enough to be no accident."""
    return "".join(f"# {one.words}.\n" for one in found if len(one.in_a_row) >= CHANGED_FROM)
