import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from router.cli import client
from router.cli.client import Door, Where, is_answering, is_server_beside, reach
from router.cli.mistakes import NO, USAGE, Mistake
from router.settings import Settings, read_settings
from tests.commands import Commands


async def _answer(request: web.Request) -> web.Response:
    match request.path:
        case "/page":
            return web.Response(status=502, text="<html>")
        case "/slow" | "/silent/livez":
            await asyncio.Event().wait()
            raise AssertionError
        case "/problem":
            return web.json_response({"detail": "It does not fit."}, status=402)
        case "/closed":
            return web.json_response({"detail": "A key is needed."}, status=401)
        case _:
            key = request.headers.get("Authorization")
            return web.json_response({"key": key, "query": dict(request.query)})


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A server that answers in a few ways."""
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", _answer)
    # Some answers are never given, and their end is not waited for.
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def settings() -> Settings:
    """The defaults."""
    return read_settings({})


async def test_a_server_is_asked_with_its_key(url: str) -> None:
    """And the answer is its document."""
    async with reach(Where(settings=settings(), url=url, key="fbx_1")) as door:
        document = await door.ask("GET", "/v1/spend", query={"by": "day"})

    assert document == {"key": "Bearer fbx_1", "query": {"by": "day"}}


@pytest.mark.parametrize(
    ("path", "told", "code"),
    [
        ("/problem", "It does not fit.", NO),
        ("/closed", "A key is needed. Commands take it from FAREBOX_KEY. On the router's", USAGE),
        ("/page", "answered 502, not as a Farebox does: is the URL right?", USAGE),
    ],
)
async def test_a_refusal_is_told_in_its_own_words(
    url: str, path: str, told: str, code: int
) -> None:
    """What is no Farebox is told as such."""
    async with aiohttp.ClientSession() as session:
        door = Door(session, url, {}, "there")
        with pytest.raises(Mistake) as refused:
            await door.ask("GET", path)

    assert told in str(refused.value)
    assert refused.value.exit_code == code


async def test_a_socket_that_is_left_behind_answers_nobody(tmp_path: Path) -> None:
    """A file is no server."""
    left = tmp_path / "s"
    left.touch()

    assert not await is_answering(left)
    assert not await is_answering(tmp_path / "none")


async def test_there_is_no_server_beside_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database's own folder is where it would be."""
    monkeypatch.chdir(tmp_path)

    assert not await is_server_beside(Where(settings=settings()))


def test_where_is_read_from_options_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An option beats its variable; the key comes from the environment, never from an option."""
    monkeypatch.setenv("FAREBOX_DATABASE", "sqlite:///a.db")
    monkeypatch.setenv("FAREBOX_KEY", "fbx_2")

    where = Where.of("http://router/", "sqlite:///b.db")

    assert (where.url, where.key) == ("http://router", "fbx_2")
    assert where.settings.database == "sqlite:///b.db"
    assert "fbx_2" not in repr(where)


def test_a_commands_key_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As every variable may: a container's secret is one."""
    (tmp_path / "key").write_text("fbx_3\n", "utf-8")
    monkeypatch.delenv("FAREBOX_KEY", raising=False)
    monkeypatch.setenv("FAREBOX_KEY_FILE", str(tmp_path / "key"))

    assert Where.of("http://router/", None).key == "fbx_3"


async def test_what_is_not_there_is_told() -> None:
    """With its address, before anything was asked."""
    where = Where(settings=settings(), url="http://127.0.0.1:1", key=None)
    with pytest.raises(Mistake, match=r"cannot reach http://127\.0\.0\.1:1: Cannot connect"):
        async with reach(where):
            raise AssertionError

    async with aiohttp.ClientSession() as session:
        with pytest.raises(Mistake, match="cannot reach there: Cannot connect"):
            await Door(session, "http://127.0.0.1:1", {}, "there").ask("GET", "/")


async def test_what_does_not_answer_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits half a minute for an address that is wrong."""
    monkeypatch.setattr(client, "REACH_S", 0.01)
    where = Where(settings=settings(), url=f"{url}/silent", key=None)
    with pytest.raises(Mistake, match=r"no answer within 0\.01 s; is it running"):
        async with reach(where):
            raise AssertionError

    async with aiohttp.ClientSession() as session:
        with pytest.raises(Mistake, match=r"there has not answered within 0\.01 s"):
            await Door(session, url, {}, "there").ask("GET", "/slow", patience_s=0.01)


def test_a_router_elsewhere_is_named_once_for_all_commands(
    farebox: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its variable; an option beats it."""
    monkeypatch.setenv("FAREBOX_URL", "http://127.0.0.1:9")

    named, beaten = farebox("report"), farebox("report", "--url", "http://127.0.0.1:11")

    assert (named.code, beaten.code) == (2, 2)
    assert named.err.startswith("farebox: cannot reach http://127.0.0.1:9: ")
    assert beaten.err.startswith("farebox: cannot reach http://127.0.0.1:11: ")
