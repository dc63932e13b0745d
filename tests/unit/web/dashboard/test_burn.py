"""How budgets burn down."""

from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

from router.finance.budgets import BudgetLine
from router.ledger.limit_rows import BudgetHourRow
from router.model.money import Money
from router.web.dashboard.burn import BURNS_MAX, POINTS_MAX, burn_of, read_hours, use
from tests.fakes import EPOCH
from tests.ledger_kit import usd
from tests.page_kit import POLICY, Bookkeeper
from tests.web_stage import open_front

HOUR = timedelta(hours=1)
LINE = BudgetLine(
    name="team",
    scope="everyone",
    limit=usd("8.00"),
    window_start=EPOCH,
    window_end=EPOCH + timedelta(days=30),
    posted=usd("3.00"),
    presumed=usd("0.50"),
    held=usd("0.40"),
    in_doubt=Money.ZERO,
)


def an_hour(number: int, charged: str) -> BudgetHourRow:
    """What an hour after the window's beginning was charged."""
    return BudgetHourRow(
        budget="team", scope="everyone", hour=EPOCH + number * HOUR, charged=usd(charged)
    )


def test_it_rises_where_something_was_charged() -> None:
    """Level in between; it ends now, with what the line itself says."""
    now = EPOCH + timedelta(hours=5, minutes=20)
    burn = burn_of(LINE, [an_hour(-30, "0.90"), an_hour(0, "1.00"), an_hour(5, "2.50")], UTC, now)

    assert burn.charged == (
        (EPOCH, Money.ZERO),
        (EPOCH, Money.ZERO),
        (EPOCH + HOUR, usd("1.00")),
        (EPOCH + 5 * HOUR, usd("1.00")),
        (now, usd("3.50")),
        (now, usd("3.50")),
    )
    assert (burn.forecast, burn.why_not) == (None, "less than 10 % of the window is over")


def test_a_long_line_has_no_more_points_than_a_screen_shows() -> None:
    """Its first and its last among them."""
    hours = [an_hour(number, "0.01") for number in range(700)]
    burn = burn_of(LINE, hours, UTC, EPOCH + 700 * HOUR)

    assert len(burn.charged) <= POINTS_MAX + 1
    assert burn.charged[0] == (EPOCH, Money.ZERO)
    assert burn.charged[-1] == (EPOCH + 700 * HOUR, usd("3.50"))
    assert burn.forecast is not None
    assert burn.forecast.method == "weekday"


def test_why_nothing_is_expected_is_told() -> None:
    """In the forecast's own words."""
    burn = burn_of(LINE, (), UTC, EPOCH)

    assert (burn.forecast, burn.why_not) == (None, "nothing was charged yet")


def test_what_is_used_up_comes_first() -> None:
    """And then whatever is used the most."""
    lines = [
        LINE,
        replace(LINE, limit=usd("1.00")),
        replace(LINE, posted=usd("7.00")),
        replace(LINE, limit=Money.ZERO),
    ]

    assert sorted(range(4), key=lambda place: use(lines[place])) == [0, 2, 3, 1]


async def test_the_most_used_windows_burn_down(tmp_path: Path) -> None:
    """From the ledger's hours; none that rolls or lasts for ever."""
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        books, at = Bookkeeper(front), front.clock.now() - 2 * HOUR
        await books.deliver(await books.buy(at), "0.0413", at + timedelta(seconds=5))
        early = at - timedelta(days=12)
        await books.deliver(await books.buy(early), "0.0391", early + timedelta(seconds=5))
        ledger = front.stage.ledger
        windows = [replace(LINE, name=f"n{number}") for number in range(BURNS_MAX + 3)]
        rolling = replace(LINE, name="rolling", rolls=True)
        ever = replace(LINE, window_start=None, window_end=None)
        start = EPOCH - timedelta(days=9)
        real = replace(LINE, name="everyone-monthly", posted=usd("7.99"), window_start=start)
        unused = replace(
            real, name="unused", posted=Money.ZERO, presumed=Money.ZERO, held=Money.ZERO
        )
        lines = [*windows, rolling, ever, real, unused]
        found = await read_hours(ledger, lines, front.clock.now())

    assert len(found) == BURNS_MAX
    hours = found["everyone-monthly", "everyone"]
    assert [row.charged for row in hours] == [usd("0.0391"), usd("0.0413")]
    assert ("unused", "everyone") not in found
    assert ("rolling", "everyone") not in found
