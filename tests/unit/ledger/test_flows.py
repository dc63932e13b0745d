"""What entries add to the sums, one by one."""

from dataclasses import replace

import pytest

from router.ledger.flow_rows import Source
from router.ledger.flows import SPANS, charged_then, endings, flows, tag_keys
from router.ledger.rows import AttemptRow, EntryRow
from router.model.job import AttemptState, JobState
from router.model.money import Money
from tests.fakes import EPOCH
from tests.ledger_kit import a_job_row, an_attempt_row, usd

# List price 0.093, dearest 0.14, cheapest 0.089.
RUNNING = an_attempt_row(price=usd("0.09"), state=AttemptState.RUNNING)
DELIVERED = replace(
    RUNNING,
    state=AttemptState.POSTED,
    outcome="delivered",
    posted=usd("0.09"),
    charged=usd("0.09"),
)


def an_entry(
    kind: str, posted: str = "0", presumed: str = "0", source: Source | None = None
) -> EntryRow:
    """Build an entry of the attempt."""
    return EntryRow(
        at=EPOCH,
        attempt_id=RUNNING.id,
        kind=kind,  # type: ignore[arg-type]  # Each case names a kind.
        posted=usd(posted),
        presumed=usd(presumed),
        source=source,
    )


def told(
    before: AttemptRow, after: AttemptRow, *entries: EntryRow, is_again: bool = False
) -> dict[str, object]:
    """What is added, without what is nothing: to all time as to the quarter hour, hour and day."""
    quarter, *longer = flows(before, after, entries, EPOCH, is_again=is_again)
    names = ["attempts", "delivered", "posted", "presumed", "list_cost", "avoided", "missed"]
    names += ["refunded", "over", "under", "drifted"]
    said = [{name: getattr(row, name) for name in names} for row in (quarter, *longer)]
    assert said == said[:1] * len(SPANS)
    assert quarter.entries == len(entries)
    return {
        name: str(value) if isinstance(value, Money) else value
        for name, value in said[0].items()
        if value
    }


def test_a_delivered_image_counts_with_what_others_would_have_cost() -> None:
    """Posted at its price: beside the dearest offer's, the cheapest's and the list price."""
    assert told(RUNNING, DELIVERED, an_entry("post", "0.09")) == {
        "attempts": 1,
        "delivered": 1,
        "posted": "0.09",
        "list_cost": "0.093",
        "avoided": "0.05",
        "missed": "0.001",
    }


def test_an_overage_is_drift_upwards() -> None:
    """Hold and overage are one charge."""
    entries = an_entry("post", "0.09"), an_entry("overage", "0.013")

    found = told(RUNNING, replace(DELIVERED, posted=usd("0.103")), *entries)

    assert found == {
        "attempts": 1,
        "delivered": 1,
        "posted": "0.103",
        "list_cost": "0.093",
        "avoided": "0.037",
        "missed": "0.014",
        "over": "0.013",
        "drifted": 1,
    }


def test_a_charge_below_the_hold_is_drift_downwards() -> None:
    """Whoever failed is billed too; an image that was free was not charged, and is no drift."""
    less = replace(DELIVERED, posted=usd("0.02"), outcome="provider_failed")

    assert told(RUNNING, less, an_entry("post", "0.02")) == {
        "attempts": 1,
        "posted": "0.02",
        "list_cost": "0.093",
        "under": "0.07",
        "drifted": 1,
    }
    assert told(RUNNING, replace(less, posted=Money.ZERO), an_entry("post")) == {"attempts": 1}


def test_a_void_counts_as_an_attempt_and_nothing_else() -> None:
    """No money moved but what was held."""
    voided = replace(RUNNING, state=AttemptState.VOIDED, outcome="provider_refused")

    assert told(RUNNING, voided, an_entry("void")) == {"attempts": 1}


def test_a_presumption_is_undone_by_evidence() -> None:
    """In either way; what it is then, is delivered and posted at that instant."""
    doubted = replace(RUNNING, state=AttemptState.IN_DOUBT, outcome="provider_in_doubt")
    presumed = replace(doubted, state=AttemptState.POSTED_PRESUMED)
    voided = replace(presumed, state=AttemptState.VOIDED, outcome="provider_failed")

    assert told(doubted, presumed, an_entry("presume", presumed="0.09")) == {
        "attempts": 1,
        "presumed": "0.09",
    }
    assert told(presumed, voided, an_entry("adjust", presumed="-0.09")) == {"presumed": "-0.09"}
    assert told(presumed, DELIVERED, an_entry("adjust", "0.07", "-0.09")) == {
        "delivered": 1,
        "posted": "0.07",
        "presumed": "-0.09",
        "list_cost": "0.093",
        "avoided": "0.07",
        "missed": "-0.019",
        "under": "0.02",
        "drifted": 1,
    }


def test_a_refund_is_no_drift() -> None:
    """It is taken off and shown; an image that costs nothing any more has no list price."""
    part, rest = an_entry("adjust", "-0.03"), an_entry("adjust", "-0.06")
    less = replace(DELIVERED, posted=usd("0.06"))

    assert told(DELIVERED, less, part) == {
        "posted": "-0.03",
        "avoided": "0.03",
        "missed": "-0.03",
        "refunded": "0.03",
    }
    assert told(less, replace(less, posted=Money.ZERO), rest)["list_cost"] == "-0.093"


def adjusted(
    before: AttemptRow, posted: str, source: Source = "statement"
) -> tuple[AttemptRow, dict[str, object]]:
    """Adjust an attempt to an amount: as it is left, and what that adds to drift."""
    difference = usd(posted) - before.posted
    charged = charged_then(before.charged, usd(posted), source)
    after = replace(before, state=AttemptState.POSTED, posted=usd(posted), charged=charged)
    found = told(before, after, an_entry("adjust", str(difference), source=source))
    kept = ("over", "under", "drifted")
    return after, {name: value for name, value in found.items() if name in kept}


def test_a_bill_that_names_another_charge_is_drift() -> None:
    """In either direction; a later bill that names the price takes it away again."""
    above, drift = adjusted(DELIVERED, "0.097")
    assert drift == {"over": "0.007", "drifted": 1}
    below, drift = adjusted(above, "0.085")
    assert drift == {"over": "-0.007", "under": "0.005"}
    _, drift = adjusted(below, "0.09")
    assert drift == {"under": "-0.005", "drifted": -1}


def test_a_bill_that_corrects_a_drifted_charge_restates_its_drift() -> None:
    """It is counted once, by what was charged in the end."""
    drifted = replace(DELIVERED, posted=usd("0.08"), charged=usd("0.08"))

    assert adjusted(drifted, "0.086")[1] == {"under": "-0.006"}
    assert adjusted(drifted, "0.00")[1] == {"under": "-0.01", "drifted": -1}


@pytest.mark.parametrize("source", ["refund", "word"])
def test_money_that_is_given_back_says_nothing_of_the_price(source: Source) -> None:
    """Not even where it is taken back again: only what is above all that was charged is."""
    less, drift = adjusted(DELIVERED, "0.06", source)
    assert (drift, less.charged) == ({}, usd("0.09"))
    again, drift = adjusted(less, "0.088", source)
    assert drift == {}
    _, drift = adjusted(again, "0.094", source)
    assert drift == {"over": "0.004", "drifted": 1}


def test_a_further_delivery_is_no_further_edit() -> None:
    """All that it costs is lost: it is beside no dearer offer, and the cheapest was to buy none."""
    assert told(RUNNING, DELIVERED, an_entry("post", "0.09"), is_again=True) == {
        "attempts": 1,
        "posted": "0.09",
        "list_cost": "0.093",
        "avoided": "-0.09",
        "missed": "0.09",
    }


def test_a_bill_that_comes_after_a_void_is_a_charge() -> None:
    """It is posted, at the list price, for nothing delivered; beside the price that was pinned."""
    voided = replace(RUNNING, state=AttemptState.VOIDED, outcome="provider_failed")
    billed = replace(voided, state=AttemptState.POSTED, posted=usd("0.08"))

    assert told(voided, billed, an_entry("adjust", "0.08")) == {
        "posted": "0.08",
        "list_cost": "0.093",
        "under": "0.01",
        "drifted": 1,
    }


def test_what_was_missed_is_unknown_of_older_attempts() -> None:
    """The cheapest offer was not kept with them."""
    found = told(RUNNING, replace(DELIVERED, cheapest=None), an_entry("post", "0.09"))

    assert "missed" not in found


@pytest.mark.parametrize("kind", ["hold", "doubt"])
def test_open_money_is_no_flow(kind: str) -> None:
    """It is a state, which is read where it stands."""
    assert flows(RUNNING, RUNNING, [an_entry(kind)], EPOCH) == ()


def test_a_job_that_is_harvested_has_ended_once() -> None:
    """Its failure counts no longer."""
    running = a_job_row(state=JobState.RUNNING)
    failed = replace(running, state=JobState.FAILED, ended_at=EPOCH, error_code="deadline_exceeded")
    late = replace(failed, state=JobState.SUCCEEDED, error_code=None)

    assert [(row.outcome, row.jobs) for row in endings(running, failed)] == [
        ("deadline_exceeded", 1)
    ]
    assert [(row.outcome, row.jobs) for row in endings(failed, late)] == [
        ("deadline_exceeded", -1),
        ("succeeded", 1),
    ]


def test_only_some_sums_know_of_tags() -> None:
    """The others are as few as they can be; and it is noted which tags there were on that day."""
    tags = (("order", "A-4"), ("team", "ads"))
    tagged = replace(DELIVERED, tags=tags)

    found = flows(RUNNING, tagged, (an_entry("post", "0.09"),), EPOCH)

    assert {row.span: row.tags for row in found} == {
        **dict.fromkeys(SPANS[:4], ()),
        "tagged_quarter": tags,
        "tagged_day": tags,
    }
    day = EPOCH.replace(hour=0)
    assert [row.key for row in tag_keys(tagged, EPOCH)] == [
        (day, "acme", "order"),
        (day, "acme", "team"),
    ]
    assert tag_keys(RUNNING, EPOCH) == ()
