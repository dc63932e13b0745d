import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from router.ledger.store import Contradiction
from router.model.clock import from_rfc3339
from router.model.ids import JobId
from router.policy.policy import Policy
from router.web.keys import Role
from tests.focus_kit import check_file, effective, total_of
from tests.ledger_kit import usd
from tests.policy_files import PRICES, a_policy
from tests.web_stage import Answer, Front, open_front

TOPUP = {"kind": "topup", "amount": "100.07", "reference": "receipt 7"}
NOVEMBER = {"provider": "shortapi", "month": "2026-11"}
EVENTS = "/v1/accounts/shortapi/events"
OPEN_AT = from_rfc3339("2026-12-01T01:00:00Z")


def invoiced() -> Policy:
    """The policy with a ShortAPI that sends invoices."""
    prices = PRICES.replace("shortapi, source", "shortapi, billing: invoiced, source")
    return a_policy(prices=prices, failover={"providers_max": 1})


async def as_admin(front: Front) -> str:
    """Ask as an administrator from now on; gives the client's key."""
    client = front.key
    assert client is not None
    _, front.key = await front.mint("house", Role.ADMIN)
    return client


def until_december(front: Front, *, less_s: float = 0.0) -> None:
    """Let November end, and an hour pass."""
    front.clock.advance((OPEN_AT - front.clock.now()).total_seconds() - less_s)


async def used(front: Front, provider: str = "shortapi") -> None:
    """Have something booked with a provider, on the first day."""
    event = {"kind": "topup", "amount": "1.03", "reference": "the first"}
    await front.ask("POST", f"/v1/accounts/{provider}/events", event)


async def close(front: Front, **fields: Any) -> Answer:
    """Close November of ShortAPI."""
    return await front.ask("POST", "/v1/periods", {**NOVEMBER, **fields})


async def of_november(front: Front, version: str = "1.2") -> str:
    """Its file."""
    path = f"/v1/exports/focus?version={version}&provider=shortapi&from=2026-11-01&to=2026-12-01"
    return (await front.ask("GET", path)).text


async def test_what_passes_on_an_account_is_noted_and_told(tmp_path: Path) -> None:
    """With who noted it, and when it was; sums of each kind beside it."""
    async with open_front(tmp_path) as front:
        await as_admin(front)
        made = await front.ask("POST", EVENTS, TOPUP)
        earlier = {"kind": "credit", "amount": "2.51", "reference": "CN-1", "reason": " a gift "}
        await front.ask("POST", EVENTS, {**earlier, "at": "2026-11-19T00:00:00Z"})
        found = (await front.ask("GET", EVENTS)).json
        of_today = (await front.ask("GET", f"{EVENTS}?from=2026-11-20")).json
        since = await front.stage.ledger.topped_up("shortapi", front.clock.now())
        long_ago = OPEN_AT - timedelta(days=60)
        at_all = await front.stage.ledger.topped_up("shortapi", long_ago)
        credited = await front.stage.ledger.credited("shortapi", long_ago)

    assert made.status == 201
    assert {name: made.json[name] for name in TOPUP} == TOPUP
    assert made.json["at"] == made.json["created_at"] == "2026-11-20T09:00:00.000000Z"
    assert made.json["who"] == "house's admin"
    assert [(one["kind"], one["reason"]) for one in found["events"]] == [
        ("credit", "a gift"),
        ("topup", None),
    ]
    assert (found["topped_up"], found["credited"]) == ("100.07", "2.51")
    assert [one["reference"] for one in of_today["events"]] == ["receipt 7"]
    assert (since, at_all, credited) == (usd("100.07"), usd("100.07"), usd("2.51"))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"amount": "0"}, "`amount` is nothing."),
        ({"amount": "-1"}, "`amount` must not be negative."),
        ({"kind": "gift"}, None),
        ({"reference": "=SUM(A1)"}, None),
        ({"reference": ""}, None),
        ({"at": "2026-11-20T09:00:01Z"}, "`at` is yet to come."),
        ({"at": "yesterday"}, None),
        ({"who": "me"}, "`who` is not a field of this request."),
    ],
)
async def test_what_cannot_have_passed_is_refused(
    tmp_path: Path, fields: dict[str, Any], told: str | None
) -> None:
    """And nothing is noted."""
    async with open_front(tmp_path) as front:
        await as_admin(front)
        answer = await front.ask("POST", EVENTS, {**TOPUP, **fields})
        found = (await front.ask("GET", EVENTS)).json

    assert answer.status == 400
    assert told in {None, answer.json["detail"]}
    assert found["events"] == []


async def test_a_receipt_is_noted_once(tmp_path: Path) -> None:
    """Whoever sends it again is told who was first; a credit may have the same number."""
    async with open_front(tmp_path) as front:
        await as_admin(front)
        await front.ask("POST", EVENTS, TOPUP)
        again = await front.ask("POST", EVENTS, {**TOPUP, "amount": "90"})
        credit = await front.ask("POST", EVENTS, {**TOPUP, "kind": "credit"})
        elsewhere = await front.ask("POST", "/v1/accounts/runpod/events", TOPUP)

    assert again.status == 400
    assert again.json["detail"] == "receipt 7 is booked already: $100.07, by house's admin."
    assert (credit.status, elsewhere.status) == (201, 201)


async def test_a_provider_that_is_not_in_the_price_book_has_no_account(tmp_path: Path) -> None:
    """With the one that may have been meant."""
    async with open_front(tmp_path) as front:
        await as_admin(front)
        noted = await front.ask("POST", "/v1/accounts/shortap/events", TOPUP)
        listed = await front.ask("GET", "/v1/accounts/shortap/events")
        closed = await close(front, provider="shortap")

    assert [answer.status for answer in (noted, listed, closed)] == [404, 404, 404]
    told = "The price book has no provider 'shortap'; did you mean 'shortapi'?"
    assert noted.json["detail"] == told


async def test_a_closed_month_is_what_it_came_to(tmp_path: Path) -> None:
    """Its sums, who closed it and when, and the digests of its files, which stay so."""
    async with open_front(tmp_path, policy=invoiced()) as front:
        await front.edit()
        await as_admin(front)
        await front.ask("POST", EVENTS, {**TOPUP, "kind": "credit", "amount": "0.01"})
        await used(front, "runpod")
        until_december(front)
        closed = await close(front, invoice="INV 11", reason="the books of November")
        front.stage.policy = a_policy()
        files = {version: await of_november(front, version) for version in ("1.2", "1.4")}
        listed = (await front.ask("GET", "/v1/periods")).json
        who_is_open = (await front.ask("GET", "/v1/periods?month=2026-11")).json

    assert closed.status == 201
    assert closed.json == {
        **NOVEMBER,
        "account": "shortapi:default",
        "billing": "invoiced",
        "invoice": "INV 11",
        "posted": "0.04",
        "billed": "0.03",
        "topped_up": "0.00",
        "credited": "0.01",
        "left_open": "0.00",
        "left_open_attempts": 0,
        "rows": 2,
        "sha256": {
            f"focus-{version}.csv": hashlib.sha256(text.encode()).hexdigest()
            for version, text in files.items()
        },
        "closed_at": "2026-12-01T01:00:00.000000Z",
        "who": "house's admin",
        "reason": "the books of November",
    }
    assert listed == {"periods": [closed.json]}
    assert who_is_open == {"periods": [closed.json], "open": ["runpod"]}
    lines = check_file(files["1.2"], "1.2")
    assert total_of(lines, "BilledCost", InvoiceId="INV 11") == usd("0.04")


async def test_a_closed_month_takes_nothing_more(tmp_path: Path) -> None:
    """No second close and nothing dated in it; the month after does."""
    async with open_front(tmp_path) as front:
        await as_admin(front)
        await used(front)
        until_december(front)
        await close(front)
        again = await close(front)
        dated = await front.ask("POST", EVENTS, {**TOPUP, "at": "2026-11-30T23:59:59Z"})
        later = await front.ask("POST", EVENTS, {**TOPUP, "at": "2026-12-01T00:00:00Z"})

    assert again.json["detail"] == "2026-11 of shortapi is closed already."
    assert dated.json["detail"] == (
        "2026-11 of shortapi is closed: date it in a month that is open."
    )
    assert (again.status, dated.status, later.status) == (400, 400, 201)


async def test_a_month_before_anything_was_booked_is_not_closed(tmp_path: Path) -> None:
    """There is nothing to close; one without a booking after that is a month like others."""
    async with open_front(tmp_path) as front:
        await as_admin(front)
        await used(front)
        front.clock.advance((OPEN_AT - front.clock.now()).total_seconds() + 31 * 86_400)
        before = await close(front, month="2026-10")
        never = await close(front, provider="runpod")
        of_october = (await front.ask("GET", "/v1/periods?month=2026-10")).json
        of_november = (await front.ask("GET", "/v1/periods?month=2026-11")).json
        idle = await close(front, month="2026-12")
        none = await front.ask("GET", "/v1/periods?month=november")

    assert (before.status, never.status, idle.status, none.status) == (400, 400, 201, 400)
    assert before.json["detail"] == (
        "Nothing was ever booked with shortapi before 2026-10 ended: there is nothing to close."
    )
    assert (of_october["open"], of_november["open"]) == ([], ["shortapi"])
    assert none.json["detail"] == "`month` is one as `2026-11`, in UTC."


async def test_what_changes_a_closed_month_is_a_correction_of_the_next(tmp_path: Path) -> None:
    """The closed month's file stays as it is, to the byte."""
    async with open_front(tmp_path, policy=invoiced()) as front:
        bought = await front.edit()
        await as_admin(front)
        until_december(front)
        closed = await close(front)
        before = await of_november(front)
        settle = {"posted": "0.013", "reason": "their letter", "force": True}
        path = f"/v1/attempts/{bought.json['id']}.1/settle"
        settled = await front.ask("POST", path, settle)
        december = await front.ask("GET", "/v1/exports/focus?from=2026-12-01")
        after = await of_november(front)

    assert (closed.status, settled.status) == (201, 200)
    assert after == before
    lines = check_file(december.text, "1.2")
    assert {line["ChargeClass"] for line in lines} == {"Correction"}
    assert {line["InvoiceId"] for line in lines} == {"provisional:shortapi:2026-12"}
    assert effective(lines) == usd("-0.027")


async def test_a_month_is_closed_an_hour_after_its_end(tmp_path: Path) -> None:
    """Not before: something that was on its way may still be booked in it."""
    async with open_front(tmp_path) as front:
        await as_admin(front)
        await used(front)
        until_december(front, less_s=0.001)
        early = await close(front)
        none = [(await close(front, month=month)).status for month in ("2026-13", "november")]
        front.clock.advance(0.001)
        on_time = await close(front)

    assert (early.status, none, on_time.status) == (400, [400, 400], 201)
    assert early.json["detail"].startswith("2026-11 can be closed from 2026-12-01T01:00:00.000000Z")


async def test_a_month_with_attempts_in_doubt_is_closed_only_with_a_reason(tmp_path: Path) -> None:
    """How much is left open stands beside its sums; it is charged in the month it is known in."""
    async with open_front(tmp_path) as front:
        job_id = await front.in_doubt()
        attempt = (await front.stage.ledger.attempts_of(JobId(job_id)))[0]
        await as_admin(front)
        await used(front, "runpod")
        until_december(front)
        refused = await close(front)
        reasonless = await close(front, leave_open=True)
        other = await close(front, provider="runpod")
        closed = await close(front, leave_open=True, reason="they do not answer")
        path = f"/v1/attempts/{attempt.id}/settle"
        await front.ask("POST", path, {"posted": "0.041", "reason": "their letter"})
        december = await front.ask("GET", "/v1/exports/focus?from=2026-12-01")

    assert (refused.status, reasonless.status) == (400, 400)
    assert refused.json["detail"].startswith(
        "1 of shortapi's attempts of 2026-11 are open, in doubt or presumed, $0.04 in all:"
    )
    assert "takes a `reason`" in reasonless.json["detail"]
    assert (other.status, closed.status) == (201, 201)
    assert (closed.json["left_open"], closed.json["left_open_attempts"]) == ("0.04", 1)
    assert (closed.json["posted"], closed.json["reason"]) == ("0.00", "they do not answer")
    (line,) = check_file(december.text, "1.2")
    assert (line["ChargeClass"], line["EffectiveCost"]) == (None, "0.041")


async def test_of_two_who_close_at_once_one_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was booked between the reading of the sums and the close is not lost."""
    async with open_front(tmp_path) as front:
        await as_admin(front)
        await used(front)
        until_december(front)
        ledger = front.stage.ledger
        submit = ledger.submit

        async def late(command: Any) -> Any:
            event = {**TOPUP, "at": "2026-11-30T23:59:59Z"}
            monkeypatch.setattr(ledger, "submit", submit)
            assert (await front.ask("POST", EVENTS, event)).status == 201
            return await submit(command)

        monkeypatch.setattr(ledger, "submit", late)
        answer = await close(front)
        again = await close(front)

    assert (answer.status, again.status) == (400, 201)
    assert answer.json["detail"] == "Something was booked on the account meanwhile: try again."
    assert again.json["topped_up"] == "101.10"


async def test_what_contradicts_the_books_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where another router has booked the same in the same moment."""
    async with open_front(tmp_path) as front:
        await as_admin(front)

        async def contradicted(_: Any) -> Any:
            raise Contradiction("UNIQUE constraint failed")

        monkeypatch.setattr(front.stage.ledger, "submit", contradicted)
        answer = await front.ask("POST", EVENTS, TOPUP)

    assert answer.status == 400
    assert answer.json["detail"] == "Somebody else has just booked the same."
