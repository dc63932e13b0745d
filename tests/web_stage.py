"""The HTTP face on a stage: the real application on loopback, before scripted providers."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

import apsw
from aiohttp.test_utils import TestClient, TestServer

from router.dispatch.resolving import Resolver
from router.dispatch.telling import Teller
from router.finance.accounts import Accounts
from router.finance.snapshot import BooksCheck
from router.ledger.books import Books
from router.ledger.commands import SaveKey
from router.ledger.executor import InlineExecutor
from router.model.errors import ProviderInDoubt
from router.model.ids import JobId
from router.model.job import AttemptState
from router.observe.metrics import Metrics
from router.policy.current import Standing
from router.policy.policy import Policy
from router.upstream.guard import GuardPolicy
from router.web.keys import Role, mint_key
from router.web.lost_answers import LostAnswers
from router.web.picturing import Pictures
from router.web.server import build_app
from router.web.services import Services
from tests.fakes import FakeClock
from tests.policy_files import a_policy
from tests.stage import RING_URL, Act, Stage, open_stage
from tests.virtual_time import VirtualClock
from tests.web_contract import check_answer

AT_ONCE = Act(answers_after_s=0.0, ends_after_s=0.0)
NEVER = Act(answers_after_s=0.0, ends_after_s=1e8)
PICTURE_URL = "https://pictures.example/cat.png"
# The smallest PNG header whose size can be read, as a client would send it.
PNG = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def an_edit(**fields: Any) -> dict[str, Any]:
    """Write the body of a plain edit; None leaves a field out."""
    body = {
        "prompt": "make the sky green",
        "images": [PICTURE_URL],
        "aspect_ratio": "16:9",
        **fields,
    }
    return {name: value for name, value in body.items() if value is not None}


async def soon(is_so: Callable[[], object]) -> None:
    """Let others run until something is so."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - whoever makes it so does not know of us.
            await asyncio.sleep(0)


@dataclass(frozen=True)
class Answer:
    """A reply, read whole."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.text)


class Front:
    """A house with its face, and short words for requests to it."""

    def __init__(self, stage: Stage, services: Services) -> None:
        self.stage, self.services = stage, services
        self.app = build_app(services)
        self.key: str | None = None
        """Sent with every request that says nothing else."""
        self.client: TestClient[Any, Any] | None = None

    @property
    def clock(self) -> FakeClock:
        """The clock, which moves when told."""
        return cast("FakeClock", self.stage.clock)

    async def mint(
        self, tenant: str = "acme", role: Role = Role.CLIENT, **fields: Any
    ) -> tuple[str, str]:
        """Put a key in the store; gives its id and the key."""
        row, key = mint_key(
            self.clock.now(), tenant=tenant, role=role, name=f"{tenant}'s {role}", **fields
        )
        await self.stage.ledger.submit(SaveKey(at=self.clock.now(), key=row))
        return row.id, key

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
        *,
        key: str | None = None,
    ) -> Answer:
        """Send one request; a body that is not bytes is sent as JSON."""
        assert self.client is not None
        sent = dict(headers or {})
        if isinstance(body, bytes):
            sent.setdefault("Content-Type", "application/json")
        elif body is not None:
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        key = key or self.key
        if key is not None:
            sent.setdefault("Authorization", f"Bearer {key}")
        async with self.client.request(
            method, path, data=body, headers=sent, allow_redirects=False
        ) as response:
            answer = Answer(response.status, dict(response.headers), await response.text())
        check_answer(method, path, answer.status, answer.headers, answer.text)
        return answer

    async def edit(self, headers: dict[str, str] | None = None, **fields: Any) -> Answer:
        """Ask for an edit."""
        return await self.ask("POST", "/v1/edits", an_edit(**fields), headers)

    async def running(self) -> Answer:
        """Ask for an edit that does not end."""
        self.stage.troupe.acts["shortapi"].append(NEVER)
        answer = await self.edit({"Prefer": "respond-async"})
        assert answer.status == 202, answer.text
        await self.until(answer.json["id"], AttemptState.RUNNING)
        return answer

    async def in_doubt(self) -> JobId:
        """Have a job of tenant `local` whose only attempt, at $0.04, is in doubt; gives its id."""
        self.stage.policy = a_policy(failover={"providers_max": 1})
        self.stage.troupe.acts["shortapi"].append(
            Act(answers_after_s=0.0, refuses=ProviderInDoubt("no answer"))
        )
        job_id = await self.stage.submit(tenant="local")
        await self.until(job_id, AttemptState.IN_DOUBT)
        return job_id

    def journal(self, attempt_id: str) -> list[tuple[str, str, str | None]]:
        """Read an attempt's entries from the file: kind, who, reason."""
        path = str(self.stage.folder / "ledger.db")
        with closing(apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)) as database:
            rows = database.execute(
                "SELECT kind, who, reason FROM entries WHERE attempt_id = ? ORDER BY rowid",
                (attempt_id,),
            )
            return [(str(kind), str(who), reason) for kind, who, reason in rows]

    async def until(self, job_id: str, state: AttemptState) -> None:
        """Let others run until a job's last attempt is in a state."""
        for _ in range(1000):
            rows = await self.stage.ledger.attempts_of(JobId(job_id))
            if rows[-1].state is state:
                return
            await self.clock.sleep_s(0)
        raise AssertionError(f"it is never {state}")


T = TypeVar("T")


class AtOnce:
    """A press that reads here and now."""

    def __init__(self, books: Books) -> None:
        """Take what is read."""
        self._books = books

    async def run(self, work: Callable[[Books], Awaitable[T]]) -> T:
        """Do it."""
        return await work(self._books)


@asynccontextmanager
async def open_house(
    folder: Path,
    *,
    policy: Policy | None = None,
    callbacks: bool = False,
    hosts: bool = False,
    is_ready: bool = True,
    **fields: Any,
) -> AsyncIterator[Front]:
    """Open a stage whose providers deliver at once, with everything but a listener."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - nothing else runs yet.
    clock = FakeClock()
    stage = Stage(
        folder, clock=cast("VirtualClock", clock), policy=policy, callbacks=callbacks, hosts=hosts
    )
    stage.troupe.always = {"shortapi": AT_ONCE, "runpod": AT_ONCE}
    async with open_stage(stage):
        resolver = Resolver(clock, stage.ledger, stage.dispatcher, stage.recovery)
        alarm = Teller(clock, stage.audience).alarm
        services = Services(
            clock=clock,
            ids=stage.ids,
            policy=lambda: stage.policy,
            standing=lambda: Standing(policy=stage.policy, since=clock.now()),
            policy_path=folder / "policy.yaml",
            ledger=stage.ledger,
            inputs=stage.inputs,
            pictures=Pictures(stage.links, stage.results, RING_URL if hosts else None),
            placer=stage.placer,
            dispatcher=stage.dispatcher,
            watcher=stage.watcher,
            callbacks=stage.callbacks,
            resolver=resolver,
            accounts=Accounts.of(
                clock, stage.ledger, resolver, InlineExecutor(), alarm, lambda: stage.policy
            ),
            health=stage.health,
            turns=stage.turns,
            metrics=Metrics(clock, providers=("shortapi", "runpod")),
            observer=stage.audience,
            providers=("shortapi", "runpod"),
            guard=GuardPolicy(),
            lost_answers=LostAnswers(clock),
            alert_desk=stage.a_desk(),
            check=BooksCheck(stage.ledger, clock),
            press=AtOnce(stage.ledger),
        )
        services = replace(services, **fields)
        if is_ready:
            services.ready.set()
        yield Front(stage, services)


@asynccontextmanager
async def open_front(folder: Path, *, keyless: bool = False, **fields: Any) -> AsyncIterator[Front]:
    """Open a house and serve it on loopback; by default to a client of tenant `acme`."""
    async with open_house(folder, **fields) as front:
        if not keyless:
            _, front.key = await front.mint()
        # A test server cancels the handlers of clients that go away, which ours does not: so that
        # it changes nothing is tested the harder way.
        async with TestClient(TestServer(front.app)) as client:
            front.client = client
            yield front
