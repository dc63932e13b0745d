import json
from pathlib import Path

import pytest

from router.model.job import AttemptState
from router.web.limits import Limits
from tests.web_stage import Front, open_front

PATH = "/callbacks/shortapi/"


async def a_token(front: Front) -> str:
    """Have an attempt under way; gives its token."""
    answer = await front.running()
    return (await front.stage.ledger.attempts_of(answer.json["id"]))[0].callback_token


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"not json", b'{"data": {"job_id": "x"}}', b"\xff", b"[" * 50_000, b"null"],
)
async def test_the_bell_takes_anything_and_tells_nothing(tmp_path: Path, body: bytes) -> None:
    """Whatever is said, the answer is an empty object, and the job is as it was."""
    async with open_front(tmp_path) as front:
        token = await a_token(front)
        front.key = None
        answer = await front.ask("POST", PATH + token, body)
        rang = front.stage.audience.heard("callback_rang")
        states = [row.state for row in await front.stage.ledger.open_attempts()]

    assert (answer.status, answer.json) == (200, {})
    assert [event.verdict for event in rang] == ["known"]
    assert states == [AttemptState.RUNNING]


@pytest.mark.parametrize("token", ["0" * 32, "short", "0" * 31 + "Z", "0" * 200])
async def test_a_token_of_nobodys_is_not_there(tmp_path: Path, token: str) -> None:
    """Guessing learns nothing."""
    async with open_front(tmp_path) as front:
        answer = await front.ask("POST", PATH + token, {"id": "j-1"})

    assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert token not in json.dumps(answer.json)


async def test_a_token_is_for_its_own_provider(tmp_path: Path) -> None:
    """Another's door, or none, is not opened by it."""
    async with open_front(tmp_path) as front:
        token = await a_token(front)
        others = [
            await front.ask("POST", f"/callbacks/{name}/{token}", {}) for name in ("runpod", "me")
        ]

    assert [answer.status for answer in others] == [404, 404]


async def test_a_callback_has_a_size_limit_of_its_own(tmp_path: Path) -> None:
    """Far below that of an edit."""
    limits = Limits(callback_bytes_max=60)
    async with open_front(tmp_path, limits=limits) as front:
        token = await a_token(front)
        fits = await front.ask("POST", PATH + token, b"x" * 60)
        over = await front.ask("POST", PATH + token, b"x" * 61)

    assert [fits.status, over.status] == [200, 413]
    assert over.json["code"] == "too_large"
