"""
What is charged beside what the price book says: drift, and when a price has changed. Pure.

Of each attempt three amounts are known, each from its own source: the price that was pinned from
the book, what the provider named when it took the job, and what it said in the end that it charged.
One charge that differs is an event; several in a row of one other amount are a new price. An offer
that its charges have stopped has another price as well, however few they are: it is charged no more
until the price book says which. What only a bill that was withdrawn has said says nothing of the
price; it is drift until a right bill says otherwise, as it is in all sums.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, takewhile
from typing import Any

from router.dispatch.drift import Above
from router.ledger.views import ChargeRow
from router.model.clock import rfc3339
from router.model.job import Resolution
from router.model.money import Money, total

CHARGES_MAX = 50
"""How many of an offer's latest charges are looked at."""
LOOKED_BACK = timedelta(days=30)
CHANGED_FROM = 3
"""So many charges in a row of one other amount are no accident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How an offer's charges keep to its price, at one resolution."""

    provider: str
    model: str
    slug: str
    resolution: Resolution
    charges: tuple[ChargeRow, ...]
    """At least one; the newest first."""
    stopped: Above | None = None
    """That nothing is bought at its price any more, and for which charges."""

    @property
    def pinned(self) -> Money:
        """The price of the latest charge, by the book."""
        return self.charges[0].quoted

    @property
    def drifted(self) -> tuple[ChargeRow, ...]:
        """Those that were not their price; the newest first."""
        return tuple(one for one in self.charges if one.reported_amount != one.quoted)

    @property
    def exact(self) -> int:
        """How many were their price."""
        return len(self.charges) - len(self.drifted)

    @property
    def over(self) -> Money:
        """By how much charges were above their prices."""
        return total([max(_difference(one), Money.ZERO) for one in self.drifted])

    @property
    def under(self) -> Money:
        """By how much charges were below their prices."""
        return total([max(-_difference(one), Money.ZERO) for one in self.drifted])

    @property
    def streak(self) -> tuple[ChargeRow, ...]:
        """The latest charges, all of one amount that is not their price; the newest first."""
        charges = [one for one in self.charges if not one.is_withdrawn]
        return tuple(
            takewhile(
                lambda one: one.reported_amount == charges[0].reported_amount != one.quoted, charges
            )
        )

    @property
    def changed_to(self) -> Money | None:
        """What it seems to cost now; None where it keeps to its price, or nothing is clear yet."""
        streak = self.streak
        return streak[0].reported_amount if len(streak) >= CHANGED_FROM else None

    @property
    def changed_at(self) -> datetime | None:
        """Since when: when the first of those charges was sent."""
        return self.streak[-1].dispatched_at if self.changed_to is not None else None

    @property
    def withdrawn(self) -> int:
        """How many charges were not their price by nothing but a bill that was withdrawn."""
        return sum(one.is_withdrawn for one in self.drifted)

    @property
    def stopping(self) -> tuple[ChargeRow, ...]:
        """The charges that stopped it, by what is known of each by now; the newest first."""
        known = {one.id: one for one in self.charges}
        found = self.stopped.charges if self.stopped is not None else ()
        return tuple(known.get(one.id, one) for one in found)

    @property
    def proposed(self) -> Money | None:
        """What a new row should say: the highest, where nothing but what stopped it is known."""
        if self.stopped is None or (self.changed_to or Money.ZERO) > self.stopped.price:
            return self.changed_to
        return max(one.reported_amount for one in self.stopping)

    @property
    def grounds(self) -> tuple[ChargeRow, ...]:
        """The charges that the proposed price rests on; the newest first, none without one."""
        if self.proposed is None:
            return ()
        return self.streak if self.proposed == self.changed_to else self.stopping

    @property
    def words(self) -> str:
        """For an alarm, where the price has changed."""
        assert self.changed_to is not None, "only of a price that has changed"
        assert self.changed_at is not None, "it has changed at some time"
        return (
            f"{self.provider} {self.model} {self.resolution}: price changed to "
            f"{self.changed_to.usd} from {self.pinned.usd} since {rfc3339(self.changed_at)}; "
            "farebox prices propose writes the row"
        )


def _difference(charge: ChargeRow) -> Money:
    return charge.reported_amount - charge.quoted


def drifts(rows: Iterable[ChargeRow], stopped: Iterable[Above] = ()) -> list[Drift]:
    """
    Put charges together by offer and resolution.

    Args:
        rows: Of each the newest comes first already.
        stopped: What is not bought any more; it is there however long ago it was charged.
    """
    grouped = groupby(rows, lambda row: (row.provider, row.model, row.slug, row.resolution))
    charges = {key: tuple(some) for key, some in grouped}
    stops = {(one.provider, one.model, one.slug, one.resolution): one for one in stopped}
    former = {key: one.charges for key, one in stops.items() if key not in charges}
    return [
        Drift(
            provider=provider,
            model=model,
            slug=slug,
            resolution=resolution,
            charges=some,
            stopped=stops.get((provider, model, slug, resolution)),
        )
        for (provider, model, slug, resolution), some in sorted({**charges, **former}.items())
    ]


def drift_document(found: Sequence[Drift]) -> dict[str, Any]:
    """Every offer's drift, with its charges, for a program; money as decimal strings."""
    return {"since_days": LOOKED_BACK.days, "drift": [_document(one) for one in found]}


def _document(one: Drift) -> dict[str, Any]:
    drifted = one.drifted
    return {
        "provider": one.provider,
        "model": one.model,
        "resolution": one.resolution.value,
        "pinned": str(one.pinned),
        "charges": len(one.charges),
        "exact": one.exact,
        "drifted": len(drifted),
        "over": str(one.over),
        "under": str(one.under),
        "first_seen": rfc3339(drifted[-1].dispatched_at) if drifted else None,
        "last_seen": rfc3339(drifted[0].dispatched_at) if drifted else None,
        "changed_to": _told(one.changed_to),
        "changed_at": None if one.changed_at is None else rfc3339(one.changed_at),
        "withdrawn": one.withdrawn,
        "stopped": None if one.stopped is None else _stop(one, one.stopped),
        "attempts": [
            {
                "id": charge.id,
                "at": rfc3339(charge.dispatched_at),
                "pinned": str(charge.quoted),
                "at_create": _told(charge.quote_amount),
                "at_completion": str(charge.reported_amount),
                "source": charge.reported_source,
                "posted": str(charge.posted),
            }
            for charge in one.charges
        ],
    }


def _stop(one: Drift, stopped: Above) -> dict[str, Any]:
    return {
        "price": str(stopped.price),
        "charged_above": stopped.times,
        "charged": [str(charge.reported_amount) for charge in one.stopping],
        "proposed": _told(one.proposed),
        "words": stopped.words,
    }


def _told(amount: Money | None) -> str | None:
    return None if amount is None else str(amount)
