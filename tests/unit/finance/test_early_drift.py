"""Prices that are named before anything is charged."""

from datetime import timedelta

from router.finance.early_drift import early_document, early_drifts, remarks
from router.ledger.views import NamedRow
from router.model.ids import AttemptId
from router.model.job import Resolution
from tests.fakes import EPOCH
from tests.ledger_kit import usd


def rows(
    *named: str, pinned: str = "0.04", resolution: Resolution = Resolution.ONE_K
) -> list[NamedRow]:
    """What was named at one resolution, the newest first, a minute before each other."""
    return [
        NamedRow(
            id=AttemptId(f"j{number}.1"),
            provider="shortapi",
            model="nano-banana-2-edit",
            slug="google/nano-banana-2/edit",
            resolution=resolution,
            quoted=usd(pinned),
            quote_amount=usd(amount),
            dispatched_at=EPOCH - timedelta(minutes=number),
        )
        for number, amount in enumerate(named)
    ]


def test_another_price_than_the_book_says_is_early_drift() -> None:
    """As long as it is the latest word; one that is its price again is none."""
    changed = rows("0.05", "0.05", "0.051", "0.04")
    kept = rows("0.061", "0.05", pinned="0.061", resolution=Resolution.TWO_K)

    (found,) = early_drifts([*changed, *kept])

    assert (found.resolution, found.pinned, found.amount) == ("1k", usd("0.04"), usd("0.05"))
    assert [row.id for row in found.in_a_row] == ["j0.1", "j1.1"]
    assert early_document([found]) == [
        {
            "provider": "shortapi",
            "model": "nano-banana-2-edit",
            "resolution": "1k",
            "pinned": "0.04",
            "named": "0.05",
            "in_a_row": 2,
            "since": "2026-11-20T08:59:00.000000Z",
            "words": "shortapi nano-banana-2-edit 1k: $0.05 was named when the last 2 edits were "
            "taken, where the price book says $0.04; no charge has shown it yet",
        }
    ]


def test_proposals_mention_only_what_is_no_accident() -> None:
    """Three in a row, as a comment: no row is made of it."""
    assert remarks(early_drifts(rows("0.05", "0.05"))) == ""
    (line,) = remarks(early_drifts(rows("0.05", "0.05", "0.05"))).splitlines()
    assert line.startswith("# shortapi nano-banana-2-edit 1k: $0.05 was named when the last 3 ")
    (once,) = early_drifts(rows("0.05"))
    assert "the last 1 edit was taken" in once.words
