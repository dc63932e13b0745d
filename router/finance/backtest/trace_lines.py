"""
One line of a trace as a past job. The columns are told in `traces`.

Every error is a `ValueError` that says what is wrong with the line, in words.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from router.finance.backtest.past import Happened, PastJob, Tried, tenths_of
from router.model.clock import from_rfc3339
from router.model.ids import JobId
from router.model.job import Job, Resolution
from router.model.money import Money
from router.policy.explain import closest

REQUIRED = ("created_at", "tenant", "model", "resolution")
OPTIONAL = (
    *("tags", "key", "aspect_ratio", "output_format", "price_max"),
    *("provider", "charged", "seconds", "outcome"),
)
COLUMNS = (*REQUIRED, *OPTIONAL)
OUTCOMES = ("delivered", "failed", "content_refused", "cancelled", "denied")
SECONDS_MAX = 86_400.0
# A job of a trace has no deadline that matters.
_DEADLINE = timedelta(seconds=300)
T = TypeVar("T")


def check_columns(names: tuple[str, ...]) -> None:
    """
    Hold columns' names to those that there are.

    Raises:
        ValueError: One is not known, stands twice, or is missing.
    """
    for name in names:
        if name not in COLUMNS:
            message = f"there is no column '{name}'{closest(name, COLUMNS)}"
            raise ValueError(message)
    if len(set(names)) < len(names):
        raise ValueError("a column stands twice")
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        message = f"'{missing[0]}' is missing: every job has {', '.join(REQUIRED)}"
        raise ValueError(message)


def past_of(fields: Mapping[str, Any], number: int) -> PastJob:
    """
    A job from a line's fields.

    Args:
        fields: By the columns' names, without those that are empty.
        number: The line's.

    Raises:
        ValueError: A field is missing, or cannot be meant.
    """
    check_columns(tuple(fields))
    created_at = _read(fields, "created_at", _instant)
    price_max = _read(fields, "price_max", Money.parse) if "price_max" in fields else None
    key = str(fields.get("key", ""))
    job = Job(
        id=JobId(f"line-{number}"),
        tenant=str(fields["tenant"]),
        key_id=key,
        model=str(fields["model"]),
        prompt="",
        images=("",),
        resolution=_read(fields, "resolution", lambda text: Resolution(text.lower())),
        aspect_ratio=_text(fields, "aspect_ratio"),
        output_format=_text(fields, "output_format"),
        tags=_tags(fields.get("tags", {})),
        created_at=created_at,
        deadline_at=created_at + _DEADLINE,
        price_max=price_max,
        key_name=key,
    )
    return PastJob(job=job, happened=_happened(fields, job.resolution))


def _happened(fields: Mapping[str, Any], resolution: Resolution) -> Happened | None:
    """What became of it; None where neither a provider nor an outcome is told."""
    provider, outcome = _text(fields, "provider"), _text(fields, "outcome")
    if provider is None and outcome is None:
        extra = [name for name in ("charged", "seconds") if name in fields]
        if extra:
            message = f"'{extra[0]}' of nobody: say the provider"
            raise ValueError(message)
        return None
    if outcome is not None and outcome not in OUTCOMES:
        message = f"there is no outcome '{outcome}': write {', '.join(OUTCOMES)}"
        raise ValueError(message)
    if outcome == "denied":
        if provider is not None or "charged" in fields:
            raise ValueError("what a budget denied went to no provider and was not charged")
        return Happened(is_denied=True)
    if provider is None:
        message = f"'{outcome}' by whom? Say the provider"
        raise ValueError(message)
    return _tried(fields, resolution, provider, outcome or "delivered")


def _tried(
    fields: Mapping[str, Any], resolution: Resolution, provider: str, outcome: str
) -> Happened:
    is_delivered = outcome == "delivered"
    if is_delivered and "charged" not in fields:
        raise ValueError("'charged' is missing: what was delivered has cost something, or 0.00")
    charged = _read(fields, "charged", Money.parse) if "charged" in fields else Money.ZERO
    if charged < Money.ZERO:
        raise ValueError("'charged': nobody is charged less than nothing")
    tenths = tenths_of(_read(fields, "seconds", _seconds)) if "seconds" in fields else None
    tried = Tried(provider, resolution.value, None, charged.nanos, is_delivered, tenths)
    return Happened(
        attempts=(tried,),
        is_delivered=is_delivered,
        stands=outcome in {"content_refused", "cancelled"},
        tenths=tenths if is_delivered else None,
    )


def _read(fields: Mapping[str, Any], name: str, read: Callable[[str], T]) -> T:
    try:
        return read(str(fields[name]))
    except ValueError as error:
        message = f"'{name}': {error}"
        raise ValueError(message) from error


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    return str(fields[name]) if name in fields else None


def _instant(text: str) -> datetime:
    try:
        return from_rfc3339(text)
    except (ValueError, OverflowError) as error:
        message = f"{text!r} is no instant with its zone, as 2026-11-20T09:00:00Z"
        raise ValueError(message) from error


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= SECONDS_MAX:
        message = f"{text} seconds are no time that an edit takes"
        raise ValueError(message)
    return seconds


def _tags(said: object) -> tuple[tuple[str, str], ...]:
    """Read `team=ads;purpose=print`, or an object."""
    if isinstance(said, dict):
        found = {name: str(value) for name, value in cast("dict[str, object]", said).items()}
    else:
        parts = [part.strip().partition("=") for part in str(said).split(";") if part.strip()]
        if not all(name and equals for name, equals, _ in parts):
            raise ValueError("'tags': write them as team=ads;purpose=print")
        found = {name: value for name, _, value in parts}
    return tuple(sorted(found.items()))
