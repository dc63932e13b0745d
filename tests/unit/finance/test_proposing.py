"""A price that changed becomes a row that the price book takes, and that sells nothing yet."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from router.cli.checking import check_file
from router.finance.drift import Drift, drifts
from router.finance.proposing import NO_PROPOSAL, as_yaml, proposals
from router.ledger.views import WITHDRAWN
from router.model.job import Resolution
from router.policy.prices import PriceBook
from tests.fakes import EPOCH
from tests.ledger_kit import usd
from tests.processes import ROOT
from tests.statement_kit import a_charge, a_stop

BOOK = ROOT / "policies" / "prices.yaml"


def a_drift(amount: str, *, count: int = 3, **fields: Any) -> Drift:
    """Build an offer's charges, all of one amount, one a minute from the epoch on."""
    charges = [a_charge(number, "0.0875", amount, **fields) for number in reversed(range(count))]
    first = charges[0]
    return Drift(
        provider=first.provider,
        model=first.model,
        slug=first.slug,
        resolution=first.resolution,
        charges=tuple(charges),
    )


def a_book(path: Path) -> PriceBook:
    """Read a price book that is sound."""
    checked = check_file(path)
    assert checked.problems == ()
    assert checked.book is not None
    return checked.book


def pasted(folder: Path, text: str, more: str = "") -> Path:
    """Put rows at the end of the shipped price book, as people do."""
    path = folder / "prices.yaml"
    path.write_text(BOOK.read_text("utf-8") + more + text, "utf-8")
    return path


def test_a_changed_price_becomes_a_row_that_the_book_takes(tmp_path: Path) -> None:
    """With all that the offer can do, the other prices as they were, and sold by nobody yet."""
    drifts = [a_drift("0.0913"), a_drift("0.1412", resolution=Resolution.TWO_K, count=4)]
    (made,) = proposals(a_book(BOOK), drifts)
    text = as_yaml([made])
    book = a_book(pasted(tmp_path, text))

    former, row = [
        one
        for one in book.offers_listed
        if (one.provider, one.model) == ("runpod", "nano-banana-2-edit")
    ]
    assert row.starts == made.starts == EPOCH
    assert row.per_image == {
        Resolution.ONE_K: usd("0.0913"),
        Resolution.TWO_K: usd("0.1412"),
        Resolution.FOUR_K: usd("0.175"),
    }
    assert (row.verified, row.is_on) == (False, False)
    assert row.source == "what 7 edits in a row were charged, as the ledger has it"
    assert (row.capability, row.latency, row.slug) == (
        *(former.capability, former.latency, former.slug),
    )
    assert "# 1k was $0.0875; charged $0.0913 3 times in a row." in text


def a_stopped(*amounts: str, **fields: Any) -> Drift:
    """Build an offer that these charges have stopped, the newest first, one a minute."""
    charges = [
        a_charge(len(amounts) - number, "0.0875", amount, **fields)
        for number, amount in enumerate(amounts)
    ]
    (found,) = drifts(charges, [a_stop(*charges)])
    return found


def test_what_stopped_an_offer_is_proposed(tmp_path: Path) -> None:
    """Though it is two charges; where they differ the highest is, marked, for somebody to ask."""
    book = a_book(BOOK)
    (same,) = proposals(book, [a_stopped("0.0913", "0.0913")])
    (other,) = proposals(book, [a_stopped("0.0913", "0.0941")])
    marked = as_yaml([other])
    pasted_book = a_book(pasted(tmp_path, marked))

    assert same.row["per_image"]["1k"] == "$0.0913"
    assert "# 1k was $0.0875; charged $0.0913 2 times in a row." in as_yaml([same])
    assert "DIFFER" not in as_yaml([same])
    assert "# Nothing is bought at $0.0875 until there is a newer row." in as_yaml([same])
    assert "# THESE DIFFER: $0.0941, the highest, is proposed. Ask the provider." in marked
    assert "charged $0.0913, $0.0941 2 times in a row" in marked
    assert other.starts == EPOCH + timedelta(minutes=1)
    assert pasted_book.offers_listed[-1].per_image[Resolution.ONE_K] == usd("0.0941")


def test_a_stopped_offer_gets_a_row_whatever_the_book_has_for_later(tmp_path: Path) -> None:
    """Until that later row begins nothing would be bought; one that is not stopped can wait."""
    later = ROW.format(starts="2026-11-25", more="until: 2026-12-24")
    book = a_book(pasted(tmp_path, later))
    found = a_stopped("0.0913", "0.0913", "0.0913")
    two_k = a_drift("0.1412", resolution=Resolution.TWO_K)

    (made,) = proposals(book, [found, two_k])

    assert [one.resolution for one in made.changes] == ["1k"]
    assert made.row["per_image"]["2k"] == "$0.13"
    a_book(pasted(tmp_path, later + as_yaml([made])))


def test_what_only_a_withdrawn_bill_said_is_marked() -> None:
    """It stopped the offer when it was booked."""
    (made,) = proposals(a_book(BOOK), [a_stopped("0.0913", "0.0941", reported_source=WITHDRAWN)])

    assert "only a bill has said that was withdrawn" in as_yaml([made])


def test_a_row_that_is_in_the_book_is_not_proposed_again(tmp_path: Path) -> None:
    """Whether or not somebody has verified it, and though nothing was charged by it yet."""
    drift = a_drift("0.0913")
    text = as_yaml(proposals(a_book(BOOK), [drift]))

    assert proposals(a_book(pasted(tmp_path, text)), [drift]) == []


def test_a_change_that_began_under_a_former_row_follows_the_row_in_force(tmp_path: Path) -> None:
    """Before it, it would change nothing."""
    starts = (EPOCH + timedelta(seconds=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    row = ROW.format(starts=starts, more="data_urls: true")
    (made,) = proposals(a_book(pasted(tmp_path, row)), [a_drift("0.0913")])

    assert made.starts == EPOCH + timedelta(seconds=91)
    a_book(pasted(tmp_path, row + as_yaml([made])))


def test_what_varies_is_not_proposed() -> None:
    """Two charges are none either; and nothing to propose is said as a comment."""
    book = a_book(BOOK)
    same = a_drift("0.0875")

    assert proposals(book, [a_drift("0.0913", count=2), same]) == []
    assert as_yaml([]) == NO_PROPOSAL
    assert yaml.safe_load(NO_PROPOSAL) is None


def test_an_offer_that_is_not_in_the_book_gets_no_row() -> None:
    """Nor one that began only after these charges."""
    book = a_book(BOOK)
    long_ago = EPOCH - timedelta(days=400)

    assert proposals(book, [a_drift("0.0913", slug="something-else")]) == []
    assert proposals(book, [a_drift("0.0913", dispatched_at=long_ago)]) == []


ROW = """
  - provider: runpod
    model: nano-banana-2-edit
    slug: google-nano-banana-2-edit
    from: {starts}
    {more}
    source: a contract
    verified: true
    per_image: {{1k: $0.0875}}
    contracted: {{1k: $0.0861}}
"""


def test_a_book_that_has_a_newer_row_already_is_left_alone(tmp_path: Path) -> None:
    """Somebody has looked at it; charges under the newer row would tell if it is wrong."""
    newer = ROW.format(starts="2026-11-25", more="until: 2026-12-24")

    assert proposals(a_book(pasted(tmp_path, newer)), [a_drift("0.0913")]) == []


@pytest.mark.parametrize(
    ("amount", "listed", "contracted"),
    [("0.0852", "0.0875", "0.0852"), ("0.0913", "0.0913", None)],
)
def test_a_contracted_price_stays_one_if_it_can(
    tmp_path: Path, amount: str, listed: str, contracted: str | None
) -> None:
    """Below the list price it is still a contract; above it, it is the price."""
    starts = EPOCH - timedelta(hours=1)
    row = ROW.format(starts=starts.strftime("%Y-%m-%dT%H:%M:%SZ"), more="until: 2026-12-24")
    path = pasted(tmp_path, row)
    (made,) = proposals(a_book(path), [a_drift(amount)])
    text = as_yaml([made])

    assert made.row["per_image"] == {"1k": f"${listed}"}
    assert made.row.get("contracted") == ({"1k": f"${contracted}"} if contracted else None)
    assert "must now end with `until: 2026-11-20T09:00:00.000000Z`" in text
    assert "take over its end: `until: 2026-12-24T00:00:00.000000Z`" in text
    ended = path.read_text("utf-8").replace("until: 2026-12-24", "until: 2026-11-20T09:00:00Z")
    path.write_text(ended + text, "utf-8")
    a_book(path)


def test_a_row_does_not_begin_when_its_former_does(tmp_path: Path) -> None:
    """Two rows of one instant overlap, so it begins a second later."""
    row = ROW.format(starts="2026-11-20T09:00:00Z", more="data_urls: true")
    path = pasted(tmp_path, row)
    (made,) = proposals(a_book(path), [a_drift("0.0913")])

    assert made.starts == EPOCH + timedelta(seconds=1)
    a_book(pasted(tmp_path, row + as_yaml([made])))
