import asyncio
import contextlib
from pathlib import Path

import pytest
import uvloop

from router.web.limits import Limits
from router.web.server import Listener, serve_on
from tests.web_stage import open_house, soon

PROBE = b"GET /livez HTTP/1.1\r\nHost: farebox\r\n\r\n"

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(listener: Listener, *pieces: bytes) -> Connection:
    """Open a connection and write on it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    return reader, writer


async def head_of(connection: Connection) -> bytes:
    """Read a reply's head, and its body to the last brace."""
    return await connection[0].readuntil(b"}")


async def is_dropped(connection: Connection) -> bool:
    """Wait until the server has ended the connection; whether it did so without a word."""
    try:
        return await connection[0].read() == b""
    except ConnectionResetError:
        return True


async def hang_up(*connections: Connection) -> None:
    """Close from the client's side."""
    for _, writer in connections:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_further_connections_are_shed(tmp_path: Path) -> None:
    """Those that are there go on, silent ones are counted too, and room that is left is used."""
    limits = Limits(connections_max=3)
    async with (
        open_house(tmp_path, limits=limits) as front,
        serve_on(front.app, "127.0.0.1", 0) as listener,
    ):
        first = await connect(listener, PROBE)
        assert b"200 OK" in await head_of(first)
        silent = [await connect(listener) for _ in range(2)]
        shed = [await connect(listener) for _ in range(4)]
        assert [await is_dropped(one) for one in shed] == [True] * 4
        first[1].write(PROBE)
        assert b"200 OK" in await head_of(first)

        await hang_up(silent[0])
        await soon(lambda: listener.connections == 2)
        assert await _is_served(listener)
        await hang_up(first, silent[1], *shed)


async def _is_served(listener: Listener) -> bool:
    """Whether a new connection is answered."""
    connection = await connect(listener, PROBE)
    is_answered = b"200 OK" in await head_of(connection)
    await hang_up(connection)
    return is_answered


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: farebox\r\n"])
async def test_whoever_does_not_say_what_it_wants_is_dropped(tmp_path: Path, said: bytes) -> None:
    """However much of its headers it has sent when its time is up."""
    limits = Limits(header_deadline_s=0.02)
    async with (
        open_house(tmp_path, limits=limits) as front,
        serve_on(front.app, "127.0.0.1", 0) as listener,
    ):
        connection = await connect(listener, said)
        assert await is_dropped(connection)
        await hang_up(connection)


async def test_headers_may_come_in_pieces(tmp_path: Path) -> None:
    """And a body that comes with them is not lost."""
    async with (
        open_house(tmp_path) as front,
        serve_on(front.app, "127.0.0.1", 0) as listener,
    ):
        connection = await connect(listener, *(bytes([byte]) for byte in PROBE))
        assert b"200 OK" in await head_of(connection)
        posted = await connect(
            listener, b"POST /v1/keys HTTP/1.1\r\nHost: localhost\r\n",
            b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n[]",
        )  # fmt: skip
        assert b"400 Bad Request" in await head_of(posted)
        await hang_up(connection, posted)


async def test_pipelined_requests_are_each_answered(tmp_path: Path) -> None:
    """What comes with the first headers belongs to the connection."""
    async with (
        open_house(tmp_path) as front,
        serve_on(front.app, "127.0.0.1", 0) as listener,
    ):
        connection = await connect(listener, PROBE + PROBE)
        assert b"200 OK" in await head_of(connection)
        assert b"200 OK" in await head_of(connection)
        await hang_up(connection)


async def test_headers_without_end_are_refused(tmp_path: Path) -> None:
    """They are not collected until memory is full."""
    async with (
        open_house(tmp_path) as front,
        serve_on(front.app, "127.0.0.1", 0) as listener,
    ):
        endless = b"GET / HTTP/1.1\r\nHost: farebox\r\nX: " + b"x" * 70_000
        connection = await connect(listener, endless)
        assert (await connection[0].readline()).split()[1] == b"400"
        await hang_up(connection)


async def test_whoever_is_at_the_door_is_let_go_when_it_closes(tmp_path: Path) -> None:
    """A silent connection does not delay the end."""
    async with open_house(tmp_path) as front:
        async with serve_on(front.app, "127.0.0.1", 0) as listener:
            silent = await connect(listener)
            idle = await connect(listener, PROBE)
            await head_of(idle)
        assert await is_dropped(silent)
        assert await is_dropped(idle)
        await hang_up(silent, idle)


def test_the_door_is_the_same_under_uvloop(tmp_path: Path) -> None:
    """Production runs on it, and its transports are not asyncio's."""

    async def story() -> None:
        limits = Limits(connections_max=2, header_deadline_s=0.05)
        path = tmp_path / "farebox.sock"
        async with (
            open_house(tmp_path, limits=limits) as front,
            serve_on(front.app, "127.0.0.1", 0, unix_socket=path) as listener,
        ):
            asking = await connect(listener, PROBE)
            assert b"200 OK" in await head_of(asking)
            silent = await connect(listener)
            shed = await connect(listener)
            assert [await is_dropped(one) for one in (shed, silent)] == [True, True]
            operator = await asyncio.open_unix_connection(path)
            operator[1].write(PROBE.replace(b"/livez", b"/v1/keys"))
            assert b"200 OK" in await head_of(operator)
            await hang_up(asking, silent, shed, operator)

    uvloop.run(story())
