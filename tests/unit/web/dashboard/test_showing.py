"""Amounts, instants and headers of pages."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from router.model.clock import from_rfc3339
from router.web.dashboard.showing import (
    CSP,
    asset,
    day,
    difference,
    dollars,
    instant,
    link_to,
    page,
    percentage,
    span,
    unit,
    usd,
)
from tests.ledger_kit import usd as money


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0.00", "$0.00"),
        ("0.000000001", "<\N{NARROW NO-BREAK SPACE}$0.01"),
        ("-0.004", ">\N{NARROW NO-BREAK SPACE}\N{MINUS SIGN}$0.01"),
        ("0.01", "$0.01"),
        ("0.125", "$0.12"),
        ("0.135", "$0.14"),
        ("1234567.891", "$1,234,567.89"),
        ("-1.50", "\N{MINUS SIGN}$1.50"),
    ],
)
def test_an_amount_is_shown_to_the_cent(amount: str, shown: str) -> None:
    """Rounded half-even; what is not nothing is never shown as nothing."""
    assert dollars(money(amount)) == shown


def test_the_exact_amount_stands_beside() -> None:
    """For whoever compares, to the nano-dollar; a price has four places."""
    assert str(usd(money("12.345678901"))) == (
        '<data value="12.345678901" title="$12.345678901 exactly">$12.35</data>'
    )
    assert str(unit(money("0.08756"))) == (
        '<data value="0.08756" title="$0.08756 exactly">$0.0876</data>'
    )
    assert unit(None) == "\N{EN DASH}"
    assert ">+$0.31</data>" in difference(money("0.31"))
    assert ">\N{MINUS SIGN}$0.32</data>" in difference(money("-0.32"))


def test_percents_have_their_sign() -> None:
    """Also where nothing changed; nothing to compare with is a dash."""
    gap = "\N{NARROW NO-BREAK SPACE}"
    assert [percentage(one) for one in (12, -3, 0, None)] == [
        f"+12{gap}%",
        f"\N{MINUS SIGN}3{gap}%",
        f"±0{gap}%",
        "\N{EN DASH}",
    ]


def test_an_instant_is_shown_in_a_time_zone() -> None:
    """With the exact one beside it."""
    at = from_rfc3339("2026-11-20T23:15:02Z")
    assert str(instant(at, ZoneInfo("Europe/Berlin"))) == (
        '<time datetime="2026-11-20T23:15:02.000000Z">21 Nov 2026, 00:15:02</time>'
    )
    assert instant(None) == "\N{EN DASH}"
    assert day(date(2026, 3, 1)) == "1 Mar 2026"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0 s"), (119.0, "119 s"), (120.0, "2 min"), (7200, "2 h"), (2e5, "2 d")],
)
def test_how_long_is_told_in_one_unit(seconds: float, shown: str) -> None:
    """The largest of which there are two."""
    assert span(seconds) == shown.replace(" ", "\N{NARROW NO-BREAK SPACE}")


def test_a_page_lets_nothing_in() -> None:
    """No script, no style but its own, no frame, no cache; and what is shown is escaped."""
    answer = page("refused.html", title="<b>", detail="a & b", wants_key=False)

    assert answer.headers["Content-Security-Policy"] == CSP
    assert "script-src" not in CSP
    assert CSP.startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.text is not None
    assert "&lt;b&gt;" in answer.text
    assert "<script" not in answer.text
    assert 'style="' not in answer.text


def test_an_assets_address_has_its_content() -> None:
    """In twelve digits."""
    assert asset("nothing.css") is None
    assert len(link_to("farebox.css").partition("?v=")[2]) == 12
