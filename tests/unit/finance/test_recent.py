"""What happened of late."""

from datetime import timedelta
from typing import Any

from router.finance.recent import recent
from router.ledger.views import TimedRow
from router.model.job import Resolution
from tests.fakes import EPOCH


def took(seconds: float, **fields: Any) -> TimedRow:
    """An attempt at ShortAPI that delivered after so many seconds."""
    values: dict[str, Any] = {
        "provider": "shortapi",
        "slug": "s",
        "resolution": Resolution.ONE_K,
        "outcome": "delivered",
        "dispatched_at": EPOCH,
        "accepted_at": EPOCH,
        "ended_at": EPOCH + timedelta(seconds=seconds),
        "queue_s": None,
        "execution_s": None,
    }
    return TimedRow(**{**values, **fields})


def test_percentiles_are_of_what_was_delivered() -> None:
    """Each is a time that an attempt really took; failures are quick, and no image."""
    rows = [took(float(number)) for number in range(1, 201)]
    rows += [took(0.1, outcome="provider_failed")] * 3
    (found,) = recent(reversed(rows))

    assert found.percentiles_s == (100.0, 190.0, 198.0)
    assert found.outcomes == (("delivered", 200), ("provider_failed", 3))
    assert (found.delivered, found.ended) == (200, 203)


def test_each_provider_and_resolution_is_told_apart() -> None:
    """One that delivered nothing has no latency; one that was never sent neither."""
    found = recent(
        [
            took(7.0, provider="runpod", resolution=Resolution.FOUR_K),
            took(9.0, provider="runpod", outcome=None),
            took(3.0, dispatched_at=None),
        ]
    )

    assert [(one.provider, one.resolution, one.percentiles_s) for one in found] == [
        ("runpod", "1k", None),
        ("runpod", "4k", (7.0, 7.0, 7.0)),
        ("shortapi", "1k", None),
    ]
    assert (found[0].outcomes, found[0].delivered) == ((("unknown", 1),), 0)
