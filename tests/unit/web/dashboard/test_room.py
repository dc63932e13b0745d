"""Whether budgets have room for any edit."""

from datetime import timedelta
from pathlib import Path

from router.web.dashboard.room import Room, is_full, is_near, least_price, read_room
from tests.fakes import EPOCH
from tests.finance_page import a_line
from tests.ledger_kit import usd
from tests.page_kit import POLICY, Bookkeeper
from tests.web_stage import open_house


async def test_refusals_are_of_a_budgets_own_window(tmp_path: Path) -> None:
    """Not of the day before; of those that are nearly used up, or have too little left."""
    async with open_house(tmp_path, policy=POLICY) as front:
        books, now = Bookkeeper(front), front.clock.now()
        for at in (now - timedelta(days=1), now):
            for _ in range(18):
                await books.buy(at, "acme", "runpod")
        lines = (
            a_line("each-tenant-daily", "tenant:acme", posted=usd("1.90")),
            a_line("runpod-monthly", "provider:runpod", posted=usd("1.91")),
            a_line("everyone-monthly", posted=usd("0.30")),
            a_line("tiny", limit=usd("0.11"), posted=usd("0.071")),
        )
        found = await read_room(front.stage.ledger, front.services.policy(), lines, now)

    assert found == {
        ("each-tenant-daily", "tenant:acme"): Room(least=usd("0.04"), refused=3),
        ("runpod-monthly", "provider:runpod"): Room(least=usd("0.0875"), refused=0),
        ("tiny", "everyone"): Room(least=usd("0.04"), refused=0),
    }


def test_nothing_is_the_least_price_of_what_nobody_sells() -> None:
    """Then only what is left says whether there is room."""
    assert least_price(POLICY, EPOCH, provider="gone") is None
    assert least_price(POLICY, EPOCH, model="gone") is None
    line = a_line(posted=usd("1.999"))
    assert is_near(line)
    assert not is_full(line, Room(least=None, refused=7))
    assert not is_full(line, None)
    assert is_full(a_line(limit=usd("0.00")), None)
