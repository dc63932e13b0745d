"""`farebox serve` and the commands around it, as real processes."""

import asyncio
import csv
import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp
import apsw
import pytest

from router.ledger.sql import migrations
from tests.processes import (
    EDIT,
    LOOPBACK,
    Running,
    free_port,
    ran,
    running,
    until_ready,
)

pytestmark = pytest.mark.slow

SPEED = "20"


@asynccontextmanager
async def serving(
    folder: Path, *options: str, speed: str = SPEED
) -> AsyncIterator[tuple[Running, str, aiohttp.ClientSession]]:
    """A router with the providers' stand-ins, its URL, and a client."""
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    arguments = ("serve", "--sandbox", "--speed", speed, "--port", str(port), *options)
    async with (
        running(*arguments, folder=folder) as router,
        aiohttp.ClientSession() as session,
    ):
        await until_ready(session, url, router)
        yield router, url, session


async def test_an_edit_is_bought_and_every_command_says_the_same(tmp_path: Path) -> None:
    """The edit's price is in the reply, in the report, in its CSV and in the budget."""
    async with serving(tmp_path) as (router, url, session):
        async with session.post(f"{url}/v1/edits", json={**EDIT, "resolution": "2k"}) as reply:
            edit = await reply.json()
        report, table, budgets, quote = await asyncio.gather(
            ran("report", "--format", "json", "--by", "resolution", folder=tmp_path),
            ran("report", "--format", "csv", folder=tmp_path),
            ran("budget", "list", "--json", folder=tmp_path),
            ran("quote", "--json", "--resolution", "4k", "--url", url, folder=tmp_path),
        )
        ended = await router.stop()

    assert (reply.status, edit["provider"], edit["charged"]) == (200, "shortapi", "0.06")
    assert json.loads(report.out)["rows"][0]["posted"] == "0.06"
    assert next(csv.DictReader(table.out.splitlines()))["posted"] == "0.06"
    assert json.loads(budgets.out)["budgets"][0]["available"] == "49.94"
    assert json.loads(quote.out)["price"] == "0.09"
    assert ended.code == 0
    assert "policy     cheapest-first" in ended.out
    assert "Traceback" not in ended.err
    assert not (tmp_path / "farebox.db.sock").exists()


async def test_an_older_ledger_is_brought_up_to_date_aloud(tmp_path: Path) -> None:
    """Whoever waits reads why, before it begins, and when it is done."""
    kept = [one for one in migrations("sqlite") if one[0] < 10]
    with closing(apsw.Connection(str(tmp_path / "farebox.db"))) as old:
        for number, script in kept:
            old.execute(script)
            old.pragma("user_version", number)
    async with serving(tmp_path) as (router, _, _):
        ended = await router.stop()

    told = [json.loads(line) for line in ended.err.splitlines() if "ledger_update" in line]
    left = len(migrations("sqlite")) - len(kept)
    assert [(one["level"], one["steps"]) for one in told] == [("warning", left), ("info", 0)]
    assert "may take minutes" in told[0]["detail"]


async def test_keys_are_made_at_the_socket_and_asked_for_from_then_on(tmp_path: Path) -> None:
    """The socket and the ledger are the operator's alone; a revoked key is refused."""
    async with serving(tmp_path) as (_, url, session):
        mode = (tmp_path / "farebox.db.sock").stat().st_mode
        ledger = (tmp_path / "farebox.db").stat().st_mode
        made = await ran("keys", "create", "--tenant", "acme", "--json", folder=tmp_path)
        key = json.loads(made.out)
        headers = {"Authorization": f"Bearer {key['key']}"}
        async with session.get(f"{url}/v1/budgets") as without:
            pass
        async with session.get(f"{url}/v1/budgets", headers=headers) as with_key:
            pass
        listed = await ran("keys", "list", folder=tmp_path)
        revoked = await ran("keys", "revoke", key["id"], folder=tmp_path)
        async with session.get(f"{url}/v1/budgets", headers=headers) as with_revoked:
            pass
        elsewhere = await ran("budget", "list", "--url", url, folder=tmp_path)

    assert stat.S_IMODE(mode) == stat.S_IMODE(ledger) == 0o600
    assert {"id", "key", "tenant", "role"} <= key.keys()
    assert (without.status, with_key.status, with_revoked.status) == (401, 200, 401)
    assert key["key"] not in listed.out
    assert key["id"] in listed.out
    assert revoked.code == 0
    assert elsewhere.code == 2
    assert "FAREBOX_KEY" in elsewhere.err
    assert "socket" in elsewhere.err


async def test_a_second_server_on_the_same_ledger_refuses_to_start(tmp_path: Path) -> None:
    """And so does one on the same port; both say why, in a sentence."""
    async with serving(tmp_path) as (_, url, _session):
        port = url.rpartition(":")[2]
        same_ledger = await ran("serve", "--sandbox", "--port", "0", folder=tmp_path)
        same_port = await ran("serve", "--sandbox", "--port", port, folder=tmp_path)

    assert (same_ledger.code, same_port.code) == (2, 2)
    assert "farebox.db is open in another process" in same_ledger.err
    assert f"cannot listen on 127.0.0.1:{port}: " in same_port.err
    assert "Traceback" not in same_ledger.err + same_port.err


async def test_a_stop_answers_who_waits_and_loses_nothing(tmp_path: Path) -> None:
    """The one who waits is told where to look; the next start finds the edit and its price."""
    async with serving(tmp_path, speed="2") as (router, url, session):

        async def buy() -> aiohttp.ClientResponse:
            async with session.post(f"{url}/v1/edits", json=EDIT) as reply:
                await reply.read()
                return reply

        buying = asyncio.get_running_loop().create_task(buy())
        await router.line("attempt_accepted", router.err)
        ended = await router.stop()
        reply = await buying

    assert (reply.status, ended.code) == (202, 0)
    where = reply.headers["Location"]
    # The stand-ins went with their router, so the edit is nowhere to be found; but its money is.
    async with serving(tmp_path) as (_, url, session), session.get(url + where) as known:
        edit = await known.json()
    assert edit["attempts"][0]["quoted"] == "0.04"
    assert edit["attempts"][0]["money"] in {"held", "in_doubt"}


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        (("--port", "0"), {}, "set SHORTAPI_KEY or RUNPOD_API_KEY"),
        (("--sandbox", "--workers", "2"), {}, "--workers 2 needs PostgreSQL"),
        (("--sandbox",), {"FAREBOX_PORT": "http"}, "FAREBOX_PORT must be a whole number"),
        (("--sandbox", "--policy", "none.yaml"), {}, "none.yaml:1:1: cannot read 'none.yaml'"),
        (("--sandbox", "--database", "postgresql://x/y"), {}, "PostgreSQL is"),
        (
            ("--sandbox", "--host", "0.0.0.0", "--port", "0"),
            {},
            "on 0.0.0.0 anybody could spend your money: make a key first",
        ),
        (
            ("--sandbox", "--port", "0"),
            {"FAREBOX_FETCH_ALLOW": "not a host!"},
            "FAREBOX_FETCH_ALLOW: 'not a host!' is no host name",
        ),
        (("--sandbox", "--port", "0", "--database", "sqlite:///no/such/folder/x.db"), {}, "x.db"),
    ],
)
async def test_what_cannot_be_served_is_said_in_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], told: str
) -> None:
    """It exits 2 before anything is sold, and shows no traceback."""
    refused = await ran("serve", *arguments, folder=tmp_path, variables=variables)

    assert refused.code == 2
    assert told in refused.err
    assert "Traceback" not in refused.err


async def test_an_option_beats_its_variable(tmp_path: Path) -> None:
    """The port of the option is the one that is listened on."""
    wrong, right = free_port(), free_port()
    async with (
        running(
            "serve",
            "--sandbox",
            "--port",
            str(right),
            folder=tmp_path,
            variables={"FAREBOX_PORT": str(wrong)},
        ) as router,
        aiohttp.ClientSession() as session,
    ):
        await until_ready(session, f"http://{LOOPBACK}:{right}", router)

        assert f"http://{LOOPBACK}:{right}" in await router.line("address")


async def test_an_admin_key_lets_it_listen_elsewhere(tmp_path: Path) -> None:
    """With a key in the environment it listens on every address, and asks for that key."""
    port = free_port()
    async with (
        running(
            *("serve", "--sandbox", "--host", "0.0.0.0", "--port", str(port)),
            folder=tmp_path,
            variables={"FAREBOX_ADMIN_KEY": "a-first-key-of-32-characters-ok"},
        ) as router,
        aiohttp.ClientSession() as session,
    ):
        url = f"http://{LOOPBACK}:{port}"
        await until_ready(session, url, router)
        headers = {"Authorization": "Bearer a-first-key-of-32-characters-ok"}
        async with session.get(f"{url}/v1/keys") as without:
            pass
        async with session.get(f"{url}/v1/keys", headers=headers) as with_key:
            pass

    assert (without.status, with_key.status) == (401, 200)
    assert "a-first-key" not in "".join(router.out + router.err)


async def test_the_sandbox_alone_serves_other_clients(tmp_path: Path) -> None:
    """It says where it is, and what it says works."""
    async with (
        running("sandbox", "--port", "0", "--speed", "50", folder=tmp_path) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        url = (await sandbox.line("stand-ins listen on")).split()[5].rstrip(".")
        async with session.get(f"{url}/samples/mug.png") as picture:
            kind = picture.content_type
        async with session.get(f"{url}/_truth") as reply:
            truth = await reply.json()
        ended = await sandbox.stop()

    assert kind == "image/png"
    assert truth["net"] == "0"
    assert ended.code == 0


async def test_commands_open_the_ledger_themselves_where_no_server_runs(tmp_path: Path) -> None:
    """A key made before the first start is good after it; a ledger that is not there is told."""
    missing = await ran("report", folder=tmp_path)
    made = await ran("keys", "create", "--tenant", "acme", folder=tmp_path)
    listed = await ran("keys", "list", "--json", folder=tmp_path)
    report = await ran("report", "--format", "json", folder=tmp_path)
    quote = await ran("quote", "--json", folder=tmp_path)

    assert missing.code == 2
    assert "there is no ledger at farebox.db" in missing.err
    assert made.code == 0
    assert [key["tenant"] for key in json.loads(listed.out)["keys"]] == ["acme"]
    assert json.loads(report.out)["total"]["posted"] == "0.00"
    assert json.loads(quote.out)["price"] == "0.04"
    assert "is not known" in quote.err
