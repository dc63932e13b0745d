"""
Forecasts: what a budget's window will have been charged when it ends, and when it runs out.

Pure arithmetic over what was charged by the hour: posted and presumed, at the instant of the entry.
What is held or in doubt is charged to nobody yet, and no part of it. Two methods: `linear`, the
window's own pace so far; and, once two weeks are known, `weekday`, the mean of the same hours of
the weeks before. What is expected on top of what is charged goes by the hours alone: so whoever
has the same hours expects the same, to the nano-dollar. Where too little is known there is no
forecast, and a sentence that says why: a number that nobody should act on is worse than none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from fractions import Fraction
from typing import Literal, Protocol

from router.finance.pace import Charged, Pace, SteadyPace, WeeklyPace, ratio
from router.finance.weeks import DAY, HOUR
from router.model.clock import hour_of
from router.model.money import NANOS_MAX, Money

HISTORY = 28 * DAY
"""How far back what was charged is asked for; older hours change nothing."""
SEASONAL_AFTER = 14 * DAY
"""From how much history on the days of the week are told apart."""
EARLY_PERCENT = 10
"""Of a window that is no further than this there is no forecast."""
BURNS = (timedelta(hours=1), timedelta(hours=6), timedelta(days=3))
"""Over what burn rates are told."""
_WHOLE = 100
# What is further away than this is no forecast of a lifetime's end, but a guess.
_LIFETIME_SIGHT = 366 * DAY

Method = Literal["linear", "weekday"]


class HourCharged(Protocol):
    """What an hour was charged: see `ledger.limit_rows.BudgetHourRow`."""

    @property
    def hour(self) -> datetime: ...
    @property
    def charged(self) -> Money: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetWindow:
    """A window of one account of a budget, as it stands."""

    start: datetime | None
    """Inclusive; None for a lifetime."""
    end: datetime | None
    """Exclusive: when it begins anew. None for a lifetime, and where it rolls."""
    limit: Money
    charged: Money
    """Posted and presumed within it."""
    under_way: Money = Money.ZERO
    """Held and in doubt: takes room from the limit, and is no part of a forecast yet."""
    zone: tzinfo = UTC
    """Whose days of the week are told apart."""

    def length(self, at: datetime) -> timedelta | None:
        """How long it is; None for a lifetime."""
        if self.start is None:
            return None
        return (self.end or hour_of(at)) - self.start

    @property
    def left(self) -> int:
        """What may still be charged, in nano-dollars."""
        return (self.limit - self.charged - self.under_way).nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a window will have been charged when it ends."""

    expected: Money
    low: Money
    """Eight times in ten it is not less; never less than what is charged already."""
    high: Money
    method: Method
    exhausted_at: datetime | None
    """When the limit is reached at this pace; now, where nothing is left. None: not in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoForecast:
    """There is none, and why."""

    reason: str
    """A clause for people: `less than 10 % of the window is over`."""
    exhausted_at: datetime | None = None
    """As a forecast's: of what is used up, and of a lifetime, it is known all the same."""


@dataclass(frozen=True, slots=True)
class Burn:
    """How fast a budget is burnt: at 1 a window's limit is used up just as the window ends."""

    over: timedelta
    rate: Fraction

    def __str__(self) -> str:
        """With two places, rounded down: `14.40`."""
        whole, hundredths = divmod(int(self.rate * _WHOLE), _WHOLE)
        return f"{whole}.{hundredths:02d}"


def by_hour(rows: Iterable[HourCharged]) -> dict[datetime, int]:
    """What rows say, each of an hour of its own, as forecasts take it."""
    return {row.hour: row.charged.nanos for row in rows}


def forecast(window: BudgetWindow, hours: Charged, at: datetime) -> Forecast | NoForecast:
    """
    Forecast what a window will have been charged at its end.

    Args:
        window: As it stands.
        hours: What its account was charged by the hour of UTC; those of the last `HISTORY` matter,
            also from before the window. An hour of nothing tells nothing.
        at: Now, within the window.

    Returns:
        Never less than what is charged already; at a constant pace, exact.
    """
    return _forecast(window, _known(hours, at), at)


def _forecast(window: BudgetWindow, known: Charged, at: datetime) -> Forecast | NoForecast:
    if window.start is None:
        return NoForecast(reason="a lifetime has no end", exhausted_at=_lifetime(window, known, at))
    gone = at if window.left <= 0 else None
    if window.end is None:
        return NoForecast(reason="a window that rolls has no end", exhausted_at=gone)
    if not known:
        return NoForecast(reason="nothing was charged yet", exhausted_at=gone)
    first = min(known)
    seasonal = at - first >= SEASONAL_AFTER
    since = window.start if seasonal else max(window.start, first)
    if (at - since) * _WHOLE < (window.end - window.start) * EARLY_PERCENT:
        behind = "over" if since == window.start else "known"
        reason = f"less than {EARLY_PERCENT} % of the window is {behind}"
        return NoForecast(reason=reason, exhausted_at=gone)
    # The account may have begun in the middle of its first hour.
    pace: Pace = (
        WeeklyPace(known, first + HOUR, at, window.zone)
        if seasonal
        else SteadyPace(known, since, at)
    )
    expected = window.charged.nanos + round(pace.between(at, window.end))
    less, more = pace.margins(at, window.end)
    return Forecast(
        expected=_money(expected),
        low=max(window.charged, _money(expected - less)),
        high=_money(expected + more),
        method="weekday" if seasonal else "linear",
        exhausted_at=pace.reached_at(window.left, at, window.end),
    )


def burns(window: BudgetWindow, hours: Charged, at: datetime) -> tuple[Burn, ...]:
    """Say how fast a budget is burnt over each of `BURNS`; nothing of a lifetime."""
    return _burns(window, _known(hours, at), at)


def forecast_and_burns(
    window: BudgetWindow, hours: Charged, at: datetime
) -> tuple[Forecast | NoForecast, tuple[Burn, ...]]:
    """Both, of hours that are looked through once: see `forecast` and `burns`."""
    known = _known(hours, at)
    return _forecast(window, known, at), _burns(window, known, at)


def _burns(window: BudgetWindow, known: Charged, at: datetime) -> tuple[Burn, ...]:
    oldest = at - BURNS[-1] - HOUR
    lately = [(hour, charged) for hour, charged in known.items() if hour > oldest]
    found = ((over, _burn(window, lately, at, over)) for over in BURNS)
    return tuple(Burn(over, rate) for over, rate in found if rate is not None)


def burn(window: BudgetWindow, hours: Charged, at: datetime, over: timedelta) -> Fraction | None:
    """
    Say how fast a budget is burnt: what was charged of late, by what the limit allows as long.

    Args:
        window: As it stands.
        hours: As for `forecast`.
        at: Now.
        over: How far back.

    Returns:
        1 uses the limit up just as the window ends. None where there is no such pace: of a
        lifetime, and of a limit of nothing.
    """
    return _burn(window, list(_known(hours, at).items()), at, over)


def _burn(
    window: BudgetWindow, known: Sequence[tuple[datetime, int]], at: datetime, over: timedelta
) -> Fraction | None:
    length = window.length(at)
    if length is None or window.limit <= Money.ZERO:
        return None
    charged = max(Fraction(0), _within(known, at - over, at))
    return charged / window.limit.nanos * ratio(length, over)


def _within(known: Sequence[tuple[datetime, int]], since: datetime, at: datetime) -> Fraction:
    """What was charged since an instant; of the hour that it lies in, in proportion."""
    whole, part, begun = 0, Fraction(0), hour_of(since)
    for hour, charged in known:
        if hour >= since:
            whole += charged
        elif hour == begun:
            end = min(hour + HOUR, at)
            part = charged * ratio(end - since, end - hour)
    return whole + part


def _known(hours: Charged, at: datetime) -> Charged:
    """What counts of the hours: none of them is of a clock ahead of ours, or too old to matter."""
    oldest = hour_of(at) - HISTORY
    return {hour: nanos for hour, nanos in hours.items() if nanos and oldest <= hour <= at}


def _money(nanos: int) -> Money:
    """The amount, or the most that money can be."""
    return Money(min(nanos, NANOS_MAX))


def _lifetime(window: BudgetWindow, known: Charged, at: datetime) -> datetime | None:
    """When a lifetime's limit is reached, at the pace of late; None: not within a year."""
    if window.left <= 0:
        return at
    if not known or at - min(known) < DAY:
        return None
    since = min(known)
    pace = SteadyPace(known, since, at)
    return pace.reached_at(window.left, at, at + _LIFETIME_SIGHT)
