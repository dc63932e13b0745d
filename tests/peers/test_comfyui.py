"""What went wrong in ComfyUI's partner nodes, by the number of the pull request; and here."""

import asyncio
from pathlib import Path

import pytest

from router.model.errors import ProviderInDoubt
from router.model.job import JobState
from router.providers.wire import Call
from router.upstream.transport import Endpoint, HttpTransport
from tests.ledger_kit import usd
from tests.policy_files import a_policy
from tests.raw_server import RawServer, Visit
from tests.stage import Act, Stage, play

CALL = Call(method="POST", path="/api/v1/job/create", body=b'{"model": "any"}')
NEVER_TWICE = a_policy(failover={"providers_max": 2, "double_spend_max": "$0"})


def test_comfyui_16204_one_click_is_one_submission(tmp_path: Path) -> None:
    """
    There, one click became four submissions, all four billed, when answers came late; here, a
    create without an answer is never sent again, however often its client asks under its key.
    """

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=ProviderInDoubt("no answer in time"))]
        clicks = await asyncio.gather(*(stage.submit("click-1") for _ in range(4)))
        view = await stage.see(clicks[0])
        clicks += [await stage.submit("click-1") for _ in range(3)]
        assert set(clicks) == {view.row.id}
        assert view.row.state is JobState.FAILED
        assert view.may_have_been_charged
        assert [sent.provider for sent in stage.troupe.sent] == ["shortapi"]
        assert await stage.used() == usd("0.04")

    play(tmp_path, story, policy=NEVER_TWICE, callbacks=False)


async def test_comfyui_16204_what_left_once_does_not_leave_again() -> None:
    """
    There, the client's own retries sent the paid request again; here, when a provider reads a
    create whole and hangs up without a word, it has read it once, and the outcome is in doubt.
    """

    async def hang_up(visit: Visit) -> None:
        await visit.read_request()

    async with RawServer(hang_up) as server:
        endpoints = {"shortapi": Endpoint(server.url, "k")}
        async with HttpTransport(endpoints) as transport:
            with pytest.raises(ProviderInDoubt):
                await transport.create("shortapi", CALL, deadline_s=5.0)
        bodies = [body for visit in server.visits for body in visit.bodies]

    assert bodies == [CALL.body]
