"""
Sums of the ledger over a time, by what they were at its two ends.

The ledger's sums are scraped whole, so what was added within a time is one subtraction: `increase`
would extrapolate, and would miss all that a series begins with, as a new tenant's first charges. A
series that was not there at the beginning was zero, if that is known: because the ledger was read
then, or because it had not begun. If it is not known, there is no number.
"""

from dataclasses import dataclass

BASIS = (
    "Exact sums of the ledger at the last scrapes before both ends; none where nothing was scraped "
    "within a day before the beginning of it, unless the ledger is younger."
)
"""What a panel says of a sum over the time that is chosen."""
BASIS_OF_DAYS = (
    "Exact sums of the ledger at both ends of each day of UTC, today's within five minutes; none "
    "where nothing was scraped on the day before, unless the ledger is younger."
)
"""What a panel says of sums by day."""
_READABLE = "farebox_ledger_readable"
_BEGAN = "farebox_ledger_began_timestamp_seconds"
_STEPS = "[1d:5m]"
"""Where nobody scraped just then, the last sum of a day is taken."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of the ledger's: the same on every replica, so `max` comes before all else."""

    name: str
    labels: str = ""
    """All that the metric has: `provider, tenant`. Empty: none."""

    def at(self, by: str = "", offset: str = "") -> str:
        """What it is at an instant, by some of its labels or as one."""
        scraped = f"{self.name} offset {offset}" if offset else self.name
        each = f"max by ({self.labels}) ({scraped})" if self.labels else f"max({scraped})"
        return f"sum by ({by}) ({each})" if by else f"sum({each})"

    def within_range(self, by: str = "", *, earlier: str = "") -> str:
        """
        How much was added within the time that is chosen on the dashboard.

        Args:
            by: Some of the labels; empty: as one sum.
            earlier: By how much earlier the time is to lie, as `30d`.
        """
        end, start = self._last(by), self._last(by, "$__range")
        known = (
            f"max(max_over_time({_READABLE}[1d] offset $__range)) == 1"
            f" or max(last_over_time({_BEGAN}[1d])) > time() - $__range_s"
        )
        added = _difference(end, start, known)
        # Offsets do not add up but through a subquery; this one has one step.
        return f"last_over_time(({added})[1s:1s] offset {earlier})" if earlier else f"({added})"

    def within_day(self, by: str = "") -> str:
        """How much was added within the day that begins at the instant that is evaluated."""
        each = f"last_over_time({self.at(by)}{_STEPS}"
        known = (
            f"max(max_over_time({_READABLE}[1d])) == 1"
            f" or max(last_over_time({_BEGAN}[1d] offset -1d)) > time()"
        )
        return f"({_difference(f'{each} offset -1d)', f'{each})', known)})"

    def _last(self, by: str, offset: str = "") -> str:
        """At an instant; if nobody scraped then, as it was last."""
        shifted = f" offset {offset}" if offset else ""
        then = self.at(by, offset)
        before = f"last_over_time({self.at(by)}{_STEPS}{shifted})"
        return f"({then} or {before} unless on () {self.at('', offset)})"


def _difference(end: str, start: str, known: str) -> str:
    return f"{end} - ({start} or 0 * {end} and on () ({known}))"
