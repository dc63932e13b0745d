"""
A provider's record after a start: what the ledger has of the last minutes counts on.

Nobody is set aside for it alone: one failure more is needed, as if there had been no restart. Only
what the books prove to be the provider's doing counts. Creates in doubt may be our own, of the
last end, and count by their amount; credit and keys show with the next create.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from router.dispatch.health_record import Record
from router.dispatch.health_window import WINDOW_S
from router.dispatch.settlement import DELIVERED
from router.model.errors import ProviderFailed, ProviderUnreachable

SEEDED_FROM = timedelta(seconds=WINDOW_S)
SEEDED_MOST = 500
"""How many attempts of each offer are read."""
_FAILED = frozenset({ProviderFailed.code, ProviderUnreachable.code})


class Past(Protocol):
    """An attempt as the ledger has it."""

    @property
    def outcome(self) -> str | None: ...
    @property
    def dispatched_at(self) -> datetime | None: ...
    @property
    def accepted_at(self) -> datetime | None: ...
    @property
    def ended_at(self) -> datetime | None: ...


def count_past(record: Record, attempts: Iterable[Past], now: datetime, now_s: float) -> None:
    """
    Count one provider's attempts, in whatever order they come.

    Args:
        record: Of the provider, new.
        attempts: Of the last minutes.
        now: Their instants are before it.
        now_s: The same by the monotonic clock.
    """
    found = [
        (began_at, ended_at, one)
        for one in attempts
        if (began_at := one.dispatched_at) is not None
        and (ended_at := one.ended_at) is not None
        and (one.outcome == DELIVERED or one.outcome in _FAILED)
    ]
    for began_at, _, one in sorted(found, key=lambda each: each[0]):
        if now - began_at < SEEDED_FROM:
            bucket = record.window.begin(now_s - (now - began_at).total_seconds())
            bucket.failed += one.outcome in _FAILED
    for _, _, one in sorted(found, key=lambda each: each[1]):
        if one.accepted_at is not None:
            record.creates_failed = 0
        if one.outcome == DELIVERED:
            record.jobs_failed = 0
        elif one.accepted_at is not None:
            record.jobs_failed += 1
        else:
            record.creates_failed += 1
