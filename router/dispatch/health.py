"""
Providers' health: serving, ejected, probing.

Ejected after failures in a row, after doubts in a row, with too much in doubt, or at once when our
credit or our key there is no good. After a while one real job probes; never a paid dummy.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from router.dispatch.drift import PriceWatch
from router.ledger.rows import AttemptRow
from router.model.clock import Clock
from router.model.errors import (
    ProviderError,
    ProviderFailed,
    ProviderInDoubt,
    ProviderRefused,
    ProviderThrottled,
    Refusal,
)
from router.model.ids import AttemptId
from router.model.job import AttemptState
from router.model.money import Money, total
from router.model.offer import ProviderState, ProviderTerms

FAILURES_MAX = 3
DOUBTS_MAX = 3
EJECTION_S = 30.0
EJECTION_S_MAX = 480.0
THROTTLED_S = 5.0

ChangeObserver = Callable[[str, ProviderState, str], None]
"""Told the provider, its new state, and why."""


@dataclass(slots=True)
class _Record:
    failures: int = 0
    doubts: int = 0
    ejections: int = 0
    ejected_until_s: float = 0.0
    reason: str = ""
    is_hard: bool = False
    probe: AttemptId | None = None
    in_doubt: dict[AttemptId, Money] = field(default_factory=dict[AttemptId, Money])
    shown: ProviderState = ProviderState.SERVING


class Health:
    """What is known of each provider's health. In memory; the ledger seeds what is in doubt."""

    def __init__(self, clock: Clock, on_change: ChangeObserver) -> None:
        self._clock = clock
        self._on_change = on_change
        self._records: dict[str, _Record] = {}
        self.prices = PriceWatch()
        """Which offers' prices proved wrong."""

    def state(self, provider: str) -> ProviderState:
        """Probing means: the next job may go there, to see."""
        record = self._record(provider)
        if not record.reason:
            return ProviderState.SERVING
        if record.probe is not None or self._clock.monotonic_s() < record.ejected_until_s:
            return ProviderState.EJECTED
        return ProviderState.PROBING

    def obstacle(self, provider: str, terms: ProviderTerms) -> str | None:
        """Why nothing may be sent there even if nobody else is left: money would be at risk."""
        record = self._record(provider)
        amount = total(list(record.in_doubt.values()))
        if amount > terms.in_doubt_max:
            return f"has {amount.usd} in doubt, above its maximum of {terms.in_doubt_max.usd}"
        if record.is_hard and self.state(provider) is ProviderState.EJECTED:
            return f"is set aside: {record.reason}"
        return None

    def begin(self, provider: str, attempt: AttemptId) -> None:
        """Count an attempt as it starts: one that probes keeps others away until it has ended."""
        if self.state(provider) is ProviderState.PROBING:
            record = self._record(provider)
            record.probe = attempt
            self._show(provider, ProviderState.PROBING, record.reason)

    def accepted(self, provider: str) -> None:
        """A create was answered with an id: creates in doubt are no longer in a row."""
        self._record(provider).doubts = 0

    def succeeded(self, provider: str, attempt: AttemptId) -> None:
        """
        An attempt was delivered: whatever was held against the provider is over.

        But a job that it took before it ran into doubt, or before our credit there was gone, says
        nothing of the creates of now: such an ejection ends with its probe.
        """
        self.resolved(provider, attempt)
        record = self._record(provider)
        if record.is_hard and record.probe != attempt:
            return
        record.failures = record.ejections = 0
        record.reason, record.is_hard, record.probe = "", False, None
        self._show(provider, ProviderState.SERVING, "an attempt went well")

    def failed(self, provider: str, attempt: AttemptId, error: ProviderError) -> None:
        """Take note of what an attempt ended with."""
        record = self._record(provider)
        was_probe = record.probe == attempt
        if was_probe:
            record.probe = None
        match error:
            case ProviderRefused(reason=Refusal.CREDIT | Refusal.CREDENTIALS):
                self._eject(provider, error.detail, is_hard=True)
            case ProviderRefused(reason=Refusal.CONTENT | Refusal.INVALID):
                pass  # The job's fault.
            case ProviderFailed(content_refused=True):
                pass
            case ProviderThrottled():
                pause_s = error.retry_after_s or THROTTLED_S
                self._eject(provider, "it has too much to do", pause_s=pause_s)
            case ProviderInDoubt():
                record.doubts += 1
                if record.doubts >= DOUBTS_MAX or was_probe:
                    self._eject(provider, f"{record.doubts} in doubt in a row", is_hard=True)
            case _:
                record.failures += 1
                if record.failures >= FAILURES_MAX or was_probe:
                    self._eject(provider, f"{record.failures} failures in a row")

    def abandoned(self, provider: str, attempt: AttemptId) -> None:
        """An attempt ended before it could tell anything; if it was the probe, another may."""
        record = self._record(provider)
        if record.probe == attempt:
            record.probe = None

    def settled(self, attempt: AttemptRow) -> None:
        """An attempt was booked: count it as in doubt, or no longer, and hold its price to it."""
        self.prices.settled(attempt)
        if attempt.state is AttemptState.IN_DOUBT:
            self.doubted(attempt.provider, attempt.id, attempt.quoted)
        else:
            self.resolved(attempt.provider, attempt.id)

    def doubted(self, provider: str, attempt: AttemptId, amount: Money) -> None:
        """An attempt's money is in doubt."""
        self._record(provider).in_doubt[attempt] = amount

    def resolved(self, provider: str, attempt: AttemptId) -> None:
        """An attempt's money is no longer in doubt."""
        self._record(provider).in_doubt.pop(attempt, None)

    def _eject(
        self, provider: str, reason: str, *, is_hard: bool = False, pause_s: float | None = None
    ) -> None:
        """Set a provider aside. One that is already, is so no shorter and no more mildly."""
        record = self._record(provider)
        now_s = self._clock.monotonic_s()
        is_out = bool(record.reason) and now_s < record.ejected_until_s
        if is_out and (record.is_hard or not is_hard):
            # Of many that were on their way together, the first has said it for all.
            return
        if pause_s is None:
            pause_s = min(EJECTION_S * 2.0**record.ejections, EJECTION_S_MAX)
            record.ejections += 1
        record.ejected_until_s = now_s + pause_s
        record.reason, record.is_hard = reason, is_hard
        self._show(provider, ProviderState.EJECTED, reason)

    def _show(self, provider: str, state: ProviderState, reason: str) -> None:
        record = self._record(provider)
        if record.shown is not state:
            record.shown = state
            self._on_change(provider, state, reason)

    def _record(self, provider: str) -> _Record:
        return self._records.setdefault(provider, _Record())
