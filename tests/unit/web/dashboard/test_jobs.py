"""Jobs behind a figure, and one job."""

from datetime import timedelta
from pathlib import Path

import pytest

from router.ledger import browsing
from router.model.ids import job_of
from router.web.dashboard import jobs as module
from router.web.dashboard.jobs import MONEY_WORDS
from router.web.keys import Role
from tests.page_kit import POLICY, PROMPT, Bookkeeper, a_month
from tests.web_stage import open_front


async def test_jobs_stand_with_their_money(tmp_path: Path) -> None:
    """The newest first, each with what was posted, what is not certain, and why."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        await a_month(front, a_day=1)
        page = await front.ask("GET", "/dashboard/jobs")
        by_money = {
            money: (await front.ask("GET", f"/dashboard/jobs?money={money}")).text
            for money in MONEY_WORDS
            if money
        }

    assert page.status == 200
    assert "under way" not in page.text
    for money, words in MONEY_WORDS.items():
        if money in {"in_doubt", "posted_presumed", "undelivered"}:
            assert f'<span class="word bad">{words}</span>' in by_money[money]
    assert '<span class="word bad">posted, not as priced</span>' in by_money["drifted"]
    assert '<data value="0.0533"' in by_money["drifted"]
    assert '<span class="word">voided</span>' in by_money["voided"]
    assert "in doubt</span>" not in by_money["voided"]


async def test_a_job_tells_its_attempts_money_and_decision(tmp_path: Path) -> None:
    """Every amount apart; never what the client sent."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        books, at = Bookkeeper(front), front.clock.now()
        tags = (("team", "<ads>"),)
        attempt = await books.buy(at, "globex", "runpod", price="0.0869", tags=tags)
        await books.deliver(attempt, "0.0911", at + timedelta(seconds=9))
        page = await front.ask("GET", f"/dashboard/jobs/{job_of(attempt)}?time_zone=Asia/Tokyo")

    assert page.status == 200
    for amount in ("0.0869", "0.0911", "0.0899", "0.175"):
        assert f'<data value="{amount}"' in page.text, amount
    for words in ("globex", "&lt;ads&gt;", "lowest price", "chosen by lowest price", "thrift"):
        assert words in page.text, words
    assert "18:00:00" in page.text
    assert PROMPT not in page.text
    assert "pictures.example" not in page.text


async def test_a_job_in_doubt_is_loud(tmp_path: Path) -> None:
    """It may have been charged."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        books, at = Bookkeeper(front), front.clock.now()
        attempt = await books.buy(at)
        await books.doubt(attempt, at)
        page = await front.ask("GET", f"/dashboard/jobs/{job_of(attempt)}")

    assert '<div class="tile loud"><h2>Not certain yet</h2>' in page.text
    assert "provider_in_doubt" in page.text


async def test_another_tenants_job_is_not_there(tmp_path: Path) -> None:
    """As one that never was; and none of it is in a list."""
    async with open_front(tmp_path, policy=POLICY) as front:
        attempt = await Bookkeeper(front).buy(front.clock.now(), "globex")
        _, key = await front.mint("acme", Role.VIEWER)
        _, own = await front.mint("globex", Role.VIEWER)
        job = job_of(attempt)
        missing = "0199d6f0-0000-7000-8000-00000000dead"
        told = [
            await front.ask("GET", f"/dashboard/jobs/{one}", key=key)
            for one in (job, missing, "nothing")
        ]
        listed = await front.ask("GET", "/dashboard/jobs", key=key)
        its_own = await front.ask("GET", f"/dashboard/jobs/{job}", key=own)

    assert [answer.status for answer in told] == [404, 404, 404]
    assert told[0].text == told[1].text
    assert job[:13] not in listed.text
    assert its_own.status == 200


async def test_many_jobs_are_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each says where the next is; one that found too few says how far it has looked."""
    monkeypatch.setattr(module, "PAGE", 2)
    async with open_front(tmp_path, keyless=True) as front:
        books, at = Bookkeeper(front), front.clock.now()
        ids = [
            job_of(await books.buy(at - timedelta(minutes=number), resolution=resolution))
            for number, resolution in enumerate(("1k", "1k", "1k", "2k"))
        ]
        first = await front.ask("GET", "/dashboard/jobs")
        older = await front.ask("GET", f"/dashboard/jobs?after={ids[1]}")
        monkeypatch.setattr(browsing, "WITHIN", 3)
        few = await front.ask("GET", "/dashboard/jobs?resolution=2k")
        rest = await front.ask("GET", f"/dashboard/jobs?resolution=2k&after={ids[2]}")

    assert f'href="/dashboard/jobs?after={ids[1]}">Older jobs' in first.text
    assert ids[2][13:] in older.text
    assert ids[0][13:] not in older.text
    assert f"resolution=2k&amp;after={ids[2]}" in few.text
    assert "Look further back" in few.text
    assert "No such job among the last" in few.text
    assert ids[3][13:] in rest.text


@pytest.mark.parametrize("query", ["money=lost", "after=1"])
async def test_what_cannot_be_meant_is_told(tmp_path: Path, query: str) -> None:
    """On a page."""
    async with open_front(tmp_path, keyless=True) as front:
        answer = await front.ask("GET", f"/dashboard/jobs?{query}")

    assert answer.status == 400
