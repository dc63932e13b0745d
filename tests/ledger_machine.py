"""Everything that can happen to money, as steps of a Hypothesis state machine."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from router.ledger.answers import Conflict, Done, Placed, Refused, Replayed, Stale
from router.ledger.commands import (
    Accept,
    Adjust,
    Command,
    Dispatch,
    Doubt,
    Hold,
    Idempotency,
    Post,
    Presume,
    Run,
    Tender,
    Void,
)
from router.ledger.decide import Decider, decide
from router.ledger.flow_rows import Source
from router.ledger.rows import AttemptRow, Window
from router.model.budget import Limit
from router.model.ids import ProviderRef
from router.model.job import AttemptState
from router.model.money import Money, total
from tests.ledger_kit import (
    CALLBACK,
    a_job_row,
    a_lifetime_limit,
    a_limit,
    a_rolling_limit,
    an_attempt_row,
    at_once,
    usd,
)
from tests.ledger_watch import OPEN_SENT, BooksUnderWatch, Charge, settled_by

CRASHED = "crashed"
EVIDENCED = (*OPEN_SENT, AttemptState.POSTED_PRESUMED)
prices = st.integers(1, 9_000).map(lambda cents: Money(cents * 10_000_000 + cents))
"""From one cent to ninety dollars, each with a tail of nanos, so that few sums are equal."""

Step = Callable[..., None]


def some(*states: AttemptState) -> Callable[[Step], Step]:
    """Only when an attempt is in one of these states; in any, when none is named."""

    def applies(machine: Any) -> bool:
        return bool(machine._attempts(*states))

    return precondition(applies)


class LedgerMachine(BooksUnderWatch):
    """The steps: of clients, of the provider, of people, and of the machine that crashes."""

    def __init__(self, decider: Decider = decide) -> None:
        super().__init__(decider)
        self.jobs = self.refs = 0

    @initialize(
        tenant=st.integers(1, 200),
        everyone=st.integers(50, 300),
        provider=st.integers(50, 300),
        rolling=st.integers(30, 300),
    )
    def limits_are_set(self, tenant: int, everyone: int, provider: int, rolling: int) -> None:
        """Four stack: of the tenant by day, of all for ever and rolling, of a provider by day."""
        self.limits = (f"{tenant}.01", f"{everyone}.02", f"{provider}.03", f"{rolling}.04")

    # Admission.

    def _tender(self, name: str, provider: str, price: Money, horizon_s: int) -> Tender:
        tenant, everyone, own, rolling = self.limits
        limits: tuple[Limit, ...] = (
            a_limit("tenant", tenant, at=self.now, scope="tenant:acme"),
            a_lifetime_limit("everyone", everyone),
            a_rolling_limit("rolling", rolling, at=self.now),
        )
        if provider == "shortapi":
            limits += (a_limit("provider", own, at=self.now, scope="provider:shortapi"),)
        attempt = an_attempt_row(
            name,
            price=price,
            provider=provider,
            created_at=self.now,
            horizon_at=self.now + timedelta(seconds=horizon_s),
        )
        return Tender(attempt=attempt, limits=limits)

    def _used(self, limit: Limit) -> Money:
        """What counts against a limit, from the attempts alone."""
        parts = [
            row.posted if row.state is AttemptState.POSTED else row.quoted
            for row in self._attempts()
            if _counts(row, limit) and row.state is not AttemptState.VOIDED
        ]
        return total(parts)

    def _fits(self, tender: Tender) -> bool:
        return all(
            self._used(limit) + tender.attempt.quoted <= limit.limit for limit in tender.limits
        )

    def _check_admission(self, command: Accept | Hold, expected: Tender | None) -> None:
        """Placed is what fits first; refused is what fits nowhere, and leaves only a count."""
        before = self._attempts()
        (answer,) = self._submit(command)
        if expected is None:
            assert isinstance(answer, Refused), "more was admitted than fits"
            assert self._attempts() == before
            self.refused += 1
        else:
            assert isinstance(answer, Placed)
            assert answer.attempt.provider == expected.attempt.provider
            assert answer.attempt.quoted == expected.attempt.quoted

    @rule(
        offered=st.lists(
            st.tuples(st.sampled_from(["shortapi", "runpod"]), prices), min_size=1, max_size=2
        ),
        ready=st.booleans(),
        key=st.none() | st.sampled_from("abc"),
        horizon_s=st.sampled_from([60, 7200]),
    )
    def accept_a_job(
        self, offered: list[tuple[str, Money]], *, ready: bool, key: str | None, horizon_s: int
    ) -> None:
        """A new job, or one whose key is known."""
        self.jobs += 1
        job = a_job_row(f"j{self.jobs:03}", created_at=self.now)
        tenders = [self._tender(f"{job.id}.1", *offer, horizon_s) for offer in offered]
        promise = Idempotency(key=key, fingerprint="same") if key else None
        accept = Accept(
            at=self.now,
            job=job,
            tenders=tuple(tenders),
            ready=frozenset({"shortapi", "runpod"} if ready else ()),
            idempotency=promise,
            callback=CALLBACK,
        )
        if key in self.promises:
            assert self._submit(accept) == [Replayed(job_id=self.promises[key])]
            return
        expected = next((tender for tender in tenders if self._fits(tender)), None)
        self._check_admission(accept, expected)
        if key and expected:
            self.promises[key] = job.id

    @precondition(lambda self: self.promises)
    @rule(data=st.data())
    def reuse_a_key_for_something_else(self, data: st.DataObject) -> None:
        """A conflict, which changes nothing."""
        before = self._attempts()
        key = data.draw(st.sampled_from(sorted(self.promises)))
        tender = self._tender("other.1", "runpod", usd("0.01"), 60)
        promise = Idempotency(key=key, fingerprint="other")
        job = a_job_row("other", created_at=self.now)
        accept = Accept(at=self.now, job=job, tenders=(tender,), idempotency=promise)
        assert self._submit(accept) == [Conflict()]
        assert self._attempts() == before

    @some()
    @rule(data=st.data(), price=prices, ready=st.booleans())
    def try_again_elsewhere(self, data: st.DataObject, price: Money, *, ready: bool) -> None:
        """A further attempt of a job that has not ended, with its own hold."""
        job_id = self._draw(data).job_id
        job = at_once(self.ledger.job(job_id))
        assert job is not None
        number = 1 + len(at_once(self.ledger.attempts_of(job_id)))
        tender = self._tender(f"{job_id}.{number}", "runpod", price, 60)
        providers = frozenset({"runpod"} if ready else ())
        hold = Hold(at=self.now, job_id=job_id, tenders=(tender,), ready=providers)
        if job.state.is_final:
            assert self._submit(hold) == [Stale(job=job)]
        else:
            self._check_admission(hold, tender if self._fits(tender) else None)

    # At the provider.

    @some(AttemptState.HELD)
    @rule(data=st.data())
    def dispatch(self, data: st.DataObject) -> None:
        """The next thing to happen is the first byte, unless the job has ended meanwhile."""
        attempt = self._draw(data, AttemptState.HELD)
        job = at_once(self.ledger.job(attempt.job_id))
        assert job is not None
        (answer,) = self._submit(Dispatch(at=self.now, attempt_id=attempt.id))
        assert isinstance(answer, Stale if job.state.is_final else Done)

    def _unheard(self) -> list[AttemptRow]:
        """Attempts that may have been sent, and of which no provider knows yet."""
        sent = self._attempts(AttemptState.DISPATCHING)
        return [attempt for attempt in sent if attempt.id not in self.truth]

    @precondition(lambda self: self._unheard())
    @rule(
        data=st.data(),
        billed=st.sampled_from(["as quoted", "nothing"]) | prices,
        reply_lost=st.booleans(),
    )
    def the_provider_takes_it(
        self, data: st.DataObject, billed: str | Money, *, reply_lost: bool
    ) -> None:
        """It bills what was quoted, or anything else; whether we hear of it is another matter."""
        attempt = data.draw(st.sampled_from(self._unheard()))
        self.refs += 1
        amount = attempt.quoted if billed == "as quoted" else Money.ZERO
        self.truth[attempt.id] = Charge(
            ref=ProviderRef(f"ref-{self.refs}"),
            billed=billed if isinstance(billed, Money) else amount,
            reply_lost=reply_lost,
        )

    @some(AttemptState.DISPATCHING)
    @rule(data=st.data())
    def the_reply_comes(self, data: st.DataObject) -> None:
        """The provider names the job; or its reply is lost; or it refused, and says so."""
        attempt = self._draw(data, AttemptState.DISPATCHING)
        truth = self.truth.get(attempt.id)
        command: Command
        if truth is None:
            command = Void(at=self.now, attempt_id=attempt.id, outcome="provider_refused")
        elif truth.reply_lost:
            command = Doubt(at=self.now, attempt_id=attempt.id, outcome="provider_in_doubt")
        else:
            command = Run(at=self.now, attempt_id=attempt.id, ref=truth.ref)
        assert isinstance(self._submit(command)[0], Done)

    @some(AttemptState.RUNNING)
    @rule(data=st.data())
    def contact_is_lost(self, data: st.DataObject) -> None:
        """An attempt that was named can no longer be asked about."""
        attempt = self._draw(data, AttemptState.RUNNING)
        doubt = Doubt(at=self.now, attempt_id=attempt.id, outcome="provider_in_doubt")
        assert isinstance(self._submit(doubt)[0], Done)

    @some(*EVIDENCED)
    @rule(data=st.data(), again=st.sampled_from(["no", "later", "at once"]))
    def evidence_comes(self, data: st.DataObject, again: str) -> None:
        """The truth settles an attempt; told twice, it settles it once."""
        attempt = self._draw(data, *EVIDENCED)
        truth = self.truth.get(attempt.id) or Charge(ref=ProviderRef("none"), billed=Money.ZERO)
        command = settled_by(truth, attempt, self.now)
        answers = self._submit(*[command] * (2 if again == "at once" else 1))
        after = self._attempts()
        answers += self._submit(command) if again == "later" else []
        kinds = [type(answer) for answer in answers]
        assert kinds == [Done, Stale][: len(answers)], "settled twice"
        assert self._attempts() == after

    @some(AttemptState.IN_DOUBT)
    @rule(data=st.data())
    def a_late_callback_names_it(self, data: st.DataObject) -> None:
        """An attempt in doubt learns its id and stays in doubt."""
        attempt = self._draw(data, AttemptState.IN_DOUBT)
        if truth := self.truth.get(attempt.id):
            (answer,) = self._submit(Run(at=self.now, attempt_id=attempt.id, ref=truth.ref))
            assert isinstance(answer, Stale if attempt.provider_ref else Done)

    @some(AttemptState.IN_DOUBT)
    @rule(data=st.data())
    def nobody_can_tell(self, data: st.DataObject) -> None:
        """After the horizon what is in doubt is presumed, before it is not."""
        attempt = self._draw(data, AttemptState.IN_DOUBT)
        (answer,) = self._submit(Presume(at=self.now, attempt_id=attempt.id))
        assert isinstance(answer, Done if self.now >= attempt.horizon_at else Stale)

    @some(AttemptState.IN_DOUBT, AttemptState.POSTED_PRESUMED)
    @rule(data=st.data())
    def a_person_settles_it(self, data: st.DataObject) -> None:
        """By the provider's bill, which says the truth."""
        attempt = self._draw(data, AttemptState.IN_DOUBT, AttemptState.POSTED_PRESUMED)
        bill = self.truth.get(attempt.id)
        by_hand: dict[str, Any] = {
            "at": self.now,
            "attempt_id": attempt.id,
            "outcome": "by_hand",
            "who": "ada",
            "reason": "bill",
        }
        command: Command = Void(**by_hand)
        if bill and bill.billed:
            command = Post(amount=bill.billed, **by_hand)
        assert isinstance(self._submit(command)[0], Done)

    @some(AttemptState.POSTED, AttemptState.VOIDED)
    @rule(
        data=st.data(),
        difference=prices,
        credit=st.booleans(),
        source=st.sampled_from(["statement", "refund", "word"]),
    )
    def a_bill_is_corrected(
        self, data: st.DataObject, difference: Money, source: Source, *, credit: bool
    ) -> None:
        """The provider bills more, or gives money back; the books follow, whoever says so."""
        attempt = self._draw(data, AttemptState.POSTED, AttemptState.VOIDED)
        truth = self.truth.setdefault(
            attempt.id, Charge(ref=ProviderRef(f"bill-{attempt.id}"), billed=Money.ZERO)
        )
        change = -min(truth.billed, difference) if credit else difference
        truth.billed += change
        adjust = Adjust(
            at=self.now,
            attempt_id=attempt.id,
            difference=change,
            who="ada",
            reason="bill",
            source=source,
        )
        assert isinstance(self._submit(adjust)[0], Done)

    # Around it.

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        """Often past midnight, where the daily windows turn."""
        self.now += timedelta(hours=hours)

    @rule(resume=st.booleans())
    def crash(self, *, resume: bool) -> None:
        """The process dies; recovery voids or sends what never left, and doubts what may have."""
        self._store.close()
        self._open()
        for attempt in at_once(self.ledger.open_attempts()):
            command: Command
            if attempt.state is AttemptState.DISPATCHING:
                command = Doubt(at=self.now, attempt_id=attempt.id, outcome=CRASHED)
            elif attempt.state is AttemptState.HELD and resume:
                command = Dispatch(at=self.now, attempt_id=attempt.id)
            elif attempt.state is AttemptState.HELD:
                command = Void(at=self.now, attempt_id=attempt.id, outcome=CRASHED)
            else:
                continue
            self._submit(command)


def _counts(attempt: AttemptRow, limit: Limit) -> bool:
    """Whether an attempt was held within a limit's window; in any hour of one that rolls."""
    if limit.bucket_start is None:
        return Window.of(limit) in attempt.windows
    return any(
        window.budget == limit.budget and window.start >= (limit.window_start or window.start)
        for window in attempt.windows
    )
