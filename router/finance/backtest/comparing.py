"""Figures beside each other, in words: how much, how much more, which share, how long."""

from collections.abc import Mapping, Sequence
from typing import Any

from router.finance.backtest.tallies import NOT_RECORDED
from router.finance.rounding import to_cent, to_hundredth
from router.model.money import NANOS_PER_DOLLAR, Money

NONE = "-"
MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
"""As a page sets them."""
ABOUT, NEARLY = "~", "\N{ALMOST EQUAL TO}"
"""Before an estimate: in a terminal, and as a page sets it."""
_MANY = 100 * NANOS_PER_DOLLAR


def exact(amount: Money) -> str:
    """An amount to its last digit: `$1,340.0625`."""
    whole, _, places = str(Money(abs(amount.nanos))).partition(".")
    return f"{'-' if amount.nanos < 0 else ''}${int(whole):,}.{places}"


def dollars(line: Mapping[str, Any], amount: str | None) -> str:
    """
    An amount of a scenario's line: `$61.795`, and an estimate `~$49.8544`; a dash for none.

    An estimate is told to the hundredth of a cent, and of more than some dollars to the cent: more
    places would say that they are known.
    """
    if amount is None:
        return NONE
    found = Money.parse(amount)
    if line["bought_as_it_was"] == line["bought"]:
        return exact(found)
    if abs(found.nanos) >= _MANY:
        return ABOUT + to_cent(found)
    return ABOUT + to_hundredth(found)


def counted(number: int, what: str) -> str:
    """So many of something: `1 job`, `1,200 jobs`."""
    return f"{number:,} {what}{'s' * (number != 1)}"


def no_room(budget: str) -> str:
    """Why jobs were denied, where the ledger tells by which budget, and where it does not."""
    if budget == NOT_RECORDED:
        return "a budget had no room; which one was not recorded"
    return f"the budget '{budget}' had no room"


def against(spend: str, compared: str) -> str:
    """By how much a spend is above another, to the cent, as `+$1.20 (+3.4 %)`."""
    base = Money.parse(compared)
    more = Money.parse(spend) - base
    percent = percent_of(more, base)
    told = to_cent(more) if more.nanos < 0 else f"+{to_cent(more)}"
    return f"{told} ({percent})" if percent else told


def percent_of(more: Money, base: Money) -> str:
    """A difference in percent of an amount, to the tenth; empty where that is nothing."""
    if not base:
        return ""
    # In whole numbers, because it is of money; the half is rounded up.
    tenths = (abs(more.nanos) * 2000 // abs(base.nanos) + 1) // 2
    sign = "-" if more.nanos < 0 else "+" * bool(more)
    return f"{sign}{tenths // 10:,}.{tenths % 10} %"


def change(spend: str, compared: str) -> str:
    """By how much a spend is above another, in percent; a dash where that is nothing."""
    base = Money.parse(compared)
    return percent_of(Money.parse(spend) - base, base) or NONE


def share(part: float, whole: int) -> str:
    """A part of a whole, in percent."""
    return f"{part / whole:.1%}".replace("%", " %") if whole else NONE


def count(amount: float) -> str:
    """How many, or how many are expected: `431.8`, `1,200`."""
    return f"{amount:,.1f}".removesuffix(".0")


def seconds(amount: float | None) -> str:
    """A duration; a dash where none is known."""
    return f"{amount:.1f} s" if amount is not None else NONE


def biggest(scenarios: Sequence[Mapping[str, Any]], part: str, most: int) -> tuple[list[str], int]:
    """
    Find the parts with the most jobs, resolutions in their own order.

    Args:
        scenarios: As the document has them.
        part: `by_resolution` or `by_tenant`.
        most: How many.

    Returns:
        Their names, those with more jobs first; and how many there are beside them.
    """
    jobs: dict[str, int] = {}
    for one in scenarios:
        for line in one[part]:
            jobs[line["name"]] = max(jobs.get(line["name"], 0), line["jobs"])
    by_name = part == "by_resolution"
    names = sorted(jobs, key=lambda name: (not jobs[name], 0 if by_name else -jobs[name], name))
    return names[:most], max(0, len(names) - most)
