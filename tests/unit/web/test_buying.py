"""The one submit of all dialects: what is bought, and what was bought before."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from router.model.errors import LedgerUnavailable, Overloaded, ProviderUnreachable
from router.web.buying import restore_lost_answers
from router.web.lost_answers import LostAnswers
from tests.ledger_kit import usd
from tests.policy_files import a_policy
from tests.stage import Act, failed, reported
from tests.web_stage import AT_ONCE, NEVER, Answer, Front, open_front, soon

AGAIN = {"x-stainless-retry-count": "1"}


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    """Serve a house whose providers deliver at once."""
    async with open_front(tmp_path) as opened:
        yield opened


def bought(front: Front) -> int:
    """How many creates have reached a provider."""
    return len(front.stage.troupe.sent)


def is_same(one: Answer, other: Answer) -> bool:
    """Whether two answers are about one job, and the second says so."""
    return one.json["id"] == other.json["id"] and other.headers.get("Idempotent-Replayed") == "true"


async def drop(front: Front) -> None:
    """Ask for an edit, and go away as soon as it is on its way to a provider."""
    before = bought(front)
    asking = asyncio.ensure_future(front.edit())  # noqa: TID251 - to be cancelled by the test.
    await soon(lambda: bought(front) > before)
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking


async def test_equal_requests_are_bought_separately(front: Front) -> None:
    """Whoever wants one edit once sends a key, or says that it is a retry."""
    first, second = await front.edit(), await front.edit()

    assert first.json["id"] != second.json["id"]
    assert bought(front) == 2


async def test_a_client_that_says_it_is_again_gets_what_it_has_bought(front: Front) -> None:
    """One job, one charge, however often it is told."""
    first = await front.edit()
    again = [await front.edit(AGAIN), await front.edit({"x-stainless-retry-count": "2"})]

    assert all(is_same(first, one) for one in again)
    assert bought(front) == 1


@pytest.mark.parametrize("count", ["0", "", "many", "-1", "\u0661"])
async def test_a_first_try_is_a_purchase(front: Front, count: str) -> None:
    """Only a number above zero says that something was sent before."""
    first = await front.edit()
    second = await front.edit({"x-stainless-retry-count": count})

    assert first.json["id"] != second.json["id"]


async def test_a_client_that_drops_and_comes_back_gets_its_job(front: Front) -> None:
    """Its connection closed before the answer: that the answer was lost is certain."""
    front.stage.troupe.acts["shortapi"].append(NEVER)
    await drop(front)

    back = await front.edit({"Prefer": "respond-async"})
    another = await front.edit({"Prefer": "respond-async"})

    assert back.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in another.headers
    assert bought(front) == 2


async def test_a_client_that_drops_twice_is_known_twice(front: Front) -> None:
    """Each lost answer is adopted once, and the next is a lost answer of its own."""
    front.stage.troupe.acts["shortapi"].append(NEVER)
    await drop(front)
    adopting = asyncio.ensure_future(front.edit())  # noqa: TID251 - to be cancelled by the test.
    lost = front.services.lost_answers
    await soon(lambda: sum(len(owed) for owed in lost._by_job.values()) == 2)
    adopting.cancel()
    with suppress(asyncio.CancelledError):
        await adopting

    back = await front.edit({"Prefer": "respond-async"})

    assert back.headers["Idempotent-Replayed"] == "true"
    assert bought(front) == 1


async def test_another_request_is_another_purchase(front: Front) -> None:
    """Equal is what is equal to the last field, by one key."""
    await front.edit()
    other = await front.edit(AGAIN, prompt="make the sky blue")
    _, key = await front.mint()
    others = await front.ask("POST", "/v1/edits", None, AGAIN, key=key)

    assert "Idempotent-Replayed" not in other.headers
    assert others.status == 400
    assert bought(front) == 2


async def test_what_came_to_nothing_is_bought_anew(front: Front) -> None:
    """A job whose every attempt is void has no image to give, and has cost nothing."""
    unreachable = Act(answers_after_s=0.0, refuses=ProviderUnreachable("no route"))
    front.stage.troupe.acts = {"shortapi": [unreachable], "runpod": [unreachable]}
    failed_first = await front.edit()
    again = await front.edit(AGAIN)

    assert (failed_first.status, again.status) == (502, 200)
    assert again.json["status"] == "succeeded"
    assert "Idempotent-Replayed" not in again.headers


async def test_what_was_charged_for_is_not_bought_again(front: Front) -> None:
    """A job that failed after money moved is told once more as it is."""
    end = failed(reported=reported("0.04"))
    front.stage.troupe.acts["shortapi"].append(Act(answers_after_s=0, ends_after_s=0, ends=end))
    front.stage.policy = a_policy(failover={"providers_max": 1})
    first = await front.edit()
    again = await front.edit(AGAIN)

    assert (first.json["status"], first.json["charged"]) == ("failed", "0.04")
    assert is_same(first, again)
    assert await front.stage.used() == usd("0.04")


async def test_what_was_refused_for_money_is_asked_for_anew(front: Front) -> None:
    """There was no job; when there is room, the retry buys."""
    budget = {"name": "daily", "who": "everyone", "limit": "$0.03", "per": "day"}
    front.stage.policy = a_policy(budgets=[budget])
    refused = await front.edit()
    front.stage.policy = a_policy()
    again = await front.edit(AGAIN)

    assert (refused.status, again.status) == (402, 200)
    assert "Idempotent-Replayed" not in again.headers


async def test_after_a_restart_a_retry_is_found_in_the_ledger(tmp_path: Path) -> None:
    """The process that took the first try is gone, and what it knew in memory with it."""
    async with open_front(tmp_path) as front:
        first, twin = await front.edit(), await front.edit()
        lost = front.services.lost_answers
        lost.__init__(front.clock)  # type: ignore[misc]
        again = [await front.edit(AGAIN) for _ in range(2)]

        assert {one.json["id"] for one in again} == {first.json["id"], twin.json["id"]}
        assert bought(front) == 2
        assert isinstance(lost, LostAnswers)


async def test_a_retry_whose_first_try_is_still_held_gets_the_same_job(front: Front) -> None:
    """Whoever stands between may hold the first connection open."""
    front.stage.troupe.acts["shortapi"].append(NEVER)
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(front.edit())
        await soon(lambda: bought(front) == 1)
        again = await front.edit({**AGAIN, "Prefer": "respond-async"})
        front.services.patience.hurry()

    assert is_same(asking.result(), again)
    assert bought(front) == 1


async def test_a_status_that_we_could_not_give_is_a_lost_answer(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that sends the whole again after a 5xx gets the job that it has bought."""
    first = await front.edit()

    async def unreadable(_: str) -> None:
        raise LedgerUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(front.services.ledger, "job", unreadable)
        status = await front.ask("GET", f"/v1/edits/{first.json['id']}")
    again, another = await front.edit(), await front.edit()

    assert status.status == 503
    assert is_same(first, again)
    assert another.json["id"] != first.json["id"]
    assert AT_ONCE.answers_after_s == 0


async def test_a_moment_without_the_ledger_loses_no_answer(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The try that could not be looked up takes nothing from the next."""
    front.stage.troupe.acts["shortapi"].append(NEVER)
    await drop(front)

    async def unreadable(_: str) -> None:
        raise LedgerUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(front.services.ledger, "job", unreadable)
        unlucky = await front.edit({"Prefer": "respond-async"})
    back = await front.edit({"Prefer": "respond-async"})

    assert unlucky.status == 503
    assert back.headers["Idempotent-Replayed"] == "true"
    assert bought(front) == 1


async def test_a_crash_while_admitting_holds_up_nobody(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sends the same again finds that there is no job, and buys."""

    async def crashes(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(front.services.dispatcher, "submit", crashes)
        first = await front.edit()
    async with asyncio.timeout(5):
        second = await front.edit()

    assert (first.status, second.status) == (500, 200)
    assert bought(front) == 1


async def test_the_retry_of_a_shed_request_is_a_purchase_of_its_own(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though an equal request beside it was answered."""
    first = await front.edit()

    async def sheds(*_: object, **__: object) -> None:
        raise Overloaded

    with monkeypatch.context() as broken:
        broken.setattr(front.services.dispatcher, "submit", sheds)
        shed = await front.edit()
    again = await front.edit(AGAIN)

    assert shed.status == 503
    assert again.json["id"] != first.json["id"]
    assert bought(front) == 2


async def test_what_was_under_way_at_a_start_is_found_by_whoever_sends_it_again(
    front: Front,
) -> None:
    """A deploy in the middle of an edit: its client knows no id, or its poll was refused."""
    front.stage.troupe.acts["shortapi"] += [NEVER, NEVER]
    first = await front.edit({"Prefer": "respond-async"})
    polled = await front.edit({"Prefer": "respond-async"}, prompt="make the sky blue")
    front.services.lost_answers.__init__(front.clock)  # type: ignore[misc]
    await restore_lost_answers(front.services)
    await front.ask("GET", f"/v1/edits/{polled.json['id']}")
    again = await front.edit({"Prefer": "respond-async"})
    another = await front.edit({"Prefer": "respond-async"}, prompt="make the sky blue")

    assert is_same(first, again)
    assert another.json["id"] != polled.json["id"]
