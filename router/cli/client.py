"""
How a command reaches the books: the server named by `--url`, the one whose socket stands beside the
database, or, where none runs, the ledger itself.

The last is a router of its own for the length of the command: it listens only on a private socket,
takes nothing up and sends nothing. So every command has one way in, and one meaning.
"""

import asyncio
import os
import re
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, cast

import aiohttp
import typer
from aiohttp import web

from router.app import open_house
from router.cli.mistakes import Mistake, exit_code_of
from router.cli.serve import chosen
from router.cli.serving import socket_path
from router.settings import Settings, read_settings, read_variable
from router.web.server import Listener, build_app

TIMEOUT_S = 30.0
"""For an answer, from a server that is there."""
PIECE_BYTES = 1 << 16
REACH_S = 5.0
"""For a server to show that it is there."""
_OPTION = re.compile(r"`\?(\w+)=`")
"""How a refusal names what of a query it is about."""

UrlOption = Annotated[
    str | None,
    typer.Option(
        envvar="FAREBOX_URL",
        help="A running Farebox elsewhere; its key is read from FAREBOX_KEY.",
    ),
]
DatabaseOption = Annotated[
    str | None, typer.Option(help="The ledger, as for serve. Default: sqlite:///farebox.db.")
]
PolicyOption = Annotated[
    Path | None, typer.Option(help="As for serve; a running server has its own.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="For a program to read.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which Farebox a command is about."""

    settings: Settings
    url: str | None = None
    key: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: str | None, database: str | None, policy: Path | None = None) -> "Where":
        """From a command's options and the environment."""
        settings = chosen(read_settings(os.environ), database=database, policy=policy)
        key = read_variable(os.environ, "FAREBOX_KEY")
        return cls(settings=settings, url=url.rstrip("/") if url else None, key=key)


class Door:
    """A way to ask a router, whichever it is."""

    def __init__(
        self, session: aiohttp.ClientSession, base: str, headers: Mapping[str, str], name: str
    ) -> None:
        """
        Args:
            base: Before each path.
            headers: With each request.
            name: For people, when it cannot be reached.
        """
        self._session, self._base, self._headers = session, base, headers
        self._name = name

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        patience_s: float = TIMEOUT_S,
    ) -> Any:
        """
        Send a request and give its answer's document.

        Raises:
            Mistake: It was refused, with the refusal's own words; or there is no router there.
        """
        timeout = aiohttp.ClientTimeout(total=patience_s)
        try:
            async with self._session.request(
                method,
                self._base + path,
                json=body,
                params=query,
                headers=self._headers,
                timeout=timeout,
            ) as reply:
                document = await _document(reply)
        except TimeoutError as error:
            raise Mistake(f"{self._name} has not answered within {patience_s:g} s") from error
        except aiohttp.ClientError as error:
            raise _unreachable(self._name, error) from error
        if not reply.ok:
            raise _refusal(self._name, reply.status, document)
        return document

    async def save(self, path: str, file: Path, *, query: Mapping[str, str]) -> int:
        """
        Write what a GET answers into a file, however long it is; gives its size in bytes.

        Raises:
            Mistake: It was refused, or broke off; the file is then not whole.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=REACH_S, sock_read=TIMEOUT_S)
        try:
            async with self._session.get(
                self._base + path, params=query, headers=self._headers, timeout=timeout
            ) as reply:
                if not reply.ok:
                    raise _refusal(self._name, reply.status, await _document(reply))
                with file.open("wb") as out:
                    async for piece in reply.content.iter_chunked(PIECE_BYTES):
                        out.write(piece)
                    return out.tell()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Mistake(f"{self._name} broke off: nothing was written") from error


def _unreachable(name: str, error: Exception) -> Mistake:
    return Mistake(f"cannot reach {name}: {str(error) or type(error).__name__}")


async def _is_there(session: aiohttp.ClientSession, base: str, name: str) -> bool:
    """
    Whether a server answers at all, and well.

    Raises:
        Mistake: It lets us wait: there is something, but it does not answer.
        aiohttp.ClientError, OSError: There is none.
    """
    try:
        async with asyncio.timeout(REACH_S), session.get(f"{base}/livez") as reply:
            return reply.ok
    except TimeoutError as error:
        raise Mistake(
            f"cannot reach {name}: no answer within {REACH_S:g} s; is it running, and is the "
            "address right?"
        ) from error


async def _document(reply: aiohttp.ClientResponse) -> Any:
    try:
        return await reply.json(content_type=None)
    except ValueError:
        return None


_KEYLESS = (
    "Commands take it from FAREBOX_KEY. On the router's own machine they need none without --url "
    "and FAREBOX_URL: with --database they ask through the socket beside it."
)


def _refusal(name: str, status: int, document: Any) -> Mistake:
    problem = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    detail = problem.get("detail")
    if detail is None:
        return Mistake(f"{name} answered {status}, not as a Farebox does: is the URL right?")
    if status == 401:  # noqa: PLR2004 - it has no other name that is shorter.
        return Mistake(f"{detail} {_KEYLESS}")
    return Mistake(_OPTION.sub(_as_option, str(detail)), exit_code=exit_code_of(status))


def _as_option(match: re.Match[str]) -> str:
    return "--" + match[1].replace("_", "-")


@asynccontextmanager
async def reach(where: Where, *, create: bool = False) -> AsyncGenerator[Door]:
    """
    Open a way to the router that a command is about.

    Args:
        where: Which one.
        create: Whether a ledger that does not exist yet is made.

    Raises:
        Mistake, BadSetting, PolicyError, AlreadyOpen: There is none to be had.
    """
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with AsyncExitStack() as stack:
        if where.url is not None:
            headers = {"Authorization": f"Bearer {where.key}"} if where.key else {}
            session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
            try:
                await _is_there(session, where.url, where.url)
            except (aiohttp.ClientError, OSError) as error:
                raise _unreachable(where.url, error) from error
            yield Door(session, where.url, headers, where.url)
            return
        beside = socket_path(where.settings.database_path)
        path = beside if await is_answering(beside) else None
        if path is None:
            path = await stack.enter_async_context(_house_of_ones_own(where, create=create))
        connector = aiohttp.UnixConnector(str(path))
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=connector, timeout=timeout)
        )
        yield Door(session, "http://localhost", {}, where.settings.database)


async def is_server_beside(where: Where) -> bool:
    """Whether a server runs on the database that a command is about."""
    return await is_answering(socket_path(where.settings.database_path))


async def is_answering(path: Path) -> bool:
    """
    Whether somebody listens at a socket: a file may be left behind by kill -9.

    Raises:
        Mistake: Somebody does, and does not answer.
    """
    connector = aiohttp.UnixConnector(str(path))
    async with aiohttp.ClientSession(connector=connector) as session:
        try:
            return await _is_there(session, "http://localhost", str(path))
        except (aiohttp.ClientError, OSError):
            return False


@asynccontextmanager
async def _house_of_ones_own(where: Where, *, create: bool) -> AsyncGenerator[Path]:
    database = where.settings.database_path
    if not create and not database.exists():
        raise Mistake(
            f"there is no ledger at {database}, and no server runs there: "
            "say where with --database or --url"
        )
    # Its path is short, because a socket's may not be long.
    with tempfile.TemporaryDirectory(prefix="farebox-") as folder:
        path = Path(folder) / "s"
        async with open_house(where.settings) as house:
            # Nothing is taken up: this house is not here to work.
            house.services.ready.set()
            runner = web.AppRunner(build_app(house.services), access_log=None)
            await runner.setup()
            listener = Listener(house.services, runner)
            try:
                await listener.listen_to_operator(path)
                yield path
            finally:
                await listener.close()
