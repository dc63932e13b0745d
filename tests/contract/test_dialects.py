"""
Every dialect through everything that can come of an edit: one table, a row for each dialect.

A row says how its clients ask, and for each outcome what they are answered when they buy, and when
they ask after it. The money is the same for all, and is looked up in the books.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from router.model.errors import (
    LedgerUnavailable,
    ProviderInDoubt,
    ProviderRefused,
    ProviderUnreachable,
    Refusal,
)
from router.model.ids import JobId
from router.model.job import AttemptState
from tests.dialects import SLUG, Said, Tongue, check_said, runpod_body, shortapi_body
from tests.policy_files import a_policy
from tests.stage import PICTURE, Act, failed, reported
from tests.web_stage import AT_ONCE, NEVER, Front, an_edit, open_front

ONE_TRY = a_policy(
    failover={"providers_max": 1},
    budgets=[{"name": "own", "who": "each_tenant", "limit": "$70.00", "per": "month"}],
)
SHORT_OF_MONEY = a_policy(
    budgets=[{"name": "lean", "who": "everyone", "limit": "$0.03", "per": "month"}]
)
NOBODYS = "0199d6f0-0000-7000-8000-00000000dead"
# Nothing was charged, and nothing can be: such a status alone makes a client send again.
SEND_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504}

OUTCOMES: dict[str, tuple[Act, list[str]]] = {
    "delivered": (replace(AT_ONCE, charge=reported("0.05")), ["shortapi posted 0.05"]),
    "under way": (NEVER, ["shortapi running 0.04"]),
    "failed, charged": (
        replace(AT_ONCE, ends=failed(reported=reported("0.03"))),
        ["shortapi posted 0.03"],
    ),
    "failed, void": (
        Act(answers_after_s=0.0, refuses=ProviderUnreachable("no route")),
        ["shortapi voided 0.04"],
    ),
    "in doubt": (
        Act(answers_after_s=0.0, refuses=ProviderInDoubt("no answer")),
        ["shortapi in_doubt 0.04"],
    ),
    "content refused": (
        Act(answers_after_s=0.0, refuses=ProviderRefused("not that face", reason=Refusal.CONTENT)),
        ["shortapi voided 0.04"],
    ),
}
"""What becomes of a job, with its attempts in the books then."""
REFUSALS = (
    *("no money", "malformed", "no key", "draining", "no ledger before", "no ledger after"),
    *("unknown id", "another's id"),
)
"""What else a client may meet; where its id is not its own, the answer is to the question alone."""

_NATIVE_ENDED = {"status": "failed", "images": [], "may_have_been_charged": False}
NATIVE = Tongue(
    name="native",
    path="/v1/edits",
    body=an_edit(),
    headers={"Prefer": "wait=0"},
    reads="/v1/edits/{id}?wait=5",
    id_of=lambda body: str(body["id"]),
    says={
        "delivered": (
            Said(202, {"id": ..., "may_have_been_charged": ...}),
            Said(200, {"status": "succeeded", "images.0.url": PICTURE, "charged": "0.05"}),
        ),
        "under way": (Said(202, {"status": ...}), Said(202, {"status": "running"})),
        "failed, charged": (
            Said(202),
            Said(200, {**_NATIVE_ENDED, "charged": "0.03", "error.code": "provider_failed"}),
        ),
        "failed, void": (
            Said(202),
            Said(200, {**_NATIVE_ENDED, "charged": "0.00", "error.code": "provider_failed"}),
        ),
        "in doubt": (
            Said(202),
            Said(200, {"may_have_been_charged": True, "error.code": "provider_in_doubt"}),
        ),
        "content refused": (
            Said(202),
            Said(200, {**_NATIVE_ENDED, "error.code": "content_refused"}),
        ),
        "no money": Said(402, {"code": "budget_exceeded", "asked": "0.04"}),
        "malformed": Said(422, {"code": "invalid_job", "detail": "`prompt` must not be empty."}),
        "no key": Said(401, {"code": "unauthorized"}),
        "draining": Said(503, {"code": "overloaded"}),
        "no ledger before": Said(503, {"code": "ledger_unavailable"}),
        "no ledger after": Said(202, {"id": ..., "may_have_been_charged": True}),
        "unknown id": Said(404, {"code": "not_found", "detail": "There is no edit by that id."}),
        "another's id": Said(404, {"code": "not_found", "detail": "There is no edit by that id."}),
    },
)

_ID, _TOP = "data.job_id", "job_id"
_CREATED = Said(200, {"code": 0, _ID: ..., _TOP: ..., "data.amount": "0.04"})
_WHY = "data.error"
SHORTAPI = Tongue(
    name="shortapi",
    path="/api/v1/job/create",
    body=shortapi_body(),
    reads="/api/v1/job/query?id={id}",
    id_of=lambda body: str(body["data"]["job_id"]),
    says={
        "delivered": (
            _CREATED,
            Said(200, {"data.status": 2, "data.result.images.0.url": PICTURE, _WHY: None}),
        ),
        "under way": (_CREATED, Said(200, {"data.status": 1, "data.result": None, _WHY: None})),
        "failed, charged": (
            _CREATED,
            Said(
                200,
                {
                    "code": 0,
                    "data.status": 3,
                    _WHY: "provider_failed: shortapi: it broke",
                    "data.refunded": False,
                },
            ),
        ),
        "failed, void": (
            _CREATED,
            Said(200, {"data.status": 3, "data.refunded": True, "data.amount": "0.04"}),
        ),
        "in doubt": (
            _CREATED,
            Said(
                200,
                {
                    "data.status": 3,
                    _WHY: "provider_in_doubt: shortapi: no answer",
                    "data.refunded": False,
                },
            ),
        ),
        "content refused": (
            _CREATED,
            Said(
                200,
                {
                    "data.status": 3,
                    _WHY: "content_refused: shortapi: not that face",
                    "data.refunded": True,
                },
            ),
        ),
        "no money": Said(402, {"code": 402, "info": ..., "data": None}),
        "malformed": Said(400, {"code": 400, "info": "`args.prompt` must not be empty."}),
        "no key": Said(401, {"code": 401, "info": ...}),
        "draining": Said(503, {"code": 503, "info": ...}),
        "no ledger before": Said(503, {"code": 503, "info": ...}),
        "no ledger after": Said(200, {"code": 0, _ID: ..., _TOP: ..., "info": None}),
        "unknown id": Said(404, {"code": 404, "info": "There is no edit by that id."}),
        "another's id": Said(404, {"code": 404, "info": "There is no edit by that id."}),
    },
)

_STARTED = Said(200, {"id": ..., "status": ..., "error": None, "output": None})
_OF_RUNPOD: dict[str, Any] = {
    "under way": (_STARTED, Said(200, {"status": "IN_PROGRESS", "output": None})),
    "failed, charged": (
        _STARTED,
        Said(200, {"status": "FAILED", "error": "provider_failed: shortapi: it broke"}),
    ),
    "failed, void": (
        _STARTED,
        Said(200, {"status": "FAILED", "error": "provider_failed: shortapi: no route"}),
    ),
    "in doubt": (
        _STARTED,
        Said(200, {"status": "FAILED", "error": "provider_in_doubt: shortapi: no answer"}),
    ),
    "content refused": (
        _STARTED,
        Said(200, {"status": "FAILED", "error": "content_refused: shortapi: not that face"}),
    ),
    "delivered": (
        _STARTED,
        Said(
            200,
            {
                "status": "COMPLETED",
                "output.result": PICTURE,
                "output.image_url": PICTURE,
                "output.cost": 0.05,
                "error": None,
            },
        ),
    ),
    "no money": Said(402, {"error": ..., "id": None}),
    "malformed": Said(400, {"error": "`input.prompt` must not be empty."}),
    "no key": Said(401, {"error": ...}),
    "draining": Said(503, {"error": ...}),
    "no ledger before": Said(503, {"error": ...}),
    "no ledger after": Said(200, {"id": ..., "status": "IN_QUEUE", "error": None}),
    "unknown id": Said(404, {"error": "There is no edit by that id."}),
    "another's id": Said(404, {"error": "There is no edit by that id."}),
}
RUNPOD = Tongue(
    name="runpod",
    path=f"/v2/{SLUG}/run",
    body=runpod_body(),
    reads=f"/v2/{SLUG}/status/{{id}}",
    id_of=lambda body: str(body["id"]),
    says=_OF_RUNPOD,
)
# Whoever is held until the end is answered at once as whoever asks afterwards.
HELD = replace(
    RUNPOD,
    name="runpod, held",
    path=f"/v2/{SLUG}/runsync",
    reads=f"/v2/{SLUG}/status-sync/{{id}}?wait=1000",
    says={
        **_OF_RUNPOD,
        **{
            outcome: (_OF_RUNPOD[outcome][1],) * 2 for outcome in OUTCOMES if outcome != "under way"
        },
    },
)
TONGUES = [NATIVE, SHORTAPI, RUNPOD, HELD]
EACH_TONGUE = pytest.mark.parametrize("tongue", TONGUES, ids=lambda tongue: tongue.name)


def bad_body(tongue: Tongue) -> dict[str, Any]:
    """A purchase that lacks words."""
    body = dict(tongue.body)
    for place in ("args", "input"):
        if place in body:
            return {**body, place: {**body[place], "prompt": " "}}
    return {**body, "prompt": " "}


@pytest.mark.parametrize("tongue", TONGUES, ids=lambda tongue: tongue.name)
def test_every_dialect_has_its_word_for_every_outcome(tongue: Tongue) -> None:
    """Who adds a dialect says here what its clients are told of each."""
    assert set(tongue.says) == {*OUTCOMES, *REFUSALS}


@pytest.mark.parametrize("outcome", OUTCOMES)
@EACH_TONGUE
async def test_what_becomes_of_an_edit(tmp_path: Path, tongue: Tongue, outcome: str) -> None:
    """Whatever a client speaks: one create, the same money, and its own words for it."""
    act, books = OUTCOMES[outcome]
    bought, read = tongue.says[outcome]
    async with open_front(tmp_path, policy=ONE_TRY) as front:
        if outcome == "under way":
            front.services.patience.hurry()  # Who would be held is answered at once.
        front.stage.troupe.acts["shortapi"].append(act)
        first = await tongue.buys(front)
        job_id = JobId(tongue.id_of(first.json))
        if outcome == "under way":
            await front.until(job_id, AttemptState.RUNNING)
        else:
            await front.stage.see(job_id, wait_s=5.0)
        second = await tongue.asks(front, job_id)
        told = await front.stage.books(job_id)
        sent = len(front.stage.troupe.sent)

    check_said(first, bought)
    check_said(second, read)
    assert (told, sent) == (books, 1)
    assert first.headers["Farebox-Job"] == second.headers["Farebox-Job"] == job_id
    assert second.headers["Farebox-Provider"] == "shortapi"
    assert second.headers["Farebox-Charged-USD"] == (
        books[0].rpartition(" ")[2] if "posted" in books[0] else "0.00"
    )
    assert "Farebox-Budget-Remaining-USD" in second.headers
    assert {first.status, second.status} & SEND_AGAIN == set()


class Shut:
    """A dispatcher whose ledger cannot be written."""

    errands: dict[str, Any] = {}  # noqa: RUF012 - nobody writes to it.

    async def submit(self, *_: object, **__: object) -> None:
        """Refuse."""
        raise LedgerUnavailable


class Blind:
    """A watcher whose ledger cannot be read."""

    async def watch(self, job_id: str, wait_s: float = 0.0) -> None:
        """Refuse."""
        raise LedgerUnavailable(f"{job_id} {wait_s}")


@dataclass(frozen=True)
class Trouble:
    """What is the matter, and what is asked for then."""

    setting: Callable[[], dict[str, Any]] = dict
    bought: int = 0


TROUBLES = {
    "no money": Trouble(lambda: {"policy": SHORT_OF_MONEY}),
    "malformed": Trouble(),
    "no key": Trouble(),
    "draining": Trouble(),
    "no ledger before": Trouble(lambda: {"dispatcher": Shut()}),
    "no ledger after": Trouble(lambda: {"watcher": Blind()}, bought=1),
}


@asynccontextmanager
async def a_house(folder: Path, name: str) -> AsyncIterator[Front]:
    """Open a house where something is the matter."""
    async with open_front(folder, **TROUBLES[name].setting()) as front:
        if name == "draining":
            front.services.draining.set()
        if name == "no key":
            front.key = None
        yield front


@pytest.mark.parametrize("trouble", TROUBLES)
@EACH_TONGUE
async def test_what_is_refused(tmp_path: Path, tongue: Tongue, trouble: str) -> None:
    """In the dialect's own words, with a status that tells whether sending again can cost."""
    body = bad_body(tongue) if trouble == "malformed" else None
    async with a_house(tmp_path, trouble) as front:
        answer = await tongue.buys(front, body)
        rows = await front.stage.ledger.jobs_of("acme")

    check_said(answer, tongue.says[trouble])
    assert len(rows) == TROUBLES[trouble].bought
    assert not (rows and answer.status in SEND_AGAIN)
    assert answer.headers.get("Farebox-Job") == (rows[0].id if rows else None)


@EACH_TONGUE
async def test_an_id_that_is_not_ones_own(tmp_path: Path, tongue: Tongue) -> None:
    """Another tenant's job is not told apart from one that never was."""
    async with open_front(tmp_path) as front:
        theirs = tongue.id_of((await tongue.buys(front)).json)
        _, key = await front.mint("mallory")
        answers = [await tongue.asks(front, job, key=key) for job in (NOBODYS, theirs)]
        own = await tongue.asks(front, theirs)

    check_said(answers[0], tongue.says["unknown id"])
    check_said(answers[1], tongue.says["another's id"])
    assert own.status == 200


@EACH_TONGUE
async def test_a_key_of_idempotency_is_kept_in_every_dialect(
    tmp_path: Path, tongue: Tongue
) -> None:
    """Twice the same request with one key is one job, and the answer says so."""
    with_key = replace(tongue, headers={**tongue.headers, "Idempotency-Key": "order-7"})
    async with open_front(tmp_path) as front:
        first, second = [await with_key.buys(front) for _ in range(2)]
        sent = len(front.stage.troupe.sent)

    assert tongue.id_of(first.json) == tongue.id_of(second.json)
    assert [one.headers.get("Idempotent-Replayed") for one in (first, second)] == [None, "true"]
    assert sent == 1
