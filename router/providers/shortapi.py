"""
ShortAPI: `POST /api/v1/job/create`, then `GET /api/v1/job/query`, states as numbers.

It has no cancellation, no error reference and no idempotency, and its `code` is not HTTP's.

Source: shortapi.ai, models/google/nano-banana-2/edit/llms.txt, and the page's "api" section. The
states 0, 1 and 3, `info` and `refunded` are known from public client code only.
"""

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from router.model.charge import Reported
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
    whole,
    write,
)
from router.providers.reports import reported
from router.providers.wire import Call, Delivered, Forgotten, Pending, Progress, Reply, Unreadable

_OMITTED: Mapping[str, frozenset[str]] = {
    # Source: shortapi.ai, models/google/nano-banana/edit/llms.txt: there is no such argument.
    "google/nano-banana/edit": frozenset({"resolution"}),
}
_JOB_PATHS = (("data", "job_id"), ("job_id",), ("data", "id"))
# Its own Python sample reads the id at the top, its schema puts it into `data`.
_REF_PATHS = _JOB_PATHS[:2]
# 200 is what look-alike APIs write for success. It is no refusal, whatever follows.
_CODES_OF_SUCCESS = frozenset({0, 200})
_Meaning = Literal["queued", "running", "unknown", "succeeded", "failed"]
_NUMBERS: Mapping[int, _Meaning] = {0: "queued", 1: "running", 2: "succeeded", 3: "failed"}
# One text of theirs says 2, another "succeeded".
_WORDS: Mapping[str, _Meaning] = {
    "queued": "queued",
    "pending": "queued",
    "processing": "running",
    "running": "running",
    "succeeded": "succeeded",
    "failed": "failed",
}
# Statuses that speak of the asking, not of the job asked for.
_NOT_ABOUT_THE_JOB = frozenset(
    {verdicts.UNAUTHORIZED, verdicts.FORBIDDEN, verdicts.TOO_MANY, verdicts.NOT_FOUND}
)
_SERVER_ERROR = 500


class ShortApiCodec:
    """The `Codec` of ShortAPI."""

    name = "shortapi"
    can_cancel = False

    def create(
        self, job: Job, offer: Offer, terms: ProviderTerms, *, callback_url: str | None
    ) -> Call:
        del terms  # Its jobs carry no time limit of ours.
        args = {
            "prompt": job.prompt,
            "image_urls": list(job.images),
            "aspect_ratio": offer.aspect_ratio,
            "resolution": job.resolution.value.upper(),  # They write "1K".
        }
        omitted = _OMITTED.get(offer.slug, frozenset())
        body: dict[str, object] = {
            "model": offer.slug,
            "args": {k: v for k, v in args.items() if v is not None and k not in omitted},
        }
        if callback_url is not None:
            body["callback_url"] = callback_url
        return Call(method="POST", path="/api/v1/job/create", body=write(body))

    def read_create(self, reply: Reply, terms: ProviderTerms) -> Progress:
        document = parse_object(reply.body)
        told = words.told_by(reply, document)
        names_job = _names_job(reply, document)
        verdicts.raise_if_refused(self.name, reply, terms, told, names_job=names_job)
        code = _code(document)
        if is_success(reply) and code is not None and code not in _CODES_OF_SUCCESS:
            if not names_job:
                status = code if code in verdicts.REFUSALS else verdicts.BAD_REQUEST
                raise verdicts.refusal(self.name, reply, told, status=status)
            code = None
        ref = _ref_in(document)
        if ref is None or code is None or not is_success(reply):
            raise verdicts.in_doubt(self.name, reply, told, named=ref)
        return Pending(ref=ref, stage="queued", reported=_amount(document))

    def query(self, ref: ProviderRef, offer_slug: str) -> Call:
        del offer_slug  # The id is enough.
        return Call(method="GET", path=f"/api/v1/job/query?id={quote(ref, safe='')}")

    def read_query(self, reply: Reply, ref: ProviderRef) -> Progress:
        document = parse_object(reply.body)
        told = words.told_by(reply, document)
        if reply.status == verdicts.NOT_FOUND or _code(document) == verdicts.NOT_FOUND:
            raise Forgotten(words.answer(self.name, reply.status, told))
        unreadable = Unreadable(
            words.answer(self.name, reply.status, told), retry_after_s=retry_after_s(reply)
        )
        if document is None or not _is_about(document, ref):
            raise unreadable
        is_about_job = reply.status < _SERVER_ERROR and reply.status not in _NOT_ABOUT_THE_JOB
        if is_about_job and (failure := self._failure(document, ref)):
            raise failure
        # An API's error must not end a job: only the job's own state does.
        is_answered = is_success(reply) and _code(document) in _CODES_OF_SUCCESS
        if not is_answered or not isinstance(document.get("data"), Mapping):
            raise unreadable
        meaning = _meaning(document)
        if meaning == "succeeded":
            return Delivered(ref=ref, images=_images(document), reported=_amount(document))
        assert meaning != "failed", "a failure was raised above"
        return Pending(ref=ref, stage=meaning, reported=_amount(document))

    def cancel(self, ref: ProviderRef, offer_slug: str) -> Call:
        """
        Refuse to write what does not exist.

        Raises:
            NotImplementedError: Always; `can_cancel` says so.
        """
        raise NotImplementedError("ShortAPI documents no cancellation.")

    def read_cancel(self, reply: Reply, ref: ProviderRef) -> bool:
        del reply, ref  # Nothing confirms what cannot be asked for.
        return False

    def read_callback(self, payload: Any) -> ProviderRef | None:
        # Its payload is not documented: the id is looked for wherever its replies put one.
        found = (provider_ref(member(payload, *path)) for path in (*_JOB_PATHS, ("id",)))
        return next((ref for ref in found if ref is not None), None)

    def _failure(self, document: Mapping[str, Json], ref: ProviderRef) -> ProviderFailed | None:
        """Make the error of a job that ended without an image; None when it did not."""
        meaning = _meaning(document)
        is_refunded = member(document, "data", "refunded") is True
        is_delivered = meaning == "succeeded" and bool(_images(document))
        if is_delivered or not (is_refunded or meaning in {"succeeded", "failed"}):
            return None
        told = words.told_in(member(document, "data"), document)
        return ProviderFailed(
            words.sentence(f"{self.name} ended the job", told),
            ref=ref,
            reported=_amount(document),
            proves_free=is_refunded,
            how=Ending.EMPTY if meaning == "succeeded" else Ending.FAILED,
            content_refused=words.speaks_of_content(told),
        )


def _code(document: Mapping[str, Json] | None) -> int | None:
    """Read the body's own verdict: 0 when it has none, None when it cannot be read."""
    if document is None:
        return None
    code = document.get("code")
    return 0 if code is None else whole(code)


def _names_job(reply: Reply, document: Mapping[str, Json] | None) -> bool:
    if document is None:
        return verdicts.names_in_bytes(reply.body, "job_id")
    return any(is_given(member(document, *path)) for path in _JOB_PATHS)


def _ref_in(document: Mapping[str, Json] | None) -> ProviderRef | None:
    """Find the one id of a new job; None when there is none, a strange one, or two."""
    values = [member(document, *path) for path in _REF_PATHS]
    refs = {provider_ref(value) for value in values if is_given(value)}
    return refs.pop() if len(refs) == 1 else None


def _is_about(document: Mapping[str, Json], ref: ProviderRef) -> bool:
    """Whether the reply names this job or, as in the documents' samples, none."""
    ids = [member(document, *path) for path in _JOB_PATHS]
    return all(named == ref for named in ids if is_given(named))


def _meaning(document: Mapping[str, Json]) -> _Meaning:
    status = member(document, "data", "status")
    number = whole(status)
    if number is not None:
        return _NUMBERS.get(number, "unknown")
    return _WORDS.get(status.strip().lower(), "unknown") if isinstance(status, str) else "unknown"


def _images(document: Mapping[str, Json]) -> tuple[str, ...]:
    return images_in(member(document, "data", "result", "images"))


def _amount(document: Mapping[str, Json] | None) -> Reported | None:
    return reported(member(document, "data", "amount"), "data.amount")
