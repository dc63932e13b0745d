"""
How single values are written: money with a dollar sign, durations with a unit, dates in UTC.

Each reader takes text, or the value it returns itself, and says in its error how to write it.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from router.model.money import Money, NotMoney
from router.model.offer import Rate

_DOLLARS = re.compile(r"\$[0-9]+(\.[0-9]+)?")
_NUMBER = re.compile(r"-?[0-9][0-9_]*(\.[0-9]*)?")
_RATE = re.compile(r"([0-9]{1,10}) per ([0-9]{0,6}[smhd])")
_DURATION = re.compile(r"([0-9]{1,6})(s|m|h|d)")
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION_S_MAX = 366 * 86_400.0
NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""For editors: what `read_name` reads."""
_NAME = re.compile(NAME_PATTERN[1:-1])
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})")
# Windows are counted from instants: far from the calendar's ends, no count leaves it.
_YEAR_FIRST, _YEAR_LAST = 2000, 2199
_TEXT_MAX = 500
COUNT_MAX = 1_000_000_000


class Row(BaseModel):
    """What stands between two braces: unknown keys are errors, and nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def pattern(expression: str, *examples: str, description: str | None = None) -> Any:
    """Describe a text for editors by a regular expression, for `json_schema_input_type`."""
    return Annotated[
        str, Field(pattern=expression, examples=list(examples) or None, description=description)
    ]


def read_dollars(value: object) -> Money:
    """
    Read `$0.0875`.

    Raises:
        ValueError: Without a dollar sign, negative, finer than a nano-dollar, or no amount.
    """
    if isinstance(value, Money):
        return value
    text = _text(value, "an amount of money such as $0.0875")
    if _NUMBER.fullmatch(text):
        message = f"write money with a dollar sign, as ${text.removeprefix('-')}"
        raise ValueError(message)
    if not _DOLLARS.fullmatch(text):
        message = f"'{text}' is no amount of money such as $0.0875"
        raise ValueError(message)
    try:
        return Money.parse(text)
    except NotMoney as error:
        message = f"{text} is finer than a nano-dollar, or beyond a billion dollars"
        raise ValueError(message) from error


def read_duration_s(value: object) -> float:
    """
    Read `300s`, `5m`, `2h` or `1d`, as seconds.

    Raises:
        ValueError: Without a unit, zero, above a year, or no duration.
    """
    if isinstance(value, float):
        return value
    text = _text(value, "a duration such as 300s")
    if _NUMBER.fullmatch(text):
        message = f"write a duration with its unit, as {text}s"
        raise ValueError(message)
    match = _DURATION.fullmatch(text)
    if match is None:
        message = f"'{text}' is no duration such as 300s, 5m, 2h or 1d"
        raise ValueError(message)
    seconds = float(int(match[1]) * _UNIT_S[match[2]])
    if not 0 < seconds <= _DURATION_S_MAX:
        message = f"{text} is not between 1s and 366d"
        raise ValueError(message)
    return seconds


def read_credit_low(value: object) -> Money | float:
    """
    Read `$20.00`, or `2d` as seconds.

    Raises:
        ValueError: Neither an amount nor a duration.
    """
    if isinstance(value, Money | float):
        return value
    text = _text(value, "an amount such as $20.00, or a duration such as 2d,")
    return read_dollars(text) if text.startswith("$") else read_duration_s(text)


def read_rate(value: object) -> Rate:
    """
    Read `1000 per 10s`, or `5 per s`.

    Raises:
        ValueError: No rate, or none of one call or more in one second to a year.
    """
    if isinstance(value, Rate):
        return value
    text = _text(value, "a rate such as 1000 per 10s")
    match = _RATE.fullmatch(text)
    if match is None:
        message = f"'{text}' is no rate such as 1000 per 10s"
        raise ValueError(message)
    per = match[2] if match[2][0].isdigit() else f"1{match[2]}"
    return Rate(calls=read_count(match[1]), per_s=read_duration_s(per))


def read_instant(value: object) -> datetime:
    """
    Read `2026-11-20`, which is midnight in UTC, or `2026-11-20T09:00:00Z`.

    Raises:
        ValueError: Neither, a day that no calendar has, or not from 2000 to 2199.
    """
    if isinstance(value, datetime):
        return value
    text = _text(value, "a date such as 2026-11-20")
    instant = _instant(text)
    if instant is None:
        message = f"write a date in UTC, as 2026-11-20 or 2026-11-20T09:00:00Z, not '{text}'"
        raise ValueError(message)
    if not _YEAR_FIRST <= instant.year <= _YEAR_LAST:
        message = f"{text} is not in the years {_YEAR_FIRST} to {_YEAR_LAST}"
        raise ValueError(message)
    return instant


def _instant(text: str) -> datetime | None:
    """Read a date, or a date and time; None where the text is neither."""
    try:
        if _DATE.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = f"there is no such day or time as {text}"
        raise ValueError(message) from error
    return None


def _read_flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    text = _text(value, "true or false")
    if text not in {"true", "false"}:
        message = f"write true or false, not '{text}'"
        raise ValueError(message)
    return text == "true"


def read_count(value: object) -> int:
    """
    Read a whole number from 1 on.

    Raises:
        ValueError: Zero, or above a billion, or no whole number.
    """
    if type(value) is int:
        return value
    text = _text(value, "a whole number")
    if not re.fullmatch(r"[0-9]{1,10}", text) or not 1 <= int(text) <= COUNT_MAX:
        message = f"'{text}' is no whole number from 1 to {COUNT_MAX}"
        raise ValueError(message)
    return int(text)


def read_name(value: object) -> str:
    """
    Read a name: letters, digits, `.`, `_` and `-`, beginning with one of the first two.

    Raises:
        ValueError: Anything else, or more than 64 characters.
    """
    text = _text(value, "a name")
    if not _NAME.fullmatch(text):
        message = f"'{text}' is no name: letters, digits, '.', '_' and '-', at most 64"
        raise ValueError(message)
    return text


def read_words(value: object, most: int) -> str:
    """
    Read text on one line, without the space around it.

    Raises:
        ValueError: None, longer than `most` characters, or not printable.
    """
    text = _text(value, "text").strip()
    if not text or len(text) > most or not text.isprintable():
        message = f"text of 1 to {most} printable characters belongs here"
        raise ValueError(message)
    return text


def _read_sentence(value: object) -> str:
    text = _text(value, "text").strip()
    if not text or len(text) > _TEXT_MAX:
        message = f"text of 1 to {_TEXT_MAX} characters belongs here"
        raise ValueError(message)
    return text


def _text(value: object, wanted: str) -> str:
    if not isinstance(value, str):
        message = f"{wanted} belongs here"
        raise ValueError(message)  # noqa: TRY004  # pydantic collects ValueErrors only.
    return value


Dollars = Annotated[
    Money,
    PlainValidator(
        read_dollars, json_schema_input_type=pattern(r"^\$[0-9]+(\.[0-9]{1,9})?$", "$0.0875")
    ),
]
Seconds = Annotated[
    float,
    PlainValidator(
        read_duration_s, json_schema_input_type=pattern("^[0-9]{1,6}[smhd]$", "300s", "5m")
    ),
]
CallRate = Annotated[
    Rate,
    PlainValidator(
        read_rate,
        json_schema_input_type=pattern("^[0-9]{1,10} per [0-9]{0,6}[smhd]$", "1000 per 10s"),
    ),
]
Instant = Annotated[
    datetime,
    PlainValidator(
        read_instant,
        json_schema_input_type=pattern(
            "^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2}))?$",
            "2026-11-20",
            "2026-11-20T09:00:00Z",
        ),
    ),
]
CreditLow = Annotated[
    Money | float,
    PlainValidator(
        read_credit_low,
        json_schema_input_type=pattern(
            r"^(\$[0-9]+(\.[0-9]{1,9})?|[0-9]{1,6}[smhd])$", "$20.00", "2d"
        ),
    ),
]
"""An amount, or a duration in seconds."""
Flag = Annotated[bool, PlainValidator(_read_flag, json_schema_input_type=bool)]
Count = Annotated[
    int,
    BeforeValidator(read_count, json_schema_input_type=Annotated[int, Field(ge=1, le=COUNT_MAX)]),
]
"""From 1 on."""
Name = Annotated[str, PlainValidator(read_name, json_schema_input_type=pattern(NAME_PATTERN))]
"""Letters, digits, `.`, `_` and `-`."""
Sentence = Annotated[
    str,
    PlainValidator(
        _read_sentence,
        json_schema_input_type=Annotated[str, Field(min_length=1, max_length=_TEXT_MAX)],
    ),
]
