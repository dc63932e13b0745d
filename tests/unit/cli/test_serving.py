import asyncio
import gc
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import http_parser

from router.app import open_house
from router.cli.mistakes import Mistake
from router.cli.serving import (
    BROKEN_EXIT,
    Ending,
    _until_told,
    address_of,
    event_log,
    first_of,
    free_port,
    is_loopback,
    preferably,
    refuse_strangers,
    reload_on_hangup,
    serving,
    settle_memory,
    socket_path,
    start_up_summary,
    warn_of_slow_parser,
)
from router.observe.events import Alarm
from router.settings import ProviderSettings, Settings, read_settings
from tests.policy_files import POLICY, write_policy
from tests.stage import Audience
from tests.web_stage import soon


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A router on loopback, with a ledger of its own."""
    return replace(
        read_settings({}),
        database=f"sqlite:///{tmp_path}/farebox.db",
        port=free_port("127.0.0.1", 0),
    )


def test_a_free_port_is_found_and_a_taken_one_is_told() -> None:
    """With the address, and a hint."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert free_port("127.0.0.1", 0) not in {0, port}
        with pytest.raises(Mistake, match=f"cannot listen on 127.0.0.1:{port}: .*another --port"):
            free_port("127.0.0.1", port)


def test_a_port_is_preferred_not_insisted_on() -> None:
    """The demonstration starts beside another one."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert preferably("127.0.0.1", port) != port
    assert preferably("127.0.0.1", port) == port


def test_a_host_that_is_not_this_machine_is_told() -> None:
    """192.0.2.0/24 is for documentation: nobody has it."""
    with pytest.raises(Mistake, match=r"cannot listen on 192\.0\.2\.1:0: "):
        free_port("192.0.2.1", 0)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("x", False)],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, loopback: bool) -> None:  # noqa: FBT001
    """Every address is not loopback, and neither is a name."""
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8099"),
        ("0.0.0.0", "http://127.0.0.1:8099"),
        ("::1", "http://[::1]:8099"),
    ],
)
def test_the_address_is_one_that_can_be_opened(host: str, address: str) -> None:
    """On this machine, that is."""
    assert address_of(replace(read_settings({}), host=host, port=8099)) == address


def test_the_socket_stands_beside_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said as short as possible: a socket's path has a hundred characters at most."""
    monkeypatch.chdir(tmp_path)

    assert socket_path(tmp_path / "farebox.db") == Path("farebox.db.sock")
    assert socket_path(Path("/x.db")) == Path("/x.db.sock")


async def test_the_house_answers_while_it_serves_and_leaves_no_socket(settings: Settings) -> None:
    """Ready when it is entered, gone when it is left."""
    beside = socket_path(settings.database_path)
    async with serving(settings) as house:
        assert house.services.ready.is_set()
        assert beside.is_socket()
        assert "providers  none" in start_up_summary(house, settings)

    assert not beside.exists()


async def test_a_port_that_was_taken_meanwhile_is_told(settings: Settings) -> None:
    """And the ledger is closed again."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.port))
        taken.listen()
        with pytest.raises(Mistake, match="cannot listen on"):
            async with serving(settings):
                pass

    async with serving(settings):
        pass


async def test_strangers_are_refused_until_there_is_a_key(settings: Settings) -> None:
    """On any address but loopback; an admin's key in the environment is one."""
    elsewhere = replace(settings, host="0.0.0.0")
    async with open_house(settings) as house:
        await refuse_strangers(house, settings)
        await refuse_strangers(house, replace(elsewhere, admin_key="x"))
        with pytest.raises(Mistake, match="anybody could spend your money"):
            await refuse_strangers(house, elsewhere)


async def test_waiting_ends_with_the_first_event_or_the_time() -> None:
    """Whichever it is."""
    set_already, never = asyncio.Event(), asyncio.Event()
    set_already.set()

    await first_of(set_already, never)
    await first_of(never, within_s=0.0)


class Exits:
    """Takes the place of the process's end."""

    def __init__(self) -> None:
        self.codes: list[int] = []

    def __call__(self, code: int) -> None:
        """Note the code, and go on."""
        self.codes.append(code)


@pytest.fixture
def exits(monkeypatch: pytest.MonkeyPatch) -> Exits:
    """What the process would have ended with at once."""
    exits = Exits()
    monkeypatch.setattr(os, "_exit", exits)
    return exits


@pytest.fixture
async def ending() -> AsyncIterator[Ending]:
    """Signals are heard, and given back afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield Ending()
    loop = asyncio.get_running_loop()
    for number, handler in before.items():
        loop.remove_signal_handler(number)
        signal.signal(number, handler)


async def test_the_first_signal_is_told_and_the_second_ends_at_once(
    ending: Ending, exits: Exits
) -> None:
    """With the code that a shell gives to a process that a signal ended."""
    signal.raise_signal(signal.SIGTERM)
    await ending.told.wait()

    assert exits.codes == []
    ending._tell(signal.SIGTERM)
    assert exits.codes == [143]


async def test_a_broken_disk_ends_the_process(
    settings: Settings, ending: Ending, exits: Exits, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a code of its own, so that a supervisor starts it again."""
    async with serving(settings) as house:
        house.broken.set()
        await _until_told(house, settings, ending)

    assert exits.codes == [BROKEN_EXIT]
    assert "the ledger's disk has failed" in capsys.readouterr().err


async def test_a_hangup_reads_the_policy_anew(settings: Settings, tmp_path: Path) -> None:
    """The process goes on, with what the file says now."""
    path = write_policy(tmp_path)
    ear = Audience()
    async with serving(replace(settings, policy=path), ear) as house:
        reload_on_hangup(house)
        before = house.services.policy()
        write_policy(tmp_path, policy=POLICY.replace("$70.00", "$71.50"))
        signal.raise_signal(signal.SIGHUP)
        await soon(lambda: ear.heard("policy_reloaded"))
        after = house.services.policy()
        scraped = (await house.services.metrics.scrape()).decode()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)

    assert (before.budgets[0].limit.usd, after.budgets[0].limit.usd) == ("$70.00", "$71.50")
    assert f'farebox_policy_info{{hash="{after.hash}",policy="thrift"}} 1.0' in scraped
    assert 'farebox_budget_limit_usd{budget="monthly",scope="everyone"} 71.5' in scraped


async def test_a_signal_drains(settings: Settings, ending: Ending) -> None:
    """Not ready any more, and the exit code is zero."""
    async with serving(settings) as house:
        ending.told.set()
        code = await _until_told(house, settings, ending)

        assert house.services.draining.is_set()
    assert code == 0


def test_logs_go_to_stderr_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON where nobody looks, or as the settings say."""
    providers = {"runpod": ProviderSettings(url="https://api.runpod.ai", key="rp_secret_1234")}
    settings = replace(read_settings({}), providers=providers, admin_key="admin_secret_5678")
    detail = "rp_secret_1234 admin_secret_5678"
    with event_log(settings) as log:
        log.tell(Alarm(what="crashed", detail=detail))
    with event_log(replace(settings, log="text")) as log:
        log.tell(Alarm(what="crashed", detail=detail))

    out, err = capsys.readouterr()
    as_json, as_text = err.splitlines()
    assert out == ""
    assert json.loads(as_json)["event"] == "alarm"
    assert not as_text.startswith("{")
    assert "secret" not in err


def test_what_was_loaded_at_the_start_is_left_alone() -> None:
    """The collector is told so."""
    before = gc.get_threshold()
    try:
        settle_memory()

        assert gc.get_freeze_count() > 0
        assert gc.get_threshold() == (2_000, 20, 50)
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def test_a_slow_parser_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Only where the C one is missing."""
    warn_of_slow_parser(lambda: None)
    assert capsys.readouterr().err == ""

    warn_of_slow_parser(http_parser.HttpRequestParserPy)
    assert "without its C parser" in capsys.readouterr().err
