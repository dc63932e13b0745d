"""Writing a page: templates, the headers that every page has, amounts as people read them."""

import hashlib
from collections.abc import Callable
from datetime import date, datetime, tzinfo
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from router.finance.rounding import to_cent, to_hundredth
from router.model.clock import rfc3339
from router.model.money import Money

HERE = Path(__file__).parent
CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
MINUS, DASH, NARROW = "\N{MINUS SIGN}", "\N{EN DASH}", "\N{NARROW NO-BREAK SPACE}"


def page(template: str, status: int = HTTPStatus.OK, **values: Any) -> web.Response:
    """A page as an answer; written here and now, so call it where that may take a moment."""
    return web.Response(
        text=written(template, **values), status=status, content_type="text/html", headers=HEADERS
    )


def answer(text: str, status: int = HTTPStatus.OK) -> web.Response:
    """A page that was written elsewhere, as an answer."""
    return web.Response(text=text, status=status, content_type="text/html", headers=HEADERS)


def written(template: str, **values: Any) -> str:
    """Fill a template in. Every value is escaped."""
    return _environment().get_template(template).render(**values)


@cache
def asset(name: str) -> bytes | None:
    """A style or picture of the pages; None where there is none by that name."""
    known = {path.name: path for path in (HERE / "static").iterdir()}
    return known[name].read_bytes() if name in known else None


@cache
def link_to(name: str) -> str:
    """The address of a style or picture, which changes with what is in it."""
    content = asset(name)
    assert content is not None, f"{name} is in static/"
    return f"/dashboard/assets/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


# Amounts, for people; the exact one always stands beside, for whoever compares.


def dollars(amount: Money) -> str:
    """An amount to the cent: `$1,234.56`."""
    return to_cent(amount, minus=MINUS, gap=NARROW)


def unit_dollars(amount: Money) -> str:
    """A price, to the hundredth of a cent: `$0.0875`."""
    return to_hundredth(amount, minus=MINUS, gap=NARROW)


def _data(shown: str, amount: Money) -> Markup:
    exact = amount.usd.replace("-", MINUS)
    return Markup('<data value="{}" title="{} exactly">{}</data>').format(str(amount), exact, shown)


def usd(amount: Money) -> Markup:
    """An amount to the cent, with the exact one beside it."""
    return _data(dollars(amount), amount)


def unit(amount: Money | None) -> Markup:
    """A price, with the exact one beside it; a dash where there is none."""
    return escape(DASH) if amount is None else _data(unit_dollars(amount), amount)


def price(amount: str | None) -> Markup:
    """A price as a decision has it, in text; a dash where there is none."""
    return unit(Money.parse(amount) if amount else None)


def difference(amount: Money) -> Markup:
    """How much more or less, with a plus or a minus."""
    shown = dollars(amount)
    return _data(f"+{shown}" if amount.nanos > 0 else shown, amount)


def unit_difference(amount: Money) -> Markup:
    """How much more or less than a price, with a plus or a minus."""
    shown = unit_dollars(amount)
    return _data(f"+{shown}" if amount.nanos > 0 else shown, amount)


def saved(amount: Money) -> Markup:
    """What was saved against the dearest offers; charges may also have been above them."""
    return _or_words(amount, "above the dearest offers then known")


def missed(amount: Money) -> Markup:
    """What was missed against the cheapest offers; charges may also have been below them."""
    return _or_words(amount, "below the cheapest offers then known")


def _or_words(amount: Money, words: str) -> Markup:
    """An amount with its sign, so that a column adds up; words say what one below nothing is."""
    if amount.nanos >= 0:
        return usd(amount)
    return Markup('{}<span class="sub">{}</span>').format(usd(amount), words)


def percentage(value: int | None) -> str:
    """`+12 %`, with a true minus sign; a dash where there is nothing to compare with."""
    if value is None:
        return DASH
    sign = "+" if value > 0 else MINUS if value < 0 else "±"
    return f"{sign}{abs(value)}{NARROW}%"


def count(number: int) -> str:
    """`1,234`."""
    return f"{number:,}"


def many(number: int, word: str) -> str:
    """`1 attempt`, `1,234 attempts`."""
    return f"{count(number)} {word}{'' if number == 1 else 's'}"


def capital(text: str) -> str:
    """With a capital before; what follows stays as it is, names and `UTC` among it."""
    return text[:1].upper() + text[1:]


def edits_refused(number: int) -> str:
    """`3 edits refused`."""
    return f"{many(number, 'edit')} refused"


def instant(at: datetime | None, zone: tzinfo | None = None) -> Markup:
    """An instant to the second, in a time zone: `21 Nov 2026, 10:15:02`."""
    if at is None:
        return escape(DASH)
    local = at.astimezone(zone) if zone is not None else at
    return Markup('<time datetime="{}">{}</time>').format(
        rfc3339(at), f"{local.day} {local:%b %Y, %H:%M:%S}"
    )


def day(one: date) -> str:
    """`21 Nov 2026`."""
    return f"{one.day} {one:%b %Y}"


def span(seconds: float) -> str:
    """How long, in the largest unit that leaves a number above one: `42 s`, `3 min`, `2 h`."""
    for length, name in ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f}{NARROW}{name}"
    return f"{seconds:.0f}{NARROW}s"


FILTERS: dict[str, Callable[..., Any]] = {
    "usd": usd,
    "unit": unit,
    "price": price,
    "difference": difference,
    "unit_difference": unit_difference,
    "saved": saved,
    "missed": missed,
    "percentage": percentage,
    "capital": capital,
    "count": count,
    "instant": instant,
    "day": day,
    "span": span,
}


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= FILTERS
    made.globals["link_to"] = link_to
    return made
