"""What only the house as a whole can show: who is told of what."""

from dataclasses import replace
from pathlib import Path

import pytest

from router.app import open_house
from router.model.clock import SystemClock
from router.model.job import AttemptState, Resolution
from router.observe.events import Alarm, Event
from router.settings import read_settings
from tests.ledger_kit import an_attempt_row, usd


class Listener:
    """Hears alarms."""

    def __init__(self) -> None:
        self.alarms: list[str] = []

    def tell(self, event: Event) -> None:
        """Keep what it was."""
        if isinstance(event, Alarm):
            self.alarms.append(event.what)


@pytest.mark.slow
async def test_an_offer_that_charges_above_its_price_is_told_of_and_counted(
    tmp_path: Path,
) -> None:
    """By an alarm in that moment, and by the next scrape."""
    settings = replace(read_settings({}), database=f"sqlite:///{tmp_path}/farebox.db")
    listener = Listener()
    async with open_house(settings, listener) as house:
        services = house.services
        now = SystemClock().now()
        prices = services.policy().prices
        sold = prices.offers("nano-banana-2-edit", Resolution.ONE_K, now)
        (row,) = (one.row for one in sold if one.row.provider == "shortapi")
        overcharged = an_attempt_row(
            price=usd("0.04"),
            slug=row.slug,
            price_from=row.starts,
            state=AttemptState.POSTED,
            posted=usd("0.047"),
            reported_amount=usd("0.047"),
        )
        for _ in range(2):
            services.health.prices.settled(overcharged)
        scraped = (await services.metrics.scrape()).decode()

    assert listener.alarms == ["offer_stopped"]
    assert 'farebox_offers_stopped{provider="shortapi"} 1.0' in scraped
    assert 'farebox_offers_stopped{provider="runpod"} 0.0' in scraped
