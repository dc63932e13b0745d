"""What the dispatcher needs of the layers below, by protocol: each has a fake or a second maker."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from router.ledger.answers import Answer
from router.ledger.books import Part
from router.ledger.commands import Command
from router.ledger.limit_rows import RaiseRow, RollingRow
from router.ledger.outbox_rows import OutboxRow
from router.ledger.rows import AttemptRow, BalanceRow, IdempotencyRow, JobRow
from router.ledger.views import TimedRow
from router.model.budget import Limit
from router.model.ids import AttemptId, CallbackToken, JobId, ProviderRef
from router.model.job import Job, Resolution
from router.model.offer import Offer, ProviderTerms
from router.providers.wire import Delivered, Pending
from router.upstream.doorbell import Doorbell
from router.upstream.fetcher import Posted

T = TypeVar("T")


class Books(Protocol):
    """The ledger's verbs and the readings that dispatching needs. See `ledger.ledger.Ledger`."""

    async def submit(self, command: Command) -> Answer: ...
    async def promise(self, tenant: str, idempotency_key: str) -> IdempotencyRow | None: ...
    async def job(self, job_id: JobId) -> JobRow | None: ...
    async def attempt(self, attempt_id: AttemptId) -> AttemptRow | None: ...
    async def batch(self, first: JobId) -> list[JobRow]: ...
    async def attempts_of(self, job_id: JobId) -> list[AttemptRow]: ...
    async def attempt_by_token(self, provider: str, token: CallbackToken) -> AttemptRow | None: ...
    async def open_attempts(self) -> list[AttemptRow]: ...
    async def latest_posted(self) -> list[AttemptRow]: ...
    async def timed(self, since: datetime, *, most: int) -> list[TimedRow]: ...
    async def unfinished_jobs(self) -> list[JobRow]: ...
    async def balances_at(self, at: datetime) -> list[BalanceRow]: ...
    async def forget_promises(self, before: datetime) -> None: ...
    async def rolling(self, limit: Limit) -> RollingRow: ...
    async def raises_at(self, at: datetime) -> list[RaiseRow]: ...
    async def requests_kept(self, part: Part, before: datetime, *, most: int) -> list[JobRow]: ...
    async def forget_part(self, job_id: JobId, part: Part, request: str, at: datetime) -> None: ...
    async def forget_addresses(self, before: datetime) -> None: ...
    async def callback_of(self, job_id: JobId) -> OutboxRow | None: ...
    async def callbacks_due(self, before: datetime, *, most: int) -> list[OutboxRow]: ...
    async def secret(self, name: str) -> bytes: ...
    async def resume(self) -> bool: ...
    @property
    def admitting(self) -> bool: ...


class Carrier(Protocol):
    """Whoever carries jobs to providers. See `upstream.client.Upstream`."""

    async def carry(
        self,
        job: Job,
        offer: Offer,
        terms: ProviderTerms,
        *,
        callback_url: str | None,
        create_deadline_s: float,
        horizon_s: float,
        doorbell: Doorbell,
        accepted: Callable[[Pending | Delivered], Awaitable[None]],
    ) -> Delivered: ...
    async def collect(
        self,
        provider: str,
        slug: str,
        ref: ProviderRef,
        *,
        resolution: Resolution,
        age_s: float,
        horizon_s: float,
        doorbell: Doorbell,
    ) -> Delivered: ...
    async def cancel(self, provider: str, slug: str, ref: ProviderRef) -> bool: ...


class Poster(Protocol):
    """Whoever posts to clients' addresses. See `upstream.fetcher.GuardedFetcher`."""

    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], deadline_s: float
    ) -> Posted: ...


class Shapes(Protocol):
    """Whoever reads an image's size. See `upstream.image_shapes.ImageShapes`."""

    async def shape_of(self, url: str) -> tuple[int, int] | None: ...


class Keeper(Protocol):
    """Whoever makes large inputs durable."""

    async def put(self, data: bytes, at: datetime) -> str: ...


class InputStore(Keeper, Protocol):
    """Where large inputs are kept by their digest. See `ledger.inputs.Inputs`."""

    async def get(self, sha256: str) -> bytes | None: ...
    async def forget(self, before: datetime, *, but: frozenset[str] = ...) -> None: ...
    async def keep(self, sha256: str) -> None: ...
    async def take_back(self, sha256: str) -> None: ...


class Results(Protocol):
    """Where results are kept. See `images.keeping.ResultStore`."""

    async def put(self, key: str, data: bytes) -> None: ...
    async def forget(self, now: datetime) -> None: ...


class Fetcher(Protocol):
    """Whoever fetches what providers name. See `upstream.fetcher.GuardedFetcher`."""

    async def fetch_prefix(self, url: str, bytes_max: int) -> bytes: ...
    async def fetch(self, url: str, bytes_max: int, *, deadline_s: float) -> bytes: ...


class Worker(Protocol):
    """Whoever does slow work elsewhere than on the event loop. See `ledger.executor.Executor`."""

    async def run(self, work: Callable[[], T]) -> T: ...
