"""
How far forecasts are off: synthetic months of known ends, forecast on the way.

Each kind of account is drawn many times over, by the hour, with five weeks before the month or
without; and at a quarter, half and three quarters of the month its forecast is compared with what
the month was charged in the end. Told are the median error, the worst of ten, and how often the end
lay within the band, which should be eight times in ten.
"""

import random
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from router.finance.forecast import BudgetWindow, Forecast, by_hour, forecast
from router.ledger.limit_rows import BudgetHourRow
from router.model.money import Money, total

ZONE = ZoneInfo("Europe/Berlin")
MONTHS = 60
SHARES = (25, 50, 75)
BEFORE = timedelta(days=35)
HOUR = timedelta(hours=1)
EDIT_NANOS = 40_000_000

Edits = Callable[[datetime, random.Random], int]
"""How many edits an account buys in an hour, by local time."""


def _even(_: datetime, rng: random.Random) -> int:
    return _about(9, rng)


def _office(at: datetime, rng: random.Random) -> int:
    """Weekdays from eight to six; a tenth of it otherwise."""
    busy = at.weekday() < 5 and 8 <= at.hour < 18
    return _about(20 if busy else 2, rng)


def _growing(at: datetime, rng: random.Random) -> int:
    """An office that grows by one in a hundred a day."""
    days = (at.date() - datetime(2026, 9, 27, tzinfo=UTC).date()).days
    return int(_office(at, rng) * 1.01**days)


def _batches(at: datetime, rng: random.Random) -> int:
    """Nothing most of the time; about every third night a catalogue."""
    return _about(400, rng) if at.hour == 2 and rng.random() < 0.35 else 0


KINDS: Mapping[str, Edits] = {
    "even": _even,
    "office hours": _office,
    "growing 1 % a day": _growing,
    "nightly batches": _batches,
}


def _about(mean: int, rng: random.Random) -> int:
    return max(0, round(rng.gauss(mean, mean**0.5)))


@dataclass(frozen=True, slots=True)
class Trial:
    """One forecast and what came of it."""

    method: str
    error: float
    """By how much it was off, as a share of what came."""
    within: bool


def trials(edits: Edits, share: int, *, before: timedelta, months: int = MONTHS) -> Iterator[Trial]:
    """Draw months of an account, and forecast each at a share of it, in percent."""
    start = datetime(2026, 11, 1, tzinfo=ZONE).astimezone(UTC)
    end = datetime(2026, 12, 1, tzinfo=ZONE).astimezone(UTC)
    at = start + (end - start) * share / 100
    for seed in range(months):
        rng = random.Random(seed)
        rows = list(_hours(edits, rng, start - before, end))
        spent = total([row.charged for row in rows if start <= row.hour < at])
        window = BudgetWindow(
            start=start, end=end, limit=Money.parse("100000"), charged=spent, zone=ZONE
        )
        found = forecast(window, by_hour(row for row in rows if row.hour < at), at)
        came = total([row.charged for row in rows if start <= row.hour])
        if isinstance(found, Forecast):
            error = abs(found.expected.nanos - came.nanos) / came.nanos
            yield Trial(found.method, error, found.low <= came <= found.high)


def _hours(
    edits: Edits, rng: random.Random, since: datetime, until: datetime
) -> Iterator[BudgetHourRow]:
    hour = since
    while hour < until:
        count = edits(hour.astimezone(ZONE), rng)
        yield BudgetHourRow(
            budget="b", scope="everyone", hour=hour, charged=Money(count * EDIT_NANOS)
        )
        hour += HOUR


def measure() -> None:
    """Measure, and print one table."""
    table = Table(title=f"Forecasts of {MONTHS} synthetic months of each kind")
    for heading in ("account", "known before", "of the month", "method"):
        table.add_column(heading)
    for heading in ("median error", "worst of ten", "within the band"):
        table.add_column(heading, justify="right")
    for name, edits in KINDS.items():
        for before in (timedelta(0), BEFORE):
            for share in SHARES:
                found = list(trials(edits, share, before=before))
                errors = sorted(trial.error for trial in found)
                table.add_row(
                    name,
                    f"{before.days} days",
                    f"{share} %",
                    ", ".join(sorted({trial.method for trial in found})),
                    f"{statistics.median(errors):.1%}",
                    f"{errors[len(errors) * 9 // 10]:.1%}",
                    f"{sum(trial.within for trial in found) / len(found):.0%}",
                )
    Console().print(table)
