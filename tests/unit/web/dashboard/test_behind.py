"""Behind each notice stand exactly the rows that it counts."""

import html
import re
from datetime import timedelta
from pathlib import Path

import pytest

from router.model.money import Money, total
from router.web.dashboard import behind as module
from router.web.keys import Role
from tests.ledger_kit import usd
from tests.page_kit import POLICY, Bookkeeper, a_month, posted_in
from tests.web_stage import Front, open_front

ROWS = re.compile(r"<tr><th scope=\"row\".*?</tr>", re.DOTALL)


async def long_ago(front: Front) -> None:
    """A doubt and a presumption of last year, which no period of the page reaches."""
    books, at = Bookkeeper(front), front.clock.now() - timedelta(days=400)
    await books.doubt(await books.buy(at, "acme", price="0.0417", tags=(("team", "ads"),)), at)
    old = await books.buy(at, "globex", "runpod", price="0.0871")
    await books.doubt(old, at)
    await books.presume(old, at + timedelta(days=1))


async def behind(front: Front, link: str) -> tuple[Money, list[Money]]:
    """What a page says in all, and the amounts of its rows, on as many pages as there are."""
    said: list[Money] = []
    rows: list[Money] = []
    while link:
        page = await front.ask("GET", link)
        assert page.status == 200, link
        said.append(posted_in(page.text.partition('<dl class="figures">')[2])[0])
        rows.extend(posted_in(row)[0] for row in ROWS.findall(page.text))
        further = re.search(r'<p class="more"><a href="([^"]*)"', page.text)
        link = html.unescape(further[1]) if further else ""
    assert len(set(said)) == 1
    return said[0], rows


@pytest.mark.parametrize(
    ("query", "least"),
    [
        ("", 5),
        ("period=last-month", 2),
        ("provider=runpod", 3),
        ("tenant=acme", 2),
        ("tag=team%3Dads", 1),
        ("tenant=globex&resolution=1k", 3),
        ("first=2026-11-17&last=2026-11-17&time_zone=Asia/Kolkata", 4),
    ],
)
async def test_rows_add_up_to_their_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str, least: int
) -> None:
    """With every filter and period, also of what is older than any, and over several pages."""
    monkeypatch.setattr(module, "PAGE", 2)
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        await a_month(front, a_day=1)
        await long_ago(front)
        page = (await front.ask("GET", f"/dashboard?{query}")).text
        notices = re.findall(r"<li><span class=\"tag-word\">.*?</li>", page, re.DOTALL)
        told = [
            (posted_in(one)[0], await behind(front, html.unescape(link)))
            for one in notices
            for link in re.findall(r'href="(/dashboard/notices/[^"]*)"', one)
        ]

    assert len(told) >= least
    for amount, (said, rows) in told:
        assert said == amount
        assert total(rows) == amount
        assert rows


async def test_what_is_presumed_is_what_the_sums_say(tmp_path: Path) -> None:
    """The attempts of which it is a state, and the sums of all that was booked."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        await a_month(front, a_day=1)
        await long_ago(front)
        spend = await front.ask("GET", "/v1/spend?by=provider")
        said, rows = await behind(front, "/dashboard/notices/posted_presumed")

    assert said == total(rows) == usd(spend.json["total"]["presumed"])
    assert len(rows) == 2


async def test_what_was_paid_twice_is_shown_with_what_it_cost_more(tmp_path: Path) -> None:
    """The edit once, by the attempt that came on top; of another tenant it is nothing."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        books, at = Bookkeeper(front), front.clock.now() - timedelta(minutes=4)
        first = await books.buy(at, price="0.0407")
        second = await books.ask_again(first, "runpod", "0.0883")
        await books.deliver(second, "0.0883", at + timedelta(seconds=30))
        await books.deliver(first, "0.0407", at + timedelta(seconds=50))
        page = (await front.ask("GET", "/dashboard")).text
        said, rows = await behind(front, "/dashboard/notices/paid_twice")
        others = await behind(front, "/dashboard/notices/paid_twice?tenant=globex")
        spend = await front.ask("GET", "/v1/spend")

    assert spend.json["paid_twice"] == {"edits": 1, "amount": "0.0407"}
    assert spend.json["total"]["edits"] == 1
    assert "Paid twice" in page
    assert (said, rows) == (usd("0.0407"), [usd("0.0407")])
    assert others == (Money.ZERO, [])


async def test_drift_is_shown_with_its_direction(tmp_path: Path) -> None:
    """What is below the price as well."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        books, at = Bookkeeper(front), front.clock.now() - timedelta(minutes=3)
        await books.deliver(await books.buy(at, price="0.0411"), "0.0533", at)
        await books.deliver(await books.buy(at, price="0.0413"), "0.0402", at)
        page = await front.ask("GET", "/dashboard/notices/drifted")

    assert ">+$0.0122<" in page.text
    assert ">\N{MINUS SIGN}$0.0011<" in page.text


async def test_a_price_that_changed_makes_no_page_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many rows are looked at, and it says that there are more."""
    monkeypatch.setattr(module, "MOST", 1)
    monkeypatch.setattr(module, "PAGE", 1)
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        books, at = Bookkeeper(front), front.clock.now() - timedelta(minutes=3)
        for amount in ("0.0533", "0.0402"):
            await books.deliver(await books.buy(at, price="0.0411"), amount, at)
        page = await front.ask("GET", "/dashboard/notices/drifted")

    assert "There are more than these" in page.text
    assert "<dd>1</dd>" in page.text


@pytest.mark.parametrize("query", ["tenant=globex", "provider=runpod", "tag=team%3Dads"])
async def test_no_row_is_lost_to_those_that_are_not_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """What a notice counts is shown whole, though others' rows alone would fill the page."""
    monkeypatch.setattr(module, "MOST", 2)
    monkeypatch.setattr(module, "PAGE", 1)
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        books, at = Bookkeeper(front), front.clock.now() - timedelta(minutes=9)
        for seconds, amount in ((0, "0.0533"), (20, "0.0541"), (40, "0.0547")):
            first = at + timedelta(seconds=seconds)
            await books.deliver(await books.buy(first, "acme", price="0.0411"), amount, first)
        for minutes, amount in ((2, "0.0913"), (3, "0.0919")):
            later = at + timedelta(minutes=minutes)
            bought = await books.buy(
                later, "globex", "runpod", price="0.0871", tags=(("team", "ads"),)
            )
            await books.deliver(bought, amount, later)
        said, rows = await behind(front, f"/dashboard/notices/drifted?{query}")
        page = await front.ask("GET", f"/dashboard/notices/drifted?{query}")
        first_of_all = await front.ask("GET", "/dashboard/notices/drifted")

    assert (said, rows) == (usd("0.009"), [usd("0.0042"), usd("0.0048")])
    assert "There are more than these" not in page.text
    assert "There are more than these" in first_of_all.text


async def test_other_kinds_too_are_cut_after_they_are_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another tenant has in doubt takes no place."""
    monkeypatch.setattr(module, "MOST", 1)
    monkeypatch.setattr(module, "PAGE", 1)
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        books, at = Bookkeeper(front), front.clock.now() - timedelta(minutes=9)
        for minutes, tenant, price in ((0, "acme", "0.0411"), (1, "globex", "0.0417")):
            later = at + timedelta(minutes=minutes)
            await books.doubt(await books.buy(later, tenant, price=price), later)
        said, rows = await behind(front, "/dashboard/notices/in_doubt?tenant=globex")

    assert (said, rows) == (usd("0.0417"), [usd("0.0417")])


@pytest.mark.parametrize(
    ("path", "status"), [("all", 404), ("in_doubt?page=0", 400), ("in_doubt?page=x", 400)]
)
async def test_what_is_no_notice_is_not_there(tmp_path: Path, path: str, status: int) -> None:
    """Nor is a page of no number."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        answer = await front.ask("GET", f"/dashboard/notices/{path}")

    assert answer.status == status


async def test_nothing_is_said_as_nothing(tmp_path: Path) -> None:
    """A notice that is gone by the time somebody looks."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        pages = [await front.ask("GET", f"/dashboard/notices/{kind}") for kind in module.TITLES]

    assert all("There is none." in page.text for page in pages)


async def test_a_tenants_viewer_sees_its_own_rows(tmp_path: Path) -> None:
    """Without the tenant's name, and nobody else's."""
    async with open_front(tmp_path, policy=POLICY) as front:
        await a_month(front, a_day=1)
        _, key = await front.mint("globex", Role.VIEWER)
        page = await front.ask("GET", "/dashboard/notices/in_doubt", key=key)

    assert len(ROWS.findall(page.text)) == 1
    assert "acme" not in page.text
