"""Alerts on both back ends: recorded once, and due to be told in the same commit."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from router.ledger.alert_commands import Alert, AlertTold, Foreseen, Receiver, Tried
from router.ledger.alert_rows import AlertLetterRow
from router.ledger.answers import Alerted, Refused, Stale
from router.ledger.commands import Refuse
from router.ledger.ledger import Ledger
from router.ledger.outbox_rows import OutboxState
from router.ledger.refusals import read_refusals
from router.model.alert import Threshold
from router.model.budget import Usage
from tests.fakes import EPOCH
from tests.ledger_kit import DAY, a_limit, a_rolling_limit, usd

RECEIVER = Receiver(url="https://hooks.example/T0/B1", format="standard")
BURN = Foreseen(limit=a_limit(), threshold=Threshold("burn", 1440, 3_600), amount=usd("0.61"))
AHEAD = Foreseen(limit=a_limit(), threshold=Threshold("forecast", 100), amount=usd("1.07"))


async def test_what_is_foreseen_is_recorded_once_and_is_due(ledger: Ledger) -> None:
    """Asked twenty times at once, by whoever: one alert of each kind, and one letter."""
    heard: list[AlertLetterRow] = []
    ledger.listen_for_alerts(heard.append)
    command = Alert(at=EPOCH, foreseen=(AHEAD, BURN), receiver=RECEIVER)
    answers = await asyncio.gather(*(ledger.submit(command) for _ in range(20)))

    assert sum(len(one.alerts) for one in answers if isinstance(one, Alerted)) == 2
    rows = await ledger.alerts_at(EPOCH)
    assert {(row.threshold, row.amount) for row in rows} == {
        (AHEAD.threshold, AHEAD.amount),
        (BURN.threshold, BURN.amount),
    }
    for row in rows:
        assert await ledger.alert(row.id) == row
        letter = await ledger.alert_letter(row.id)
        assert letter in heard
        assert letter is not None
        assert (letter.url, letter.state, letter.next_at) == (RECEIVER.url, "due", EPOCH)
    assert len(heard) == 2
    due = await ledger.alert_letters_due(EPOCH + timedelta(seconds=1), most=9)
    assert sorted(one.id for one in due) == sorted(row.id for row in rows)
    assert await ledger.alert_letters_due(EPOCH, most=9) == []


async def test_what_is_refused_uses_a_window_up_once(ledger: Ledger) -> None:
    """Whoever finds it, twenty times at once; and a charge of all of it is the same threshold."""
    limit = replace(a_limit("team", "0.20"), alerts=(50, 100))
    refused = Refused(limit=limit, usage=Usage(), asked=usd("0.26"))
    for at in (EPOCH, EPOCH + timedelta(minutes=1)):
        await ledger.submit(Refuse(at=at, refused=refused))
    refusals, found = await read_refusals(ledger, [limit]), usd("0.52")
    assert refusals.unmet(limit, Usage()) == found
    command = Alert(
        at=EPOCH,
        limits=(limit,),
        foreseen=(Foreseen(limit=limit, threshold=Threshold("actual", 100), amount=found),),
        receiver=RECEIVER,
    )
    answers = await asyncio.gather(*(ledger.submit(command) for _ in range(20)))

    assert sum(len(one.letters) for one in answers if isinstance(one, Alerted)) == 1
    (row,) = await ledger.alerts_at(EPOCH)
    assert (row.percent, row.amount, row.is_used_up) == (100, usd("0.52"), True)
    tomorrow = replace(a_limit("team", "0.20", at=EPOCH + DAY), alerts=(100,))
    assert (await read_refusals(ledger, [tomorrow])).unmet(tomorrow, Usage()) is None


async def test_the_next_window_is_another_alert(ledger: Ledger) -> None:
    """And of a window that rolls only one that does not overlap."""
    for at in (EPOCH, EPOCH + DAY):
        await ledger.submit(
            Alert(
                at=at,
                foreseen=(
                    Foreseen(limit=a_limit(at=at), threshold=BURN.threshold, amount=usd("0.62")),
                ),
            )
        )
    assert len(await ledger.alerts_between(EPOCH, EPOCH + 2 * DAY)) == 2
    for hours in (0, 5, 26):
        at = EPOCH + timedelta(hours=hours)
        limit = a_rolling_limit("rolls", at=at)
        one = Foreseen(limit=limit, threshold=BURN.threshold, amount=usd("0.63"))
        await ledger.submit(Alert(at=at, foreseen=(one,)))
    rolling = [row for row in await ledger.alerts_between(EPOCH, EPOCH + 2 * DAY) if row.rolling]
    assert [row.at for row in rolling] == [EPOCH, EPOCH + timedelta(hours=26)]


async def test_a_try_to_tell_counts_once(ledger: Ledger) -> None:
    """Two postmen have made it; then it is due again, and at last told."""
    await ledger.submit(Alert(at=EPOCH, foreseen=(AHEAD,), receiver=RECEIVER))
    (row,) = await ledger.alerts_at(EPOCH)
    soon = EPOCH + timedelta(seconds=5)
    failed = Tried(at=EPOCH, number=1, state=OutboxState.DUE, status=500, next_at=soon)
    again = AlertTold(at=EPOCH, alert_id=row.id, tried=failed)
    first, second = await asyncio.gather(ledger.submit(again), ledger.submit(again))
    told = Tried(at=soon, number=2, state=OutboxState.DELIVERED, status=204)
    await ledger.submit(AlertTold(at=soon, alert_id=row.id, tried=told))

    assert {type(first), type(second)} == {Alerted, Stale}
    (letter,) = await ledger.alert_letters_between(EPOCH, soon)
    assert (letter.state, letter.tries, letter.last_status, letter.tried_at, letter.next_at) == (
        *("delivered", 2, 204, soon, None),
    )
    assert await ledger.alert("unknown") is None
    assert await ledger.alert_letter("unknown") is None
