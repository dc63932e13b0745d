"""What both back ends tell of how long attempts took."""

from datetime import timedelta

from router.ledger.ledger import Ledger
from router.model.budget import Limit, Usage
from router.model.job import Resolution
from tests.fakes import EPOCH
from tests.ledger_story import tell_to


async def nothing_used(limit: Limit) -> Usage:
    """Of a story in which nobody looks at a budget."""
    del limit
    return Usage()


async def test_what_took_how_long_is_read_by_offer(ledger: Ledger) -> None:
    """The last of each that ended or fell into doubt, the oldest first; nothing that was unsent."""
    await tell_to(
        ledger.submit,
        nothing_used,
        """
        place    j1    $0.04 ready=shortapi        -> placed dispatching at shortapi
        post     j1.1  $0.05 end=succeeded         -> posted
        place    j2    $0.06 ready=shortapi        -> placed dispatching at shortapi
        post     j2.1  $0.01                       -> posted
        hold     j2.2  $0.09@runpod ready=runpod   -> placed dispatching at runpod
        post     j2.2  $0.10 end=succeeded         -> posted
        place    j3    $0.02 ready=shortapi        -> placed dispatching at shortapi
        doubt    j3.1                              -> in_doubt
        place    j4    $0.03                       -> placed held at shortapi
        """,
    )

    last = await ledger.timed(EPOCH - timedelta(days=1), most=1)
    found = await ledger.timed(EPOCH - timedelta(days=1), most=9)

    assert sorted(row.provider for row in last) == ["runpod", "shortapi"]
    assert sorted(row.provider for row in found) == ["runpod", "shortapi", "shortapi", "shortapi"]
    assert [row.ended_at is None for row in found if row.provider == "shortapi"].count(True) == 1
    assert all(row.dispatched_at is not None for row in found)
    assert {row.resolution for row in found} == {Resolution.ONE_K}
    assert await ledger.timed(EPOCH + timedelta(days=1), most=9) == []
