"""A loopback server that misbehaves byte by byte, for tests of what a client makes of it."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

Behaviour = Callable[["Visit"], Awaitable[None]]


class Visit:
    """One connection, from the server's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.heads: list[str] = []
        """The heads of the requests read so far."""
        self.bodies: list[bytes] = []

    async def read_request(self) -> None:
        """
        Read one request whole.

        Raises:
            asyncio.IncompleteReadError: The client went away.
        """
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        length = 0
        for line in head.splitlines():
            name, _, value = line.partition(":")
            if name.lower() == "content-length":
                length = int(value)
        self.heads.append(head)
        self.bodies.append(await self.reader.readexactly(length))

    async def send(self, *pieces: bytes) -> None:
        """Write bytes as they are."""
        for piece in pieces:
            self.writer.write(piece)
        await self.writer.drain()

    async def answer(self, body: bytes = b"{}", *, status: str = "200 OK", head: str = "") -> None:
        """Read a request and answer it properly; `head` adds lines, each with its CRLF."""
        await self.read_request()
        await self.send(reply(body, status=status, head=head))

    def reset(self) -> None:
        """Drop the connection with a RST."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    async def hang(self) -> None:
        """Neither read nor write until the server is stopped."""
        await asyncio.Event().wait()


def reply(body: bytes, *, status: str = "200 OK", head: str = "") -> bytes:
    """Write a whole HTTP answer."""
    return f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class RawServer:
    """Listens on a free port of 127.0.0.1 and treats every visit as told. `async with`."""

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self._tasks: set[asyncio.Task[None]] = set()
        self.visits: list[Visit] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._visited, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Where it listens, without TLS."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def heads(self) -> list[str]:
        """The heads of all requests read, over all visits."""
        return [head for visit in self.visits for head in visit.heads]

    def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(Visit(reader, writer)))
        self._tasks.add(task)

    async def _serve(self, visit: Visit) -> None:
        self.visits.append(visit)
        try:
            await self._behave(visit)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # The client went away, which is its right.
        finally:
            visit.writer.close()


def closed_port() -> int:
    """A port of 127.0.0.1 where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port
