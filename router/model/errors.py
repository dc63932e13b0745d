"""
Everything that can go wrong, as one tree. Each class has a `code` (the word in replies, metrics and
logs), an HTTP `status`, and says by `spend` whether money may be gone.

    RouterError
    ├─ RequestError               the caller's to mend
    │   ├─ Malformed 400 · TooLarge 413 · InvalidJob 422 · IdempotencyConflict 422
    │   ├─ Unauthorized 401 · BudgetExceeded 402 · Forbidden 403 · NotFound 404
    │   ├─ RequestTimeout 408 · JobInProgress 409 · RateLimited 429
    │   └─ ContentRefused 422     a provider refused what is in the picture or the prompt
    ├─ ProviderError              a provider's doing
    │   ├─ ProviderUnreachable    nothing was sent                spend none
    │   ├─ ProviderThrottled      answered 429                    spend none
    │   ├─ ProviderRefused        answered no                     spend none
    │   ├─ ProviderFailed         took it, worked, failed         spend possible, unless said free
    │   └─ ProviderInDoubt        sent, outcome unknown           spend possible
    ├─ JobFailed                  how a job ended, told in its body
    │   ├─ AllProvidersFailed 502 · DeadlineExceeded · ResultUnavailable
    └─ Unavailable                ours; nothing was spent
        ├─ NobodyQualifies 503 · Overloaded 503 · LedgerUnavailable 503
"""

from enum import StrEnum
from typing import ClassVar

from router.model.budget import Limit, Usage
from router.model.charge import Reported
from router.model.ids import ProviderRef
from router.model.money import Money


class Spend(StrEnum):
    """Whether money may be gone."""

    NONE = "none"
    POSSIBLE = "possible"


class RouterError(Exception):
    """Something that a caller is told, in words for people; by default its docstring."""

    code: ClassVar[str]
    status: ClassVar[int]
    spend: ClassVar[Spend] = Spend.NONE
    retry_after_s: float | None = None

    def __init__(self, detail: str = "", *, is_ours: bool = False) -> None:
        """Say what happened, never a secret; `is_ours`: no provider had a part in it."""
        self.detail, self.is_ours = detail or (type(self).__doc__ or "").strip(), is_ours
        super().__init__(self.detail)


class RequestError(RouterError):
    """The request cannot be served as it is."""

    code = "request_error"
    status = 400


class Malformed(RequestError):
    """The request is not what this endpoint reads."""

    code = "malformed"


class TooLarge(RequestError):
    """The request's body is larger than allowed."""

    code = "too_large"
    status = 413


class InvalidJob(RequestError):
    """The edit asks for something that does not exist."""

    code = "invalid_job"
    status = 422


class ContentRefused(RequestError):
    """The provider refused the picture or the prompt."""

    code = "content_refused"
    status = 422


class IdempotencyConflict(RequestError):
    """The Idempotency-Key was used before, for another request."""

    code = "idempotency_conflict"
    status = 422


class Unauthorized(RequestError):
    """A Farebox key is needed: `Authorization: Bearer …`."""

    code = "unauthorized"
    status = 401


class Forbidden(RequestError):
    """The key's role does not allow this."""

    code = "forbidden"
    status = 403


class NotFound(RequestError):
    """There is nothing here by that name."""

    code = "not_found"
    status = 404


class RequestTimeout(RequestError):
    """The request did not arrive whole in time."""

    code = "request_timeout"
    status = 408


class JobInProgress(RequestError):
    """A request with this Idempotency-Key is being admitted right now; ask again."""

    code = "in_progress"
    status = 409


class RateLimited(RequestError):
    """Too many requests."""

    code = "rate_limited"
    status = 429

    def __init__(self, detail: str = "", *, retry_after_s: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class BudgetExceeded(RequestError):
    """The edit does not fit a budget. Nothing was held, nothing was sent."""

    code = "budget_exceeded"
    status = 402

    def __init__(self, limit: Limit, usage: Usage, asked: Money, because: str = "") -> None:
        self.limit, self.usage, self.asked, self.amounts_shown = limit, usage, asked, True
        self.because = because
        super().__init__(
            f"The edit costs {asked.usd} and the budget '{limit.budget}' ({limit.scope}) has "
            f"{usage.available(limit.limit).usd} of {limit.limit.usd} left{because}."
        )


class ProviderError(RouterError):
    """A provider did not do as asked."""

    code = "provider_error"
    status = 502


class ProviderUnreachable(ProviderError):
    """No connection was made: nothing was sent, nothing was spent."""

    code = "provider_unreachable"


class ProviderThrottled(ProviderError):
    """The provider answered that it has too much to do; nothing was spent."""

    code = "provider_throttled"

    def __init__(self, detail: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Refusal(StrEnum):
    """Why a provider said no."""

    CONTENT = "content"  # The job's fault: another provider would refuse it too.
    INVALID = "invalid"  # It does not accept the request as we wrote it.
    CREDIT = "credit"  # Our account there is empty.
    CREDENTIALS = "credentials"  # Our key there is not accepted.
    UNAVAILABLE = "unavailable"  # Its edge says that the provider was not reached.


class ProviderRefused(ProviderError):
    """The provider answered no before taking the job; nothing was spent."""

    code = "provider_refused"

    def __init__(self, detail: str = "", *, reason: Refusal) -> None:
        super().__init__(detail)
        self.reason = reason


class Ending(StrEnum):
    """How a provider ended a job without an image."""

    FAILED = "failed"
    CANCELLED = "cancelled"
    EMPTY = "empty"  # It says success, and shows no image.


class ProviderFailed(ProviderError):
    """The provider took the job and ended it without an image."""

    code = "provider_attempt_failed"
    spend = Spend.POSSIBLE

    def __init__(
        self,
        detail: str = "",
        *,
        ref: ProviderRef | None = None,
        reported: Reported | None = None,
        proves_free: bool = False,
        how: Ending,
        content_refused: bool = False,
    ) -> None:
        """
        Args:
            detail: The provider's own words, shortened.
            ref: The provider's id, when this reply is where we learn it.
            reported: What it says it charged.
            proves_free: It says itself that nothing is billed, as by `refunded: true`.
            how: Which kind of end; the provider's terms say which of them are free.
            content_refused: It is the picture or the prompt.
        """
        super().__init__(detail)
        self.ref, self.reported, self.proves_free = ref, reported, proves_free
        self.how, self.content_refused = how, content_refused


class ProviderInDoubt(ProviderError):
    """The request was sent and its outcome is unknown; money may be gone."""

    code = "provider_in_doubt"
    spend = Spend.POSSIBLE

    def __init__(self, detail: str = "", *, ref: ProviderRef | None = None) -> None:
        """Take the job that an unusable answer named all the same: it can be asked after."""
        super().__init__(detail)
        self.ref = ref


class JobFailed(RouterError):
    """The job ended without an image."""

    code = "job_failed"
    status = 200


class AllProvidersFailed(JobFailed):
    """No provider delivered, and none charged."""

    code = "provider_failed"
    status = 502


class DeadlineExceeded(JobFailed):
    """The job's deadline passed before an image came."""

    code = "deadline_exceeded"
    spend = Spend.POSSIBLE


class ResultUnavailable(JobFailed):
    """The provider says it delivered, but there is no image to be had."""

    code = "result_unavailable"
    spend = Spend.POSSIBLE


class Unavailable(RouterError):
    """Farebox cannot take the job now; nothing was spent."""

    code = "unavailable"
    status = 503
    retry_after_s: float | None = 5.0


class NobodyQualifies(Unavailable):
    """No provider can serve this edit under the policy in force."""

    code = "no_provider_qualifies"


class Overloaded(Unavailable):
    """Farebox has as much in hand as it can bear."""

    code = "overloaded"
    retry_after_s = 2.0


class LedgerUnavailable(Unavailable):
    """The ledger cannot be written, so nothing may be bought."""

    code = "ledger_unavailable"
