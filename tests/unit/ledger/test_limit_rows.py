from dataclasses import replace
from datetime import timedelta

from router.ledger.alert_rows import AlertRow
from router.ledger.limit_rows import RaiseRow, RollingRow, live, raised
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
    id="a1",
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


def test_an_alert_is_looked_up_by_its_account() -> None:
    """And is one by its window and percentage too: no other is the same fact."""
    others = [
        replace(ALERT, percent=80),
        replace(ALERT, basis="forecast"),
        replace(ALERT, over_s=3_600),
        replace(ALERT, scope="tenant:acme"),
        replace(ALERT, budget="other"),
        replace(ALERT, window_end=EPOCH + 2 * DAY),
    ]

    assert ALERT.group == ("team", "everyone")
    assert ALERT.key not in [one.key for one in others]
    assert ALERT.key == replace(ALERT, at=EPOCH + DAY, charged=usd("0.27")).key


def test_a_sum_takes_a_change_of_each_amount() -> None:
    """Each to its own kind."""
    change = Usage(
        posted=usd("0.01"), presumed=usd("0.02"), held=usd("-0.03"), in_doubt=usd("0.04")
    )
    row = RollingRow(budget="team", scope="everyone", since=EPOCH, held=usd("0.50"))

    assert row.plus(change).usage == row.usage + change
    assert row.plus(change).held == usd("0.47")
    assert row.key == ("team", "everyone", EPOCH)
