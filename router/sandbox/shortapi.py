"""
The stand-in for ShortAPI: create a job, query it, be called back.

It bills at the create and gives the money back when the job fails. There is no cancel, no list,
no idempotency: each create that is accepted is a purchase.

Source: shortapi.ai, per-model llms.txt (create, query, status 2) and clients' code for the rest.
"""

import math
from typing import Any

from router.sandbox.bend import bent, hurried
from router.sandbox.catalogue import SHORTAPI_RATIOS, Model
from router.sandbox.faults import Kind, Operation
from router.sandbox.floor import Floor, Order, Refused, callback_token, is_input
from router.sandbox.jobs import TERMINAL, Ending, Job, Plan, Stage, shown
from router.sandbox.money import dollars
from router.sandbox.truth import Create, Facts
from router.sandbox.wire import (
    Answer,
    Request,
    as_list,
    as_object,
    as_text,
    is_web_url,
    json_answer,
    text_answer,
)

CREATE = "/api/v1/job/create"
QUERY = "/api/v1/job/query"

_SAMPLE_AMOUNT = "0.02"
_GARBAGE = {"nan": "NaN", "negative": "-0.04", "huge": "1e30", "text": "two cents"}
_FORGED_URL = "https://forged.example/picture.png"
_ALWAYS_HTTP = frozenset({401, 403, 429})


class ShortApi:
    """One account at ShortAPI."""

    name = "shortapi"

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._settings = floor.settings.shortapi
        self._models = {model.name: model for model in self._settings.models}
        self._jobs: dict[str, Job] = {}
        self._latest: str | None = None

    def operation(self, request: Request) -> Operation | None:
        """Say what a request asks for, whether or not it may."""
        return {CREATE: Operation.CREATE, QUERY: Operation.QUERY}.get(request.path)

    def facts(self, request: Request) -> Facts:
        """Read what a create says of itself, as far as it can be read."""
        body = _parsed(request)
        args = as_object(body.get("args"))
        return Facts(
            path=request.path,
            body_bytes=len(request.body),
            model=as_text(body.get("model")),
            resolution=as_text(args.get("resolution")),
            aspect_ratio=as_text(args.get("aspect_ratio")),
            images=len(as_list(args.get("image_urls"))),
            callback_token=callback_token(body.get("callback_url")),
        )

    async def handle(self, request: Request, fault: str | None) -> Answer:
        """Answer a request; `fault` will befall the answer, and is only noted here."""
        if request.path == CREATE and request.method == "POST":
            return await self._create(request, fault)
        if request.path == QUERY and request.method == "GET":
            return self._query(request)
        return self.refuse(405 if self.operation(request) else 404, "no such operation")

    def refuse(self, status: int, text: str) -> Answer:
        """Say no, in the envelope; the HTTP status is 200 or the reason itself, by setting."""
        settings = self._settings
        http = status if settings.errors == "http" else 200
        if status in _ALWAYS_HTTP or status >= 500:  # noqa: PLR2004 - The server's own failures.
            http = status
        if status == 402:  # noqa: PLR2004 - Payment required.
            http = settings.credit_gone_http
        if status in settings.bodies:
            return text_answer(settings.bodies[status], http, "application/json")
        return json_answer({"code": settings.codes.get(status, status), "info": text}, http)

    def without_id(self, answer: Answer) -> Answer:
        """Take the job's id out of a create's answer."""
        document = as_object(_document(answer.body))
        as_object(document.get("data")).pop("job_id", None)
        return json_answer(document, answer.status)

    async def _create(self, request: Request, fault: str | None) -> Answer:
        create = self._floor.arrive(self.name, self.facts(request), fault)
        try:
            job = self._accept(request, create)
        except Refused as no:
            create.note = no.text
            return self.refuse(no.status, no.text)
        if job.plan.early_s:
            await self._floor.clock.sleep_s(job.plan.early_s)
        return json_answer({"code": 0, "data": {"amount": self._amount(job), "job_id": job.ref}})

    def _accept(self, request: Request, create: Create) -> Job:
        self._let_in(request)
        floor = self._floor
        body = _parsed(request)
        model, order = self._read(body)
        callback_url = _callback_url(body)
        rule = floor.faults.take(self.name, Operation.CREATE, Kind.JOB)
        told = floor.take_callback_fault(self.name, callback_url)
        create.faults += tuple(met.name for met in (rule, told) if met)
        plan = bent(floor.draw_plan(self._settings.latency, order), rule, floor.entropy)
        if told and told.name == "callback_early":
            plan = hurried(plan, told.options)
        if plan.charge_nanos > floor.balances[self.name]:
            raise Refused(402, "insufficient balance")
        job = self._job(
            request,
            create=create,
            model=model,
            order=order,
            plan=plan,
            callback_url=callback_url,
        )
        create.accepted, create.ref = True, job.ref
        self._jobs.setdefault(job.ref, job)
        self._latest = job.ref
        floor.charge(job, job.created_s, "created")
        if self._refund_s(job) < math.inf:
            floor.plan(self._refund_s(job), lambda: self._refund(job))
        floor.announce(job, told, self._settings.callback_pauses_s, self._callback)
        return job

    def _job(
        self,
        request: Request,
        *,
        create: Create,
        model: Model,
        order: Order,
        plan: Plan,
        callback_url: str | None,
    ) -> Job:
        floor = self._floor
        reused = self._latest if plan.reuse_ref else None
        return Job(
            provider=self.name,
            ref=reused or floor.new_id().hex,
            create=create.number,
            model=model.name,
            plan=plan,
            created_s=floor.now_s(),
            created_at=floor.clock.now(),
            picture_url=floor.hang(request, self.name, plan, floor.picture(order)),
            callback_url=callback_url,
            retention_s=self._settings.retention_s,
        )

    def _let_in(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        known = self._settings.key
        if scheme.lower() != "bearer" or not key.strip() or key.strip() != (known or key.strip()):
            raise Refused(401, "invalid api key")

    def _read(self, body: dict[str, Any]) -> tuple[Model, Order]:
        model = self._models.get(as_text(body.get("model")) or "")
        if model is None:
            raise Refused(400, "invalid model")
        args = as_object(body.get("args"))
        prompt, ratio = as_text(args.get("prompt")), as_text(args.get("aspect_ratio"))
        if not prompt:
            raise Refused(400, "prompt is required")
        if ratio not in SHORTAPI_RATIOS:
            raise Refused(400, "aspect_ratio is required and must be one of the options")
        number = args.get("num_images", 1)
        if isinstance(number, bool) or number != 1:
            raise Refused(400, "num_images must be 1")
        resolution = _resolution(model, args)
        price_nanos = model.price_nanos(resolution)
        if price_nanos is None:
            raise Refused(400, "resolution must be one of 1K, 2K, 4K")
        return model, Order(
            prompt=prompt,
            images=self._images(model, args),
            resolution=resolution,
            aspect_ratio=ratio,
            output_format=self._settings.output_format,
            price_nanos=price_nanos,
        )

    def _images(self, model: Model, args: dict[str, Any]) -> tuple[str, ...]:
        images = as_list(args.get("image_urls"))
        if not 1 <= len(images) <= model.images_max:
            raise Refused(400, f"image_urls must have 1 to {model.images_max} items")
        for image in images:
            if not is_input(image) or (not self._settings.data_urls and not is_web_url(image)):
                raise Refused(400, "invalid image url")
        return tuple(images)

    def _amount(self, job: Job) -> str:
        if job.plan.garbage:
            return _GARBAGE[job.plan.garbage]
        return _SAMPLE_AMOUNT if self._settings.amount == "sample" else self._billed(job)

    @staticmethod
    def _billed(job: Job) -> str:
        return dollars(job.plan.charge_nanos)

    def _refund_s(self, job: Job) -> float:
        """Say when a job's charge comes back; infinity is never."""
        kept = not self._settings.refunds or job.plan.failure_is_billed
        if job.ending is not Ending.FAILED or kept:
            return math.inf
        return job.ended_s + self._settings.refund_delay_s

    def _refund(self, job: Job) -> None:
        self._floor.refund(job, self._refund_s(job), "failed")

    def _query(self, request: Request) -> Answer:
        try:
            self._let_in(request)
        except Refused as no:
            return self.refuse(no.status, no.text)
        job = self._jobs.get(request.query.get("id", ""))
        rule = self._floor.faults.take(self.name, Operation.QUERY, Kind.VIEW)
        now_s = self._floor.now_s()
        stage = Stage.GONE if job is None else shown(job, now_s, rule.name if rule else None)
        if job is None or stage is Stage.GONE:
            return self._not_found(spoilt=rule is not None or job is not None)
        return json_answer({"code": 0, "data": self._data(job, stage, now_s)})

    def _not_found(self, *, spoilt: bool) -> Answer:
        answer = self.refuse(404, "job not found")
        # What a fault calls a 404 is one, whatever refusals look like otherwise.
        return Answer(404, answer.headers, answer.body) if spoilt else answer

    def _data(self, job: Job, stage: Stage, now_s: float) -> dict[str, Any]:
        data: dict[str, Any] = {"status": self._settings.statuses[stage.value]}
        if stage is Stage.SUCCEEDED:
            empty = job.ending is Ending.NO_IMAGE
            data["result"] = {"images": [] if empty else [{"url": job.picture_url}]}
        if stage is Stage.FAILED:
            data["error"] = job.plan.error
            data["refunded"] = now_s >= self._refund_s(job)
        if self._settings.extras:
            data["id"] = job.ref
            data["credit"] = self._billed(job)
            if stage in TERMINAL:
                data["finished_at"] = int(job.at(job.ended_s).timestamp())
        return data

    async def _callback(self, job: Job, now_s: float, forged: bool) -> bytes | None:  # noqa: FBT001
        stage = Stage.SUCCEEDED if forged else job.stage(now_s)
        if stage not in TERMINAL:
            return None
        data = self._data(job, stage, now_s)
        if forged:
            data["result"] = {"images": [{"url": _FORGED_URL}]}
        document: dict[str, Any] = {"code": 0, "data": data}
        named = self._settings.callback_id
        if named in {"data", "both"}:
            data["job_id"] = job.ref
        if named in {"top", "both"}:
            document["job_id"] = job.ref
        return json_answer(document).body


def _document(body: bytes) -> Any:
    try:
        return Request("", "", body=body).parsed()
    except ValueError:
        return None


def _parsed(request: Request) -> dict[str, Any]:
    return as_object(_document(request.body))


def _resolution(model: Model, args: dict[str, Any]) -> str:
    """Read the resolution, which they write in upper case; empty for a model of one size."""
    if not model.default_resolution:
        return ""
    written = args.get("resolution", model.default_resolution.upper())
    if not isinstance(written, str) or written != written.upper():
        raise Refused(400, "resolution must be one of 1K, 2K, 4K")
    return written.lower()


def _callback_url(body: dict[str, Any]) -> str | None:
    """Read the callback URL. The documents' own placeholder is not one, and is not an error."""
    url = body.get("callback_url")
    if url is not None and not isinstance(url, str):
        raise Refused(400, "callback_url must be a string")
    return url if url is not None and is_web_url(url) else None
