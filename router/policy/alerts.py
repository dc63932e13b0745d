"""What of a budget people are told: thresholds on charges and on forecasts, burns, and where to."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Literal, cast
from urllib.parse import urlsplit

from pydantic import Field, PlainValidator, WithJsonSchema

from router.policy.scalars import Row, pattern, read_duration_s

_WHOLE = 100
_THRESHOLD = re.compile(r"(?P<forecast>forecast )?(?P<percent>[1-9][0-9]{0,2}) ?%")
_ALERTS_HOW = (
    "write the thresholds as a list that rises, each from 1% to 100%, as [50%, 80%, 100%], "
    "and those on the forecast likewise, as [80%, 100%, forecast 100%]"
)
_BURN = re.compile(r"(?P<percent>[1-9][0-9]{0,2})% in (?P<over>[0-9]+[a-z])")
_BURN_HOW = "write standard, or how much of the limit in what time, as [50% in 1h, 80% in 6h]"
_OVER = timedelta(hours=1), timedelta(days=28)
_PRIVATE = re.compile(r"[^!-~]")
_URL_MAX = 2000


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Percentages of a limit that are told of once for each window, rising."""

    actual: tuple[int, ...] = ()
    """When what was charged reaches them."""
    forecast: tuple[int, ...] = ()
    """When what the window is expected to be charged at its end reaches them."""

    def __bool__(self) -> bool:
        return bool(self.actual or self.forecast)


@dataclass(frozen=True, slots=True)
class BurnAlert:
    """A pace that is told of: so much within so long, while the last twelfth of it is as fast."""

    over: timedelta
    percent: int
    """Of the limit, within that time."""
    rate: Fraction | None = None
    """How many times the pace at which the limit would last just to the window's end."""
    least: int = 0
    """Of the limit in percent, within that time: less is nothing to tell of, however fast."""

    def rate_for(self, length: timedelta) -> Fraction:
        """
        How many times as fast as a window of a length allows.

        Where a rate and a percentage are said, the lesser: six times as fast over six hours would
        be more than all of a day's limit, which lets nothing more through. But never less than the
        least percentage: 14.4 times as fast over an hour is 0.2 % of a year's limit.
        """
        windows = Fraction(length // _SECOND, self.over // _SECOND)
        share = Fraction(self.percent, _WHOLE) * windows
        rate = share if self.rate is None else min(self.rate, share)
        return max(rate, Fraction(self.least, _WHOLE) * windows)


_SECOND = timedelta(seconds=1)
STANDARD = (
    BurnAlert(timedelta(hours=1), percent=50, rate=Fraction(144, 10), least=2),
    BurnAlert(timedelta(hours=6), percent=80, rate=Fraction(6), least=5),
)
"""
Of a month of 30 days, 2 % within an hour and 5 % within six, and so of every longer window; of a
shorter one more, of a day half within an hour and 80 % within six.

Source: The Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts".
"""


def read_alerts(value: object) -> Thresholds:
    """
    Read `[50%, 80%, 100%, forecast 100%]`.

    Raises:
        ValueError: No such list, or one whose thresholds do not rise.
    """
    if isinstance(value, Thresholds):
        return value
    listed = cast("list[object]", value) if isinstance(value, list) else []
    matches = [_THRESHOLD.fullmatch(one) if isinstance(one, str) else None for one in listed]
    if not matches or None in matches:
        raise ValueError(_ALERTS_HOW)
    found = [match for match in matches if match is not None]
    actual = tuple(int(match["percent"]) for match in found if match["forecast"] is None)
    forecast = tuple(int(match["percent"]) for match in found if match["forecast"] is not None)
    if not (_rises(actual) and _rises(forecast)):
        raise ValueError(_ALERTS_HOW)
    return Thresholds(actual, forecast)


def _rises(percents: Sequence[int]) -> bool:
    return all(low < high for low, high in pairwise([0, *percents, _WHOLE + 1]))


def read_burns(value: object) -> tuple[BurnAlert, ...]:
    """
    Read `standard`, or `[50% in 1h, 80% in 6h]`.

    Raises:
        ValueError: Neither, or a time under an hour or over four weeks.
    """
    if isinstance(value, tuple):
        return cast("tuple[BurnAlert, ...]", value)
    if value == "standard":
        return STANDARD
    listed = cast("list[object]", value) if isinstance(value, list) else []
    if not listed:
        raise ValueError(_BURN_HOW)
    burns = tuple(_read_burn(one) for one in listed)
    if len({burn.over for burn in burns}) < len(burns):
        raise ValueError("a time stands here twice; what is more within it says all")
    return burns


def _read_burn(said: object) -> BurnAlert:
    match = _BURN.fullmatch(said) if isinstance(said, str) else None
    if match is None or int(match["percent"]) > _WHOLE:
        raise ValueError(_BURN_HOW)
    over = timedelta(seconds=int(read_duration_s(match["over"])))
    shortest, longest = _OVER
    if not shortest <= over <= longest or over % shortest:
        message = f"{match['over']} is not a whole number of hours, from 1h to 28d"
        raise ValueError(message)
    return BurnAlert(over, percent=int(match["percent"]))


def read_address(value: object) -> str:
    """
    Read where people are told: `https://…`.

    Raises:
        ValueError: No such URL, or one with a user's name in it. It is not repeated: the address
            may be what keeps strangers out.
    """
    message = "the whole address of a web hook belongs here, with https and its host"
    if not isinstance(value, str) or _PRIVATE.search(value) or len(value) > _URL_MAX:
        raise ValueError(message)
    try:
        url = urlsplit(value)
        is_good = url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        is_good = False
        url = urlsplit("")
    if not is_good or "@" in url.netloc:
        raise ValueError(message)
    return value


Format = Literal["standard", "slack"]


class AlertsTo(Row):
    """Where people are told of budgets, beside the log and the metrics."""

    to: Annotated[
        str,
        PlainValidator(
            read_address,
            json_schema_input_type=pattern("^https?://[!-~]+$", "https://hooks.example/alerts"),
        ),
    ] = Field(repr=False)
    """Posted to through the guard, as all addresses are that people write: https, and none that is
    private unless `FAREBOX_FETCH_ALLOW` names it."""
    format: Format = "standard"
    """`standard`, for programs: Standard Webhooks. `slack`: a text, as Slack's incoming webhooks
    take it and many others do."""


ThresholdsField = Annotated[
    Thresholds,
    PlainValidator(read_alerts),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "string", "pattern": "^(forecast )?(100|[1-9][0-9]?) ?%$"},
            "minItems": 1,
            "uniqueItems": True,
        }
    ),
]
BurnsField = Annotated[
    tuple[BurnAlert, ...],
    PlainValidator(read_burns),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": "standard"},
                {
                    "type": "array",
                    "items": {
                        "type": "string",
                        "pattern": "^(100|[1-9][0-9]?)% in [0-9]{1,6}[smhd]$",
                    },
                    "minItems": 1,
                    "uniqueItems": True,
                },
            ]
        }
    ),
]
