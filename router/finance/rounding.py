"""
How amounts are rounded for people: one rule, wherever they are not told exactly.

Half-even, each amount by itself, and what is not nothing is never told as nothing. It is the rule
of the pages, of alerts and of backtests' estimates. What is compared, paid or added up is told
exactly instead, as `Money.usd` writes it: in JSON, CSV and FOCUS, in terminals' tables of the
books, in refusals, prices, credit and reconciliation.
"""

from decimal import ROUND_HALF_EVEN, Decimal

from router.model.money import Money

_CENT, _HUNDREDTH = Decimal("0.01"), Decimal("0.0001")


def to_cent(amount: Money, *, minus: str = "-", gap: str = " ") -> str:
    """
    Tell an amount to the cent: `$1,234.56`, `< $0.01`.

    Args:
        amount: May be below nothing.
        minus: As a page or a terminal sets it.
        gap: Between the sign and the cent of what is less than one.
    """
    return _told(amount, _CENT, minus, gap)


def to_hundredth(amount: Money, *, minus: str = "-", gap: str = " ") -> str:
    """Tell a price to the hundredth of a cent: `$0.0875`, `< $0.0001`. Otherwise as `to_cent`."""
    return _told(amount, _HUNDREDTH, minus, gap)


def _told(amount: Money, step: Decimal, minus: str, gap: str) -> str:
    value = amount.decimal()
    if 0 < abs(value) < step:
        return f"<{gap}${step}" if value > 0 else f">{gap}{minus}${step}"
    shown = value.quantize(step, ROUND_HALF_EVEN)
    return f"{minus if shown < 0 else ''}${abs(shown):,}"
