"""
An edit as a client asks for it: canonical, checked against the policy in force, a `Job`.

What is refused here was never priced, held or sent.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import timedelta

from router.images.data_urls import bytes_in
from router.model.errors import InvalidJob
from router.model.ids import JobId
from router.model.job import ClientCallback, Job, Response
from router.model.money import Money
from router.policy.explain import closest
from router.policy.policy import Policy
from router.upstream.guard import FetchRefused, GuardPolicy
from router.upstream.image_header import data_url_bytes, size_of
from router.web.auth import Caller
from router.web.explaining import sentence
from router.web.services import Services
from router.web.wishes import EditRequest

NATIVE = "native"
"""The dialect of our own endpoint."""
IMAGE_BYTES_MAX = 20 * 1024 * 1024
_HEADER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """A job that a client asks for, under the policy in force then."""

    job: Job
    policy: Policy
    copies: tuple[JobId, ...] = ()
    """The ids of further jobs, alike, that the same request asks for."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical request."""
        return self.job.fingerprint


def asked_for(
    services: Services,
    caller: Caller,
    wish: EditRequest,
    *,
    tenant: str | None = None,
    dialect: str = NATIVE,
    edits: int = 1,
    origin: str = "",
) -> Asked:
    """
    Take a wish for an edit, or for several alike, under the policy in force.

    Args:
        services: The house.
        caller: Who asks.
        wish: What for.
        tenant: For whom; None for the caller's own.
        dialect: In which dialect; a request is the same again only in the same one.
        edits: How many; at least 1.
        origin: Where the request came to, for links in what the client is told later.

    Raises:
        InvalidJob: It asks for something that does not exist; names each field.
    """
    policy = services.policy()
    problems = [*_problems(wish, policy), *_problems_of_urls(wish, services.guard)]
    if problems:
        raise InvalidJob(sentence(problems))
    now = services.clock.now()
    # In the order in which the ledger gives them back.
    first, *further = sorted(services.ids.job() for _ in range(edits))
    job = Job(
        id=first,
        tenant=tenant or caller.tenant,
        key_id=caller.key_id,
        model=wish.model,
        prompt=wish.prompt,
        images=wish.images,
        resolution=wish.resolution,
        aspect_ratio=wish.aspect_ratio,
        output_format=wish.output_format,
        tags=tuple(sorted({**wish.tags, **dict(caller.tags)}.items())),
        created_at=now,
        deadline_at=now,
        price_max=Money.parse(wish.price_max) if wish.price_max is not None else None,
        key_name=caller.who,
        key_budget=caller.budget,
        response=Response(wish.response),
        callback=_callback(wish, dialect, origin),
        fingerprint=fingerprint(wish, dialect, edits),
    )
    whole_s = wish.deadline_s or policy.deadline_for(job)
    job = replace(job, deadline_at=now + timedelta(seconds=whole_s))
    return Asked(job, policy, tuple(further))


def _callback(wish: EditRequest, dialect: str, origin: str) -> ClientCallback | None:
    if wish.callback_url is None:
        return None
    return ClientCallback(url=wish.callback_url, dialect=dialect, origin=origin)


def fingerprint(wish: EditRequest, dialect: str = NATIVE, edits: int = 1) -> str:
    """The same for the same request of a dialect, however it was written."""
    canonical = wish.model_dump(mode="json", exclude={"images"})
    if wish.price_max is not None:
        canonical["price_max"] = Money.parse(wish.price_max).nanos
    canonical["images"] = [hashlib.sha256(image.encode()).hexdigest() for image in wish.images]
    if dialect != NATIVE:
        canonical |= {"dialect": dialect, "edits": edits}
    return hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()


def _problems(wish: EditRequest, policy: Policy) -> list[str]:
    """What the policy and its price book say against it."""
    if wish.model not in policy.prices.models:
        hint = closest(wish.model, policy.prices.models)
        return [f"`model` names nothing that is sold here{hint}"]
    problems: list[str] = []
    if (wish.deadline_s or 0) > policy.deadline_max_s:
        problems.append(f"`deadline_s` must be at most {policy.deadline_max_s:g}")
    ratios = _ratios(wish.model, policy)
    if ratios and wish.aspect_ratio is not None and wish.aspect_ratio not in ratios:
        problems.append(f"`aspect_ratio` must be one of {', '.join(ratios)}")
    return problems


def _ratios(model: str, policy: Policy) -> list[str]:
    """What somebody can make of the model; empty when somebody takes any."""
    known: dict[str, None] = {}
    for row in policy.prices.offers_listed:
        if row.model == model:
            if not row.capability.aspect_ratios:
                return []
            known |= dict.fromkeys(row.capability.aspect_ratios)
    return list(known)


def _problems_of_urls(wish: EditRequest, guard: GuardPolicy) -> list[str]:
    problems: list[str] = []
    for number, image in enumerate(wish.images):
        reason = _why_not_image(image, guard)
        if reason is not None:
            problems.append(f"`images.{number}` {reason}")
    if wish.callback_url is not None:
        try:
            guard.check_url(wish.callback_url)
        except FetchRefused as refused:
            problems.append(
                f"`callback_url` must be an `https` URL that may be dialled ({refused.why})"
            )
    return problems


def _why_not_image(image: str, guard: GuardPolicy) -> str | None:
    if image.startswith("data:"):
        return _why_not_data_url(image)
    try:
        guard.check_url(image)
    except FetchRefused as refused:
        return f"must be an `https` or `data:` URL that may be fetched ({refused.why})"
    return None


def _why_not_data_url(image: str) -> str | None:
    head, _, payload = image.partition(",")
    if not head.lower().rstrip().endswith(";base64"):
        return "must be a `data:` URL in base64"
    if len(payload) * 3 // 4 > IMAGE_BYTES_MAX:
        return f"holds more than {IMAGE_BYTES_MAX} bytes"
    header = data_url_bytes(image, _HEADER_BYTES)
    if header is None or size_of(header) is None:
        return "does not hold a PNG, JPEG, GIF or WebP whose size can be read"
    if bytes_in(image) is None:
        return "is not base64 to its end"
    return None
