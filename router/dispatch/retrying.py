"""When somebody who could not be told is told again, and when it is given up. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from router.ledger.alert_commands import Tried
from router.ledger.outbox_rows import Letter, OutboxState
from router.upstream.fetcher import Posted

MINUTE_S, HOUR_S = 60.0, 3600.0
PUBLISHED_S = (
    *(0.0, 5.0, 5 * MINUTE_S, 30 * MINUTE_S, 2 * HOUR_S, 5 * HOUR_S),
    *(10 * HOUR_S, 14 * HOUR_S, 20 * HOUR_S, 24 * HOUR_S),
)
"""
The pause before each try, counted from the one before; the first is at the job's end.

Source: Standard Webhooks 1.0.0, "Deliverability and reliability".
"""
SCHEDULES: Mapping[str, tuple[float, ...]] = {"runpod": (0.0, 5.0, 15.0)}
"""By dialect, where its users are used to another. Source: Runpod docs: two more tries, seconds
apart."""
JITTER = 0.1
"""By how much of itself a pause is stretched at most, so that not all come back at once."""
RETRY_AFTER_S_MAX = 24 * HOUR_S
_THROTTLING = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_SECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a try."""

    tried: Tried
    word: str
    """`delivered`, `retried`, `given_up`, `gone`, or `refused`."""


def verdict(row: Letter, at: datetime, posted: Posted | None, chance: float) -> Verdict:
    """
    Judge a try that went out.

    Args:
        row: As it was before the try.
        at: When the try ended.
        posted: What the receiver answered; None if it did not.
        chance: From 0 to 1, for the jitter.
    """
    status = posted.status if posted is not None else None
    if status is not None and status // 100 == HTTPStatus.OK // 100:
        return _final(row, at, OutboxState.DELIVERED, status, "delivered")
    if status == HTTPStatus.GONE:
        return _final(row, at, OutboxState.FAILED, status, "gone")
    schedule = SCHEDULES.get(row.dialect, PUBLISHED_S)
    number = row.tries + 1
    if number >= len(schedule):
        return _final(row, at, OutboxState.FAILED, status, "given_up")
    pause_s = schedule[number] * (1 + JITTER * chance)
    if posted is not None and posted.status in _THROTTLING:
        pause_s = max(pause_s, retry_after_s(posted.retry_after, at))
    tried = Tried(
        at=at,
        number=number,
        state=OutboxState.DUE,
        status=status,
        next_at=at + timedelta(seconds=pause_s),
    )
    return Verdict(tried, "retried")


def refused(row: Letter, at: datetime) -> Verdict:
    """Judge a try that the guard did not let out: it is the last, for nothing was dialled."""
    return _final(row, at, OutboxState.REFUSED, None, "refused")


def retry_after_s(written: str | None, now: datetime) -> float:
    """Read a `Retry-After`, in seconds or as a date; zero where it says nothing, a day at most."""
    text = (written or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), RETRY_AFTER_S_MAX)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(0.0, (until - now).total_seconds()), RETRY_AFTER_S_MAX)


def _final(row: Letter, at: datetime, state: OutboxState, status: int | None, word: str) -> Verdict:
    tried = Tried(at=at, number=row.tries + 1, state=state, status=status)
    return Verdict(tried, word)
