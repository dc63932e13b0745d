"""What a page's address asks for, and the addresses beside it."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from router.finance.overview import Filter
from router.finance.periods import read_period
from router.web.dashboard.asked import Asked
from tests.fakes import EPOCH

PLAIN = Asked(
    at=EPOCH,
    period=read_period("this-month", EPOCH, ZoneInfo("UTC")),
    by="provider",
    filter=Filter(),
)
CHOSEN = replace(
    PLAIN,
    period=read_period(
        "custom", EPOCH, ZoneInfo("Asia/Tokyo"), first="2026-11-02", last="2026-11-09"
    ),
    by="tag:team",
    filter=Filter(provider="runpod", tenant="a b", tag=("shop", "x=y")),
)


def test_an_address_says_what_is_not_so_anyway() -> None:
    """So that a page can be passed on, and the plain one is short."""
    assert PLAIN.link() == "/dashboard"
    assert CHOSEN.link("/dashboard/jobs") == (
        "/dashboard/jobs?period=custom&time_zone=Asia%2FTokyo&by=tag%3Ateam"
        "&first=2026-11-02&last=2026-11-09&provider=runpod&tenant=a+b&tag=shop%3Dx%3Dy"
    )


def test_a_link_changes_one_thing() -> None:
    """Another period has no days of its own; None takes a filter away."""
    assert CHOSEN.link(period="7d", provider=None, tenant=None, tag=None) == (
        "/dashboard?period=7d&time_zone=Asia%2FTokyo&by=tag%3Ateam"
    )
    assert "first=2026-11-02" in CHOSEN.link(by="tenant")
    assert {name: value for name, value, _ in CHOSEN.chips_at("/dashboard/jobs", money="held")} == {
        "provider": "runpod",
        "tenant": "a b",
        "tag": "shop=x=y",
    }
    assert [here for _, _, here in PLAIN.presets_at("/dashboard")] == [True, *[False] * 5]


def test_a_tenant_that_is_pinned_is_no_choice() -> None:
    """It stands in no address, and cannot be taken away."""
    pinned = replace(PLAIN, filter=Filter(tenant="acme"), pinned_tenant="acme")

    assert pinned.link() == "/dashboard"
    assert pinned.chips_at("/dashboard") == []
