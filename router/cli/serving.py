"""
Running the router: open the house, listen, say where, and on a signal end in good order.

The order of ending is `reliability`'s: not ready, let waiting requests answer with what is known,
close the listener, let the creates in flight be answered, write the books, exit 0. Remote jobs are
not waited for: they are in the ledger, and the next start collects them.
"""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import cast

from aiohttp import http_parser

from router.app import House, open_house
from router.cli.mistakes import Mistake
from router.cli.show import say, warn
from router.model.clock import SystemClock
from router.observe.events import Observer
from router.observe.logs import EventLog, Style, adopt_libraries, configure
from router.settings import Settings
from router.web.server import build_app, serve_on

BROKEN_EXIT = 70
"""The disk failed: whoever supervises the process must start it again, or look at the disk."""
DRAIN_S = 3.0
"""For a load balancer to see that we are not ready, before the listener closes."""


class Ending:
    """Signals, as something to wait for. The second one ends the process at once."""

    def __init__(self) -> None:
        """Must be made inside the running loop."""
        self.told = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._tell, number)

    def _tell(self, number: signal.Signals) -> None:
        if self.told.is_set():
            # As safe as kill -9, which is to say: safe. What was sent is in the ledger.
            os._exit(128 + number)
        self.told.set()


def free_port(host: str, port: int) -> int:
    """
    See that a port can be had before anything is opened: callbacks carry it in their URLs.

    Args:
        host: Where to listen.
        port: 0 for any.

    Raises:
        Mistake: It cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            found: int = probe.getsockname()[1]
            return found
    except OSError as error:
        raise _taken(host, port, error) from error


def preferably(host: str, port: int) -> int:
    """A port that is free: this one, if it is."""
    try:
        return free_port(host, port)
    except Mistake:
        return free_port(host, 0)


def _taken(host: str, port: int, error: OSError) -> Mistake:
    hint = "; is another Farebox running? Choose another --port" if port else ""
    return Mistake(f"cannot listen on {host}:{port}: {error.strerror or error}{hint}")


def socket_path(database: Path) -> Path:
    """The operator's socket beside a database; as short as it can be said from here."""
    beside = database.absolute().with_name(f"{database.name}.sock")
    relative = Path(os.path.relpath(beside))
    return min(beside, relative, key=lambda path: len(str(path)))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address to listen on."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def address_of(settings: Settings) -> str:
    """Where people on this machine reach the router."""
    host = settings.host
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - it is compared, not bound.
        host = "127.0.0.1"
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


@asynccontextmanager
async def serving(settings: Settings, *observers: Observer) -> AsyncGenerator[House]:
    """
    Have the router answer; at the end the listener closes first, then the house.

    Args:
        settings: Its port is not 0.
        observers: Told everything.

    Raises:
        Mistake: It may not be served like this, or not here.
    """
    async with open_house(settings, *observers) as house:
        await refuse_strangers(house, settings)
        app = build_app(house.services)
        beside = socket_path(settings.database_path)
        try:
            async with serve_on(app, settings.host, settings.port, unix_socket=beside):
                await house.begin()
                yield house
        except OSError as error:
            raise _taken(settings.host, settings.port, error) from error


async def refuse_strangers(house: House, settings: Settings) -> None:
    """
    Without a key, only this machine may ask: refuse to listen elsewhere.

    Raises:
        Mistake: It says how to make a key.
    """
    if is_loopback(settings.host) or settings.admin_key or await house.services.ledger.keys():
        return
    raise Mistake(
        f"on {settings.host} anybody could spend your money: make a key first "
        f"(farebox keys create --role admin --database {settings.database}) "
        "or set FAREBOX_ADMIN_KEY"
    )


async def serve_until_told(settings: Settings) -> int:
    """
    Serve until a signal, or until the disk fails.

    Returns:
        The process's exit code.
    """
    ending = Ending()
    # Until there is a policy to read anew, whoever asks for it shall not end the process.
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, lambda: None)
    warn_of_slow_parser()
    with event_log(settings) as log:
        async with serving(settings, log) as house:
            reload_on_hangup(house)
            say(start_up_summary(house, settings))
            settle_memory()
            return await _until_told(house, settings, ending)


def reload_on_hangup(house: House) -> None:
    """On SIGHUP, as of old, read the policy anew."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, house.reload)


async def _until_told(house: House, settings: Settings, ending: Ending) -> int:
    await first_of(ending.told, house.broken)
    if house.broken.is_set():
        warn(
            "farebox: the ledger's disk has failed: what is durable cannot be known from here. "
            "Ending, to recover from the file at the next start"
        )
        os._exit(BROKEN_EXIT)
    house.services.draining.set()
    if not is_loopback(settings.host):
        await first_of(house.broken, within_s=DRAIN_S)
    return 0


@contextmanager
def event_log(settings: Settings) -> Generator[EventLog]:
    """A log on stderr: text for a terminal, JSON otherwise, unless the settings say which."""
    style: Style = "text" if sys.stderr.isatty() else "json"
    if settings.log in {"text", "json"}:
        style = cast("Style", settings.log)
    secrets = [one.key for one in settings.providers.values() if one.key]
    secrets += [settings.admin_key] if settings.admin_key else []
    log, lines = configure(SystemClock(), style, sys.stderr, secrets=secrets)
    disown_libraries = adopt_libraries(log)
    try:
        yield EventLog(log)
    finally:
        disown_libraries()
        lines.flush()


async def first_of(*events: asyncio.Event, within_s: float | None = None) -> None:
    """Wait until one of the events is set, or the time is up."""
    waiters = {asyncio.get_running_loop().create_task(event.wait()) for event in events}
    try:
        await asyncio.wait(waiters, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()


def start_up_summary(house: House, settings: Settings) -> str:
    """Where it listens, by which policy, for which providers, under which budgets."""
    services = house.services
    policy = services.policy()
    budgets = ", ".join(f"{one.name} {one.limit.usd} per {one.per}" for one in policy.budgets)
    rows = (
        ("address", address_of(settings)),
        ("policy", f"{policy.name} ({services.policy_path}, {policy.hash}): {policy.summary}"),
        ("providers", ", ".join(services.providers) or "none"),
        ("budgets", budgets or "none: nothing limits what is spent"),
        ("ledger", settings.database),
        ("callbacks", settings.public_url or "off: FAREBOX_PUBLIC_URL is not set"),
    )
    return "\n".join(f"  {name:<10} {text}" for name, text in rows)


def settle_memory() -> None:
    """
    Tell the collector that what was loaded at the start stays, and to look at the old less often.

    Requests make many short-lived objects and few cycles: with the defaults a full collection
    walks every module and schema every few hundred requests, and stops all of them meanwhile.
    The young are looked at while they are few: 20,000 take 20 ms, in which no edit gets on.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 20, 50)


def warn_of_slow_parser(parser: Callable[..., object] = http_parser.HttpRequestParser) -> None:
    """Several of aiohttp's past security holes are in the parser that replaces the C one."""
    if parser is http_parser.HttpRequestParserPy:
        warn(
            "farebox: aiohttp runs without its C parser here (no wheel for this platform?): "
            "slower, and historically less safe"
        )
