"""
A real `farebox serve --sandbox`, tenants with keys of their own, and both sides' books.

The emulators are the oracle: what they charged (`GET /_truth`) must be what Farebox says it spent
(`GET /v1/spend`). One house serves many tests, so each looks only at what happened since it came.
"""

import asyncio
import json
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp

from tests.client_packages import Program, printed
from tests.processes import CLOCK, FAREBOX, LOOPBACK, POLL_S, ROOT, environment, free_port

SPEED = "20"
"""How much quicker than the providers: a 1k edit takes a quarter of a second."""
SLOW = {"fault": "slow_job", "factor": "8"}
"""Of a quarter of a second it makes two: more than the shortest wait, which is one."""
LASTING = {"fault": "slow_job", "factor": "24"}
"""Six: still made when a client has given up, however slow the machine and quick the draw."""
ENDLESS = {"fault": "slow_job", "factor": "100"}
FAILING = {"fault": "fail_job"}
ADMIN_KEY = "an-admin-key-for-the-clients-tests"
PATIENCE_S = 30.0
PROMPT = "make the sky green"

POLICY = """\
policy: clients
summary: The cheapest provider, unless a key's tag names one; nothing is ever paid for twice.

prefer: lowest_price

rules:
  - name: shortapi-only
    when: {tag: {only: shortapi}}
    prefer: {order: [shortapi]}
  - name: runpod-only
    when: {tag: {only: runpod}}
    prefer: {order: [runpod]}

failover: {providers_max: 1, double_spend_max: $0}

prices: prices.yaml

budgets:
  - {name: each-tenant-daily, who: each_tenant, limit: $50.00, per: day}

examples:
  - {job: 1k, expect: shortapi at $0.04, then: nobody}
  - {job: 2k, tag: {only: shortapi}, expect: shortapi at $0.06, then: nobody}
  - {job: 4k, tag: {only: runpod}, expect: runpod at $0.175, then: nobody}
"""


@dataclass(frozen=True, slots=True)
class House:
    """A router and its providers' stand-ins, listening."""

    url: str
    sandbox: str
    folder: Path
    """Of its ledger, and of the socket beside it."""

    @property
    def picture(self) -> Path:
        """A small PNG, for clients that upload."""
        return self.folder / "mug.png"


@dataclass(frozen=True, slots=True)
class Books:
    """Both sides' books, as far as they concern one tenant."""

    creates: list[dict[str, Any]]
    """The creates that reached a provider, as the providers saw them."""
    charged: Decimal
    """Charges less refunds, by the providers' books."""
    spend: dict[str, Decimal]
    """Farebox's amounts: `posted`, `presumed`, `held`, `in_doubt`."""

    @property
    def agree(self) -> bool:
        """Whether nothing is open, and both sides name the same amount."""
        pending = self.spend["held"] + self.spend["in_doubt"] + self.spend["presumed"]
        return pending == 0 and self.spend["posted"] == self.charged


class Account:
    """A tenant with a key of its own, and what the providers did since it was made."""

    def __init__(
        self, house: House, session: aiohttp.ClientSession, workshop: Path, key: str, past: Any
    ) -> None:
        self.house = house
        self.key = key
        self._session = session
        self._workshop = workshop
        self._past_creates = len(past["creates"])
        self._past_net = Decimal(past["net"])

    @property
    def headers(self) -> dict[str, str]:
        """The key, as a header."""
        return {"Authorization": f"Bearer {self.key}"}

    @property
    def workshop(self) -> Path:
        """A folder of this test's."""
        return self._workshop

    def arguments(self, host: str | None, scenario: str, **options: Any) -> tuple[str, ...]:
        """What a program is started with; a host that is not given is Farebox's."""
        given = {
            "prompt": PROMPT,
            "image": f"{self.house.sandbox}/samples/mug.png",
            "picture": str(self.house.picture),
            "resolutions": ["1k"],
            **options,
        }
        return host or self.house.url, self.key, scenario, json.dumps(given)

    async def runs(
        self, program: Program, scenario: str, host: str | None = None, **options: Any
    ) -> Any:
        """Have a program play a scenario with this account's key; gives what it printed."""
        return await printed(program, self._workshop, *self.arguments(host, scenario, **options))

    async def inject(self, *faults: dict[str, Any]) -> None:
        """Have the providers go wrong, as `POST /_faults` says."""
        body = {"faults": list(faults)}
        async with self._session.post(f"{self.house.sandbox}/_faults", json=body) as reply:
            assert reply.status == 200, await reply.text()

    async def fetched(self, url: str) -> bytes:
        """Fetch an image as anybody would who has its address."""
        async with self._session.get(url) as reply:
            assert reply.status == 200, f"{reply.status}: {url}"
            return await reply.read()

    async def books(self) -> Books:
        """Read both sides' books as they are now."""
        truth = await read_truth(self._session, self.house)
        by = {"by": "provider"}
        async with self._session.get(
            f"{self.house.url}/v1/spend", params=by, headers=self.headers
        ) as reply:
            total = (await reply.json())["total"]
        amounts = ("posted", "presumed", "held", "in_doubt")
        return Books(
            creates=truth["creates"][self._past_creates :],
            charged=Decimal(truth["net"]) - self._past_net,
            spend={name: Decimal(total[name]) for name in amounts},
        )

    async def settled(self) -> Books:
        """Read both sides' books when nothing is open in them any more, and they agree."""
        books = await self.books()
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not books.agree:
                    await CLOCK.sleep_s(POLL_S * 5)
                    books = await self.books()
        except TimeoutError:
            raise AssertionError(f"the books do not agree: {books}") from None
        return books

    async def until_creates(self, number: int) -> None:
        """Wait until so many creates have reached a provider."""
        async with asyncio.timeout(PATIENCE_S):
            while len((await self.books()).creates) < number:
                await CLOCK.sleep_s(POLL_S)


@contextmanager
def unreadable(house: House, job_id: str | None = None) -> Generator[None]:
    """
    Have Farebox fail to read a job in its own books, so that the 5xx is its own.

    Args:
        house: Its ledger is written to behind its back, for a moment.
        job_id: None for the latest one.
    """
    with closing(sqlite3.connect(house.folder / "farebox.db", isolation_level=None)) as ledger:
        ledger.execute("PRAGMA busy_timeout = 5000")
        job_id, request = ledger.execute(
            "SELECT id, request FROM jobs WHERE id = coalesce(?, id) ORDER BY id DESC", (job_id,)
        ).fetchone()
        ledger.execute("UPDATE jobs SET request = 'torn' WHERE id = ?", (job_id,))
        try:
            yield
        finally:
            ledger.execute("UPDATE jobs SET request = ? WHERE id = ?", (request, job_id))


@contextmanager
def unshowable(house: House) -> Generator[None]:
    """Have Farebox fail to serve the latest image that it keeps."""
    kept = (path for path in (house.folder / "farebox.db.results").rglob("*") if path.is_file())
    image = max(kept, key=lambda path: path.stat().st_mtime_ns)
    aside = image.with_name("aside")
    image.rename(aside)
    image.mkdir()
    try:
        yield
    finally:
        image.rmdir()
        aside.rename(image)


async def read_truth(session: aiohttp.ClientSession, house: House) -> Any:
    """What the providers really did."""
    async with session.get(f"{house.sandbox}/_truth") as reply:
        return await reply.json()


@asynccontextmanager
async def accounts(house: House, workshop: Path) -> AsyncGenerator["Accounts"]:
    """Have a session in which accounts can be opened; no fault of an earlier test is left."""
    async with aiohttp.ClientSession() as session:
        async with session.delete(f"{house.sandbox}/_faults") as reply:
            assert reply.status == 200
        yield Accounts(house, session, workshop)


class Accounts:
    """Opens accounts at one house."""

    def __init__(self, house: House, session: aiohttp.ClientSession, workshop: Path) -> None:
        self.house = house
        self.session = session
        self._workshop = workshop
        self._opened = 0

    async def open(self, *, only: str | None = None, budget: str | None = None) -> Account:
        """
        Open an account of a new tenant.

        Args:
            only: The one provider that may serve it; None for the policy's choice.
            budget: What its key may spend, as `$0.01 per month`.
        """
        self._opened += 1
        name = f"tenant-{len(await self._keys()) + 1}"
        tags = {"only": only} if only else {}
        body = {"tenant": name, "name": name, "tags": tags}
        if budget:
            body["budget"] = budget
        async with self.session.post(
            f"{self.house.url}/v1/keys", json=body, headers=_ADMIN
        ) as reply:
            assert reply.status in {200, 201}, await reply.text()
            key = (await reply.json())["key"]
        past = await read_truth(self.session, self.house)
        return Account(self.house, self.session, self._workshop, key, past)

    async def _keys(self) -> list[Any]:
        async with self.session.get(f"{self.house.url}/v1/keys", headers=_ADMIN) as reply:
            listed: list[Any] = (await reply.json())["keys"]
            return listed


_ADMIN = {"Authorization": f"Bearer {ADMIN_KEY}"}


@contextmanager
def open_house(folder: Path) -> Generator[House]:
    """Serve from a folder until the end, which is a supervisor's: a signal, and an answer."""
    (folder / "policy.yaml").write_text(POLICY)
    shutil.copy(ROOT / "policies" / "prices.yaml", folder)
    try:
        served, house = _serve(folder)
    except _PortTaken:
        # Two that start at once both see the emulators' usual port free; only one gets it.
        served, house = _serve(folder)
    try:
        yield house
    finally:
        served.terminate()
        served.wait(PATIENCE_S)


class _PortTaken(Exception):
    """Somebody else was quicker."""


def _serve(folder: Path) -> tuple["subprocess.Popen[bytes]", House]:
    port = free_port()
    with (folder / "out.txt").open("w") as out, (folder / "err.txt").open("w") as err:
        process = subprocess.Popen(
            [
                *FAREBOX,
                *("serve", "--sandbox", "--speed", SPEED, "--port", str(port)),
                *("--policy", "policy.yaml"),
            ],
            cwd=folder,
            env=environment(FAREBOX_ADMIN_KEY=ADMIN_KEY),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
    # The house outlives the event loops of the tests, so it is waited for in one of its own, which
    # must not be the current thread's.
    try:
        with ThreadPoolExecutor(1) as aside:
            url = f"http://{LOOPBACK}:{port}"
            return process, aside.submit(asyncio.run, _ready(process, url, folder)).result()
    except BaseException:
        process.kill()
        process.wait(PATIENCE_S)
        raise


async def _ready(process: "subprocess.Popen[bytes]", url: str, folder: Path) -> House:
    async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as session:
        while True:
            if process.poll() is not None:
                said = (folder / "err.txt").read_text()
                raise _PortTaken if "cannot listen on" in said else AssertionError(said)
            try:
                async with session.get(f"{url}/readyz") as reply:
                    if reply.ok:
                        break
            except aiohttp.ClientError:
                pass
            await CLOCK.sleep_s(POLL_S)
        told = (folder / "out.txt").read_text()
        sandbox = told.partition("stand-ins")[2].split()[0].rstrip(":")
        async with session.get(f"{sandbox}/samples/mug.png") as reply:
            house = House(url, sandbox, folder)
            house.picture.write_bytes(await reply.read())
    return house
