import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from router.ledger.ledger import Ledger
from router.model import errors
from router.model.budget import Limit, Usage
from router.model.errors import (
    BudgetExceeded,
    Forbidden,
    JobInProgress,
    LedgerUnavailable,
    RateLimited,
    RouterError,
    Unavailable,
)
from router.model.ids import JobId
from router.web.problems import problem, tell_problems
from router.web.services import SERVICES, Services
from router.web.visit import BUYING
from tests.fakes import EPOCH
from tests.ledger_kit import usd
from tests.web_stage import Front, open_house

LIMIT = Limit(
    budget="monthly",
    scope="tenant:acme",
    window_start=EPOCH,
    window_end=EPOCH + timedelta(days=11),
    limit=usd("7.00"),
)
USAGE = Usage(posted=usd("5.01"), presumed=usd("0.32"), held=usd("1.33"), in_doubt=usd("0.25"))


def body_of(response: web.Response) -> dict[str, Any]:
    """Parse a problem's body."""
    assert isinstance(response.body, bytes)
    assert response.content_type == "application/problem+json"
    told: dict[str, Any] = json.loads(response.body)
    return told


def answered() -> list[type[RouterError]]:
    """Find the errors whose code and status stand in the contract's table."""
    return [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, RouterError)
        and kind not in {RouterError, BudgetExceeded}
        and not issubclass(kind, errors.ProviderError)
        and kind.status != 200
    ]


@pytest.mark.parametrize("kind", answered())
def test_every_error_is_a_problem_of_its_own(kind: type[RouterError]) -> None:
    """Its type, title, status and code are always the same; its detail says what happened."""
    told = body_of(problem(kind("The cat ate it."), job_id=JobId("j-1")))

    assert told == {
        "type": f"urn:farebox:problem:{kind.code}",
        "title": (kind.__doc__ or "").strip().splitlines()[0],
        "status": kind.status,
        "detail": "The cat ate it.",
        "code": kind.code,
        "retryable": kind.status in {408, 409, 429, 502, 503},
        "may_have_been_charged": False,
        "job_id": "j-1",
    }


def test_a_refusal_for_money_says_what_stands_in_the_way() -> None:
    """The budget, its window's end, and each amount apart."""
    response = problem(BudgetExceeded(LIMIT, USAGE, usd("0.175")))

    assert response.headers["Farebox-Budget-Remaining-USD"] == "0.09"
    assert body_of(response) == {
        "type": "urn:farebox:problem:budget_exceeded",
        "title": "The edit does not fit a budget. Nothing was held, nothing was sent.",
        "status": 402,
        "detail": "The edit costs $0.175 and the budget 'monthly' (tenant:acme) has $0.09 of $7.00 "
        "left.",
        "code": "budget_exceeded",
        "retryable": False,
        "may_have_been_charged": False,
        "budget": "monthly",
        "scope": "tenant:acme",
        "window_end": "2026-12-01T09:00:00.000000Z",
        "rolls": False,
        "limit": "7.00",
        "posted": "5.01",
        "presumed": "0.32",
        "held": "1.33",
        "in_doubt": "0.25",
        "available": "0.09",
        "asked": "0.175",
    }


def test_a_lifetime_budget_has_no_end() -> None:
    """And says so, instead of a far date."""
    lifetime = replace(LIMIT, window_start=None, window_end=None)

    assert body_of(problem(BudgetExceeded(lifetime, USAGE, usd("0.3"))))["window_end"] is None


def test_when_to_ask_again_is_whole_seconds() -> None:
    """Rounded up: earlier would be in vain."""
    assert problem(RateLimited(retry_after_s=1.2)).headers["Retry-After"] == "2"
    assert problem(LedgerUnavailable()).headers["Retry-After"] == "5"
    assert "Retry-After" not in problem(JobInProgress()).headers


Broken = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def answer_of(front: Front, handler: Broken, services: Services | None = None) -> Any:
    """Serve a handler behind the problems' middleware, and ask it once."""
    app = web.Application(middlewares=[tell_problems])
    app[SERVICES] = services or front.services
    app.router.add_post("/broken/{token}", handler)
    async with (
        TestClient(TestServer(app)) as client,
        client.post("/broken/secret-token") as response,
    ):
        return response.status, await response.json(content_type=None), response.headers


async def test_what_nobody_foresaw_is_told_without_detail(tmp_path: Path) -> None:
    """The operator learns what it was and where, without what stands in the path or the error."""

    async def handler(request: web.Request) -> web.Response:  # noqa: ARG001
        raise ZeroDivisionError("deep inside")

    async with open_house(tmp_path) as front:
        status, told, _ = await answer_of(front, handler)
        (alarm,) = front.stage.audience.heard("alarm")

    assert (status, told["code"], told["retryable"]) == (500, "internal_error", False)
    assert "deep" not in json.dumps(told)
    assert alarm.what == "crashed"
    assert alarm.detail.startswith("POST /broken/{token}: ZeroDivisionError at test_problems.py:")
    assert "deep" not in alarm.detail


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("late"), LedgerUnavailable(), Unavailable(), Forbidden()]
)
async def test_once_a_job_is_bought_no_answer_invites_to_buy_it_again(
    tmp_path: Path, error: Exception
) -> None:
    """Whatever fails after that is 202, and where to look."""
    async with open_house(tmp_path) as front:
        job_id = await front.stage.submit()

        async def handler(request: web.Request) -> web.Response:
            request[BUYING] = JobId(job_id)
            raise error

        status, told, headers = await answer_of(front, handler)
        state = (await front.stage.see(job_id, 0)).row.state

    assert status == 202
    assert told == {"id": job_id, "status": state, "may_have_been_charged": True}
    assert headers["Location"] == f"/v1/edits/{job_id}"
    assert (headers["Retry-After"], headers["Farebox-Job"]) == ("2", job_id)


async def test_a_job_that_is_in_no_book_was_not_bought(tmp_path: Path) -> None:
    """Then the error is told as it is."""

    async def handler(request: web.Request) -> web.Response:
        request[BUYING] = JobId("0199d6f0-0000-7000-8000-00000000dead")
        raise ZeroDivisionError

    async with open_house(tmp_path) as front:
        status, _, _ = await answer_of(front, handler)

    assert status == 500


class BlindLedger(Ledger):
    """Cannot be read."""

    def __init__(self) -> None:
        """Without a store."""

    async def job(self, job_id: JobId) -> None:
        """Refuse."""
        raise LedgerUnavailable(f"not {job_id}")


async def test_while_the_books_cannot_be_read_a_job_may_have_been_bought(tmp_path: Path) -> None:
    """So the client is told to look again, never to buy again."""

    async def handler(request: web.Request) -> web.Response:
        request[BUYING] = JobId("0199d6f0-0000-7000-8000-00000000dead")
        raise ZeroDivisionError

    async with open_house(tmp_path) as front:
        blind = replace(front.services, ledger=BlindLedger())
        status, told, _ = await answer_of(front, handler, blind)

    assert (status, told["may_have_been_charged"]) == (202, True)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (web.HTTPRequestEntityTooLarge(max_size=7), 413, "too_large"),
        (web.HTTPNotFound(), 404, "not_found"),
        (web.HTTPExpectationFailed(), 417, "malformed"),
    ],
)
async def test_what_aiohttp_refuses_is_a_problem_too(
    tmp_path: Path, error: web.HTTPException, status: int, code: str
) -> None:
    """One shape for all errors."""

    async def handler(request: web.Request) -> web.Response:  # noqa: ARG001
        raise error

    async with open_house(tmp_path) as front:
        found, told, _ = await answer_of(front, handler)

    assert (found, told["status"], told["code"]) == (status, status, code)
