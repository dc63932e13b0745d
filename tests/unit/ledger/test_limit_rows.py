from dataclasses import replace
from datetime import timedelta

from router.ledger.limit_rows import AlertRow, RaiseRow, RollingRow, live, raised
from router.model.budget import Usage
from router.model.money import NANOS_MAX, Money
from tests.fakes import EPOCH
from tests.ledger_kit import DAY, a_limit, usd

RAISE = RaiseRow(
    id="r1",
    budget="team",
    amount=usd("3.00"),
    created_at=EPOCH,
    until=EPOCH + DAY,
    who="ada",
    reason="the sale",
)
ALERT = AlertRow(
    budget="team",
    scope="everyone",
    window_start=EPOCH,
    window_end=EPOCH + DAY,
    rolling=0,
    percent=50,
    at=EPOCH,
    charged=usd("0.26"),
    limit_amount=usd("0.50"),
)


def test_a_raise_is_in_force_from_its_making_to_its_end() -> None:
    """For its budget, and for its account if it names one."""
    limit = a_limit("team", "1.00")

    assert raised(limit, [RAISE, replace(RAISE, amount=usd("0.50"))], EPOCH).limit == usd("4.50")
    assert raised(limit, [RAISE], EPOCH - timedelta(seconds=1)) == limit
    assert raised(limit, [RAISE], RAISE.until) == limit
    assert raised(a_limit("other"), [RAISE], EPOCH) == a_limit("other")
    assert raised(limit, [replace(RAISE, scope="tenant:acme")], EPOCH) == limit
    assert raised(limit, [replace(RAISE, scope="everyone")], EPOCH).limit == usd("4.00")
    assert (RAISE.key, RAISE.group) == (("r1",), ("team",))


def test_a_limit_is_never_raised_beyond_what_money_can_be() -> None:
    """The policy's limit may have been raised since: a hold must still be decided."""
    most = replace(RAISE, amount=usd("999999999.00"))

    assert raised(a_limit("team", "50.00"), [most], EPOCH).limit == Money(NANOS_MAX)
    assert raised(a_limit("team"), [most, replace(most, id="r2")], EPOCH).limit == Money(NANOS_MAX)


def test_a_raise_that_was_ended_raises_nothing_from_then_on() -> None:
    """The end is an entry beside it; another raise stays."""
    limit, other = a_limit("team", "1.00"), replace(RAISE, id="r2", amount=usd("0.50"))
    noon = EPOCH + DAY / 2
    end = RAISE.ended(at=noon, who="bob", reason="too much")

    assert (RAISE.ends, end.ends, end.who, end.reason) == (None, "r1", "bob", "too much")
    assert (end.created_at, end.until, end.amount) == (noon, RAISE.until, RAISE.amount)
    assert live([RAISE, other, end]) == (other,)
    before = noon - timedelta(seconds=1)
    assert raised(limit, [RAISE, other, end], before).limit == usd("4.50")
    assert raised(limit, [RAISE, other, end], noon).limit == usd("1.50")


def test_an_alert_is_told_once_for_a_window() -> None:
    """Another account's, window's or percentage's is another."""
    assert ALERT.tells(replace(ALERT, at=EPOCH + DAY))
    assert not ALERT.tells(replace(ALERT, percent=80))
    assert not ALERT.tells(replace(ALERT, scope="tenant:acme"))
    assert not ALERT.tells(replace(ALERT, budget="other"))
    assert not ALERT.tells(replace(ALERT, window_end=EPOCH + 2 * DAY))
    assert ALERT.group == ("team", "everyone")


def test_an_alert_of_a_rolling_window_is_told_for_all_that_overlap() -> None:
    """From the first window on that begins where it ended."""
    rolling = replace(ALERT, rolling=1)
    last = replace(rolling, window_start=rolling.window_end - DAY / 24, window_end=EPOCH + 2 * DAY)

    assert rolling.tells(last)
    assert not rolling.tells(replace(last, window_start=rolling.window_end))
    assert not rolling.tells(replace(last, rolling=0))


def test_a_sum_takes_a_change_of_each_amount() -> None:
    """Each to its own kind."""
    change = Usage(
        posted=usd("0.01"), presumed=usd("0.02"), held=usd("-0.03"), in_doubt=usd("0.04")
    )
    row = RollingRow(budget="team", scope="everyone", since=EPOCH, held=usd("0.50"))

    assert row.plus(change).usage == row.usage + change
    assert row.plus(change).held == usd("0.47")
    assert row.key == ("team", "everyone", EPOCH)


def test_an_alert_is_of_the_window_that_it_was_told_of() -> None:
    """By account and window; of a window that rolls, by account alone."""
    limit = replace(a_limit("team"), window_start=EPOCH, window_end=EPOCH + DAY)

    assert ALERT.is_of(limit)
    assert ALERT.is_of(replace(limit, window_start=None, window_end=None))
    assert not ALERT.is_of(replace(limit, window_start=EPOCH + DAY))
    assert not ALERT.is_of(replace(limit, scope="tenant:acme"))
    rolls = replace(limit, window_start=EPOCH - 7 * DAY, bucket_start=EPOCH)
    assert replace(ALERT, rolling=1).is_of(rolls)
    assert not ALERT.is_of(rolls)
    assert not replace(ALERT, rolling=1).is_of(limit)
