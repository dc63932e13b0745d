import asyncio
import os
import socket
import stat
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from router.model.job import AttemptState, JobState
from router.web.limits import Limits
from router.web.server import serve_on
from router.web.waiting import Patience
from tests.web_stage import AT_ONCE, NEVER, Front, an_edit, open_front, open_house, soon


async def asked(front: Front, port: int) -> asyncio.Task[aiohttp.ClientResponse]:
    """Ask the real server for an edit whose client waits, and give its task once it is held."""
    _, key = await front.mint()

    async def ask() -> aiohttp.ClientResponse:
        async with aiohttp.ClientSession(headers={"Authorization": key}) as session:
            url = f"http://127.0.0.1:{port}/v1/edits"
            async with session.post(url, json=an_edit()) as answer:
                await answer.read()
                return answer

    task = front.stage.tasks.start("ask", ask())
    await soon(lambda: front.services.patience.waiting)
    (job,) = await front.stage.ledger.unfinished_jobs()
    await front.until(job.id, AttemptState.RUNNING)
    return task


async def test_every_answer_is_marked(tmp_path: Path) -> None:
    """Nobody on the way may keep it, no browser may guess what it is, and no version is told."""
    async with open_front(tmp_path) as front:
        answers = [await front.ask("GET", path) for path in ("/livez", "/nothing", "/v1/edits")]

    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Server"] == "farebox"


async def test_the_end_of_the_server_answers_whoever_waits(tmp_path: Path) -> None:
    """A client learns where its job is, instead of losing the connection to what it paid for."""
    async with open_house(tmp_path) as front:
        front.stage.troupe.acts["shortapi"].append(NEVER)
        async with serve_on(front.app, "127.0.0.1", 0) as listener:
            task = await asked(front, listener.port)
        answer = await task
        (job,) = await front.stage.ledger.unfinished_jobs()

    assert answer.status == 202
    assert answer.headers["Location"] == f"/v1/edits/{job.id}"
    assert front.services.draining.is_set()


async def test_an_answer_to_nobody_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The client went away while its job ran: the job ends well, and nothing is logged."""
    async with open_house(tmp_path) as front:
        front.stage.troupe.acts["shortapi"].append(replace(AT_ONCE, ends_after_s=4))
        async with serve_on(front.app, "127.0.0.1", 0) as listener:
            task = await asked(front, listener.port)
            task.cancel()
            await asyncio.wait([task])
            front.clock.advance(4)
            await soon(lambda: not front.services.patience.waiting)
        (job,) = await front.stage.ledger.jobs_of("acme")

    assert job.state is JobState.SUCCEEDED
    assert front.stage.audience.alarms == []
    assert caplog.records == []


class Endless:
    """Metrics that do not fit into anybody's buffers."""

    async def scrape(self) -> bytes:
        """See `Metrics`."""
        return b"x" * 40_000_000


async def test_a_client_that_does_not_take_its_answer_is_dropped(tmp_path: Path) -> None:
    """It does not hold its connection, and the answer in memory, for ever."""
    limits = Limits(write_deadline_s=0.02)
    async with (
        open_house(tmp_path, limits=limits, metrics=Endless()) as front,
        serve_on(front.app, "127.0.0.1", 0) as listener,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await soon(lambda: not listener.connections)
        taken = 0
        try:
            while piece := await reader.read(1_000_000):
                taken += len(piece)
        except ConnectionResetError:
            pass
        writer.close()

    assert taken < 40_000_000
    assert front.stage.audience.alarms == []


async def test_the_operators_socket_is_nobody_elses(tmp_path: Path) -> None:
    """Its mode is 0600, a dead server's is replaced, and it goes away with the server."""
    path = tmp_path / "farebox.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    umask = os.umask(0o022)
    os.umask(umask)
    async with open_house(tmp_path) as front:
        async with serve_on(front.app, "127.0.0.1", 0, unix_socket=path) as listener:
            mode = path.stat().st_mode
            assert listener.port > 0
        assert not path.exists()
    again = os.umask(umask)

    assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)
    assert again == umask


async def test_a_file_is_not_taken_for_a_socket(tmp_path: Path) -> None:
    """It is somebody's, and stays; the port is free again."""
    path = tmp_path / "notes.txt"
    path.write_text("do not delete")
    async with open_house(tmp_path) as front:
        with pytest.raises(FileExistsError, match="no socket"):
            async with serve_on(front.app, "127.0.0.1", 0, unix_socket=path):
                raise AssertionError("it must not start")

    assert path.read_text() == "do not delete"


async def test_a_path_that_is_too_long_for_a_socket_is_told(tmp_path: Path) -> None:
    """Before anybody is served."""
    path = tmp_path / ("x" * 120)
    async with open_house(tmp_path) as front:
        with pytest.raises(OSError, match="path too long"):
            async with serve_on(front.app, "127.0.0.1", 0, unix_socket=path):
                raise AssertionError("it must not start")


async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    """And what was started is ended."""
    async with (
        open_house(tmp_path / "a") as one,
        open_house(tmp_path / "b") as two,
        serve_on(one.app, "127.0.0.1", 0) as listener,
    ):
        with pytest.raises(OSError, match="in use"):
            async with serve_on(two.app, "127.0.0.1", listener.port):
                raise AssertionError("it must not start")


class Stubborn(Patience):
    """Cannot be hurried."""

    def hurry(self) -> None:
        """Fail."""
        raise ZeroDivisionError


async def test_a_failure_to_hurry_is_an_alarm(tmp_path: Path) -> None:
    """A person learns why requests are cut off at the end."""
    async with open_front(tmp_path, patience=Stubborn()) as front:
        front.services.draining.set()
        await soon(lambda: front.stage.audience.alarms)
        (alarm,) = front.stage.audience.heard("alarm")

    assert (alarm.what, alarm.detail[:24]) == ("crashed", "hurry: ZeroDivisionError")


async def test_it_listens_where_it_is_told(tmp_path: Path) -> None:
    """On the address and the port that were given."""
    async with (
        open_house(tmp_path) as front,
        serve_on(front.app, "127.0.0.1", 0) as listener,
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{listener.port}/livez") as answer,
    ):
        assert await answer.json() == {"alive": True}
        assert answer.headers["Server"] == "farebox"
