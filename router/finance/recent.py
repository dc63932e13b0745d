"""What happened of late: how attempts ended, and how long those that delivered took. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from router.dispatch.settlement import DELIVERED
from router.ledger.views import TimedRow

WITHIN = timedelta(hours=1)
"""How far back."""
MOST = 2_000
"""How many attempts, the last ones: an hour of a busy day has more than a page needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """What one provider's attempts of one resolution came to."""

    provider: str
    resolution: str
    outcomes: tuple[tuple[str, int], ...]
    """How many ended how; the most frequent first."""
    percentiles_s: tuple[float, float, float] | None
    """Of those that delivered, from dispatch to the end; None where none did."""

    @property
    def ended(self) -> int:
        """How many, however."""
        return sum(number for _, number in self.outcomes)

    @property
    def delivered(self) -> int:
        """How many delivered."""
        return dict(self.outcomes).get(DELIVERED, 0)


def recent(rows: Iterable[TimedRow]) -> tuple[Recent, ...]:
    """Sort attempts by provider and resolution."""
    groups: dict[tuple[str, str], list[TimedRow]] = {}
    for row in rows:
        groups.setdefault((row.provider, row.resolution.value), []).append(row)
    return tuple(_recent(*key, groups[key]) for key in sorted(groups))


def _recent(provider: str, resolution: str, rows: Sequence[TimedRow]) -> Recent:
    outcomes = Counter(row.outcome or "unknown" for row in rows)
    took = sorted(
        (row.ended_at - row.dispatched_at).total_seconds()
        for row in rows
        if row.outcome == DELIVERED and row.ended_at and row.dispatched_at
    )
    return Recent(
        provider=provider,
        resolution=resolution,
        outcomes=tuple(outcomes.most_common()),
        percentiles_s=(_rank(took, 50), _rank(took, 95), _rank(took, 99)) if took else None,
    )


def _rank(ordered: Sequence[float], percent: int) -> float:
    """The smallest that so many of a hundred are not above."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
