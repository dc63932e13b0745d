"""What people are told of an alert: a sentence that finance understands, and its figures."""

import json
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from router.finance.forecast import Forecast, NoForecast
from router.finance.rounding import to_cent
from router.ledger.alert_rows import AlertRow
from router.ledger.rows import BEGINNING, END
from router.model.clock import rfc3339
from router.model.money import Money

_WHOLE = 100
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_TYPES = {
    "actual": "budget.threshold_reached",
    "forecast": "budget.forecast_reached",
    "burn": "budget.burning",
}
# What Slack takes for markup, and for a mention of everybody.
_SLACK = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def alert_text(
    row: AlertRow, ahead: Forecast | NoForecast | None, at: datetime, zone: tzinfo = UTC
) -> str:
    """
    Say in words what a budget has reached.

    Args:
        row: What was recorded, with its figures.
        ahead: What is to be expected now; None where nothing can be said.
        at: Now: days are counted from here.
        zone: The budget's, whose days are named.
    """
    subject = f"Budget '{row.budget}'{_whose(row.scope)}"
    return f"{subject} {_reached(row, zone)}{_rest(row, ahead, at, zone)}."


def _whose(scope: str) -> str:
    if scope == "everyone":
        return ""
    parts = (part.replace(":", " ", 1) for part in scope.split(","))
    return f" ({', '.join(parts)})"


def _reached(row: AlertRow, zone: tzinfo) -> str:
    used = f"{_usd(row.charged)} of {_usd(row.limit_amount)}"
    match row.basis:
        case "forecast":
            end = _day(row.window_end, zone)
            return (
                f"is expected to come to {_usd(row.amount)} by {end}, "
                f"{_percent(row.amount, row.limit_amount)} of its limit; so far it has used {used}"
            )
        case "burn":
            times = f"{row.percent / _WHOLE:g}"
            return (
                f"is used more than {times} times as fast as would last: {_usd(row.amount)} within "
                f"{_span(timedelta(seconds=row.over_s))}; so far it has used {used}"
            )
        case _ if row.is_used_up:
            return f"is used up: edits for {_usd(row.amount)} were refused; it has used {used}"
        case _:
            return f"has used {_percent(row.charged, row.limit_amount)} ({used})"


def _rest(row: AlertRow, ahead: Forecast | NoForecast | None, at: datetime, zone: tzinfo) -> str:
    """How much time is left, and when the budget runs out."""
    text = ""
    if not row.rolling and row.window_end != END:
        left = row.window_end - at
        text = f" with {_span(left)} left" if left > timedelta(0) else " in a window that has ended"
    if row.is_used_up:
        return f"{text}; what is left is too little"
    exhausted_at = ahead.exhausted_at if ahead is not None else None
    if row.charged >= row.limit_amount or (exhausted_at is not None and exhausted_at <= at):
        return f"{text}; nothing is left of it"
    if exhausted_at is None:
        return text
    moment = f" at {exhausted_at.astimezone(zone):%H:%M}" if exhausted_at - at < 2 * _DAY else ""
    return f"{text}; at this pace it runs out on {_day(exhausted_at, zone)}{moment}"


def _percent(amount: Money | None, limit: Money) -> str:
    """A whole percentage, rounded down: what is not reached is not said."""
    if amount is None or limit <= Money.ZERO:
        return "more than all"
    return f"{amount.nanos * _WHOLE // limit.nanos} %"


def _usd(amount: Money | None) -> str:
    """To the cent: more would be noise in a sentence."""
    return to_cent(amount or Money.ZERO)


def _span(length: timedelta) -> str:
    for unit, word in ((_DAY, "day"), (_HOUR, "hour")):
        count = length // unit
        if count > 1 or (count == 1 and length < 2 * unit):
            return f"{count} {word}{'' if count == 1 else 's'}"
    return "less than an hour"


def _day(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{local.day} {_MONTHS[local.month - 1]}"


def alert_body(
    row: AlertRow, format_: str, ahead: Forecast | NoForecast | None, at: datetime, zone: tzinfo
) -> bytes:
    """
    Write what is posted: Slack's text, or the payload of Standard Webhooks.

    Args:
        row: What was recorded.
        format_: `standard` or `slack`.
        ahead: What is to be expected now.
        at: Now.
        zone: The budget's.
    """
    text = alert_text(row, ahead, at, zone)
    content: dict[str, Any] = {"text": text.translate(_SLACK)}
    if format_ != "slack":
        content = {
            "type": _TYPES[row.basis],
            "timestamp": rfc3339(row.at),
            "data": {**alert_fields(row), "exhausted_at": _exhausted(ahead), "text": text},
        }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def alert_fields(row: AlertRow) -> dict[str, Any]:
    """The figures of an alert, as a program reads them."""
    never = bool(row.rolling) or row.window_end == END
    return {
        "id": row.id,
        "budget": row.budget,
        "scope": row.scope,
        "basis": row.basis,
        "percent": row.percent,
        "over_s": row.over_s or None,
        "charged": str(row.charged),
        "limit": str(row.limit_amount),
        "amount": None if row.amount is None else str(row.amount),
        "window_start": None if row.window_start == BEGINNING else rfc3339(row.window_start),
        "window_end": None if never else rfc3339(row.window_end),
        "rolls": bool(row.rolling),
    }


def _exhausted(ahead: Forecast | NoForecast | None) -> str | None:
    at = ahead.exhausted_at if ahead is not None else None
    return None if at is None else rfc3339(at)
