"""The operators' page."""

from datetime import timedelta
from pathlib import Path

import pytest

from router.finance.snapshot import BooksCheck
from router.model.errors import ProviderUnreachable
from router.model.ids import AttemptId
from router.model.money import Money
from router.observe.events import Committed
from router.policy.current import Rejection, Standing
from router.policy.problems import Problem
from router.web.keys import Role
from tests.fakes import FakeClock
from tests.page_kit import POLICY, Bookkeeper, a_month
from tests.policy_files import a_policy
from tests.web_stage import open_front

PAGE = "/dashboard/operations"


async def test_it_shows_how_everything_runs(tmp_path: Path) -> None:
    """Providers, the last hour, what is under way, and why edits went where they went."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        await a_month(front, a_day=1)
        books, at = Bookkeeper(front), front.clock.now() - timedelta(minutes=4)
        for number in range(1, 4):
            attempt = await books.buy(at, "acme", "runpod", resolution="1k")
            await books.deliver(attempt, "0.0875", at + timedelta(seconds=number * 7))
        page = await front.ask("GET", PAGE)

    assert page.status == 200
    assert page.headers["Refresh"] == "5"
    assert "Half end within 14.0 s, 95 of 100 within 21.0 s" in page.text
    assert "delivered 3" in page.text
    assert '<span class="word good">serving</span>' in page.text
    assert "chosen by lowest price" in page.text
    assert "The oldest for <b>90" in page.text.replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert "/dashboard/notices/in_doubt" in page.text


async def test_an_ejected_provider_says_why_and_until_when(tmp_path: Path) -> None:
    """As health has it at this moment."""
    async with open_front(tmp_path, keyless=True) as front:
        for number in range(5):
            attempt = AttemptId(f"j{number}.1")
            front.services.health.started("runpod", attempt)
            front.services.health.failed("runpod", attempt, ProviderUnreachable("no route"))
        page = await front.ask("GET", f"{PAGE}?refresh=off")

    assert '<span class="word bad">ejected</span>' in page.text
    assert "5 failures in a row" in page.text
    assert "09:00:30" in page.text
    assert "Refresh" not in page.headers


async def test_the_ledgers_health_is_shown(tmp_path: Path) -> None:
    """What commits took, and whether the books are in balance, as of the last look at that."""

    class Wrong:
        async def imbalance(self) -> Money:
            return Money.parse("0.0131")

    check = BooksCheck(Wrong(), FakeClock())
    async with open_front(tmp_path, keyless=True, check=check) as front:
        before = await front.ask("GET", PAGE)
        front.services.metrics.tell(Committed(seconds=0.004, commands=6))
        front.services.metrics.tell(Committed(seconds=0.008, commands=1))
        await check.look()
        after = await front.ask("GET", PAGE)

    assert "Not compared yet" in before.text
    assert '<p class="figure">wrong</p>' in after.text
    assert '<data value="0.0131"' in after.text
    assert "6.0 ms on average" in after.text
    assert "3.5 commands on average" in after.text


async def test_a_broken_policy_is_shown(tmp_path: Path) -> None:
    """With since when, and that the last good one stays."""
    async with open_front(tmp_path, keyless=True) as front:
        at = front.clock.now()
        problem = Problem(file="policy.yaml", line=3, column=1, message="secret words", excerpt="")
        rejection = Rejection(at=at, problems=(problem,))
        standing = Standing(policy=a_policy(), since=at, rejection=rejection)
        object.__setattr__(front.services, "standing", lambda: standing)
        page = await front.ask("GET", PAGE)

    assert "Files are broken" in page.text
    assert "secret words" not in page.text


async def test_it_is_for_who_sees_all(tmp_path: Path) -> None:
    """A tenant's viewer is told so, on a page, and has no link to it."""
    async with open_front(tmp_path) as front:
        _, viewer = await front.mint("acme", Role.VIEWER)
        _, everyones = await front.mint("everyone", Role.VIEWER)
        refused = await front.ask("GET", PAGE, key=viewer)
        shown = await front.ask("GET", PAGE, key=everyones)
        spend = await front.ask("GET", "/dashboard", key=viewer)

    assert (refused.status, shown.status) == (403, 200)
    assert PAGE not in spend.text


@pytest.mark.parametrize("refresh", ["0", "1e9", "x"])
async def test_nobody_asks_all_the_time(tmp_path: Path, refresh: str) -> None:
    """Only as often as is offered."""
    async with open_front(tmp_path, keyless=True) as front:
        answer = await front.ask("GET", f"{PAGE}?refresh={refresh}")

    assert answer.status == 400
