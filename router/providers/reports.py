"""
Reads amounts of money as providers write them: a number, or a number in a string.

What is no plausible charge for one edit is kept as text and flagged by the absence of an amount.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal

from router.model.charge import Reported
from router.model.money import Money
from router.providers.parsing import NUMBER_LENGTH_MAX, Json, Number, decimal_in
from router.providers.words import printable

AMOUNT_MAX = Decimal(1000)
"""Dollars. No edit costs as much; whoever says so is mistaken."""

_NANO = Decimal("1e-9")
# Enough digits that rounding to a nano-dollar happens once: 64 characters hold no more.
_EXACT = Context(prec=NUMBER_LENGTH_MAX + 16, rounding=ROUND_HALF_EVEN)


def reported(value: Json, source: str) -> Reported | None:
    """
    Read what a provider says about money.

    Args:
        value: The field; absent and empty mean that it does not say.
        source: Where the field stood: `output.cost`.

    Returns:
        The raw text with an amount of $0 to $1000, rounded half-even to a nano-dollar; the amount
        is None for a negative, an infinite, an absurd or an unreadable one.
    """
    if value is None or value == "":
        return None
    raw = _raw(value)
    is_text = isinstance(value, Number | str)
    amount = _amount(raw) if is_text else None
    return Reported(raw=raw[:NUMBER_LENGTH_MAX], source=source, amount=amount)


def _raw(value: Json) -> str:
    if isinstance(value, Number):
        return value.text
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "[…]" if isinstance(value, list) else "{…}"


def _amount(raw: str) -> Money | None:
    dollars = decimal_in(raw.removeprefix("$"))
    if dollars is None or not 0 <= dollars <= AMOUNT_MAX:
        return None
    return Money.exact(dollars.quantize(_NANO, context=_EXACT))
