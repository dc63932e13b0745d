"""What the ledger keeps of providers' accounts, on both back ends."""

from dataclasses import replace
from datetime import timedelta

import pytest

from router.finance.watch import credits_of
from router.ledger.commands import Command, Dispatch, Enter, Post, Record, Run
from router.ledger.ledger import Ledger
from router.ledger.period_rows import AccountEventRow
from router.ledger.rows import BEGINNING, END
from router.ledger.store import Contradiction
from router.model.charge import Reported
from router.model.clock import rfc3339
from router.model.ids import AttemptId, ProviderRef
from router.model.money import Money, total
from tests.fakes import EPOCH
from tests.ledger_kit import HOUR, an_accept, usd
from tests.ledger_running import tell
from tests.policy_files import a_policy
from tests.statement_kit import LINE, OUTCOME, READING, STATEMENT, WITHDRAWAL


def recorded(*facts: object) -> Command:
    """Build the verb."""
    return Enter(at=EPOCH, facts=facts)  # type: ignore[arg-type]  # Whatever a test says.


async def test_a_bill_is_recorded_once(ledger: Ledger) -> None:
    """The same again changes nothing; a line that stands on two bills is the same on both."""
    other = replace(STATEMENT, id="s2", name="other.csv", recorded_at=EPOCH + HOUR)
    again = replace(LINE, statement_id="s2", number=9)
    await ledger.submit(recorded(STATEMENT, LINE, OUTCOME))
    await ledger.submit(recorded(STATEMENT, LINE, OUTCOME))
    await ledger.submit(recorded(other, again))

    assert await ledger.statements() == [other, STATEMENT]
    assert await ledger.lines_of("shortapi", ProviderRef("r1")) == [LINE, again]
    assert await ledger.lines_of("runpod", ProviderRef("r1")) == []
    between = ledger.lines_between("shortapi", LINE.billed_at, EPOCH)
    assert [one async for one in between] == [LINE, again]
    after = ledger.lines_between("shortapi", LINE.billed_at + timedelta(microseconds=1), EPOCH)
    assert [one async for one in after] == []


async def test_what_was_taken_back_counts_no_more(ledger: Ledger) -> None:
    """What stands on another bill as well still does."""
    other = replace(STATEMENT, id="s2")
    again = replace(LINE, statement_id="s2")
    alone = replace(LINE, id="l2", number=3)
    await ledger.submit(recorded(STATEMENT, LINE, alone, other, again))
    await ledger.submit(recorded(WITHDRAWAL))
    await ledger.submit(recorded(replace(WITHDRAWAL, reason="another")))

    assert await ledger.withdrawals() == [WITHDRAWAL]
    assert await ledger.lines_of("shortapi", ProviderRef("r1")) == [again]
    between = ledger.lines_between("shortapi", LINE.billed_at, EPOCH)
    assert [one async for one in between] == [again]


async def test_a_line_of_no_bill_contradicts_the_books(ledger: Ledger) -> None:
    """It is refused, alone."""
    with pytest.raises(Contradiction):
        await ledger.submit(recorded(replace(LINE, statement_id="nobodys")))


async def test_the_first_reading_of_an_instant_stands(ledger: Ledger) -> None:
    """Readings are in the order of their instants, of one provider or of all."""
    earlier = replace(READING, at=EPOCH - HOUR, amount=usd("52.70"))
    runpods = replace(READING, provider="runpod", amount=usd("7.31"))
    await ledger.submit(recorded(READING, runpods))
    await ledger.submit(recorded(earlier, replace(READING, amount=usd("0.99"))))

    assert await ledger.balance_readings() == [runpods, earlier, READING]
    assert await ledger.balance_readings("shortapi") == [earlier, READING]
    assert await ledger.topped_up("shortapi", BEGINNING) == usd("0.00")


async def test_attempts_are_found_as_the_bill_knows_them(ledger: Ledger) -> None:
    """Those that were sent; by their provider's id, or by when they were sent."""
    await tell(
        ledger,
        """
        place    j1    $0.04                -> placed held at shortapi
        place    j2    $0.05                -> placed held at shortapi
        dispatch j2.1                       -> dispatching
        run      j2.1  $0.041 ref=r2        -> running
        post     j2.1  $0.03 end=succeeded  -> posted
        """,
    )
    row = await ledger.sent_as("shortapi", ProviderRef("r2"))

    assert row is not None
    assert (row.id, row.posted, row.quoted) == (AttemptId("j2.1"), usd("0.03"), usd("0.05"))
    sent = ledger.sent_between("shortapi", row.dispatched_at, END)
    assert [one async for one in sent] == [row]
    before = ledger.sent_between("shortapi", BEGINNING, row.dispatched_at)
    assert [one async for one in before] == []
    assert await ledger.sent_as("runpod", ProviderRef("r2")) is None


async def test_what_was_posted_counts_by_its_entrys_instant(ledger: Ledger) -> None:
    """Corrections included, of one provider."""
    await tell(
        ledger,
        """
        place    j1    $0.04                -> placed held at shortapi
        dispatch j1.1                       -> dispatching
        run      j1.1  $0.041 ref=r1        -> running
        post     j1.1  $0.03 end=succeeded  -> posted
        adjust   j1.1  $0.02                -> posted
        """,
    )

    assert await ledger.posted_between("shortapi", BEGINNING, END) == usd("0.05")
    assert await ledger.posted_between("runpod", BEGINNING, END) == usd("0.00")
    assert await ledger.posted_between("shortapi", BEGINNING, EPOCH) == usd("0.00")


async def test_charges_keep_every_amount_apart(ledger: Ledger) -> None:
    """The pinned price, what was named at the create, what was reported, what was posted."""
    await tell(
        ledger,
        """
        place    j1    $0.04                -> placed held at shortapi
        dispatch j1.1                       -> dispatching
        run      j1.1  $0.041 ref=r1        -> running
        post     j1.1  $0.03 end=succeeded  -> posted
        place    j2    $0.06                -> placed held at shortapi
        """,
    )
    (charge,) = await ledger.charges(EPOCH, most=3)

    assert (charge.quoted, charge.quote_amount, charge.reported_amount, charge.posted) == (
        *(usd("0.04"), usd("0.041"), usd("0.03"), usd("0.03")),
    )
    assert await ledger.charges(END, most=3) == []
    assert rfc3339(charge.dispatched_at) >= rfc3339(EPOCH)


async def test_what_a_bill_says_counts_before_what_was_reported(ledger: Ledger) -> None:
    """Refunds taken off; what was given back whole, or was never told, is no charge."""
    await tell(
        ledger,
        """
        place    j1    $0.04                -> placed held at shortapi
        dispatch j1.1                       -> dispatching
        run      j1.1  $0.041 ref=r1        -> running
        post     j1.1  $0.03 end=succeeded  -> posted
        place    j2    $0.06                -> placed held at shortapi
        dispatch j2.1                       -> dispatching
        run      j2.1  $0.061 ref=r2        -> running
        post     j2.1  $0.05 end=succeeded  -> posted
        """,
    )
    amounts = {"l1": ("r1", "0.05"), "l2": ("r1", "-0.003"), "l3": ("r2", "0.05")}
    lines = [
        replace(LINE, id=name, provider_ref=ProviderRef(ref), amount=usd(amount))
        for name, (ref, amount) in amounts.items()
    ]
    back = replace(lines[-1], id="l4", amount=usd("-0.05"))
    copies = [replace(line, statement_id="s2") for line in lines]
    await ledger.submit(recorded(STATEMENT, *lines))
    await ledger.submit(recorded(replace(STATEMENT, id="s2"), *copies))
    first, second = await ledger.charges(EPOCH, most=3)
    await ledger.submit(recorded(back))
    (left,) = await ledger.charges(EPOCH, most=3)

    assert {first.id: first.reported_amount, second.id: second.reported_amount} == {
        AttemptId("j1.1"): usd("0.047"),
        AttemptId("j2.1"): usd("0.05"),
    }
    assert (left.id, left.reported_source) == (AttemptId("j1.1"), "statement")
    for statement in ("s1", "s2"):
        await ledger.submit(recorded(replace(WITHDRAWAL, statement_id=statement)))
    first, second = await ledger.charges(EPOCH, most=3)
    assert {first.reported_amount, second.reported_amount} == {usd("0.03"), usd("0.05")}


async def test_what_a_withdrawn_bill_changed_is_the_same_drift_in_charges_and_in_sums(
    ledger: Ledger,
) -> None:
    """Until a right one says otherwise; what it did not change is known by the report again."""
    await tell(
        ledger,
        """
        place    j1    $0.04                -> placed held at shortapi
        dispatch j1.1                       -> dispatching
        run      j1.1  $0.041 ref=r1        -> running
        post     j1.1  $0.03 end=succeeded  -> posted
        place    j2    $0.06                -> placed held at shortapi
        dispatch j2.1                       -> dispatching
        run      j2.1  $0.061 ref=r2        -> running
        post     j2.1  $0.05 end=succeeded  -> posted
        """,
    )
    first = replace(LINE, amount=usd("0.047"))
    second = replace(LINE, id="l2", provider_ref=ProviderRef("r2"), amount=usd("0.05"))
    await ledger.submit(recorded(STATEMENT, first, second))
    await tell(ledger, "adjust j1.1 $0.017 statement=s -> posted")

    async def drift() -> tuple[dict[str, tuple[str, str]], str, str]:
        charges = await ledger.charges(EPOCH, most=3)
        known = {str(row.id): (str(row.reported_amount), row.reported_source) for row in charges}
        above = [row.reported_amount - row.quoted for row in charges]
        spent = await ledger.spending(BEGINNING, END, cut=None, tags=False)
        over = total([row.over for row in spent])
        under = total([row.under for row in spent])
        assert over == total([max(one, Money.ZERO) for one in above])
        assert under == total([max(-one, Money.ZERO) for one in above])
        return known, str(over), str(under)

    billed = await drift()
    await ledger.submit(recorded(WITHDRAWAL))
    taken_back = await drift()
    right = replace(first, id="l3", statement_id="s2", amount=usd("0.03"))
    await ledger.submit(recorded(replace(STATEMENT, id="s2"), right))
    await tell(ledger, "adjust j1.1 -$0.017 statement=s -> posted")

    assert billed == (
        {"j1.1": ("0.047", "statement"), "j2.1": ("0.05", "statement")},
        *("0.007", "0.01"),
    )
    assert taken_back == (
        {"j1.1": ("0.047", "withdrawn"), "j2.1": ("0.05", "output.cost")},
        *("0.007", "0.01"),
    )
    assert await drift() == (
        {"j1.1": ("0.03", "statement"), "j2.1": ("0.05", "output.cost")},
        *("0.00", "0.02"),
    )


async def test_latest_charges_are_those_that_somebody_told(ledger: Ledger) -> None:
    """A charge that was assumed takes no other's place, or a start would forget a stopped offer."""
    for number in range(31, 43):
        await tell(
            ledger,
            f"""
            place    j{number}    $0.04                     -> placed held at shortapi
            dispatch j{number}.1                            -> dispatching
            post     j{number}.1  $0.05{number} end=succeeded   -> posted
            """,
        )
    for number in (51, 52):
        name = f"j{number}"
        await ledger.submit(an_accept(name, "0.04", at=EPOCH + HOUR))
        attempt = AttemptId(f"{name}.1")
        await ledger.submit(Dispatch(at=EPOCH + HOUR, attempt_id=attempt))
        await ledger.submit(
            Post(at=EPOCH + HOUR, attempt_id=attempt, amount=usd("0.04"), outcome="delivered")
        )

    latest = await ledger.latest_posted()

    assert [row.id for row in latest] == [f"j{number}.1" for number in range(33, 43)]


async def test_a_named_price_is_told_until_a_charge_is_known(ledger: Ledger) -> None:
    """By an answer or by a bill; what is still under way is told already."""
    for number, name in enumerate(("j5", "j6", "j7")):
        attempt = AttemptId(f"{name}.1")
        named = Reported(raw=f"0.02{number}", source="create", amount=usd(f"0.02{number}"))
        ref = ProviderRef(f"named-{name}")
        await ledger.submit(an_accept(name, "0.04"))
        await ledger.submit(Dispatch(at=EPOCH, attempt_id=attempt))
        await ledger.submit(Run(at=EPOCH, attempt_id=attempt, ref=ref, quote=named))

    async def told() -> dict[str, str]:
        rows = await ledger.named_prices(EPOCH, most=3)
        return {row.id: str(row.quote_amount) for row in rows}

    assert await told() == {"j5.1": "0.02", "j6.1": "0.021", "j7.1": "0.022"}
    said = Reported(raw="0.043", source="output.cost", amount=usd("0.043"))
    post = Post(at=EPOCH, attempt_id=AttemptId("j5.1"), amount=usd("0.043"), outcome="delivered")
    await ledger.submit(replace(post, reported=said))
    line = replace(LINE, id="l9", provider_ref=ProviderRef("named-j6"))
    await ledger.submit(recorded(STATEMENT, line))
    assert await told() == {"j7.1": "0.022"}


async def test_top_ups_and_credits_count_towards_what_is_left(ledger: Ledger) -> None:
    """From the reading's instant on, of its provider."""
    for number, (at, amount) in enumerate([(EPOCH - HOUR, "7.00"), (EPOCH, "25.00")]):
        event = AccountEventRow(
            id=f"e{number}",
            provider="shortapi",
            kind="topup",
            amount=usd(amount),
            at=at,
            reference=f"receipt {number}",
            created_at=EPOCH,
            who="ada",
        )
        await ledger.submit(Record(at=EPOCH, row=event))
    await ledger.submit(recorded(READING))
    (credit,) = await credits_of(ledger, a_policy(), EPOCH + HOUR)

    assert (credit.read, credit.topped_up, credit.posted) == (
        *(usd("41.20"), usd("25.00"), usd("-0.07")),
    )
    assert credit.left == usd("66.27")


SENT = """
    place    j1    $0.04                -> placed held at shortapi
    dispatch j1.1                       -> dispatching
    doubt    j1.1                       -> in_doubt
    place    j2    $0.06                -> placed held at shortapi
    dispatch j2.1                       -> dispatching
    run      j2.1  $0.061 ref=r2        -> running
    wait     2h
    place    j3    $0.09                -> placed held at shortapi
    dispatch j3.1                       -> dispatching
    place    j4    $0.13                -> placed held at shortapi
"""
LATE = """
    wait     6h
    post     j1.1  $0.043               -> posted
    wait     6h
    post     j2.1  $0.07 end=succeeded  -> posted
    adjust   j2.1  -$0.012              -> posted
    post     j3.1  $0.088               -> posted
"""


async def test_credit_left_does_not_move_when_what_a_reading_has_in_it_is_booked(
    ledger: Ledger,
) -> None:
    """What was sent long before counts as charged by then; what was sent after, when booked."""
    read_at = EPOCH + HOUR
    reading = replace(READING, at=read_at, posted_before=Money.ZERO)
    policy = a_policy()
    await tell(ledger, SENT)
    await ledger.submit(recorded(reading))
    (before,) = await credits_of(ledger, policy, EPOCH + 2 * HOUR)
    await tell(ledger, LATE)
    (after,) = await credits_of(ledger, policy, EPOCH + 13 * HOUR)
    (again,) = await credits_of(ledger, policy, EPOCH + 20 * HOUR)

    assert (before.left, before.open) == (usd("41.20"), usd("0.09"))
    assert (after.left, after.open) == (usd("41.112"), Money.ZERO)
    assert (again.posted, again.left) == (usd("0.088"), usd("41.112"))


async def test_what_is_booked_late_is_read_once_and_told_apart(ledger: Ledger) -> None:
    """By provider, by when it was sent, and by when it was booked."""
    await tell(ledger, SENT)
    await tell(ledger, LATE)

    async def late(provider: str, after: float, sent_by: float, at: float) -> Money:
        instants = [EPOCH + timedelta(hours=hours) for hours in (after, sent_by, at)]
        return await ledger.booked_late(provider, instants[0], sent_by=instants[1], at=instants[2])

    for at in (1, 7, 9, 13, 15, 9):
        assert await late("shortapi", 1, 1, at) == usd("0.101")
    assert await late("shortapi", 6, 1, 13) == usd("0.058")
    assert await late("shortapi", 1, 2, 13) == usd("0.189")
    assert await late("shortapi", 1, -1, 13) == Money.ZERO
    assert await late("runpod", 1, 1, 13) == Money.ZERO
    assert await ledger.open_since("shortapi", EPOCH - HOUR) == Money.ZERO
