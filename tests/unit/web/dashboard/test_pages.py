"""The finance page and its downloads."""

import csv
import html
import io
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from router.finance.focus.columns import VERSIONS
from router.finance.snapshot import money_snapshot
from router.model.errors import LedgerUnavailable
from router.model.job import AttemptState
from router.model.money import Money, total
from router.web.dashboard.showing import CSP, MINUS
from router.web.keys import Role
from tests.focus_kit import check_file, effective
from tests.ledger_kit import an_attempt_row, usd
from tests.page_kit import (
    POLICY,
    PROMPT,
    Bookkeeper,
    a_month,
    booked_on_the_account,
    posted_in,
    session_of,
)
from tests.policy_files import a_policy
from tests.web_stage import open_front

PERIOD = "period=custom&first=2026-11-01&last=2026-11-30"
FROM_TO = "from=2026-11-01&to=2026-12-01"


async def test_the_page_says_the_reports_numbers(tmp_path: Path) -> None:
    """Every total and part of `/v1/spend` of the same time stands on it, to the nano-dollar."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        await a_month(front, a_day=3)
        for by in ("provider", "tenant", "resolution", "model", "tag:team"):
            page = await front.ask("GET", f"/dashboard?{PERIOD}&by={by}")
            spend = (await front.ask("GET", f"/v1/spend?{FROM_TO}&by={by}")).json
            told = [spend["total"], *spend["rows"]]

            assert page.status == 200
            for one in told:
                for name in ("posted", "savings", "missed", "list_cost", "presumed"):
                    assert f'<data value="{one[name]}"' in page.text, (by, name, one)


@pytest.mark.parametrize(
    "query",
    [
        "provider=runpod",
        "tenant=acme",
        "model=nano-banana-2-edit",
        "resolution=2k",
        "tag=team%3Dads",
        "tag=team%3Dstudio&resolution=1k&provider=shortapi&tenant=globex",
        "resolution=4k&tenant=initech&tag=team%3Dnobody",
    ],
)
async def test_focus_files_of_the_page_have_its_filter(tmp_path: Path, query: str) -> None:
    """Behind each of its links EffectiveCost adds up to what the page says is posted."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        await a_month(front, a_day=2)
        await booked_on_the_account(front)
        page = await front.ask("GET", f"/dashboard?{PERIOD}&{query}")
        spend = await front.ask("GET", f"/dashboard/spend.json?{PERIOD}&{query}")
        links = re.findall(r'href="(/v1/exports/focus[^"]*)"', page.text)
        files = [await front.ask("GET", html.unescape(link)) for link in links]

    posted = spend.json["total"]["posted"]
    assert f'<dt>Posted</dt><dd><data value="{posted}"' in page.text
    assert len(files) == len(VERSIONS)
    for version, file in zip(VERSIONS, files, strict=True):
        lines = check_file(file.text, version)
        assert effective(lines) == usd(posted)
        of_the_account = [line for line in lines if line["ChargeCategory"] != "Usage"]
        assert len(of_the_account) == 0
    assert "are left out" in page.text or query == "provider=runpod"


async def test_focus_files_of_everything_have_the_accounts_too(tmp_path: Path) -> None:
    """A top-up and a credit, each a row; the page says so."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        await a_month(front, a_day=1)
        await booked_on_the_account(front)
        page = await front.ask("GET", f"/dashboard?{PERIOD}&provider=shortapi")
        link = re.findall(r'href="(/v1/exports/focus[^"]*)"', page.text)[0]
        lines = check_file((await front.ask("GET", html.unescape(link))).text, "1.2")

    found = [one["ChargeCategory"] for one in lines if one["ChargeCategory"] != "Usage"]
    assert found == ["Purchase", "Credit"]
    assert "stand in rows of their own" in page.text


@pytest.mark.parametrize("tenant", ["", "globex"])
async def test_a_month_is_foretold_once(tmp_path: Path, tenant: str) -> None:
    """
    By the page, by the budget of the same money, by its burn-down and by the metrics, alike.

    Presumed money is in all of them.
    """
    who = {"tenant": tenant} if tenant else "everyone"
    budget = {"name": "same", "who": who, "limit": "$41.00", "per": "month"}
    async with open_front(tmp_path, keyless=True, policy=a_policy(budgets=[budget])) as front:
        await a_month(front, a_day=3)
        page = await front.ask("GET", f"/dashboard?{urlencode({'tenant': tenant})}")
        told = (await front.ask("GET", "/v1/budgets")).json["budgets"]
        now = front.clock.now()
        scraped = await money_snapshot(front.stage.ledger, front.services.policy(), now)

    (line,) = [one for one in told if one["name"] == "same"]
    said = line["forecast"]
    assert said["method"] == "weekday"
    assert (Money.parse(line["presumed"]) > Money.ZERO) is (tenant == "")
    _, _, tile = page.text.partition("At the month\N{RIGHT SINGLE QUOTATION MARK}s end")
    expected = [Money.parse(said[name]) for name in ("expected", "low", "high")]
    assert posted_in(tile)[:3] == expected
    _, _, burn = page.text.partition('<div class="burns">')
    assert str(expected[0]) in [str(one) for one in posted_in(burn)]
    (series,) = [one for one in scraped.budgets if one.budget == "same"]
    assert series.forecast == expected[0]


async def test_a_budget_is_shown_in_its_own_days(tmp_path: Path) -> None:
    """With their zone's name, whatever the page's own is; what is held stands by its burn-down."""
    zone = {"per": "month", "time_zone": "Europe/Berlin"}
    budget = {"name": "theirs", "who": "everyone", "limit": "$43.00", **zone}
    async with open_front(tmp_path, keyless=True, policy=a_policy(budgets=[budget])) as front:
        await a_month(front, a_day=2)
        page = await front.ask("GET", "/dashboard?time_zone=Asia%2FTokyo")
        told = (await front.ask("GET", "/v1/budgets")).json["budgets"]

    assert '1 Dec 2026, 00:00:00</time><span class="sub">Europe/Berlin</span>' in page.text
    assert "in days of Europe/Berlin; thick: " in page.text
    assert "Now, with what is held and in doubt" in page.text
    assert [one["time_zone"] for one in told] == ["Europe/Berlin", "UTC"]


async def test_the_page_is_whole_and_closed(tmp_path: Path) -> None:
    """It asks nobody for anything but its style, runs nothing, and is kept by nobody."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        await a_month(front, a_day=2)
        page = await front.ask("GET", "/dashboard")

    assert page.headers["Content-Security-Policy"] == CSP
    assert page.headers["Cache-Control"] == "no-store"
    for never in ("<script", "http://", 'style="', "onclick", PROMPT, "pictures.example"):
        assert never not in page.text.replace("http://www.w3.org", ""), never
    for loud in ("In doubt", "Presumed", "Price drift", "Claims", "Denied"):
        assert f'<span class="tag-word">{loud}</span>' in page.text


async def test_an_empty_house_is_drawn_as_zero(tmp_path: Path) -> None:
    """Nothing was spent is a figure, not an error."""
    async with open_front(tmp_path, keyless=True) as front:
        page = await front.ask("GET", "/dashboard")

    assert page.status == 200
    assert '<p class="figure"><data value="0.00"' in page.text
    assert "Nothing: no money in doubt" in page.text
    assert "Nothing was posted in this period." in page.text


async def test_a_tenants_viewer_sees_its_tenant_alone(tmp_path: Path) -> None:
    """In figures, choices, budgets and downloads; another's name in the address is refused."""
    async with open_front(tmp_path, policy=POLICY) as front:
        await a_month(front, a_day=3)
        _, key = await front.mint("acme", Role.VIEWER)
        paths = ["/dashboard?by=tenant", "/dashboard/spend.csv?by=tenant", "/dashboard/spend.json"]
        own = [await front.ask("GET", path, key=key) for path in paths]
        others = await front.ask("GET", "/dashboard?tenant=globex", key=key)
        _, everyones = await front.mint("everyone", Role.VIEWER)
        all_of_it = await front.ask("GET", "/dashboard?by=tenant", key=everyones)

    assert [answer.status for answer in own] == [200, 200, 200]
    assert all("acme" in answer.text for answer in own[:2])
    assert not any(name in answer.text for answer in own for name in ("globex", "initech"))
    assert others.status == 403
    assert "globex" in all_of_it.text


async def test_what_is_filtered_by_stands_on_the_page(tmp_path: Path) -> None:
    """And every link on it keeps to the filter."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        await a_month(front, a_day=3)
        asked = f"{PERIOD}&provider=runpod&tag=team%3Dads&by=tenant"
        page = await front.ask("GET", f"/dashboard?{asked}")
        table = await front.ask("GET", f"/dashboard/spend.csv?{asked}")
        spend = await front.ask("GET", f"/v1/spend?{FROM_TO}&by=provider,tag:team")

    (row,) = [
        one for one in spend.json["rows"] if (one["provider"], one["tag:team"]) == ("runpod", "ads")
    ]
    assert f'<dd><data value="{row["posted"]}"' in page.text
    assert "provider: <b>runpod</b>" in page.text
    assert "/dashboard/spend.csv?period=custom" in page.text
    lines = list(csv.DictReader(io.StringIO(table.text)))
    assert sum(int(line["edits"]) for line in lines) == row["edits"]
    assert set(lines[0]) >= {"day", "tenant", "posted"}


async def test_focus_comes_with_the_same_period(tmp_path: Path) -> None:
    """In both versions, to whoever is signed in."""
    async with open_front(tmp_path, policy=POLICY) as front:
        at = front.clock.now() - timedelta(hours=3)
        await Bookkeeper(front).deliver(await Bookkeeper(front).buy(at), "0.0404", at)
        _, key = await front.mint("everyone", Role.VIEWER)
        front.key, sent = None, await session_of(front, key)
        page = await front.ask("GET", f"/dashboard?{PERIOD}&tenant=acme", headers=sent)
        link = page.text.partition('href="/v1/exports/focus')[2].partition('"')[0]
        path = f"/v1/exports/focus{link.replace('&amp;', '&')}"
        told = await front.ask("GET", path, headers=sent)

    assert "tenant=acme" in path
    assert told.status == 200
    assert "0.0404" in told.text


async def test_days_are_those_of_the_time_zone(tmp_path: Path) -> None:
    """An edit late in the evening is of tomorrow further east."""
    async with open_front(tmp_path, keyless=True) as front:
        books, at = Bookkeeper(front), front.clock.now().replace(day=17, hour=23, minute=10)
        await books.deliver(await books.buy(at), "0.0413", at + timedelta(seconds=5))
        tables = [
            (await front.ask("GET", f"/dashboard/spend.csv?{PERIOD}&time_zone={zone}")).text
            for zone in ("UTC", "Asia/Kolkata")
        ]
        page = await front.ask("GET", f"/dashboard?{PERIOD}&time_zone=Asia/Kolkata")

    days = [next(iter(csv.DictReader(io.StringIO(table))))["day"] for table in tables]
    assert days == ["2026-11-17", "2026-11-18"]
    assert "20 Nov 2026, 14:30:00</time> Asia/Kolkata" in page.text


async def test_a_downloads_name_tells_of_whose_days_and_rows_it_is(tmp_path: Path) -> None:
    """A zone that is not UTC, each filter, and the one tenant of who sees no other."""
    query = "provider=runpod&tag=team%3D%C3%84ds&time_zone=America/New_York"
    async with open_front(tmp_path) as front:
        await front.mint("house", Role.ADMIN)
        _, viewer = await front.mint("acme", Role.VIEWER)
        answer = await front.ask("GET", f"/dashboard/spend.csv?{PERIOD}&{query}", key=viewer)

    name = answer.headers["Content-Disposition"]
    assert name.isascii()
    assert re.match(
        r'attachment; filename="farebox-2026-11-01-2026-11-30-America-New_York-runpod-acme-team-'
        r"Ads\.[0-9a-f]{6}\.csv\"; filename\*=UTF-8''farebox-.*-team-%C3%84ds\.csv",
        name,
    )


async def test_a_download_is_named_after_what_it_is(tmp_path: Path) -> None:
    """In letters that every file system takes."""
    async with open_front(tmp_path, keyless=True) as front:
        await Bookkeeper(front).buy(front.clock.now(), 'a"b/c')
        answer = await front.ask("GET", f"/dashboard/spend.json?{PERIOD}&tenant=a%22b%2Fc")

    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="farebox-2026-11-01-2026-11-30-a-b-c.245f61.json"'
    )
    assert answer.json["total"]["held"] == "0.04"


@pytest.mark.parametrize(
    "query",
    [
        "by=colour",
        "by=provider,tenant",
        "period=fortnight",
        "first=2026-13-01&last=2026-12-01",
        "time_zone=Mars/Olympus",
        "tag=team",
        "unknown=1",
    ],
)
async def test_what_cannot_be_meant_is_told_on_a_page(tmp_path: Path, query: str) -> None:
    """With what it takes instead."""
    async with open_front(tmp_path, keyless=True) as front:
        answer = await front.ask("GET", f"/dashboard?{query}")

    assert answer.status == 400
    assert "This page cannot be shown as asked" in answer.text


async def test_without_its_books_the_page_says_so(tmp_path: Path) -> None:
    """503, and no figure."""
    async with open_front(tmp_path, keyless=True) as front:

        async def broken(*_: object, **__: object) -> None:
            raise LedgerUnavailable("The ledger cannot be read.")

        front.stage.ledger.spending = broken  # type: ignore[method-assign,assignment]
        answer = await front.ask("GET", "/dashboard")

    assert answer.status == 503
    assert "<data" not in answer.text


async def test_providers_accounts_stand_on_the_page(tmp_path: Path) -> None:
    """What came in and was drawn in the period, and what `farebox balance` says is left."""
    async with open_front(tmp_path, policy=POLICY) as front:
        await a_month(front, a_day=2)
        await booked_on_the_account(front)
        _, admin = await front.mint("house", Role.ADMIN)
        read = {"provider": "shortapi", "balance": "9.07", "at": "2026-11-19T08:00:00Z"}
        recorded = await front.ask("POST", "/v1/balances", read, key=admin)
        (told,) = (await front.ask("GET", "/v1/balances", key=admin)).json["balances"]
        spend = await front.ask("GET", f"/v1/spend?{FROM_TO}&by=provider", key=admin)
        page = await front.ask("GET", f"/dashboard?{PERIOD}&tenant=acme", key=admin)
        runpods = await front.ask("GET", f"/dashboard?{PERIOD}&provider=runpod", key=admin)
        _, viewer = await front.mint("acme", Role.VIEWER)
        acmes = await front.ask("GET", f"/dashboard?{PERIOD}", key=viewer)

    assert recorded.status == 201
    accounts = page.text.partition('id="accounts"')[2]
    shortapi = re.search(r"<tr><th scope=\"row\">shortapi</th>.*?</tr>", accounts, re.DOTALL)
    assert shortapi is not None
    posted = {row["provider"]: row["posted"] for row in spend.json["rows"]}["shortapi"]
    amounts = [str(one) for one in posted_in(shortapi[0])]
    left, pace = [told["left"], told["open"]], told["per_day"]
    assert amounts == [posted, "31.07", "0.53", *left, "9.07", pace]
    assert "25\N{NARROW NO-BREAK SPACE}h ago" in shortapi[0]
    assert "Providers\N{RIGHT SINGLE QUOTATION MARK} accounts" in runpods.text
    assert ">shortapi</th>" not in runpods.text.partition('id="accounts"')[2]
    assert "<code>farebox reconcile runpod --balance AMOUNT</code> records" in runpods.text
    assert "Providers\N{RIGHT SINGLE QUOTATION MARK} accounts" not in acmes.text
    assert "31.07" not in acmes.text


async def test_a_saving_below_nothing_has_its_sign_and_words(tmp_path: Path) -> None:
    """Who billed more than the dearest offer: parts of a column add up as they are shown."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        books, at = Bookkeeper(front), front.clock.now() - timedelta(hours=1)
        await books.deliver(await books.buy(at, price="0.0411"), "0.2903", at)
        page = await front.ask("GET", "/dashboard")

    assert f'<data value="-0.1153" title="{MINUS}$0.1153 exactly">{MINUS}$0.12</data>' in page.text
    assert "above the dearest offers then known" in page.text


async def test_a_tenants_viewer_sees_no_amount_of_what_is_shared(tmp_path: Path) -> None:
    """Of budgets that other tenants share only whether there is room, and nothing burns down."""
    async with open_front(tmp_path, policy=POLICY) as front:
        books, at = Bookkeeper(front), front.clock.now() - timedelta(hours=1)
        await books.deliver(await books.buy(at), "0.0401", at)
        await books.deliver(await books.buy(at, "globex", "runpod"), "0.0877", at)
        _, viewer = await front.mint("acme", Role.VIEWER)
        _, everyones = await front.mint("everyone", Role.VIEWER)
        acmes = await front.ask("GET", "/dashboard", key=viewer)
        whole = await front.ask("GET", "/dashboard", key=everyones)

    sums, theirs = usd("0.1278"), usd("0.0877")
    assert {sums, theirs} <= set(posted_in(whole.text))
    limits = {usd("40.00"), usd("19.10"), usd("90.00")}
    assert limits <= set(posted_in(whole.text))
    assert not {sums, theirs, *limits} & set(posted_in(acmes.text))
    shared = acmes.text.partition('id="shared"')[2].partition("</section>")[0]
    assert shared.count("has room") == 4
    assert "everyone-monthly" in shared
    assert 'id="shared"' not in whole.text
    burning = acmes.text.partition('class="burns"')[2].partition("</section>")[0]
    assert "everyone" not in burning.partition('id="shared"')[0]
    assert "each-tenant-daily" in burning


async def test_the_whole_focus_file_is_reconciled_with_what_is_posted(tmp_path: Path) -> None:
    """Credits have a negative EffectiveCost: the page says so, to what the file adds up to."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        await a_month(front, a_day=1)
        await booked_on_the_account(front)
        page = await front.ask("GET", f"/dashboard?{PERIOD}")
        link = html.unescape(re.findall(r'href="(/v1/exports/focus[^"]*)"', page.text)[0])
        file = await front.ask("GET", link)
        filtered = await front.ask("GET", f"/dashboard?{PERIOD}&tenant=acme")

    column = [Money.parse(row["EffectiveCost"]) for row in csv.DictReader(io.StringIO(file.text))]
    told = re.search(rf"posted (\S+) {MINUS} credits (\S+) = (\S+)\. ", page.text)
    assert told is not None
    posted, credited, effective = (Money.parse(one.removeprefix("$")) for one in told.groups())
    assert credited == usd("0.53")
    assert effective == posted - credited == total(column)
    assert f"{MINUS} credits" not in filtered.text


async def test_what_is_not_bought_any_more_is_loud(tmp_path: Path) -> None:
    """With what was charged for what; a tenant's viewer is told nothing of it."""
    async with open_front(tmp_path, policy=POLICY) as front:
        rows = front.services.policy().prices.offers_listed
        (row,) = (one for one in rows if one.provider == "runpod")
        overcharged = an_attempt_row(
            provider="runpod",
            price=usd("0.0875"),
            slug=row.slug,
            price_from=row.starts,
            state=AttemptState.POSTED,
            reported_amount=usd("0.11"),
        )
        for _ in range(2):
            front.services.health.prices.settled(overcharged)
        _, viewer = await front.mint("acme", Role.VIEWER)
        _, everyones = await front.mint("everyone", Role.VIEWER)
        acmes = await front.ask("GET", "/dashboard", key=viewer)
        whole = await front.ask("GET", "/dashboard", key=everyones)
        shortapis = await front.ask("GET", "/dashboard?provider=shortapi", key=everyones)
        operations = await front.ask("GET", "/dashboard/operations", key=everyones)

    loud = "Not bought any more</span>"
    assert f"{loud} <span>runpod 1k nano-banana-2-edit, charged more for $0.0875" in whole.text
    assert f"{loud} <span>runpod is not asked for" in operations.text
    assert '<span class="word bad">1 stopped</span>' in operations.text
    assert loud not in acmes.text
    assert loud not in shortapis.text
