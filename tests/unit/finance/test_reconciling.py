"""A bill and the books, held against each other: what differs, and what proves what."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from router.finance.findings import Action, Finding, Kind
from router.finance.reconciling import RECENT, SKEW, Compared, Period, compare
from router.finance.statement_csv import Line
from router.ledger.views import BilledRow
from router.model.ids import AttemptId
from router.model.job import AttemptState
from tests.fakes import EPOCH
from tests.ledger_kit import HOUR, usd
from tests.statement_kit import a_line, a_sent

POSTED, VOIDED = AttemptState.POSTED, AttemptState.VOIDED
IN_DOUBT, PRESUMED = AttemptState.IN_DOUBT, AttemptState.POSTED_PRESUMED
WHOLE = Period(since=EPOCH - HOUR, until=EPOCH + 3 * HOUR, is_complete=True)
PARTIAL = replace(WHOLE, is_complete=False)


def held_against(
    lines: Sequence[Line],
    rows: Sequence[BilledRow],
    period: Period = WHOLE,
    earlier: Sequence[Line] = (),
) -> Compared:
    """Compare."""
    return compare(lines, earlier, rows, period)


def the_one(
    lines: Sequence[Line],
    rows: Sequence[BilledRow],
    period: Period = WHOLE,
    earlier: Sequence[Line] = (),
) -> Finding:
    """Compare where there is one thing to be found."""
    (found,) = held_against(lines, rows, period, earlier).findings
    return found


def test_what_both_say_agrees() -> None:
    """Be it posted as it was billed, or voided and given back."""
    lines = [a_line(2, "0.04", "r1"), a_line(3, "0.06", "r2"), a_line(4, "-0.06", "r2")]
    rows = [
        a_sent("j1.1", POSTED, "0.05", ref="r1", posted="0.04"),
        a_sent("j2.1", VOIDED, "0.07", ref="r2"),
    ]
    first, second = held_against(lines, rows).findings

    assert (first.kind, first.attempt, first.lines, first.action) == (
        *(Kind.MATCHED, "j1.1", (2,), None),
    )
    assert (second.kind, second.lines, second.billed) == (Kind.MATCHED, (3, 4), usd("0.00"))
    assert first.difference == usd("0.00")


@pytest.mark.parametrize("state", [IN_DOUBT, PRESUMED])
def test_what_is_billed_was_charged(state: AttemptState) -> None:
    """Posted at the bill's amount, not at the hold's."""
    found = the_one([a_line(2, "0.05", "r1")], [a_sent("j1.1", state, "0.04", ref="r1")], PARTIAL)

    assert (found.kind, found.action, found.billed) == (Kind.BILLED, Action.POST, usd("0.05"))
    assert (found.state, found.raw, found.difference) == (state, "0.05", usd("0.05"))


def test_what_was_billed_and_given_back_was_not_charged() -> None:
    """A charge and its refund add up to nothing."""
    lines = [a_line(2, "0.04", "r1"), a_line(3, "-0.04", "r1")]
    found = the_one(lines, [a_sent("j1.1", IN_DOUBT, "0.04", ref="r1")])

    assert (found.kind, found.action, found.raw) == (Kind.BILLED, Action.VOID, "0.00")


@pytest.mark.parametrize("state", [IN_DOUBT, PRESUMED])
@pytest.mark.parametrize("ref", ["r1", None])
def test_what_a_complete_bill_does_not_have_was_not_charged(
    state: AttemptState, ref: str | None
) -> None:
    """Where it covers all of the time in which it could have been."""
    found = the_one([], [a_sent("j1.1", state, "0.04", ref=ref)])

    assert (found.kind, found.action, found.subject) == (Kind.ABSENT, Action.VOID, "j1.1")


def test_silence_proves_nothing_on_a_bill_that_is_not_complete() -> None:
    """Nor on one that ends before the attempt's horizon, or begins after it was sent."""
    row = a_sent("j1.1", IN_DOUBT, "0.04", ref="r1")
    partial = the_one([], [row], PARTIAL)
    early = the_one([], [row], replace(WHOLE, until=row.horizon_at - timedelta(seconds=1)))
    late = held_against([], [row], replace(WHOLE, since=EPOCH + timedelta(seconds=1)))

    assert (partial.kind, partial.action) == (Kind.UNDECIDED, None)
    assert "--from and --to say so" in partial.why
    assert (early.kind, early.action) == (Kind.UNDECIDED, None)
    assert "it may be on the next" in early.why
    assert late.findings == ()


def test_silence_proves_nothing_beside_a_line_that_nobody_can_explain() -> None:
    """It may be the charge: at another price, under an id that was never told to us."""
    stranger = a_line(7, "0.0999", "r9")
    nameless = a_line(8, "0.0888")
    unknown_there = a_sent("j1.1", IN_DOUBT, "0.04")
    known_there = a_sent("j1.1", IN_DOUBT, "0.04", ref="r1")

    assert _kinds([stranger], [unknown_there]) == {Kind.MISSING_HERE, Kind.UNDECIDED}
    assert _kinds([nameless], [unknown_there]) == {Kind.MISSING_HERE, Kind.UNDECIDED}
    assert _kinds([nameless], [known_there]) == {Kind.MISSING_HERE, Kind.UNDECIDED}
    # A line with another id is not this one's, whose id is known.
    assert _kinds([stranger], [known_there]) == {Kind.MISSING_HERE, Kind.ABSENT}
    long_before = replace(stranger, at=EPOCH - SKEW - timedelta(seconds=1))
    assert _kinds([long_before], [unknown_there]) == {Kind.MISSING_HERE, Kind.ABSENT}
    *_, found = held_against([stranger], [unknown_there]).findings
    assert found.why == "line 7 may be its charge: nothing else explains that line"


def _kinds(lines: Sequence[Line], rows: Sequence[BilledRow]) -> set[Kind]:
    return {one.kind for one in held_against(lines, rows).findings}


@pytest.mark.parametrize(
    ("state", "posted", "billed"), [(POSTED, "0.04", "0.05"), (VOIDED, "0.00", "0.03")]
)
def test_another_amount_is_adjusted(state: AttemptState, posted: str, billed: str) -> None:
    """Also where it had been voided: a bill is a fact."""
    row = a_sent("j1.1", state, "0.06", ref="r1", posted=posted)
    found = the_one([a_line(2, billed, "r1")], [row], PARTIAL)

    assert (found.kind, found.action) == (Kind.AMOUNT_DIFFERS, Action.ADJUST)
    assert found.difference == usd(billed) - usd(posted)


@pytest.mark.parametrize(
    ("state", "forced"), [(POSTED, " --force"), (IN_DOUBT, " --force"), (PRESUMED, " --force")]
)
def test_a_bill_far_above_the_hold_is_a_persons_to_book(state: AttemptState, forced: str) -> None:
    """It is more likely a wrong column; it says how."""
    found = the_one([a_line(2, "0.41", "r1")], [a_sent("j1.1", state, "0.04", ref="r1")])

    assert found.action is None
    assert found.why == (
        "more than 10 times the $0.04 that were held; if it is so: "
        f'farebox settle j1.1 --posted 0.41{forced} --reason "…"'
    )


@pytest.mark.parametrize(
    ("state", "kind"), [(POSTED, Kind.AMOUNT_DIFFERS), (IN_DOUBT, Kind.UNDECIDED)]
)
def test_a_refund_without_its_charge_adjusts_nothing(state: AttemptState, kind: Kind) -> None:
    """The charge stands on another bill; with that, it adds up."""
    refund, charge = a_line(2, "-0.04", "r1"), a_line(9, "0.04", "r1")
    row = a_sent("j1.1", state, "0.05", ref="r1", posted="0.04")
    alone = the_one([refund], [row], PARTIAL)
    both = the_one([refund], [row], PARTIAL, [charge])

    assert (alone.kind, alone.action) == (kind, None)
    assert "import the statement with the charge first" in alone.why
    assert both.billed == usd("0.00")
    assert both.action in {Action.ADJUST, Action.VOID}
    assert both.lines == (2,)


def test_what_stands_on_an_earlier_bill_is_not_missed_on_this_one() -> None:
    """What is settled by it is passed over in silence; what is not settled is settled by it now."""
    earlier = [a_line(5, "0.04", "r1")]
    posted = a_sent("j1.1", POSTED, "0.04", ref="r1", posted="0.04")
    doubtful = a_sent("j1.1", IN_DOUBT, "0.04", ref="r1")

    assert held_against([], [posted], WHOLE, earlier).findings == ()
    found = the_one([], [doubtful], WHOLE, earlier)
    assert (found.kind, found.action, found.lines) == (Kind.BILLED, Action.POST, ())


def test_the_same_line_on_two_bills_counts_once() -> None:
    """It is one fact."""
    line = a_line(2, "0.04", "r1")
    row = a_sent("j1.1", POSTED, "0.04", ref="r1", posted="0.04")

    assert the_one([line], [row], WHOLE, [replace(line, number=40)]).kind is Kind.MATCHED


def test_what_was_posted_and_is_not_billed_is_told() -> None:
    """Nothing is done about it by itself: the provider said that it charged."""
    row = a_sent("j1.1", POSTED, "0.04", ref="r1", posted="0.04")
    found = the_one([], [row])

    assert (found.kind, found.action, found.difference) == (
        *(Kind.MISSING_THERE, None, usd("-0.04")),
    )
    assert found.why == (
        'ask the provider; if it was not charged: farebox settle j1.1 --voided --force --reason "…"'
    )
    assert held_against([], [row], PARTIAL).findings == ()
    assert held_against([], [replace(row, posted=usd("0.00"))]).findings == ()
    assert held_against([], [replace(row, state=VOIDED)]).findings == ()


def test_what_is_too_recent_is_counted_and_not_missed() -> None:
    """It may be on the next bill."""
    ends = EPOCH + timedelta(seconds=10) + RECENT
    row = a_sent("j1.1", POSTED, "0.04", ref="r1", posted="0.04")
    just = held_against([], [row], replace(WHOLE, until=ends - timedelta(seconds=1)))
    due = held_against([], [row], replace(WHOLE, until=ends))

    assert (just.findings, just.recent) == ((), 1)
    assert ([one.kind for one in due.findings], due.recent) == ([Kind.MISSING_THERE], 0)
    assert held_against([], [row], replace(PARTIAL, until=ends - RECENT)).recent == 0
    assert held_against([], [replace(row, state=VOIDED, posted=usd("0"))]).recent == 0


def test_what_still_runs_is_left_alone() -> None:
    """Its own end will tell."""
    running = a_sent("j1.1", AttemptState.RUNNING, "0.04", ref="r1")
    found = the_one([a_line(2, "0.04", "r1")], [running])

    assert (found.kind, found.action) == (Kind.UNDER_WAY, None)
    assert held_against([], [running]).findings == ()


def test_a_line_that_nobody_is_known_by_is_told_with_what_it_may_be() -> None:
    """By the price and the time, the nearest first; it is a person's to say, and it says how."""
    near = a_sent("j1.1", IN_DOUBT, "0.04", dispatched_at=EPOCH - timedelta(seconds=5))
    void = a_sent("j2.1", VOIDED, "0.04", dispatched_at=EPOCH - timedelta(minutes=2))
    others = [
        a_sent("j3.1", IN_DOUBT, "0.05"),
        a_sent("j4.1", IN_DOUBT, "0.04", ref="r4"),
        a_sent("j5.1", POSTED, "0.04", posted="0.04"),
        a_sent("j6.1", IN_DOUBT, "0.04", dispatched_at=EPOCH + timedelta(hours=1)),
    ]
    found = held_against([a_line(2, "0.04", "r9")], [void, near, *others], PARTIAL).findings[0]
    alone = held_against([a_line(2, "0.04", "r9")], [void], PARTIAL).findings[0]
    nobody = held_against([a_line(2, "0.0404")], [near], PARTIAL).findings[0]

    assert (found.kind, found.suggested, found.action) == (
        *(Kind.MISSING_HERE, (AttemptId("j1.1"), AttemptId("j2.1")), None),
    )
    assert found.why == (
        "may be the charge of j1.1, or of 1 other; if it is: "
        'farebox settle j1.1 --posted 0.04 --reason "…"'
    )
    assert alone.why.endswith('farebox settle j2.1 --posted 0.04 --force --reason "…"')
    assert (nobody.suggested, nobody.subject) == ((), "line 2")
    assert "ask who else uses this account" in nobody.why


@pytest.mark.parametrize(
    ("state", "kind", "forced"),
    [
        (POSTED, Kind.AMOUNT_DIFFERS, " --force"),
        (VOIDED, Kind.AMOUNT_DIFFERS, " --force"),
        (IN_DOUBT, Kind.BILLED, ""),
        (PRESUMED, Kind.BILLED, ""),
    ],
)
def test_a_line_that_repeats_another_settles_nothing_by_itself(
    state: AttemptState, kind: Kind, forced: str
) -> None:
    """It counts, and a person is told how to book both, or one of them."""
    first = a_line(2, "0.04", "r1")
    again = replace(first, number=3, repeats=2, id="again")
    row = a_sent("j1.1", state, "0.05", ref="r1", posted="0.04" if state is POSTED else "0.00")
    found = the_one([first, again], [row])

    assert (found.kind, found.action, found.billed, found.lines) == (
        kind,
        None,
        usd("0.08"),
        (2, 3),
    )
    twice, _, once = found.why.partition("; if what is repeated was charged once: ")
    assert twice == (
        "a line repeats another to the letter: a further charge, or a mistake of the export; ask "
        "the provider. If it was charged so: "
        f'farebox settle j1.1 --posted 0.08{forced} --reason "…"'
    )
    booked_once = f'farebox settle j1.1 --posted 0.04{forced} --reason "…"'
    assert once == ("" if state is POSTED else booked_once)


def test_a_repeated_line_that_a_person_has_booked_agrees() -> None:
    """On the same bill, on one that has it once, and on one that has it once more."""
    first = a_line(2, "0.04", "r1")
    again = replace(first, number=3, repeats=2, id="again")
    third = replace(first, number=4, repeats=2, id="third")
    row = a_sent("j1.1", POSTED, "0.05", ref="r1", posted="0.08")

    assert the_one([first, again], [row]).kind is Kind.MATCHED
    assert the_one([first], [row], PARTIAL, [first, again]).kind is Kind.MATCHED
    more = the_one([first, again, third], [row], PARTIAL, [first, again])
    assert (more.kind, more.action, more.difference) == (*(Kind.AMOUNT_DIFFERS, None, usd("0.04")),)
    assert more.why.startswith("2 lines repeat others to the letter: ")


def test_repeated_refunds_are_a_persons_to_book_too() -> None:
    """What adds up to nothing is booked as nothing, and once is more than was billed."""
    charge = a_line(2, "0.04", "r1")
    refund = a_line(3, "-0.02", "r1")
    again = replace(refund, number=4, repeats=3, id="again")
    row = a_sent("j1.1", IN_DOUBT, "0.05", ref="r1")
    found = the_one([charge, refund, again], [row])
    lone = [a_line(5, "0.03", "r1"), refund, replace(refund, amount=usd("-0.02"), id="x")]

    assert (found.action, found.billed) == (None, usd("0.00"))
    assert 'farebox settle j1.1 --voided --reason "…"; if what is' in found.why
    assert found.why.endswith('farebox settle j1.1 --posted 0.02 --reason "…"')
    assert "import the statement with the charge first" in the_one(lone, [row]).why


def test_a_repeated_charge_less_what_was_given_back_is_told_as_it_is() -> None:
    """Where one of the two charges is all that was given back, none of them can be negative."""
    charge = a_line(2, "0.04", "r1")
    again = replace(charge, number=3, repeats=2, id="again")
    refund = a_line(4, "-0.07", "r1")
    found = the_one([charge, again, refund], [a_sent("j1.1", IN_DOUBT, "0.05", ref="r1")])

    assert found.billed == usd("0.01")
    assert found.why.endswith('farebox settle j1.1 --posted 0.01 --reason "…"')


def test_unequal_lines_of_one_id_add_up_by_themselves() -> None:
    """Another amount or another instant is a charge of its own, as the provider says."""
    first, later = a_line(2, "0.04", "r1"), a_line(3, "0.04", "r1")
    row = a_sent("j1.1", POSTED, "0.05", ref="r1", posted="0.04")
    found = the_one([first, later], [row])

    assert (found.action, found.billed, found.why) == (Action.ADJUST, usd("0.08"), "")


def test_a_repeated_line_of_nobody_is_told_and_not_suggested_twice() -> None:
    """The first says what it may be; the other leads there."""
    first = a_line(2, "0.04", "r9")
    again = replace(first, number=3, repeats=2, id="again")
    found = held_against([first, again], [a_sent("j1.1", IN_DOUBT, "0.04")], PARTIAL).findings

    assert [(one.subject, one.suggested) for one in found[:2]] == [
        ("line 2", ("j1.1",)),
        ("line 3", ()),
    ]
    assert found[1].why == "repeats line 2 to the letter: see there, and ask the provider"
