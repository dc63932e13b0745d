from datetime import UTC, datetime

from router.ledger.views import BookingRow
from router.model.ids import AttemptId, JobId
from router.model.job import Resolution
from tests.ledger_kit import usd

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


def test_what_stands_is_what_stood_and_the_change() -> None:
    """Of a booking: from then on, until the next."""
    row = BookingRow(
        seq=3,
        at=AT,
        who="ada",
        amount=usd("-0.0133"),
        so_far=usd("0.0413"),
        first_at=AT,
        attempt_id=AttemptId("j1.1"),
        job_id=JobId("j1"),
        tenant="acme",
        tags=(),
        provider="shortapi",
        model="m",
        slug="s",
        resolution=Resolution.ONE_K,
        quoted=usd("0.04"),
        list_price=usd("0.05"),
        dearest=usd("0.09"),
        began_at=AT,
        reported_amount=None,
        decision="{}",
        policy_hash="",
    )

    assert row.stands == usd("0.028")
