"""Amounts, instants and headers of pages."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from router.model.clock import from_rfc3339
from router.web.dashboard.showing import (
    CSP,
    DASH,
    MINUS,
    NARROW,
    asset,
    capital,
    day,
    difference,
    dollars,
    instant,
    link_to,
    missed,
    page,
    percentage,
    price,
    saved,
    span,
    unit,
    unit_difference,
    unit_dollars,
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


def test_a_capital_changes_nothing_that_follows() -> None:
    """A zone and a tag's key keep theirs."""
    assert [capital(one) for one in ("by whole hours of UTC", "tag:costCenter", "")] == [
        "By whole hours of UTC", "Tag:costCenter", "",
    ]  # fmt: skip


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


def test_a_small_price_is_not_nothing() -> None:
    """Nor is what is below nothing."""
    assert unit_dollars(money("0.00004")) == f"<{NARROW}$0.0001"
    assert unit_dollars(money("-0.00004")) == f">{NARROW}{MINUS}$0.0001"
    assert unit_dollars(money("0")) == "$0.0000"


def test_savings_below_nothing_keep_their_sign() -> None:
    """So that a column adds up as it is shown; words say what they are."""
    assert saved(money("0.12")) == usd(money("0.12"))
    assert saved(money("-0.12")) == (
        f'<data value="-0.12" title="{MINUS}$0.12 exactly">{MINUS}$0.12</data>'
        '<span class="sub">above the dearest offers then known</span>'
    )
    assert "below the cheapest offers then known" in missed(money("-1234.5"))
    assert f'title="{MINUS}$1234.50 exactly">{MINUS}$1,234.50<' in missed(money("-1234.5"))


def test_a_decisions_price_has_four_places() -> None:
    """Whatever was written down; none is a dash."""
    assert ">$0.0400<" in price("0.04")
    assert price(None) == DASH
    assert ">+$0.0100<" in unit_difference(money("0.01"))
    assert f">{MINUS}$0.0101<" in unit_difference(money("-0.0101"))
