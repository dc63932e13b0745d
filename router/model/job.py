"""
A job is one image edit that a tenant asked for; an attempt is one try of it at one provider.

Here stand the job itself, which never changes, and the states that both pass through.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from router.model.ids import JobId
from router.model.money import Money


class Resolution(StrEnum):
    """What an edit is priced by."""

    ONE_K = "1k"
    TWO_K = "2k"
    FOUR_K = "4k"

    @property
    def long_side_px(self) -> int:
        """The nominal side of a square result, in pixels."""
        return 1024 * int(self.value[0])


class JobState(StrEnum):
    """Where a job is. The last three are final; only a late result turns failed to succeeded."""

    QUEUED = "queued"  # Its money is held; nothing was sent.
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the job has ended."""
        return self in {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}


class AttemptState(StrEnum):
    """Where an attempt is. Each but the last three counts its hold against every limit."""

    HELD = "held"  # Provably unsent.
    DISPATCHING = "dispatching"  # May have been sent.
    RUNNING = "running"  # The provider named it.
    IN_DOUBT = "in_doubt"  # Sent, outcome unknown.
    POSTED = "posted"
    VOIDED = "voided"
    POSTED_PRESUMED = "posted_presumed"  # No evidence came before the horizon.

    @property
    def is_open(self) -> bool:
        """Whether the attempt's money is still held."""
        return self in OPEN_STATES


OPEN_STATES = frozenset(
    {
        AttemptState.HELD,
        AttemptState.DISPATCHING,
        AttemptState.RUNNING,
        AttemptState.IN_DOUBT,
    }
)


class Response(StrEnum):
    """How a client takes the result."""

    URL = "url"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCallback:
    """Where a client is told that its job has ended, and in which dialect's words."""

    url: str = field(repr=False)
    dialect: str = "native"
    origin: str = ""
    """Where the request that bought the job came to, as `https://host`; empty where unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One edit, as admitted: validated, canonical, and the same for ever."""

    id: JobId
    tenant: str
    key_id: str
    """The API key that asked."""
    model: str
    """Farebox's name, such as `nano-banana-2-edit`."""
    prompt: str = field(repr=False)
    images: tuple[str, ...] = field(repr=False)
    """`https` or `data:` URLs, or `input:<sha256>` for bytes kept beside the ledger; 1 or more."""
    resolution: Resolution
    aspect_ratio: str | None
    """`16:9`; None means "as the first image"."""
    output_format: str | None
    """`png` or `jpeg`; None means as the provider delivers."""
    tags: tuple[tuple[str, str], ...]
    """Sorted by name."""
    created_at: datetime
    deadline_at: datetime
    price_max: Money | None = None
    """This job must not cost more."""
    key_name: str = ""
    """The name of the API key that asked, by which budgets know it."""
    key_budget: str | None = None
    """What the key itself may spend, as `$20.00 per month`; None: what the policy's budgets let."""
    response: Response = Response.URL
    """Whether the client wants an address or the image itself."""
    callback: ClientCallback | None = None
    """Told once when the job ends; None for nobody."""
    fingerprint: str = ""
    """SHA-256 of the canonical request: the same request again has the same."""
    batch: JobId | None = None
    """The first of the jobs that one request buys together; None for a job bought alone."""
