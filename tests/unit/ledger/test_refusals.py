"""Windows that are used up, because what is left is too little for an edit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from router.ledger.refusals import Refusals, read_refusals
from router.ledger.rows import BEGINNING
from router.ledger.views import RefusedRow
from router.model.budget import Usage
from tests.fakes import EPOCH
from tests.ledger_kit import DAY, HOUR, a_lifetime_limit, a_limit, a_rolling_limit, usd

ROW = RefusedRow(budget="team", scope="everyone", jobs=3, amount=usd("0.18"))
LIMIT = replace(a_lifetime_limit("team", "0.20"))


class Kept:
    """Books that say the same of every time, and remember which were asked for."""

    def __init__(self) -> None:
        self.asked: list[datetime] = []

    async def refused(self, since: datetime) -> list[RefusedRow]:
        """One row."""
        self.asked.append(since)
        return [ROW]


async def test_a_window_is_used_up_where_what_was_refused_finds_no_room() -> None:
    """Held money counts; and room is what the mean of the refused would have cost, to the nano."""
    refusals = await read_refusals(Kept(), [LIMIT])

    assert refusals.unmet(LIMIT, Usage(posted=usd("0.12"), held=usd("0.06"))) == usd("0.18")
    assert refusals.unmet(LIMIT, Usage(posted=usd("0.140000001"))) == usd("0.18")
    assert refusals.unmet(LIMIT, Usage(posted=usd("0.14"))) is None
    assert refusals.unmet(replace(LIMIT, limit=usd("9.00")), Usage(posted=usd("0.19"))) is None


async def test_what_refused_nothing_is_not_used_up() -> None:
    """However little is left: another account's refusals are not its own."""
    refusals = await read_refusals(Kept(), [LIMIT])
    full = Usage(posted=usd("0.20"))

    assert refusals.unmet(replace(LIMIT, scope="tenant:acme"), full) is None
    assert refusals.unmet(replace(LIMIT, budget="crew"), full) is None
    assert Refusals({}).unmet(LIMIT, full) is None
    assert [sorted(refusals.accounts(name)) for name in ("team", "crew")] == [["everyone"], []]


async def test_refusals_are_those_of_the_window() -> None:
    """Read once for all that begin together; of one that begins within an hour, from the next."""
    books, half = Kept(), datetime(2026, 11, 19, 18, 30, tzinfo=UTC)
    day, rolling = a_limit("team"), a_rolling_limit("rolls")
    india = replace(day, window_start=half, window_end=half + DAY)
    await read_refusals(books, [day, replace(day, budget="crew"), rolling, india, LIMIT])

    assert day.window_start is not None
    assert rolling.window_start is not None
    begun = half + timedelta(minutes=30)
    assert books.asked == sorted({BEGINNING, day.window_start, rolling.window_start, begun})
    assert EPOCH - day.window_start < DAY
    assert begun - HOUR < half
