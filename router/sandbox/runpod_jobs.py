"""
Runpod's jobs and what they cost: taken, billed when they complete, cancelled, retried, told of.

Source: Runpod docs, "Public endpoints" (failures are free), "Batch jobs" (a cancel in the queue).
"""

from dataclasses import replace
from typing import Any

from router.sandbox.bend import bent, hurried
from router.sandbox.catalogue import Model
from router.sandbox.faults import Kind, Operation
from router.sandbox.floor import Floor, Refused
from router.sandbox.jobs import TERMINAL, Ending, Job, Plan, Stage
from router.sandbox.rules import Rule
from router.sandbox.runpod_input import Submission
from router.sandbox.runpod_state import forged_state, write_state
from router.sandbox.settings import HOUR_S
from router.sandbox.truth import Create
from router.sandbox.wire import Request, json_answer, path_of

_UNFIT_S = 0.3
"""How long a worker takes to reject an input."""


class RunpodJobs:
    """The jobs of one account."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._settings = floor.settings.runpod
        self._jobs: dict[str, Job] = {}
        self._latest: str | None = None

    def of(self, model: Model) -> list[Job]:
        """All jobs of one endpoint, forgotten ones too."""
        return [job for job in self._jobs.values() if job.model == model.name]

    def find(self, model: Model, ref: str) -> Job:
        """
        Find a job.

        Raises:
            Refused: 404: the endpoint has no such job, or no longer.
        """
        job = self._jobs.get(ref)
        now_s = self._floor.now_s()
        if job is None or job.model != model.name or job.stage(now_s) is Stage.GONE:
            raise Refused(404, "job not found")
        return job

    def accept(
        self, request: Request, model: Model, submission: Submission, create: Create, *, sync: bool
    ) -> Job:
        """
        Take a job. Nothing is billed yet.

        Raises:
            Refused: 402: the account does not hold the price.
        """
        floor = self._floor
        rule = floor.faults.take("runpod", Operation.CREATE, Kind.JOB)
        told = floor.take_callback_fault("runpod", submission.webhook)
        create.faults += tuple(met.name for met in (rule, told) if met)
        plan = self._plan(submission, rule, told)
        if plan.charge_nanos > floor.balances["runpod"]:
            raise Refused(402, "Insufficient balance")
        job = self._job(request, model, submission, create, plan, sync=sync)
        create.accepted, create.ref = True, job.ref
        self._jobs.setdefault(job.ref, job)
        self._latest = job.ref
        self._schedule(job)
        floor.announce(job, told, self._settings.callback_pauses_s, self._callback)
        return job

    def cancel(self, job: Job) -> Stage:
        """Stop a job: free while queued; while running it is billed, unless the settings say no."""
        now_s = self._floor.now_s()
        stage = job.stage(now_s)
        if stage not in {Stage.QUEUED, Stage.RUNNING}:
            return stage
        job.cancelled_s = now_s
        if stage is Stage.RUNNING and not self._settings.cancelled_running_is_free:
            self._floor.charge(job, now_s, "cancelled while running")
        return Stage.CANCELLED

    def retry(self, job: Job) -> None:
        """
        Queue a failed job again, under its id. What failed it by chance does not fail it twice.

        Raises:
            Refused: 400: it has not failed.
        """
        if job.stage(self._floor.now_s()) is not Stage.FAILED:
            raise Refused(400, "only failed or timed out jobs can be retried")
        if not job.plan.hopeless:
            job.plan = replace(job.plan, ending=Ending.IMAGE, failure_is_billed=False)
        job.retries += 1
        job.created_s, job.created_at = self._floor.now_s(), self._floor.clock.now()
        self._schedule(job)
        self._floor.announce(job, None, self._settings.callback_pauses_s, self._callback)

    async def state(self, job: Job, stage: Stage) -> dict[str, Any]:
        """Write a job's state; paints the picture when it was asked for as base64."""
        image = None
        if job.as_base64 and stage is Stage.SUCCEEDED:
            gallery = self._floor.gallery
            exhibit = gallery.find(path_of(job.picture_url), self._floor.now_s())
            image = await gallery.paint(exhibit.picture) if exhibit else None
        return write_state(job, stage, self._settings, image)

    def _plan(self, submission: Submission, rule: Rule | None, told: Rule | None) -> Plan:
        if submission.order is None:
            plan = self._hopeless(submission)
        else:
            drawn = self._floor.draw_plan(self._settings.latency, submission.order)
            plan = bent(drawn, rule, self._floor.entropy)
        early = told is not None and told.name == "callback_early"
        return hurried(plan, told.options) if told and early else plan

    def _hopeless(self, submission: Submission) -> Plan:
        speed = self._floor.settings.speed
        return Plan(
            queue_s=self._settings.latency.queue_s / speed,
            execution_s=_UNFIT_S / speed,
            price_nanos=0,
            charge_nanos=0,
            ending=Ending.FAILED,
            error=submission.error,
            hopeless=True,
        )

    def _job(
        self,
        request: Request,
        model: Model,
        submission: Submission,
        create: Create,
        plan: Plan,
        *,
        sync: bool,
    ) -> Job:
        floor, settings = self._floor, self._settings
        url = ""
        if submission.order:
            url = floor.hang(request, "runpod", plan, floor.picture(submission.order))
        fresh = f"{'sync-' if sync else ''}{floor.new_id()}-u1"
        reused = self._latest if plan.reuse_ref else None
        return Job(
            provider="runpod",
            ref=reused or fresh,
            create=create.number,
            model=model.name,
            plan=plan,
            created_s=floor.now_s(),
            created_at=floor.clock.now(),
            picture_url=url,
            callback_url=submission.webhook,
            echo=submission.echo if submission.webhook else None,
            worker=floor.new_worker(),
            as_base64=submission.as_base64,
            ttl_s=submission.ttl_s,
            execution_timeout_s=submission.execution_timeout_s,
            retention_s=settings.retention_sync_s if sync else settings.retention_run_s,
            # An empty input is handed to a worker twice before they give up.
            retries=0 if submission.echo else 1,
        )

    def _schedule(self, job: Job) -> None:
        """Bill it when it completes, if it still does then; forget its input an hour later."""

        def settle() -> None:
            stage = job.stage(job.ended_s)
            if stage is Stage.SUCCEEDED:
                self._floor.charge(job, job.ended_s, "completed")
            elif stage is Stage.FAILED and job.plan.failure_is_billed:
                self._floor.charge(job, job.ended_s, "failed, and billed all the same")

        def forget() -> None:
            job.echo = None

        self._floor.plan(job.ended_s, settle)
        self._floor.plan(job.ended_s + HOUR_S, forget)

    async def _callback(self, job: Job, now_s: float, forged: bool) -> bytes | None:  # noqa: FBT001
        stage = job.stage(now_s)
        if forged:
            state = forged_state(job, self._settings)
        elif stage in TERMINAL and stage is not Stage.CANCELLED:
            state = await self.state(job, stage)
        else:
            return None
        return json_answer({**state, "input": job.echo or {}, "webhook": job.callback_url}).body
