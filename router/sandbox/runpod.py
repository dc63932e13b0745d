"""
The stand-in for Runpod's public endpoints: run, runsync, status, cancel, and the rest.

It bills when a job completes. Failures are free, and so is a cancel while queued.

Source: Runpod docs, "Operation reference", "Send requests", "Public endpoints".
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from router.sandbox.catalogue import Model
from router.sandbox.faults import Kind, Operation
from router.sandbox.floor import Floor, Refused, key_of
from router.sandbox.jobs import Job, Stage, shown
from router.sandbox.runpod_input import parsed, read_facts, read_submission
from router.sandbox.runpod_jobs import RunpodJobs
from router.sandbox.runpod_state import write_state
from router.sandbox.truth import Create, Facts
from router.sandbox.wire import Answer, Request, json_answer, text_answer

RUN_BYTES_MAX = 10_000_000
RUNSYNC_BYTES_MAX = 20_000_000

_WAIT_S = (1.0, 300.0, 90.0)
_STREAM_HOLD_S = 10.0
_HOLD_STEP_S = 1.0
"""While a request is held, how often the job is looked at: it may be cancelled meanwhile."""


class Runpod:
    """One account at Runpod."""

    name = "runpod"

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._settings = floor.settings.runpod
        self._models = {model.name: model for model in self._settings.models}
        self._jobs = RunpodJobs(floor)

    def operation(self, request: Request) -> Operation | None:
        """Say what a request asks for, whether or not it may."""
        route = _ROUTES.get(_split(request.path)[1])
        return route.operation if route else None

    def facts(self, request: Request) -> Facts:
        """Read what a create says of itself, as far as it can be read."""
        return read_facts(request, _split(request.path)[0])

    async def handle(self, request: Request, fault: str | None) -> Answer:
        """Answer a request; `fault` will befall the answer, and is only noted here."""
        slug, verb, ref = _split(request.path)
        route = _ROUTES.get(verb)
        create = None
        if route and route.operation is Operation.CREATE:
            create = self._floor.arrive(self.name, self.facts(request), fault)
        try:
            return await self._route(request, slug, route, ref, create)
        except Refused as no:
            if create and not create.accepted:
                create.note = no.text
            return self.refuse(no.status, no.text)

    async def _route(
        self, request: Request, slug: str, route: "_Route | None", ref: str, create: Create | None
    ) -> Answer:
        known = self._settings.key
        key = key_of(request)
        if not key or key != (known or key):
            raise Refused(401, "Unauthorized")
        model = self._models.get(slug)
        if model is None:
            raise Refused(404, "endpoint not found")
        if route is None or bool(ref) is not route.has_ref:
            raise Refused(404, "no such operation")
        if request.method not in route.methods:
            raise Refused(405, "method not allowed")
        return await route.answer(self, _Call(request, model, ref, create))

    def refuse(self, status: int, text: str) -> Answer:
        """Say no."""
        http = self._settings.credit_gone_http if status == 402 else status  # noqa: PLR2004
        if status in self._settings.bodies:
            return text_answer(self._settings.bodies[status], http, "application/json")
        return json_answer({"error": text}, http)

    def without_id(self, answer: Answer) -> Answer:
        """Take the job's id out of a create's answer."""
        state = parsed(Request("", "", body=answer.body))
        state.pop("id", None)
        return json_answer(state, answer.status)

    async def run(self, call: "_Call") -> Answer:
        """Take a job and answer at once."""
        job = await self._accept(call, sync=False)
        return json_answer({"id": job.ref, "status": "IN_QUEUE"})

    async def runsync(self, call: "_Call") -> Answer:
        """Take a job and hold the request until it is over, or `wait` is."""
        wait_s = _wait_s(call.request)
        job = await self._accept(call, sync=True)
        await self._hold(job, wait_s)
        return await self._state_answer(job, None)

    async def status(self, call: "_Call") -> Answer:
        """Tell a job's state, at once."""
        job = self._jobs.find(call.model, call.ref)
        if "ttl" in call.request.query:
            job.ttl_s = _milliseconds(call.request, "ttl") / 1000
        return await self._state_answer(job, self._view())

    async def status_sync(self, call: "_Call") -> Answer:
        """Tell a job's state, when it is over or `wait` is."""
        job = self._jobs.find(call.model, call.ref)
        await self._hold(job, _wait_s(call.request))
        return await self._state_answer(job, self._view())

    async def stream(self, call: "_Call") -> Answer:
        """Drain what the job has put out since the last time: for pictures, all or nothing."""
        job = self._jobs.find(call.model, call.ref)
        await self._hold(job, _STREAM_HOLD_S)
        stage = self._seen(job, self._view())
        state = await self._jobs.state(job, stage)
        chunks: list[dict[str, Any]] = []
        if stage is Stage.SUCCEEDED and not job.streamed:
            job.streamed = True
            chunks = [{"output": state["output"]}]
        return json_answer({"status": state["status"], "stream": chunks})

    async def cancel(self, call: "_Call") -> Answer:
        """Stop a job that is not over; one that is keeps its state."""
        job = self._jobs.find(call.model, call.ref)
        state = write_state(job, self._jobs.cancel(job), self._settings)
        return json_answer({"id": job.ref, "status": state["status"]})

    async def retry(self, call: "_Call") -> Answer:
        """Queue a failed job again, under its id."""
        job = self._jobs.find(call.model, call.ref)
        self._jobs.retry(job)
        return json_answer({"id": job.ref, "status": "IN_QUEUE"})

    async def purge_queue(self, call: "_Call") -> Answer:
        """Cancel every job of this endpoint that has not started."""
        now_s = self._floor.now_s()
        waiting = [job for job in self._jobs.of(call.model) if job.stage(now_s) is Stage.QUEUED]
        for job in waiting:
            self._jobs.cancel(job)
        return json_answer({"removed": len(waiting), "status": "completed"})

    async def health(self, call: "_Call") -> Answer:
        """Count jobs and workers; here every running job has a worker of its own."""
        now_s = self._floor.now_s()
        jobs = self._jobs.of(call.model)
        stages = [job.stage(now_s) for job in jobs]
        running = stages.count(Stage.RUNNING)
        counts = {
            "completed": stages.count(Stage.SUCCEEDED),
            "failed": stages.count(Stage.FAILED),
            "inProgress": running,
            "inQueue": stages.count(Stage.QUEUED),
            "retried": sum(job.retries for job in jobs),
        }
        workers = {"idle": 1, "initializing": 0, "ready": 1, "running": running}
        return json_answer(
            {"jobs": counts, "workers": {**workers, "throttled": 0, "unhealthy": 0}},
        )

    async def _accept(self, call: "_Call", *, sync: bool) -> Job:
        assert call.create is not None, "only creates are accepted"
        limit = RUNSYNC_BYTES_MAX if sync else RUN_BYTES_MAX
        if len(call.request.body) > limit:
            raise Refused(413, f"the body exceeds {limit // 1_000_000} MB")
        submission = read_submission(call.model, call.request, self._settings)
        job = self._jobs.accept(call.request, call.model, submission, call.create, sync=sync)
        if job.plan.early_s:
            await self._floor.clock.sleep_s(job.plan.early_s)
        return job

    def _view(self) -> str | None:
        rule = self._floor.faults.take(self.name, Operation.QUERY, Kind.VIEW)
        return rule.name if rule else None

    def _seen(self, job: Job, view: str | None) -> Stage:
        stage = shown(job, self._floor.now_s(), view)
        if stage is Stage.GONE:
            raise Refused(404, "job not found")
        return stage

    async def _hold(self, job: Job, wait_s: float) -> None:
        """Keep the client waiting while there is something to wait for."""
        clock = self._floor.clock
        until_s = clock.monotonic_s() + wait_s
        while (now_s := clock.monotonic_s()) < until_s:
            if job.stage(now_s) not in {Stage.QUEUED, Stage.RUNNING}:
                return
            ends_s = job.ended_s if job.ended_s > now_s else until_s
            await clock.sleep_s(min(_HOLD_STEP_S, until_s - now_s, ends_s - now_s))

    async def _state_answer(self, job: Job, view: str | None) -> Answer:
        stage = self._seen(job, view)
        status = self._settings.failed_http if stage is Stage.FAILED else 200
        return json_answer(await self._jobs.state(job, stage), status)


@dataclass(frozen=True, slots=True)
class _Call:
    """One request to a known endpoint, let in."""

    request: Request
    model: Model
    ref: str
    create: Create | None


@dataclass(frozen=True, slots=True)
class _Route:
    methods: frozenset[str]
    operation: Operation | None
    answer: Callable[[Runpod, _Call], Awaitable[Answer]]
    has_ref: bool = field(default=True, kw_only=True)


_GET, _POST, _BOTH = frozenset({"GET"}), frozenset({"POST"}), frozenset({"GET", "POST"})

_ROUTES: Mapping[str, _Route] = {
    "run": _Route(_POST, Operation.CREATE, Runpod.run, has_ref=False),
    "runsync": _Route(_POST, Operation.CREATE, Runpod.runsync, has_ref=False),
    "status": _Route(_GET, Operation.QUERY, Runpod.status),
    "status-sync": _Route(_BOTH, Operation.QUERY, Runpod.status_sync),
    "stream": _Route(_GET, Operation.QUERY, Runpod.stream),
    "cancel": _Route(_POST, Operation.CANCEL, Runpod.cancel),
    "retry": _Route(_POST, None, Runpod.retry),
    "purge-queue": _Route(_POST, None, Runpod.purge_queue, has_ref=False),
    "health": _Route(_GET, None, Runpod.health, has_ref=False),
}


def _split(path: str) -> tuple[str, str, str]:
    """Take `/v2/slug/verb/ref` apart; what is missing is empty."""
    parts = [*path.removeprefix("/v2/").split("/"), "", ""]
    return parts[0], parts[1], parts[2]


def _milliseconds(request: Request, key: str) -> int:
    text = request.query.get(key, "")
    if not (text.isascii() and text.isdigit()):
        raise Refused(400, f"{key} must be a whole number of milliseconds")
    return int(text)


def _wait_s(request: Request) -> float:
    """Read `?wait=`, in milliseconds, and keep it within what they allow."""
    lowest_s, highest_s, default_s = _WAIT_S
    if "wait" not in request.query:
        return default_s
    return min(highest_s, max(lowest_s, _milliseconds(request, "wait") / 1000))
