"""
How much credit is left at providers: the last reading, and what the ledger knows since. Pure.

Left is what was read, and what was topped up since, less what was charged since. What counts is
when the provider charged, as far as that is known, and not when it was booked: a reading has in it
what had been charged by its instant, and left does not move when that is booked late, by a bill
perhaps. A provider that charges at the create had charged what was sent by then. One that charges
at the end had charged what was sent longer ago than a job lives there; of what was sent later, what
was booked after the reading counts as charged after it.

An adjustment counts when its charge does, a refund too. Mostly it corrects what we believed of a
charge, and the reading knew the truth. Of a refund we know when it was booked, by a bill or a word,
and not when the money was back on the account: if that was before the reading, it is in it, and to
add it would show money that is not there, and silence the alarm. So a refund of what was charged
before a reading shows with the next one; of what was charged since, at once. A credit note has an
instant of its own (`farebox account credit`), and counts from then on.

The pace is what providers charged within the last day. What was given back or corrected downwards
in that time is not taken off: it came once, and the spending goes on.

What is open, in doubt or presumed is not in it: nobody has said yet that it was charged.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from router.ledger.statement_rows import BalanceReadingRow
from router.model.clock import rfc3339
from router.model.money import Money

PACE = timedelta(days=1)
"""Over how long the pace is taken: what was charged within the last day is a day's."""
FAR = timedelta(days=3650)
"""What lasts as long as that does not run out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What is left at one provider."""

    provider: str
    at: datetime
    read: Money
    read_at: datetime
    topped_up: Money
    """Since it was read."""
    credited: Money
    """Likewise; by credit notes, and not for single attempts."""
    posted: Money
    """Charged since it was read."""
    open: Money
    """Sent since it was read and not settled: it may have been charged, too."""
    pace: Money
    """Charged within the last day; what was given back then is not taken off."""
    low: Money | float
    """From which on it counts as low: an amount, or for how many seconds it must last."""

    @property
    def left(self) -> Money:
        """Estimated; negative where more was posted than there was."""
        return self.read + self.topped_up + self.credited - self.posted

    @property
    def gone_at(self) -> datetime | None:
        """When it is gone at the present pace; None where it lasts, or nothing is spent."""
        if self.left <= Money.ZERO:
            return self.at
        if self.pace <= Money.ZERO:
            return None
        lasts_s = self.left.nanos * int(PACE.total_seconds()) // self.pace.nanos
        return self.at + timedelta(seconds=lasts_s) if lasts_s < FAR.total_seconds() else None

    @property
    def is_low(self) -> bool:
        """Whether somebody should top it up."""
        if isinstance(self.low, Money):
            return self.left <= self.low
        return self.gone_at is not None and (self.gone_at - self.at).total_seconds() <= self.low

    @property
    def words(self) -> str:
        """For an alarm: what is left, and until when."""
        if self.left <= Money.ZERO:
            return f"{self.provider}: {self.left.usd} left by our books: top it up"
        gone = "" if self.gone_at is None else f", gone at {rfc3339(self.gone_at)} at this pace"
        return f"{self.provider}: {self.left.usd} left{gone}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Two readings one after the other, and what our books have between them."""

    former: BalanceReadingRow
    later: BalanceReadingRow
    topped_up: Money
    credited: Money
    late: Money
    """Charged between them and booked after the later one, less what the former had in it."""

    @property
    def spent(self) -> Money:
        """By the provider's word: what was there, and came, and is there no longer."""
        return self.former.amount + self.topped_up + self.credited - self.later.amount

    @property
    def posted(self) -> Money:
        """Charged between them by our books."""
        return self.later.posted_before - self.former.posted_before + self.late

    @property
    def difference(self) -> Money:
        """Spent less posted: above zero, money is gone that our books do not know of."""
        return self.spent - self.posted


def latest(readings: Iterable[BalanceReadingRow]) -> Mapping[str, BalanceReadingRow]:
    """The last reading of each provider; readings come in the order of their instants."""
    return {row.provider: row for row in readings}


def posted_since(reading: BalanceReadingRow, posted: Mapping[str, Money], late: Money) -> Money:
    """
    What was charged after a reading.

    Args:
        reading: Which.
        posted: All that was posted by provider since ever.
        late: Booked since the reading, but charged before it.
    """
    return posted.get(reading.provider, Money.ZERO) - reading.posted_before - late


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """What came and went between a reading and now."""

    topped_up: Money
    credited: Money
    late: Money
    """Booked after it, but charged before it."""


def between(readings: Sequence[BalanceReadingRow], since: Sequence[Since]) -> list[Between]:
    """
    Compare readings of one provider with the books.

    Args:
        readings: In the order of their instants.
        since: Of each of them.
    """
    both = zip(readings, since, strict=True)
    return [
        Between(
            former=former,
            later=later,
            topped_up=since_former.topped_up - since_later.topped_up,
            credited=since_former.credited - since_later.credited,
            late=since_later.late - since_former.late,
        )
        for (former, since_former), (later, since_later) in pairwise(both)
    ]


def credit_document(credit: Credit) -> dict[str, Any]:
    """What is left, for a program; money as decimal strings."""
    return {
        "provider": credit.provider,
        "left": str(credit.left),
        "read": str(credit.read),
        "read_at": rfc3339(credit.read_at),
        "topped_up": str(credit.topped_up),
        "credited": str(credit.credited),
        "posted": str(credit.posted),
        "open": str(credit.open),
        "per_day": str(credit.pace),
        "gone_at": None if credit.gone_at is None else rfc3339(credit.gone_at),
        "low": credit.is_low,
    }


def between_document(one: Between) -> dict[str, Any]:
    """What lies between two readings, for a program."""
    return {
        "provider": one.later.provider,
        "from": rfc3339(one.former.at),
        "to": rfc3339(one.later.at),
        "read_before": str(one.former.amount),
        "read_after": str(one.later.amount),
        "topped_up": str(one.topped_up),
        "credited": str(one.credited),
        "spent": str(one.spent),
        "posted": str(one.posted),
        "difference": str(one.difference),
    }
