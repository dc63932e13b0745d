from router.finance.backtest.comparing import (
    against,
    biggest,
    change,
    count,
    counted,
    dollars,
    exact,
    no_room,
    percent_of,
    seconds,
    share,
)
from router.finance.backtest.tallies import NOT_RECORDED
from router.model.money import Money
from tests.ledger_kit import usd


def test_amounts_are_told_exactly() -> None:
    """To the last digit, with commas, which is how people read them."""
    assert [exact(usd(one)) for one in ("1340.0625", "-0.04", "7")] == [
        "$1,340.0625", "-$0.04", "$7.00",
    ]  # fmt: skip


def test_an_estimate_is_told_as_one_and_not_finer_than_it_is() -> None:
    """What is known is exact; of nothing there is a dash."""
    known, guessed = ({"bought": 2, "bought_as_it_was": one} for one in (2, 1))

    assert dollars(known, "61.79512345") == "$61.79512345"
    assert [dollars(guessed, one) for one in ("61.79512345", "0.06", "-0.05305", "-0.00001")] == [
        "~$61.7951", "~$0.0600", "~-$0.0530", "~> -$0.0001",
    ]  # fmt: skip
    assert dollars(guessed, "1340.0625") == "~$1,340.06"
    assert dollars(known, None) == "-"


def test_one_is_told_as_one() -> None:
    """And what was refused by nobody knows which budget, in words."""
    assert [counted(number, "job") for number in (0, 1, 1200)] == ["0 jobs", "1 job", "1,200 jobs"]
    assert no_room("daily") == "the budget 'daily' had no room"
    assert no_room(NOT_RECORDED) == "a budget had no room; which one was not recorded"


def test_a_change_has_its_sign_and_its_percent() -> None:
    """Of nothing there is no percent; no change has no sign."""
    assert against("1.20", "1.00") == "+$0.20 (+20.0 %)"
    assert against("0.8885", "1.00") == "-$0.11 (-11.2 %)"
    assert against("0.03", "0.00") == "+$0.03"
    assert (change("1.00", "1.00"), change("2.00", "0.00")) == ("0.0 %", "-")
    assert percent_of(Money(1), Money.ZERO) == ""


def test_shares_counts_and_durations() -> None:
    """A dash stands where there is nothing to be told."""
    assert (share(1, 8), share(0, 0)) == ("12.5 %", "-")
    assert (count(1200), count(431.84)) == ("1,200", "431.8")
    assert (seconds(6.25), seconds(None)) == ("6.2 s", "-")


def test_the_biggest_parts_come_first_and_resolutions_in_their_order() -> None:
    """What has no jobs comes last."""
    scenarios = [
        {
            "by_tenant": [{"name": "a", "jobs": 2}, {"name": "b", "jobs": 3}],
            "by_resolution": [{"name": "1k", "jobs": 1}, {"name": "(not recorded)", "jobs": 0}],
        },
        {
            "by_tenant": [{"name": "c", "jobs": 9}],
            "by_resolution": [{"name": "4k", "jobs": 5}],
        },
    ]

    assert biggest(scenarios, "by_tenant", 2) == (["c", "b"], 1)
    assert biggest(scenarios, "by_resolution", 9) == (["1k", "4k", "(not recorded)"], 0)
