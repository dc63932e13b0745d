"""Charges beside the price book: an event, or a new price."""

from dataclasses import replace
from datetime import timedelta

from router.finance.drift import Drift, drift_document, drifts
from router.ledger.views import WITHDRAWN, ChargeRow
from router.model.job import Resolution
from tests.fakes import EPOCH
from tests.ledger_kit import usd
from tests.statement_kit import a_charge, a_stop


def of(*charges: ChargeRow) -> Drift:
    """Put charges together, the newest first."""
    (found,) = drifts(sorted(charges, key=lambda one: one.dispatched_at, reverse=True))
    return found


def test_a_price_that_is_kept_to_has_not_changed() -> None:
    """All of its charges are exact."""
    found = of(*(a_charge(number, "0.0875", "0.0875") for number in range(4)))

    assert (found.exact, found.drifted, found.streak, found.changed_to) == (4, (), (), None)
    assert found.changed_at is None


def test_three_in_a_row_of_one_other_amount_are_a_new_price() -> None:
    """Since the first of them; two are not yet."""
    charges = [
        a_charge(0, "0.0875", "0.0875"),
        a_charge(1, "0.0875", "0.0899"),
        a_charge(2, "0.0875", "0.0913"),
        a_charge(3, "0.0875", "0.0913"),
    ]
    two, three = of(*charges), of(*charges, a_charge(4, "0.0875", "0.0913"))

    assert (two.changed_to, len(two.streak)) == (None, 2)
    assert (three.changed_to, three.changed_at) == (usd("0.0913"), EPOCH + timedelta(minutes=2))
    assert (three.exact, len(three.drifted), three.over) == (1, 4, usd("0.0138"))
    assert three.words == (
        "runpod nano-banana-2-edit 1k: price changed to $0.0913 from $0.0875 since "
        "2026-11-20T09:02:00.000000Z; farebox prices propose writes the row"
    )


def test_amounts_that_vary_are_no_new_price() -> None:
    """Below the price as little as above it."""
    found = of(
        a_charge(1, "0.0875", "0.08"), a_charge(2, "0.0875", "0.081"), a_charge(3, "0.0875", "0.08")
    )

    assert (found.changed_to, found.over, found.under) == (None, usd("0"), usd("0.0215"))


def test_a_price_that_the_book_has_caught_up_with_is_over() -> None:
    """The same charge under a newer row is exact, and ends the streak."""
    former = [a_charge(number, "0.0875", "0.0913") for number in range(3)]
    found = of(*former, a_charge(4, "0.0913", "0.0913"))

    assert (found.pinned, found.changed_to, found.exact) == (usd("0.0913"), None, 1)


def test_offers_and_resolutions_are_apart() -> None:
    """As rows come: those of one offer and resolution together."""
    rows = [
        a_charge(2, "0.0875", "0.0876"),
        a_charge(1, "0.0875", "0.0875"),
        a_charge(3, "0.13", "0.13", resolution=Resolution.TWO_K),
    ]

    assert [(one.resolution, len(one.charges)) for one in drifts(rows)] == [("1k", 2), ("2k", 1)]


def test_two_charges_that_stopped_an_offer_are_a_price_to_propose() -> None:
    """The highest where they differ; what is clear counts before it, if it is above the price."""
    first, second = a_charge(1, "0.0875", "0.0941"), a_charge(2, "0.0875", "0.0913")
    stop = a_stop(second, first)
    (found,) = drifts([second, first], [stop])
    (told,) = drift_document([found])["drift"]
    three = [a_charge(number, "0.0875", "0.0913") for number in (4, 3, 2)]
    (clear,) = drifts([*three, first], [a_stop(*three, first)])
    below = [replace(one, reported_amount=usd("0.0811")) for one in three]
    (order,) = drifts([*below, first], [stop])

    assert (found.changed_to, found.proposed, found.grounds) == (
        *(None, usd("0.0941"), (second, first)),
    )
    assert told["stopped"] == {
        "price": "0.0875",
        "charged_above": 2,
        "charged": ["0.0913", "0.0941"],
        "proposed": "0.0941",
        "words": stop.words,
    }
    assert (clear.proposed, clear.grounds) == (usd("0.0913"), tuple(three))
    assert (order.changed_to, order.proposed) == (usd("0.0811"), usd("0.0941"))
    assert (of(first).proposed, of(first).grounds, of(first).stopped) == (None, (), None)


def test_an_offer_is_stopped_however_long_ago_it_was_charged() -> None:
    """It is there beside what was charged of late, in the order of offers."""
    late = a_charge(9, "0.13", "0.13", resolution=Resolution.TWO_K)
    old = [a_charge(number, "0.0875", "0.0913") for number in (2, 1)]
    (stopped, other) = drifts([late], [a_stop(*old)])

    assert (stopped.resolution, stopped.charges, stopped.proposed) == (
        *("1k", tuple(old), usd("0.0913")),
    )
    assert (other.resolution, other.stopped) == ("2k", None)


def test_what_a_bill_says_of_the_charges_that_stopped_an_offer_counts() -> None:
    """Before what was reported when they were booked."""
    reported = [a_charge(number, "0.0875", "0.0913") for number in (2, 1)]
    billed = [replace(one, reported_amount=usd("0.0887")) for one in reported]
    (found,) = drifts(billed, [a_stop(*reported)])

    assert (found.proposed, found.stopping) == (usd("0.0887"), tuple(billed))


def test_a_bill_that_was_withdrawn_is_drift_and_no_new_price() -> None:
    """It counts in the sums, as it does everywhere, and is told apart."""
    taken_back = {"reported_source": WITHDRAWN}
    charges = [a_charge(number, "0.0875", "0.0913", **taken_back) for number in range(3)]
    found, mixed = of(*charges), of(*charges, a_charge(5, "0.0875", "0.0913"))
    (told,) = drift_document([found])["drift"]

    assert (found.changed_to, found.streak, found.over) == (None, (), usd("0.0114"))
    assert (told["withdrawn"], told["drifted"], told["stopped"]) == (3, 3, None)
    assert [one["source"] for one in told["attempts"]] == ["withdrawn"] * 3
    assert (len(mixed.streak), mixed.withdrawn, mixed.changed_to) == (1, 3, None)


def test_every_amount_is_told_to_programs() -> None:
    """Pinned, named at the create, said at completion, posted; each with its source."""
    charge = a_charge(1, "0.04", "0.05", quote_amount=usd("0.02"), posted=usd("0.051"))
    exact = a_charge(2, "0.06", "0.06", resolution=Resolution.TWO_K)
    (told, kept) = drift_document([of(charge), of(exact)])["drift"]

    assert told["attempts"] == [
        {
            "id": "j1.1",
            "at": "2026-11-20T09:01:00.000000Z",
            "pinned": "0.04",
            "at_create": "0.02",
            "at_completion": "0.05",
            "source": "output.cost",
            "posted": "0.051",
        }
    ]
    assert (told["drifted"], told["over"], told["first_seen"], told["last_seen"]) == (
        *(1, "0.01", "2026-11-20T09:01:00.000000Z", "2026-11-20T09:01:00.000000Z"),
    )
    assert (kept["exact"], kept["first_seen"], kept["changed_to"], kept["changed_at"]) == (
        *(1, None, None, None),
    )
    changed = of(*(a_charge(number, "0.04", "0.05") for number in range(3)))
    (new,) = drift_document([changed])["drift"]
    assert (new["changed_to"], new["changed_at"]) == ("0.05", "2026-11-20T09:00:00.000000Z")
