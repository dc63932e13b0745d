"""
What a codec speaks: a `Call` to send, a `Reply` that came, and the `Progress` a reply stands for.

A codec never sends, waits, logs or reads a clock. It says what happened; `dispatch` decides.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from router.model.charge import Reported
from router.model.ids import ProviderRef
from router.model.job import Job
from router.model.offer import Offer, ProviderTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request to a provider; host and credentials are added by the one who sends it."""

    method: Literal["GET", "POST"]
    path: str
    """Path and query, from the root: `/v2/google-nano-banana-2-edit/run`."""
    body: bytes | None = field(default=None, repr=False)
    """JSON in UTF-8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A complete HTTP answer of the first hop."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The provider has the job and is not done."""

    ref: ProviderRef
    stage: Literal["queued", "running", "unknown"]
    """`unknown`: a state that no document names. It is not an end."""
    reported: Reported | None = None
    """An amount named before the end: a quote, unless the provider's terms say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The provider is done, and there is at least one image."""

    ref: ProviderRef
    images: tuple[str, ...] = field(repr=False)
    """`https` URLs (signed: never logged) or `data:` URLs."""
    reported: Reported | None = None
    """What it says it charged; None when it does not say."""
    queue_s: float | None = None
    execution_s: float | None = None


Progress = Pending | Delivered


class Codec(Protocol):
    """One provider's wire. Every method is pure."""

    name: str
    """The provider's name in the price book: `runpod`."""
    can_cancel: bool

    def create(
        self, job: Job, offer: Offer, terms: ProviderTerms, *, callback_url: str | None
    ) -> Call:
        """Write the one request that buys. `offer.aspect_ratio` is sent, not the job's."""
        ...

    def read_create(self, reply: Reply, terms: ProviderTerms) -> Progress:
        """
        Read the answer to a create.

        Raises:
            ProviderThrottled, ProviderRefused: A definite no that names no job: nothing was spent.
            ProviderFailed: It took the job and ended it in the same reply.
            ProviderInDoubt: Anything else. Money may be gone.
        """
        ...

    def query(self, ref: ProviderRef, offer_slug: str) -> Call:
        """Write a read of a job's state."""
        ...

    def read_query(self, reply: Reply, ref: ProviderRef) -> Progress:
        """
        Read a job's state.

        Raises:
            ProviderFailed: The job ended there without an image.
            Unreadable: This reply says nothing about the job (5xx, 429, not JSON): ask again.
            Forgotten: The provider does not know the id (404): too early, or too late.
        """
        ...

    def cancel(self, ref: ProviderRef, offer_slug: str) -> Call:
        """Write a cancellation. Only where `can_cancel`."""
        ...

    def read_cancel(self, reply: Reply, ref: ProviderRef) -> bool:
        """Whether the reply confirms the cancellation."""
        ...

    def read_callback(self, payload: Any) -> ProviderRef | None:
        """Find the provider's id in a callback: a doorbell, of which nothing else is read."""
        ...


class Unreadable(Exception):
    """A reply to a read that says nothing about the job. Reads may be repeated."""

    def __init__(self, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Forgotten(Exception):
    """The provider answers 404 to an id it gave us."""
