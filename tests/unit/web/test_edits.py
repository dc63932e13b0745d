from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from router.model.errors import (
    LedgerUnavailable,
    ProviderInDoubt,
    ProviderRefused,
    ProviderThrottled,
    ProviderUnreachable,
    Refusal,
)
from router.model.ids import AttemptId
from router.model.job import AttemptState, JobState
from router.web.keys import Role
from router.web.server import serve_on
from tests.ledger_kit import usd
from tests.policy_files import a_policy
from tests.stage import Act, failed, reported
from tests.web_stage import AT_ONCE, NEVER, Answer, Front, an_edit, open_front, open_house, soon

OWN = [{"name": "own", "who": "each_tenant", "limit": "$70.00", "per": "month"}]
"""A tenant is told what is left of what is its own alone."""


def refusing(error: Exception) -> Act:
    """Build an act whose create is answered with an error."""
    return Act(refuses=error, answers_after_s=0.0)


def ending(error: Exception) -> Act:
    """Build an act whose job ends with an error."""
    return replace(AT_ONCE, ends=error)


async def after(front: Front, *acts: Act, provider: str = "shortapi") -> Answer:
    """Ask for an edit whose creates meet these acts."""
    front.stage.troupe.acts[provider].extend(acts)
    return await front.edit()


# Buying.


async def test_an_edit_is_bought_and_answered_when_it_has_ended(tmp_path: Path) -> None:
    """The reply has the image, what was charged, and what the tightest budget has left."""
    async with open_front(tmp_path, policy=a_policy(budgets=OWN)) as front:
        answer = await after(front, replace(AT_ONCE, charge=reported("0.05")))
        overhead = front.stage.audience.heard("overhead")
        books = await front.stage.books(answer.json["id"])

    body = answer.json
    assert answer.status == 200
    assert body["status"] == "succeeded"
    assert body["images"][0]["url"] == "https://results.example/green-sky.png"
    assert (body["provider"], body["quoted"], body["charged"]) == ("shortapi", "0.04", "0.05")
    assert body["decision"]["rule"] == "lowest price"
    assert books == ["shortapi posted 0.05"]
    assert answer.headers["Farebox-Job"] == body["id"]
    assert answer.headers["Farebox-Budget-Remaining-USD"] == "69.95"
    assert answer.headers["Cache-Control"] == "no-store"
    assert [event.seconds for event in overhead] == [0.0]


async def test_the_next_offer_is_told_with_the_first(tmp_path: Path) -> None:
    """A failover is one job with two attempts."""
    async with open_front(tmp_path) as front:
        answer = await after(front, refusing(ProviderUnreachable("no route")))

    body = answer.json
    assert (answer.status, body["status"], body["provider"]) == (200, "succeeded", "runpod")
    assert [attempt["money"] for attempt in body["attempts"]] == ["voided", "posted"]
    assert [attempt["outcome"] for attempt in body["attempts"]] == [
        "provider_unreachable",
        "delivered",
    ]


async def test_when_every_attempt_is_void_the_failure_is_a_502(tmp_path: Path) -> None:
    """Nothing was charged and nothing can be, so asking again is harmless."""
    async with open_front(tmp_path) as front:
        front.stage.troupe.acts["runpod"].append(refusing(ProviderThrottled("busy")))
        answer = await after(front, refusing(ProviderUnreachable("no route")))

    assert (answer.status, answer.json["code"]) == (502, "provider_failed")
    assert answer.json["retryable"] is True
    assert answer.json["may_have_been_charged"] is False
    assert answer.json["detail"] == "shortapi: no route; runpod: busy"
    assert answer.json["job_id"] == answer.headers["Farebox-Job"]
    assert answer.headers["Farebox-Charged-USD"] == "0.00"


async def test_a_refused_picture_is_the_requests_fault(tmp_path: Path) -> None:
    """It is 422, and nobody else is asked."""
    error = ProviderRefused("not that picture", reason=Refusal.CONTENT)
    async with open_front(tmp_path) as front:
        answer = await after(front, refusing(error))
        sent = len(front.stage.troupe.sent)

    assert (answer.status, answer.json["code"]) == (422, "content_refused")
    assert answer.json["retryable"] is False
    assert sent == 1


async def test_a_failure_that_was_charged_is_a_200(tmp_path: Path) -> None:
    """A client that sends again on 5xx would pay twice."""
    async with open_front(tmp_path, policy=a_policy(failover={"providers_max": 1})) as front:
        answer = await after(front, ending(failed(reported=reported("0.03"))))

    body = answer.json
    assert (answer.status, body["status"], body["charged"]) == (200, "failed", "0.03")
    assert body["error"]["code"] == "provider_failed"


async def test_a_job_in_doubt_that_has_ended_is_a_200(tmp_path: Path) -> None:
    """Its money may be gone, and the body says so."""
    async with open_front(tmp_path, policy=a_policy(failover={"providers_max": 1})) as front:
        answer = await after(front, refusing(ProviderInDoubt("no answer")))

    body = answer.json
    assert (answer.status, body["status"]) == (200, "failed")
    assert (body["error"]["code"], body["may_have_been_charged"]) == ("provider_in_doubt", True)
    assert body["attempts"][0]["money"] == "in_doubt"


async def test_a_job_in_doubt_that_may_yet_come_is_a_202(tmp_path: Path) -> None:
    """Where callbacks can still find it, it runs on."""
    policy = a_policy(failover={"providers_max": 1})
    async with open_front(tmp_path, policy=policy, callbacks=True) as front:
        front.stage.troupe.acts["shortapi"].append(refusing(ProviderInDoubt("no answer")))
        answer = await front.edit({"Prefer": "respond-async"})
        await front.until(answer.json["id"], AttemptState.IN_DOUBT)
        again = await front.ask("GET", answer.headers["Location"])

    assert [answer.status, again.status] == [202, 202]
    assert (again.json["status"], again.json["may_have_been_charged"]) == ("running", True)


async def test_an_edit_that_does_not_fit_a_budget_is_a_402(tmp_path: Path) -> None:
    """With what stands in the way; nothing is held, and other statuses would be tried again."""
    budgets = [{"name": "small", "who": "each_tenant", "limit": "$0.03", "per": "day"}]
    async with open_front(tmp_path, policy=a_policy(budgets=budgets)) as front:
        answer = await front.edit()
        used = await front.stage.used("small")

    assert answer.status == 402
    assert answer.headers["Farebox-Budget-Remaining-USD"] == "0.03"
    assert answer.json == {
        "type": "urn:farebox:problem:budget_exceeded",
        "title": "The edit does not fit a budget. Nothing was held, nothing was sent.",
        "status": 402,
        "detail": "The edit costs $0.04 and the budget 'small' (tenant:acme) has $0.03 of $0.03 "
        "left.",
        "code": "budget_exceeded",
        "retryable": False,
        "may_have_been_charged": False,
        "budget": "small",
        "scope": "tenant:acme",
        "window_end": "2026-11-21T00:00:00.000000Z",
        "rolls": False,
        "limit": "0.03",
        "posted": "0.00",
        "presumed": "0.00",
        "held": "0.00",
        "in_doubt": "0.00",
        "available": "0.03",
        "asked": "0.04",
    }
    assert used == usd("0")


async def test_an_edit_that_nobody_can_serve_is_a_503(tmp_path: Path) -> None:
    """It says why each cannot; asking again would not help, so it is not invited."""
    async with open_front(tmp_path) as front:
        answer = await front.edit(price_max="0.01")

    assert (answer.status, answer.json["code"]) == (503, "no_provider_qualifies")
    assert "above this job's maximum of $0.01" in answer.json["detail"]
    assert answer.json["retryable"] is False
    assert "Retry-After" not in answer.headers
    assert answer.headers["Farebox-Charged-USD"] == "0.00"


async def test_an_edit_that_nobody_can_serve_for_now_invites_to_ask_again(tmp_path: Path) -> None:
    """A provider that is set aside may be well again soon."""
    async with open_front(tmp_path) as front:
        for provider in ("shortapi", "runpod"):
            front.stage.health.doubted(provider, AttemptId(f"{provider}.1"), usd("3.00"))
        answer = await front.edit()

    assert (answer.status, answer.json["code"]) == (503, "no_provider_qualifies")
    assert answer.json["retryable"] is True
    assert answer.headers["Retry-After"] == "5"


async def test_a_ledger_that_takes_nothing_is_a_503(tmp_path: Path) -> None:
    """Fail closed: what cannot be written down is not bought."""
    async with open_front(tmp_path) as front:
        front.stage.writer.admitting = False
        answer = await front.edit()
        sent = front.stage.troupe.sent

    assert (answer.status, answer.json["code"]) == (503, "ledger_unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert sent == []


# Waiting.


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [("respond-async", "respond-async"), ("wait=0", "wait=0"), ("wait=0.001", "wait=0.001")],
)
async def test_a_client_says_how_long_it_waits(tmp_path: Path, prefer: str, applied: str) -> None:
    """Then it is told where to look, and that its preference was honoured."""
    async with open_front(tmp_path) as front:
        front.stage.troupe.acts["shortapi"].append(NEVER)
        answer = await front.edit({"Prefer": prefer})
        await front.until(answer.json["id"], AttemptState.RUNNING)

    assert answer.status == 202
    assert answer.headers["Location"] == f"/v1/edits/{answer.json['id']}"
    assert (answer.headers["Retry-After"], answer.headers["Preference-Applied"]) == ("2", applied)
    assert answer.json["status"] in {"queued", "running"}


async def waiting(front: Front) -> None:
    """Let others run until a request is held."""
    await soon(lambda: front.services.patience.waiting)


async def test_by_default_a_client_waits_until_the_deadline(tmp_path: Path) -> None:
    """At which the job has failed, and says so, instead of a 202 in the last moment."""
    async with open_front(tmp_path) as front:
        front.stage.troupe.acts["shortapi"].append(NEVER)
        asking = front.stage.tasks.start("ask", front.edit(deadline_s=20))
        await waiting(front)
        await front.until((await front.stage.ledger.unfinished_jobs())[0].id, AttemptState.RUNNING)
        front.clock.advance(20)
        answer = await asking

    assert (answer.status, answer.json["status"]) == (200, "failed")
    assert answer.json["error"]["code"] == "deadline_exceeded"


async def test_reading_a_job_can_wait_for_its_end(tmp_path: Path) -> None:
    """And whoever reads it after its end gets it at once."""
    async with open_front(tmp_path) as front:
        front.stage.troupe.acts["shortapi"].append(replace(AT_ONCE, ends_after_s=7))
        first = await front.edit({"Prefer": "respond-async"})
        path = f"/v1/edits/{first.json['id']}"
        await front.until(first.json["id"], AttemptState.RUNNING)
        asking = front.stage.tasks.start("ask", front.ask("GET", f"{path}?wait=60"))
        await waiting(front)
        front.clock.advance(7)
        held = await asking
        again = await front.ask("GET", f"{path}?wait=60")

    assert (first.status, held.status, again.status) == (202, 200, 200)
    assert held.json == again.json
    assert held.json["attempts"][0]["seconds"] == 7.0
    assert held.headers["Farebox-Provider"] == "shortapi"


async def test_draining_answers_whoever_waits_and_buys_nothing_more(tmp_path: Path) -> None:
    """A waiting client learns where to look; a new one is sent elsewhere."""
    async with open_front(tmp_path) as front:
        front.stage.troupe.acts["shortapi"].append(NEVER)
        asking = front.stage.tasks.start("ask", front.edit())
        await waiting(front)
        front.services.draining.set()
        held = await asking
        refused = await front.edit()
        reading = await front.ask("GET", f"/v1/edits/{held.json['id']}?wait=600")
        jobs = await front.stage.ledger.jobs_of("acme")

    assert (held.status, held.headers["Location"]) == (202, f"/v1/edits/{held.json['id']}")
    assert (refused.status, refused.json["code"]) == (503, "overloaded")
    assert refused.headers["Retry-After"] == "2"
    assert reading.status == 202
    assert len(jobs) == 1


@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_a_client_that_goes_away_changes_nothing(tmp_path: Path, is_cancelled: bool) -> None:  # noqa: FBT001
    """Whether the server cancels its handler, as a test's does, or not, as ours does not."""
    async with open_house(tmp_path) as front:
        front.stage.troupe.acts["shortapi"].append(replace(AT_ONCE, ends_after_s=5))
        _, key = await front.mint()
        headers = {"Authorization": key}
        if is_cancelled:
            serving: Any = TestServer(front.app)
        else:
            serving = serve_on(front.app, "127.0.0.1", 0)
        async with serving as server, aiohttp.ClientSession(headers=headers) as session:
            url = f"http://127.0.0.1:{server.port}/v1/edits"
            asking = front.stage.tasks.start("ask", session.post(url, json=an_edit()))
            await waiting(front)
            job = (await front.stage.ledger.unfinished_jobs())[0]
            await front.until(job.id, AttemptState.RUNNING)
            asking.cancel()
            if is_cancelled:
                await soon(lambda: not front.services.patience.waiting)
            assert not front.stage.dispatcher.errands[job.id].ended.is_set()
            front.clock.advance(5)
            view = await front.stage.see(job.id)

    assert view.row.state is JobState.SUCCEEDED
    assert view.charged == usd("0.04")


# Idempotency.


async def test_the_same_key_is_the_same_purchase(tmp_path: Path) -> None:
    """The second reply is the first one, marked; another request under the key is refused."""
    async with open_front(tmp_path) as front:
        first = await front.edit({"Idempotency-Key": '"k-1"'})
        second = await front.edit({"Idempotency-Key": "k-1"}, resolution="1K")
        other = await front.edit({"Idempotency-Key": "k-1"}, resolution="2k")
        fresh = await front.edit({"Idempotency-Key": "k-2"})
        _, theirs = await front.mint("other")
        foreign = await front.edit({"Idempotency-Key": "k-1", "Authorization": f"Bearer {theirs}"})
        sent = len(front.stage.troupe.sent)

    assert second.json == first.json
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (other.status, other.json["code"]) == (422, "idempotency_conflict")
    assert len({first.json["id"], fresh.json["id"], foreign.json["id"]}) == 3
    assert sent == 3


async def test_a_replay_of_a_running_job_waits_with_it(tmp_path: Path) -> None:
    """Both requests are about one job, and neither is told to come back with 409."""
    async with open_front(tmp_path) as front:
        front.stage.troupe.acts["shortapi"].append(NEVER)
        headers = {"Idempotency-Key": "k-1", "Prefer": "respond-async"}
        first = await front.edit(headers)
        second = await front.edit(headers)
        await front.until(first.json["id"], AttemptState.RUNNING)

    assert [first.status, second.status] == [202, 202]
    assert first.json["id"] == second.json["id"]
    assert second.headers["Idempotent-Replayed"] == "true"


async def test_a_bad_idempotency_key_is_refused(tmp_path: Path) -> None:
    """Dropping it would buy twice what was meant once."""
    async with open_front(tmp_path) as front:
        answer = await front.edit({"Idempotency-Key": "two words"})

    assert (answer.status, answer.json["code"]) == (400, "malformed")


# What is answered once money may be gone.


async def test_a_reply_that_cannot_be_read_from_the_books_is_a_202(tmp_path: Path) -> None:
    """The edit is bought: a 503 would have it bought again."""

    class Blind:
        """Cannot see a job's end."""

        async def watch(self, job_id: str, wait_s: float = 0.0) -> None:
            """Refuse."""
            raise LedgerUnavailable(f"{job_id} {wait_s}")

    async with open_front(tmp_path, watcher=Blind()) as front:
        answer = await front.edit()
        jobs = await front.stage.ledger.jobs_of("acme")

    assert answer.status == 202
    assert answer.headers["Location"] == f"/v1/edits/{jobs[0].id}"
    assert answer.json["may_have_been_charged"] is True


# Cancelling.


async def test_a_running_job_is_cancelled_at_its_provider(tmp_path: Path) -> None:
    """Its final answer settles what it cost; until then it runs."""
    async with open_front(tmp_path) as front:
        running = await front.running()
        path = running.headers["Location"]
        answer = await front.ask("POST", f"{path}/cancel")
        asked = front.stage.troupe.cancelled

    assert (answer.status, answer.json["status"]) == (202, "running")
    assert len(asked) == 1


async def test_a_job_that_was_not_sent_is_cancelled_at_once(tmp_path: Path) -> None:
    """Its hold is void, and it has cost nothing."""
    async with open_front(tmp_path) as front:
        while front.stage.slots.try_take("shortapi"):
            pass
        queued = await front.edit({"Prefer": "respond-async"})
        answer = await front.ask("POST", f"{queued.headers['Location']}/cancel")
        again = await front.ask("POST", f"{queued.headers['Location']}/cancel")
        used = await front.stage.used()

    assert queued.json["status"] == "queued"
    assert (answer.status, answer.json["status"]) == (200, "cancelled")
    assert answer.json["attempts"][0]["money"] == "voided"
    assert again.json == answer.json
    assert used == usd("0")


# Reading.


async def test_another_tenants_job_is_not_there(tmp_path: Path) -> None:
    """Reading and cancelling it are 404, as of a job that never was; admins see all."""
    async with open_front(tmp_path) as front:
        running = await front.running()
        path = running.headers["Location"]
        keys = {
            "their client": (await front.mint("other"))[1],
            "their viewer": (await front.mint("other", Role.VIEWER))[1],
            "our viewer": (await front.mint("acme", Role.VIEWER))[1],
            "their admin": (await front.mint("other", Role.ADMIN))[1],
            "everyone's viewer": (await front.mint("everyone", Role.VIEWER))[1],
        }
        reads = {who: (await front.ask("GET", path, key=key)).status for who, key in keys.items()}
        cancel = await front.ask("POST", f"{path}/cancel", key=keys["their client"])
        unwanted = await front.ask("POST", f"{path}/cancel", key=keys["our viewer"])
        never = await front.ask("GET", "/v1/edits/0199d6f0-0000-7000-8000-000000000009")

    assert reads == {
        "their client": 404,
        "their viewer": 404,
        "our viewer": 202,
        "their admin": 202,
        "everyone's viewer": 202,
    }
    assert cancel.status == 404
    assert cancel.json == never.json
    assert (unwanted.status, unwanted.json["code"]) == (403, "forbidden")
    assert front.stage.troupe.cancelled == []


@pytest.mark.parametrize("name", ["x", "0199d6f0", "..", "%00", "a" * 500])
async def test_what_is_no_jobs_id_is_not_there(tmp_path: Path, name: str) -> None:
    """The ledger is not even asked."""
    async with open_front(tmp_path) as front:
        answer = await front.ask("GET", f"/v1/edits/{name}")

    assert answer.status == 404
    assert answer.json["code"] == "not_found"


async def test_a_tenants_jobs_are_listed_newest_first(tmp_path: Path) -> None:
    """In pages, by status, and never another tenant's."""
    async with open_front(tmp_path) as front:
        ids = []
        for _ in range(3):
            ids.append((await front.edit()).json["id"])
            front.clock.advance(1)
        _, theirs = await front.mint("other")
        foreign = (await front.ask("POST", "/v1/edits", an_edit(), key=theirs)).json["id"]
        page = await front.ask("GET", "/v1/edits?limit=2")
        rest = await front.ask("GET", f"/v1/edits?limit=2&after={page.json['after']}")
        failed_ = await front.ask("GET", "/v1/edits?status=failed")
        mine = await front.ask("GET", "/v1/edits?tenant=acme")
        refused = await front.ask("GET", "/v1/edits?tenant=other")
        _, admin = await front.mint("house", Role.ADMIN)
        seen = await front.ask("GET", "/v1/edits?tenant=other&status=succeeded", key=admin)

    assert [job["id"] for job in page.json["edits"]] == [ids[2], ids[1]]
    assert page.json["after"] == ids[1]
    assert [job["id"] for job in rest.json["edits"]] == [ids[0]]
    assert rest.json["after"] is None
    assert page.json["edits"][0]["attempts"][0]["money"] == "posted"
    assert failed_.json == {"edits": [], "after": None}
    assert [job["id"] for job in mine.json["edits"]] == ids[::-1]
    assert (refused.status, refused.json["code"]) == (403, "forbidden")
    assert [job["id"] for job in seen.json["edits"]] == [foreign]


@pytest.mark.parametrize(
    "query",
    [
        "status=done",
        "after=yesterday",
        "limit=0",
        "limit=101",
        "limit=1e2",
        "limit=",
        "page=2",
        "limit=1&limit=2",
    ],
)
async def test_a_query_that_is_not_understood_is_refused(tmp_path: Path, query: str) -> None:
    """A mistyped filter would otherwise show something else."""
    async with open_front(tmp_path) as front:
        answer = await front.ask("GET", f"/v1/edits?{query}")

    assert (answer.status, answer.json["code"]) == (400, "malformed")


async def test_reading_with_a_wait_that_is_none_is_refused(tmp_path: Path) -> None:
    """Before the job is looked for."""
    async with open_front(tmp_path) as front:
        answer = await front.ask("GET", "/v1/edits/x?wait=soon")

    assert (answer.status, answer.json["code"]) == (400, "malformed")
