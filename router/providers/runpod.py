"""
Runpod's public endpoints: `/v2/{slug}/run`, then `/status/{id}`.

Creates go by `/run`, because a lost reply of `/runsync` loses the id for its whole wait.

Source: Runpod docs, "Operation reference", "Job states", "Execution policies" and the pages of the
public endpoints.
"""

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from router.model.errors import Ending, ProviderFailed
from router.model.ids import ProviderRef
from router.model.job import Job
from router.model.offer import Offer, ProviderTerms
from router.providers import verdicts, words
from router.providers.parsing import (
    Json,
    images_in,
    is_given,
    is_success,
    member,
    parse_object,
    provider_ref,
    retry_after_s,
    seconds_from_millis,
    write,
)
from router.providers.reports import reported
from router.providers.wire import Call, Delivered, Forgotten, Pending, Progress, Reply, Unreadable

RUN_BODY_BYTES_MAX = 10_000_000
"""What `/run` takes; `/runsync` takes twice as much. Source: Runpod docs, "Operation reference"."""
EXECUTION_TIMEOUT_S_MAX = 600.0
"""Runpod's own default for how long a job may execute. Source: Runpod docs, execution policies."""

_OMITTED: Mapping[str, frozenset[str]] = {
    # Source: Runpod docs, public endpoints, "Nano Banana Edit": prompt, images, a safety switch.
    "nano-banana-edit": frozenset({"resolution", "aspect_ratio", "output_format"}),
}
# Source: Runpod docs, public endpoints, "Nano Banana 2 Edit": `output_format`.
_FORMATS = frozenset({"png", "jpeg"})
_STAGES: Mapping[str, Literal["queued", "running"]] = {
    "IN_QUEUE": "queued",
    "IN_PROGRESS": "running",
    "RUNNING": "running",  # In the list of states, and never seen on the wire.
}
_ENDINGS: Mapping[str, Ending] = {
    "FAILED": Ending.FAILED,
    "TIMED_OUT": Ending.FAILED,
    "CANCELLED": Ending.CANCELLED,
}


class RunpodCodec:
    """The `Codec` of Runpod."""

    name = "runpod"
    can_cancel = True

    def create(
        self, job: Job, offer: Offer, terms: ProviderTerms, *, callback_url: str | None
    ) -> Call:
        wanted = {
            "prompt": job.prompt,
            "images": list(job.images),
            "resolution": job.resolution.value.lower(),
            "aspect_ratio": offer.aspect_ratio,
            # What it cannot make is made here, of what it makes unasked.
            "output_format": job.output_format if job.output_format in _FORMATS else None,
        }
        omitted = _OMITTED.get(offer.slug, frozenset())
        document: dict[str, object] = {
            "input": {k: v for k, v in wanted.items() if v is not None and k not in omitted},
            "policy": {
                "executionTimeout": _millis(min(EXECUTION_TIMEOUT_S_MAX, terms.job_ttl_s)),
                "ttl": _millis(terms.job_ttl_s),
            },
        }
        if callback_url is not None:
            document["webhook"] = callback_url
        body = write(document)
        # A body too large for /run goes by /runsync, held no longer than it takes to learn the id.
        verb = "run" if len(body) <= RUN_BODY_BYTES_MAX else "runsync?wait=1000"
        return Call(method="POST", path=f"{_endpoint(offer.slug)}/{verb}", body=body)

    def read_create(self, reply: Reply, terms: ProviderTerms) -> Progress:
        document = parse_object(reply.body)
        ref = provider_ref(member(document, "id"))
        if document is not None and ref is not None and _is_readable(reply, document):
            return self._progress(document, ref)
        told = words.told_by(reply, document)
        names_job = (
            is_given(document.get("id"))
            if document is not None
            else verdicts.names_in_bytes(reply.body, "id")
        )
        verdicts.raise_if_refused(self.name, reply, terms, told, names_job=names_job)
        raise verdicts.in_doubt(self.name, reply, told, named=ref)

    def query(self, ref: ProviderRef, offer_slug: str) -> Call:
        return Call(method="GET", path=f"{_endpoint(offer_slug)}/status/{quote(ref, safe='')}")

    def read_query(self, reply: Reply, ref: ProviderRef) -> Progress:
        document = parse_object(reply.body)
        is_ours = document is not None and document.get("id") == ref
        if document is not None and is_ours and _is_readable(reply, document):
            return self._progress(document, ref)
        detail = words.answer(self.name, reply.status, words.told_by(reply, document))
        if reply.status == verdicts.NOT_FOUND:
            raise Forgotten(detail)
        raise Unreadable(detail, retry_after_s=retry_after_s(reply))

    def cancel(self, ref: ProviderRef, offer_slug: str) -> Call:
        return Call(method="POST", path=f"{_endpoint(offer_slug)}/cancel/{quote(ref, safe='')}")

    def read_cancel(self, reply: Reply, ref: ProviderRef) -> bool:
        document = parse_object(reply.body)
        if document is None or document.get("id") != ref:
            return False
        return is_success(reply) and _state(document) == "CANCELLED"

    def read_callback(self, payload: Any) -> ProviderRef | None:
        return provider_ref(member(payload, "id"))

    def _progress(self, document: Mapping[str, Json], ref: ProviderRef) -> Progress:
        """
        Read the state of a job that the reply names.

        Raises:
            ProviderFailed: It ended without an image.
        """
        state = _state(document)
        if state in _ENDINGS:
            raise self._failed(document, ref, _ENDINGS[state])
        if state != "COMPLETED":
            return Pending(ref=ref, stage=_STAGES.get(state, "unknown"))
        images = _images(document.get("output"))
        if not images:
            is_failed = _says_failed(document.get("output"))
            ending = Ending.FAILED if is_failed else Ending.EMPTY
            raise self._failed(document, ref, ending)
        return Delivered(
            ref=ref,
            images=images,
            reported=reported(member(document, "output", "cost"), "output.cost"),
            queue_s=seconds_from_millis(document.get("delayTime")),
            execution_s=seconds_from_millis(document.get("executionTime")),
        )

    def _failed(
        self, document: Mapping[str, Json], ref: ProviderRef, how: Ending
    ) -> ProviderFailed:
        told = words.told_in(document.get("error"), document.get("output"), document)
        return ProviderFailed(
            words.sentence(f"{self.name} ended the job", told or _state(document)),
            ref=ref,
            reported=reported(member(document, "output", "cost"), "output.cost"),
            how=how,
            content_refused=words.speaks_of_content(told),
        )


def _endpoint(slug: str) -> str:
    return f"/v2/{quote(slug, safe='')}"


def _millis(seconds: float) -> int:
    return round(seconds * 1000)


def _state(document: Mapping[str, Json]) -> str:
    status = document.get("status")
    return status.strip().upper() if isinstance(status, str) else ""


def _is_readable(reply: Reply, document: Mapping[str, Json]) -> bool:
    """
    Whether the body is to be believed under this HTTP status.

    The pages show a FAILED job under a 400, clients parse it out of a 200.
    """
    return is_success(reply) or _state(document) == "FAILED"


def _images(output: Json) -> tuple[str, ...]:
    """
    Find the images. The documents write `image_url`, live replies `result`.

    Source: public client code, whose authors had to add `result`.
    """
    places = (member(output, "result"), member(output, "image_url"), output)
    return next((images for place in places if (images := images_in(place))), ())


def _says_failed(output: Json) -> bool:
    status = member(output, "status")
    is_failed = isinstance(status, str) and status.strip().lower() in {"failed", "error"}
    return is_failed or is_given(member(output, "error"))
