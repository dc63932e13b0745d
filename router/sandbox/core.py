"""
The sandbox without sockets: a request in, an answer out.

Whoever owns the connection (the shell in `app`, or a simulation's transport) does to it what
`Answer.wire` says.
"""

import random
from collections.abc import Mapping
from typing import Any, NoReturn, Protocol

from router.sandbox.clock import Clock
from router.sandbox.damage import DAMAGES, Call
from router.sandbox.faults import FAULTS, Kind, Operation
from router.sandbox.floor import Floor
from router.sandbox.gallery import PICTURE_FAULTS, Exhibit, Painter
from router.sandbox.postbox import Post
from router.sandbox.rules import Faults, InvalidFault, Rule
from router.sandbox.runpod import Runpod
from router.sandbox.samples import SAMPLE_NAMES, sample_bytes, sample_type
from router.sandbox.settings import Settings
from router.sandbox.shortapi import ShortApi
from router.sandbox.truth import Facts, Truth
from router.sandbox.wire import Answer, Request, WireFault, json_answer, text_answer


class _Emulator(Protocol):
    """What the two stand-ins have in common."""

    name: str

    def operation(self, request: Request) -> Operation | None: ...

    def facts(self, request: Request) -> Facts: ...

    async def handle(self, request: Request, fault: str | None) -> Answer: ...

    def refuse(self, status: int, text: str) -> Answer: ...

    def without_id(self, answer: Answer) -> Answer: ...


_INDEX = """Sandbox: stand-ins for ShortAPI and Runpod. Any key is let in; no money moves.

POST /api/v1/job/create          ShortAPI: create a job
GET  /api/v1/job/query?id=ID     ShortAPI: query it
POST /v2/SLUG/run                Runpod: also runsync, status, status-sync, stream, cancel,
                                 retry, purge-queue, health

GET  /samples/NAME               pictures to edit: {samples}
GET  /_truth                     what really happened, to the nano-dollar
GET  /_faults                    rules in force, and every fault there is
POST /_faults                    {{"fault": "accept_then_hang", "provider": "runpod", "times": 1}}
DELETE /_faults                  everything works again
"""


class Sandbox:
    """Both providers, their money, and everything that can go wrong with them."""

    def __init__(
        self, clock: Clock, entropy: random.Random, settings: Settings | None = None
    ) -> None:
        """
        Args:
            clock: Real or virtual. Every job is a function of it.
            entropy: Ids, latencies and chances come from it: one seed, one run.
            settings: Defaults are the providers as documented.
        """
        self._floor = Floor(clock, entropy, settings or Settings())
        self._shortapi = ShortApi(self._floor)
        self._runpod = Runpod(self._floor)

    @property
    def clock(self) -> Clock:
        """The clock it lives by."""
        return self._floor.clock

    @property
    def settings(self) -> Settings:
        """As given when it was made."""
        return self._floor.settings

    @property
    def faults(self) -> Faults:
        """The rules in force: inject, load, clear."""
        return self._floor.faults

    @property
    def truth(self) -> Truth:
        """What really happened up to now."""
        self._floor.advance()
        return self._floor.truth

    @property
    def balances(self) -> Mapping[str, int]:
        """What is left of each prepaid account, in nano-dollars."""
        self._floor.advance()
        return dict(self._floor.balances)

    def paint_with(self, painter: Painter) -> None:
        """Let someone else paint, off the event loop."""
        self._floor.gallery.painter = painter

    async def deliver_callbacks(self, post: Post) -> NoReturn:
        """
        Deliver callbacks as they fall due, with their retries, until cancelled.

        Args:
            post: Sends a JSON body to a URL and gives the HTTP status; `OSError` counts as
                a receiver out of reach.
        """
        await self._floor.postbox.deliver(post)

    async def handle(self, request: Request) -> Answer:
        """Answer one request. May hold it, on the clock, where the providers do."""
        self._floor.advance()
        if request.path.startswith("/api/"):
            return await self._provide(self._shortapi, request)
        if request.path.startswith("/v2/"):
            return await self._provide(self._runpod, request)
        if request.path.startswith("/_images/"):
            return await self._show(request)
        if request.path.startswith("/samples/"):
            return _sample(request.path.removeprefix("/samples/"))
        return self._attend(request)

    async def _provide(self, emulator: _Emulator, request: Request) -> Answer:
        operation = emulator.operation(request)
        rule = None
        if operation:
            rule = self.faults.take(emulator.name, operation, Kind.REPLY)
        if rule is None:
            return await emulator.handle(request, None)
        answer = Answer(0)
        if DAMAGES[rule.name].processed:
            answer = await emulator.handle(request, rule.name)
        elif operation is Operation.CREATE and rule.name != WireFault.REFUSE.value:
            create = self._floor.arrive(emulator.name, emulator.facts(request), rule.name)
            create.note = "lost before it was processed"
        return self._damaged(rule, request, answer, emulator)

    def _damaged(self, rule: Rule, request: Request, answer: Answer, emulator: _Emulator) -> Answer:
        call = Call(
            request=request,
            answer=answer,
            options=rule.options,
            base_url=self._floor.base_url(request),
            refuse=emulator.refuse,
            without_id=emulator.without_id,
        )
        return DAMAGES[rule.name].apply(call)

    async def _show(self, request: Request) -> Answer:
        """Serve a result, unless it, or this fetch of it, is spoilt."""
        exhibit = self._floor.gallery.find(request.path, self._floor.now_s())
        if exhibit is None:
            return text_answer("no such object", 404)
        rule = self.faults.take(exhibit.provider, Operation.IMAGE, Kind.REPLY)
        if rule is None:
            return await self._picture(request, exhibit)
        answer = Answer(0)
        if DAMAGES[rule.name].processed:
            answer = await self._floor.gallery.show(exhibit)
        emulator = self._runpod if exhibit.provider == self._runpod.name else self._shortapi
        return self._damaged(rule, request, answer, emulator)

    async def _picture(self, request: Request, exhibit: Exhibit) -> Answer:
        rule = self.faults.take(exhibit.provider, Operation.IMAGE, Kind.PICTURE)
        name = rule.name if rule else exhibit.fault
        followed = name == "result_redirect" and "direct" in request.query
        if name is None or followed:
            return await self._floor.gallery.show(exhibit)
        location = rule.options.location if rule else exhibit.location
        here = f"{self._floor.base_url(request)}{request.path}?direct=1"
        return PICTURE_FAULTS[name](location or here)

    def _attend(self, request: Request) -> Answer:
        """Serve the sandbox's own pages."""
        match request.method, request.path:
            case "GET", "/":
                return text_answer(_INDEX.format(samples=", ".join(SAMPLE_NAMES)))
            case "GET", "/_truth":
                return json_answer(self.truth.as_json(self.balances))
            case "GET", "/_faults":
                return json_answer(self._faults_json())
            case "POST", "/_faults":
                return self._load(request)
            case "DELETE", "/_faults":
                self.faults.clear()
                return json_answer({"loaded": 0})
            case _:
                return text_answer("nothing here; GET / says what is where\n", 404)

    def _load(self, request: Request) -> Answer:
        try:
            return json_answer({"loaded": self.faults.load(request.parsed())})
        except InvalidFault as wrong:
            return json_answer({"error": str(wrong)}, 400)
        except ValueError:
            return json_answer({"error": "the body is not JSON"}, 400)

    def _faults_json(self) -> dict[str, Any]:
        return {
            "rules": [rule.as_json() for rule in self.faults.rules],
            "known": {
                fault.name: {
                    "summary": fault.summary,
                    "operations": [operation.value for operation in fault.at],
                    "options": sorted(fault.options),
                }
                for fault in FAULTS.values()
            },
        }


def _sample(name: str) -> Answer:
    body = sample_bytes(name)
    if body is None:
        return text_answer(f"samples are {', '.join(SAMPLE_NAMES)}", 404)
    return Answer(200, {"content-type": sample_type(name)}, body)
