"""Dollars as integers of nano-dollars. The sandbox's own: it shares no code with the router."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

NANOS_PER_DOLLAR = 1_000_000_000


def nanos(dollars: str | Decimal) -> int:
    """
    Turn dollars into nano-dollars; finer amounts are rounded half-even.

    Raises:
        ValueError: Not a finite decimal number.
    """
    try:
        amount = Decimal(dollars)
    except ArithmeticError:
        raise ValueError(f"{dollars!r} is not an amount of dollars") from None
    if not amount.is_finite():
        raise ValueError(f"{dollars!r} is not an amount of dollars")
    with localcontext(prec=60):
        return int((amount * NANOS_PER_DOLLAR).to_integral_value(ROUND_HALF_EVEN))


def dollars(amount_nanos: int) -> str:
    """Write nano-dollars as dollars, exactly and without idle zeros: `0.0875`."""
    sign = "-" if amount_nanos < 0 else ""
    whole, part = divmod(abs(amount_nanos), NANOS_PER_DOLLAR)
    return f"{sign}{whole}.{part:09d}".rstrip("0").rstrip(".")


def scaled(amount_nanos: int, factor: Decimal) -> int:
    """Multiply an amount; rounded half-even to the nano-dollar."""
    with localcontext(prec=60):
        return int((amount_nanos * factor).to_integral_value(ROUND_HALF_EVEN))
