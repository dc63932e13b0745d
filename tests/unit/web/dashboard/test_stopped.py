"""Offers that are not bought any more, on the finance page."""

from datetime import timedelta
from pathlib import Path

from router.dispatch.drift import Above
from router.ledger.commands import Post
from router.model.job import Resolution
from router.web.dashboard.stopped import read_stopped
from tests.finance_page import asked_for
from tests.ledger_kit import an_attempt_row, usd
from tests.page_kit import POLICY, Bookkeeper
from tests.stage import reported
from tests.web_stage import open_house


async def test_what_was_charged_last_is_told(tmp_path: Path) -> None:
    """Of an offer whose charges are found; of another, that it was more; of no filter's."""
    async with open_house(tmp_path, policy=POLICY) as front:
        books, now = Bookkeeper(front), front.clock.now()
        for minutes, amount in ((9, "0.0433"), (6, "0.0437")):
            at = now - timedelta(minutes=minutes)
            attempt = await books.buy(at, price="0.0411")
            charge = reported(amount)
            post = Post(at=at, attempt_id=attempt, amount=usd(amount), outcome="delivered",
                        reported=charge)  # fmt: skip
            await books.do(post)
        row = an_attempt_row(price=usd("0.0411"))
        one = Above(
            provider="shortapi",
            slug=row.slug,
            model=row.model,
            resolution=Resolution.ONE_K,
            price_from=row.price_from,
            price=usd("0.0411"),
            times=2,
            charges=(),
        )
        stopped = (one,)
        ledger = front.stage.ledger
        (found,) = await read_stopped(ledger, stopped, asked_for(now))
        later = asked_for(now + timedelta(days=40))
        (old,) = await read_stopped(ledger, stopped, later)
        others = [
            await read_stopped(ledger, stopped, asked_for(now, **wanted))
            for wanted in ({"provider": "runpod"}, {"resolution": "4k"}, {"model": "another"})
        ]

    assert found.words == (
        f"shortapi 1k {row.model}, charged $0.0437 for $0.0411, and 2 times in a row above it: "
        "the price book needs a newer row. Edits go to "
        "other offers, or are refused."
    )
    assert old.charged is None
    assert "charged more for $0.0411" in old.words
    assert others == [(), (), ()]
