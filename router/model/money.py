"""
Money: an integer number of nano-dollars, and nothing else.

Nano, because contracted prices (7.5 % off $0.0875) and charges per megapixel ($0.02097152) need
more than six places. There is no way in from a float: `parse` takes text, `exact` and `rounded` a
Decimal.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from typing import ClassVar, Self

NANOS_PER_DOLLAR = 1_000_000_000
# Databases keep 64 bits; far below that, no edit and no budget is worth a billion dollars.
NANOS_MAX = 1_000_000_000 * NANOS_PER_DOLLAR
DOLLARS_MAX = Decimal(NANOS_MAX // NANOS_PER_DOLLAR)
_NANO = Decimal("0.000000001")
# Arithmetic of its own: nothing that a caller sets for decimals elsewhere changes an amount.
_WIDE = Context(prec=64, rounding=ROUND_HALF_EVEN)
_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,18})?")


class NotMoney(ValueError):
    """The text or number is not an amount of money that can be kept exactly."""


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in US dollars, kept in nano-dollars. May be negative: a correction is."""

    nanos: int
    ZERO: ClassVar["Money"]

    def __post_init__(self) -> None:
        if type(self.nanos) is not int:
            message = f"money is an integer of nano-dollars, not {type(self.nanos).__name__}"
            raise TypeError(message)
        if abs(self.nanos) > NANOS_MAX:
            raise NotMoney("the amount is beyond a billion dollars")

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read `"0.0875"` or `"$0.0875"`.

        Raises:
            NotMoney: Not a plain decimal, or finer than a nano-dollar.
        """
        plain = text.strip()
        # A minus stands before the dollar sign, as `usd` writes it.
        plain = f"-{plain[2:]}" if plain.startswith("-$") else plain.removeprefix("$")
        if not _DECIMAL.fullmatch(plain):
            message = f"{text!r} is not an amount in dollars such as 0.0875"
            raise NotMoney(message)
        return cls.exact(Decimal(plain))

    @classmethod
    def exact(cls, dollars: Decimal) -> Self:
        """
        Take a decimal number of dollars that nano-dollars can hold exactly.

        Raises:
            NotMoney: Not finite, or finer than a nano-dollar.
        """
        money = cls.rounded(dollars)
        if money.decimal() != dollars:
            message = f"{dollars} is finer than a nano-dollar"
            raise NotMoney(message)
        return money

    @classmethod
    def rounded(cls, dollars: Decimal) -> Self:
        """
        Take a decimal number of dollars, rounding half-even to a nano-dollar.

        For a provider's report, whose raw text is kept beside it; prices use `exact`.

        Raises:
            NotMoney: Not finite, or beyond a billion dollars.
        """
        # Comparing does not round and so cannot overflow, whatever the exponent.
        if not dollars.is_finite() or not -DOLLARS_MAX <= dollars <= DOLLARS_MAX:
            message = "the amount is not finite or beyond a billion dollars"
            raise NotMoney(message)
        nanos = _WIDE.scaleb(_WIDE.quantize(dollars, _NANO), 9)
        return cls(int(nanos))

    def decimal(self) -> Decimal:
        """Dollars as an exact decimal."""
        return _WIDE.scaleb(Decimal(self.nanos), -9)

    def __add__(self, other: Self) -> "Money":
        return Money(self.nanos + other.nanos)

    def __sub__(self, other: Self) -> "Money":
        return Money(self.nanos - other.nanos)

    def __neg__(self) -> "Money":
        return Money(-self.nanos)

    def __mul__(self, count: int) -> "Money":
        return Money(self.nanos * count)

    def __bool__(self) -> bool:
        return self.nanos != 0

    def __str__(self) -> str:
        """Dollars with at least two places and no trailing zeros: `0.04`, `0.0875`, `-1.50`."""
        return f"-{_dollars(-self.nanos)}" if self.nanos < 0 else _dollars(self.nanos)

    @property
    def usd(self) -> str:
        """For people: `$0.0875`, `-$1.50`."""
        return f"-${_dollars(-self.nanos)}" if self.nanos < 0 else f"${_dollars(self.nanos)}"


Money.ZERO = Money(0)


@lru_cache(maxsize=4096)
def _dollars(nanos: int) -> str:
    """Write what is not negative. Kept: with every decision, prices are written time and again."""
    whole, fraction = divmod(nanos, NANOS_PER_DOLLAR)
    return f"{whole}.{f'{fraction:09d}'.rstrip('0'):0<2}"


def total(amounts: "list[Money] | tuple[Money, ...]") -> Money:
    """Add up, exactly; nothing adds up to zero."""
    return Money(sum(amount.nanos for amount in amounts))
