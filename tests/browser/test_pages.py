"""
The pages in a real Chromium: that they are whole, closed, legible at every width and in both
colours, and that a person can find the way. Pictures of them are put into `build/pages`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from router.model.ids import job_of
from router.web.keys import Role
from tests.page_kit import POLICY, Bookkeeper, a_month, booked_on_the_account, credit_read
from tests.page_tour import DESKTOP, PHONE, Tour, shot
from tests.web_stage import Front, open_front

pytestmark = pytest.mark.slow
OPERATIONS = "/dashboard/operations?refresh=off"


@asynccontextmanager
async def a_house(folder: Path, *, full: bool = True, keyless: bool = True) -> AsyncIterator[Front]:
    """Serve a house with a month's edits, or an empty one."""
    async with open_front(folder, policy=POLICY, keyless=keyless) as front:
        if full:
            await a_month(front)
        yield front


def url_of(front: Front) -> str:
    """Where the house is."""
    assert front.client is not None
    return str(front.client.make_url("/"))


@pytest.mark.parametrize("fullness", ["full", "empty"])
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_pages_are_legible_everywhere(
    tmp_path: Path, width: int, colours: str, fullness: str
) -> None:
    """Nothing is cut off or sticks out, axe finds nothing, and the policy is kept to."""
    async with a_house(tmp_path / "house", full=fullness == "full") as front:
        pages = {"spend": "/dashboard", "jobs": "/dashboard/jobs", "operations": OPERATIONS}
        if fullness == "full":
            attempt = await Bookkeeper(front).buy(front.clock.now(), tags=(("team", "ads"),))
            await Bookkeeper(front).doubt(attempt, front.clock.now())
            pages["job"] = f"/dashboard/jobs/{job_of(attempt)}"
            pages["notice"] = "/dashboard/notices/drifted"
            pages["filtered"] = "/dashboard?provider=runpod&tenant=globex&resolution=4k"
            await booked_on_the_account(front)
            await credit_read(front)
        tour = Tour(url_of(front), tmp_path, width=width, colours=colours)
        for name, path in pages.items():
            tour.go(
                ("goto", path),
                shot(f"{name}-{width}-{colours}-{fullness}"),
                ("overflow",),
                ("axe",),
                ("colour",),
                ("cut",),
            )
        seen = await tour.seen()

    statuses, _, overflows, found, grounds, cuts = (seen.told[number::6] for number in range(6))
    assert statuses == [200] * len(pages)
    assert max(overflows) <= 0
    assert [one["faults"] for one in cuts] == [[]] * len(pages)
    # In an incident, and on a phone, nobody is to search beside the edge.
    assert cuts[list(pages).index("operations")]["scrolled"] == []
    if width == DESKTOP:
        assert [one["scrolled"] for one in cuts] == [[]] * len(pages)
    assert found == [[]] * len(pages)
    assert seen.complaints == []
    assert set(grounds) == {{"light": "rgb(246, 245, 242)", "dark": "rgb(21, 23, 26)"}[colours]}


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_the_form_is_legible(tmp_path: Path, colours: str) -> None:
    """Also when a key was wrong."""
    async with a_house(tmp_path / "house", full=False, keyless=False) as front:
        tour = Tour(url_of(front), tmp_path, width=PHONE, colours=colours)
        tour.go(
            ("goto", "/dashboard"),
            ("fill", "#key", "fbx_wrong"),
            ("click", "main button"),
            shot(f"sign-in-{PHONE}-{colours}"),
            ("axe",),
            ("overflow",),
            ("text", "[role=alert]"),
        )
        seen = await tour.seen()

    assert seen.told[0] == 401
    assert seen.told[4] == []
    assert seen.told[5] <= 0
    assert "not a whole Farebox key" in seen.told[6]
    assert seen.complaints == []


async def test_a_viewer_finds_the_way(tmp_path: Path) -> None:
    """In by the form, back to the page that was asked for, down to one job, and out again."""
    async with a_house(tmp_path / "house", keyless=False) as front:
        _, key = await front.mint("acme", Role.VIEWER)
        tour = Tour(url_of(front), tmp_path).go(
            ("goto", "/dashboard?by=resolution&period=30d"),
            ("fill", "#key", key),
            ("press", "Enter"),
            ("until", "text=Sign out"),
            ("text", "h1"),
            ("where",),
            ("text", "main"),
            ("cookies",),
            ("seen-by-scripts",),
            ("count", "a[href='/dashboard/operations']"),
            ("goto", "/dashboard/operations"),
            ("goto", "/dashboard/jobs?money=in_doubt"),
            ("click", "tbody th a"),
            ("text", "h1"),
            ("text", "main"),
            ("click", "text=Sign out"),
            ("until", "#key"),
            ("where",),
            ("goto", "/dashboard"),
            ("cookies",),
        )
        seen = await tour.seen()

    told = seen.told
    assert told.pop(0) == 401
    assert told[3:5] == ["Spend", "/dashboard?by=resolution&period=30d"]
    assert "globex" not in told[5]
    assert told[6] == [
        {"name": "farebox_session", "httpOnly": True, "sameSite": "Strict", "path": "/"}
    ]
    assert told[7:10] == ["", 0, 403]
    assert told[12] == "One job"
    assert "acme" in told[13]
    assert "in doubt" in told[13]
    assert told[16:] == ["/dashboard/sign-in", 401, []]
    assert seen.complaints == []


async def test_filters_stand_in_the_address(tmp_path: Path) -> None:
    """Chosen in the form, kept by every link, and taken away again."""
    async with a_house(tmp_path / "house") as front:
        tour = Tour(url_of(front), tmp_path).go(
            ("goto", "/dashboard"),
            ("select", "select[name=provider]", "runpod"),
            ("select", "select[name=tag]", "team=ads"),
            ("select", "select[name=time_zone]", "Asia/Tokyo"),
            ("click", "form.filters button"),
            ("where",),
            ("click", "nav[aria-label='Broken down by'] >> text=tenant"),
            ("where",),
            ("text", ".chips"),
            ("click", ".chip >> nth=0"),
            ("where",),
            ("text", ".asof"),
        )
        seen = await tour.seen()

    chosen, by_tenant, without = seen.told[5], seen.told[7], seen.told[10]
    for part in ("provider=runpod", "tag=team%3Dads", "time_zone=Asia%2FTokyo"):
        assert part in chosen
        assert part in by_tenant
    assert "by=tenant" in by_tenant
    assert "runpod" in seen.told[8]
    assert "provider" not in without
    assert "tag=team%3Dads" in without
    assert "Asia/Tokyo" in seen.told[11]
    assert seen.complaints == []


async def test_a_page_can_be_printed_and_walked_by_keys(tmp_path: Path) -> None:
    """The first key leads past what stands on every page."""
    async with a_house(tmp_path / "house") as front:
        tour = Tour(url_of(front), tmp_path).go(
            ("goto", "/dashboard"), ("press", "Tab"), ("focused",), ("pdf",), ("paper",)
        )
        papers = ("/dashboard", "/dashboard/jobs", OPERATIONS, "/dashboard/notices/drifted")
        for number, path in enumerate(papers):
            tour.go(("goto", path), shot(f"paper-{number}"), ("cut",))
        seen = await tour.seen()

    assert seen.told[2] == "Skip to the content"
    assert seen.told[3] > 10_000
    assert seen.told[7::3] == [{"faults": [], "scrolled": []}] * len(papers)
