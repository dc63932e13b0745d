"""What budgets were charged by the hour, on both back ends: the pace that forecasts go by."""

import asyncio
from datetime import datetime, timedelta

import pytest

from router.ledger.answers import Placed
from router.ledger.commands import Adjust, Command, Dispatch, Doubt, Post, Presume, Void
from router.ledger.ledger import Ledger
from router.model.budget import Limit
from router.model.ids import AttemptId
from router.model.money import Money
from tests.fakes import EPOCH
from tests.ledger_kit import DAY, HOUR, a_lifetime_limit, a_limit, an_accept, usd

PAST_THE_HORIZON = timedelta(hours=4)


async def buy(ledger: Ledger, name: str, price: str, *limits: Limit, at: datetime = EPOCH) -> None:
    """Place a hold and send the attempt."""
    assert isinstance(await ledger.submit(an_accept(name, price, *limits, at=at)), Placed)
    await ledger.submit(Dispatch(at=at, attempt_id=AttemptId(f"{name}.1")))


async def post(ledger: Ledger, name: str, amount: str, at: datetime) -> None:
    """Book a charge."""
    await ledger.submit(
        Post(at=at, attempt_id=AttemptId(f"{name}.1"), amount=usd(amount), outcome="delivered")
    )


async def hours(ledger: Ledger, budget: str = "team") -> list[tuple[datetime, str]]:
    """What an account was charged in each hour of the first two days."""
    rows = await ledger.budget_hours(budget, "everyone", EPOCH - DAY, EPOCH + DAY)
    return [(row.hour, str(row.charged)) for row in rows]


async def test_a_charge_counts_in_the_hour_that_it_is_booked_in(ledger: Ledger) -> None:
    """In each budget of its hold, overage included; a hold is no charge."""
    day, ever = a_limit(limit="5.00"), a_lifetime_limit("ever", "9.00")
    for name, price in (("j1", "0.04"), ("j2", "0.05"), ("j3", "0.06")):
        await buy(ledger, name, price, day, ever)
    later = EPOCH + HOUR + timedelta(minutes=59)
    await post(ledger, "j1", "0.03", EPOCH)
    await post(ledger, "j2", "0.11", later)

    first = EPOCH.replace(minute=0, second=0, microsecond=0)
    for budget in ("team", "ever"):
        assert await hours(ledger, budget) == [(first, "0.03"), (first + HOUR, "0.11")]
    of_late = await ledger.hours_of_late(later)
    assert {account: [*hours] for account, hours in of_late.items()} == {
        ("ever", "everyone"): [first, first + HOUR],
        ("team", "everyone"): [first, first + HOUR],
    }
    await post(ledger, "j3", "0.07", later)
    of_late = await ledger.hours_of_late(later)
    assert of_late["ever", "everyone"][first + HOUR] == 180_000_000
    assert await ledger.budget_hours("team", "everyone", EPOCH - DAY, first) == []
    assert await ledger.imbalance() == Money.ZERO


async def test_what_is_presumed_is_charged_until_evidence_says_otherwise(ledger: Ledger) -> None:
    """What comes back counts where it comes back: no hour that is past is written again."""
    limit = a_limit(limit="5.00")
    for name, price in (("j1", "0.04"), ("j2", "0.07")):
        await buy(ledger, name, price, limit)
        doubt = Doubt(at=EPOCH, attempt_id=AttemptId(f"{name}.1"), outcome="timed_out")
        await ledger.submit(doubt)
    at = EPOCH + PAST_THE_HORIZON
    after = at + HOUR
    one, two = AttemptId("j1.1"), AttemptId("j2.1")
    commands: list[Command] = [
        Presume(at=at, attempt_id=one),
        Presume(at=at, attempt_id=two),
        Post(at=after, attempt_id=one, amount=usd("0.04"), outcome="delivered"),
        Void(at=after, attempt_id=two, outcome="not_billed"),
        Adjust(at=after + HOUR, attempt_id=one, difference=-usd("0.01"), who="ann", reason="late"),
    ]
    for command in commands:
        await ledger.submit(command)

    hour = at.replace(minute=0, second=0, microsecond=0)
    assert await hours(ledger) == [
        (hour, "0.11"),
        (hour + HOUR, "-0.07"),
        (hour + 2 * HOUR, "-0.01"),
    ]
    assert await ledger.imbalance() == Money.ZERO


async def test_charges_of_one_batch_add_up(ledger: Ledger) -> None:
    """However many are booked in one commit, the hour has them all."""
    limit = a_limit(limit="5.00")
    names = [f"j{number}" for number in range(1, 9)]
    for name in names:
        await buy(ledger, name, "0.09", limit)
    await asyncio.gather(
        *(post(ledger, name, f"0.0{place}", EPOCH) for place, name in enumerate(names, 1))
    )

    assert [amount for _, amount in await hours(ledger)] == ["0.36"]
    assert await ledger.imbalance() == Money.ZERO


@pytest.mark.parametrize("more", [Money(3), Money(-2)])
async def test_hours_that_were_tampered_with_are_out_of_balance(
    ledger: Ledger, more: Money, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check sees an hour that the journal does not say, in either direction."""
    await buy(ledger, "j1", "0.04", a_limit())
    monkeypatch.setattr("router.ledger.moves._charged", lambda _: usd("0.03") + more)
    await post(ledger, "j1", "0.03", EPOCH)

    assert await ledger.imbalance() == Money(abs(more.nanos))
