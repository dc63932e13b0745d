"""
Providers' health: serving, ejected, probing.

Ejected after failures in a row, when half of what began in the last minutes has failed, after
doubts in a row, with too much in doubt, or at once when our credit or our key there is no good.
After a while real jobs probe, one at a time; never a paid dummy. Whoever comes back and fails soon
is set aside for longer, and must prove more.

What is ours, or the job's own fault, does not count. A 429 is no failure: creates wait.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from router.dispatch.drift import PriceWatch, StopObserver, untold
from router.dispatch.health_blame import Blame, blame
from router.dispatch.health_record import Condition, Probe, Record
from router.dispatch.health_seed import Past, count_past
from router.ledger.rows import AttemptRow
from router.model.clock import Clock
from router.model.errors import ProviderError
from router.model.ids import AttemptId
from router.model.job import AttemptState
from router.model.money import Money, total
from router.model.offer import ProviderState, ProviderTerms
from router.policy.obstacles import set_aside, too_doubtful

FAILURES_MAX = 5
"""In a row. With three, one that fails a tenth of its jobs would be away a quarter of the time."""
DOUBTS_MAX = 3
SHARE_MAX = 0.5
STARTS_MIN = 10
"""Fewer attempts say nothing of a share."""
EJECTION_S = 30.0
EJECTION_S_MAX = 480.0
EJECTION_JITTER = 0.25
"""A pause is up to so much longer, so that replicas do not all probe in the same moment."""
GOOD_S = 300.0
"""So long a time of serving makes one ejection forgotten."""
PROOFS_MAX = 3
PROBE_S_MAX = 180.0
"""A probe that has said nothing for so long lets another job try."""
THROTTLED_S = 5.0
THROTTLED_S_MAX = 60.0
COOLING_S_MAX = 300.0

ChangeObserver = Callable[[str, ProviderState, str], None]
"""Told the provider, its new state, and why."""


class Health:
    """What is known of each provider's health. In memory; the ledger seeds it."""

    def __init__(
        self,
        clock: Clock,
        on_change: ChangeObserver,
        *,
        on_stop: StopObserver = untold,
        rng: random.Random | None = None,
    ) -> None:
        """
        Args:
            on_change: Told each change of a provider's state.
            on_stop: Told of offers that are stopped because their prices proved wrong.
            rng: Makes ejections a little longer, each by another bit; None: by none.
        """
        self._clock = clock
        self._on_change = on_change
        self._rng = rng
        self._since = clock.now()
        self._records: dict[str, Record] = {}
        self.prices = PriceWatch(on_stop)
        """Which offers' prices proved wrong."""

    def seed(self, attempts: Mapping[str, Sequence[Past]]) -> None:
        """Take what the ledger has of the last minutes' attempts, by provider: after a start."""
        for provider, own in attempts.items():
            now, now_s = self._clock.now(), self._clock.monotonic_s()
            count_past(self._record(provider), own, now, now_s)

    # What is known.

    def state(self, provider: str) -> ProviderState:
        """Probing means: the next job may go there, to see."""
        record, now_s = self._record(provider), self._clock.monotonic_s()
        if not record.reason:
            return ProviderState.SERVING
        is_tried = record.probe is not None and now_s < record.probe.began_s + PROBE_S_MAX
        if is_tried or now_s < record.ejected_until_s:
            return ProviderState.EJECTED
        return ProviderState.PROBING

    def condition(self, provider: str) -> Condition:
        """A provider's health as people are told of it: probing also while a probe is under way."""
        record, now_s = self._record(provider), self._clock.monotonic_s()
        state = self.state(provider)
        if record.reason and now_s >= record.ejected_until_s:
            state = ProviderState.PROBING
        return Condition(
            state=state,
            reason=record.reason or None,
            since=record.since,
            until=record.ejected_until if state is ProviderState.EJECTED else None,
            cooling_until=record.cooling_until if now_s < record.cooling_until_s else None,
            share=record.window.share(now_s),
        )

    def cooling_s(self, provider: str) -> float:
        """For how long no create may go there, because it answered 429; 0 when one may."""
        return max(0.0, self._record(provider).cooling_until_s - self._clock.monotonic_s())

    def obstacle(self, provider: str, terms: ProviderTerms) -> str | None:
        """Why nothing may be sent there even if nobody else is left: money would be at risk."""
        record = self._record(provider)
        amount = total(list(record.in_doubt.values()))
        if amount > terms.in_doubt_max:
            return too_doubtful(amount, terms.in_doubt_max)
        if record.is_hard and self.state(provider) is ProviderState.EJECTED:
            return set_aside(record.reason)
        return None

    # What happens.

    def begin(self, provider: str, attempt: AttemptId) -> None:
        """An attempt has its hold: if it probes, it keeps others away until it has ended."""
        if self.state(provider) is ProviderState.PROBING:
            record = self._record(provider)
            record.probe = Probe(attempt, self._clock.monotonic_s())
            self._show(provider, ProviderState.PROBING, record.reason)

    def started(self, provider: str, attempt: AttemptId) -> None:
        """Count an attempt as its create leaves."""
        self._record(provider).begin(attempt, self._clock.monotonic_s())

    def accepted(self, provider: str) -> None:
        """A create was answered with an id: what was counted in a row of creates is over."""
        record = self._record(provider)
        record.doubts = record.creates_failed = record.throttles = 0

    def succeeded(self, provider: str, attempt: AttemptId) -> None:
        """
        An attempt was delivered.

        Only the jobs that probe end an ejection. What a provider took on before says nothing of
        the creates of now, and would have it come and go while both are on their way.
        """
        self.resolved(provider, attempt)
        record = self._record(provider)
        record.end(attempt, failed=False)
        record.jobs_failed = 0
        if not record.is_probe(attempt):
            return
        record.probe = None
        record.proofs += 1
        if record.proofs >= min(record.ejections, PROOFS_MAX):
            self._serve_again(provider, record)

    def failed(self, provider: str, attempt: AttemptId, error: ProviderError) -> None:
        """Take note of what an attempt ended with."""
        fault, record = blame(error), self._record(provider)
        was_probe = record.is_probe(attempt)
        if was_probe:
            record.probe = None
        if fault in {Blame.NOTHING, Blame.RATE}:
            record.excuse(attempt)
            if fault is Blame.RATE:
                self._cool_down(record, error.retry_after_s)
            return
        record.end(attempt, failed=True)
        if fault is Blame.ACCOUNT:
            self._eject(provider, error.detail, is_hard=True, was_probe=was_probe)
            return
        reason = self._counted(record, fault)
        if was_probe and reason is None:
            reason = "the job that probed failed"
        if reason is not None:
            is_hard = fault is Blame.DOUBT and (was_probe or record.doubts >= DOUBTS_MAX)
            self._eject(provider, reason, is_hard=is_hard, was_probe=was_probe)

    def abandoned(self, provider: str, attempt: AttemptId) -> None:
        """An attempt ended and told nothing of its provider; if it was the probe, another may."""
        record = self._record(provider)
        record.excuse(attempt)
        if record.is_probe(attempt):
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

    # What follows.

    def _counted(self, record: Record, fault: Blame) -> str | None:
        """Count a failure; why that is one too many, if it is."""
        if fault is Blame.DOUBT:
            record.doubts += 1
            if record.doubts >= DOUBTS_MAX:
                return f"{record.doubts} in doubt in a row"
        elif fault is Blame.CREATE:
            record.creates_failed += 1
        else:
            record.jobs_failed += 1
        row = max(record.creates_failed, record.jobs_failed)
        if row >= FAILURES_MAX:
            return f"{row} failures in a row"
        share = record.window.share(self._clock.monotonic_s())
        if share.started >= STARTS_MIN and share.failing >= SHARE_MAX:
            return f"{share.failed} of the last {share.started} attempts failed"
        return None

    def _cool_down(self, record: Record, retry_after_s: float | None) -> None:
        """No create for a while: as long as it asks, else longer each time that it says so."""
        now_s = self._clock.monotonic_s()
        if retry_after_s is None and now_s < record.cooling_until_s:
            # Of many that were on their way together, the first has said it for all.
            return
        pause_s = min(THROTTLED_S * 2.0 ** min(record.throttles, 10), THROTTLED_S_MAX)
        record.throttles += 1
        pause_s = min(retry_after_s or pause_s, COOLING_S_MAX)
        if now_s + pause_s > record.cooling_until_s:
            record.cooling_until_s = now_s + pause_s
            record.cooling_until = self._clock.now() + timedelta(seconds=pause_s)

    def _eject(self, provider: str, reason: str, *, is_hard: bool, was_probe: bool) -> None:
        """
        Set a provider aside. One that is already, is so no shorter and no more mildly.

        What was on its way when it was set aside does not count again: the first has said it.
        """
        record, now_s = self._record(provider), self._clock.monotonic_s()
        if record.reason and not was_probe and (record.is_hard or not is_hard):
            return
        if not record.reason:
            forgotten = int((now_s - record.served_since_s) // GOOD_S)
            record.ejections = max(0, record.ejections - forgotten)
        pause_s = min(EJECTION_S * 2.0**record.ejections, EJECTION_S_MAX)
        if self._rng is not None:
            pause_s *= 1.0 + self._rng.uniform(0.0, EJECTION_JITTER)
        record.ejections += 1
        record.proofs = 0
        record.ejected_until_s = now_s + pause_s
        record.ejected_until = self._clock.now() + timedelta(seconds=pause_s)
        record.reason, record.is_hard = reason, is_hard
        self._show(provider, ProviderState.EJECTED, reason)

    def _serve_again(self, provider: str, record: Record) -> None:
        record.creates_failed = record.jobs_failed = record.doubts = 0
        record.reason, record.is_hard, record.ejected_until = "", False, None
        record.served_since_s = self._clock.monotonic_s()
        record.window.clear()
        self._show(provider, ProviderState.SERVING, "what probed it went well")

    def _show(self, provider: str, state: ProviderState, reason: str) -> None:
        record = self._record(provider)
        if record.shown is not state:
            record.shown, record.since = state, self._clock.now()
            self._on_change(provider, state, reason)

    def _record(self, provider: str) -> Record:
        record = self._records.get(provider)
        if record is None:
            record = self._records[provider] = Record(since=self._since)
        return record
