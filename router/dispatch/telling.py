"""What the dispatcher tells of itself: from rows and errors to events."""

from router.ledger.alert_commands import Tried
from router.ledger.alert_rows import AlertRow
from router.ledger.answers import Refused
from router.ledger.outbox_rows import OutboxRow
from router.ledger.rows import AttemptRow, JobRow
from router.model.clock import Clock
from router.model.job import AttemptState, Job, Resolution
from router.model.money import Money
from router.model.offer import Plan
from router.observe import crashes
from router.observe.alert_events import AlertDelivered
from router.observe.events import (
    Alarm,
    AttemptAccepted,
    AttemptSettled,
    ClientTold,
    FailedOver,
    JobAdmitted,
    JobEnded,
    JobRefused,
    Observer,
    OtherwiseQuoted,
    Overflowed,
    PriceDrifted,
    QueueChanged,
    TookTurn,
)
from router.policy.obstacles import withheld


class Teller:
    """Tells an observer, so that the control flow reads without it."""

    def __init__(self, clock: Clock, observer: Observer) -> None:
        self._clock, self._observer = clock, observer
        self._named: set[tuple[str, str, Resolution, Money, Money]] = set()

    def admitted(self, attempt: AttemptRow) -> None:
        """A job and its first hold are durable."""
        self._observer.tell(
            JobAdmitted(
                job_id=attempt.job_id,
                tenant=attempt.tenant,
                model=attempt.model,
                resolution=attempt.resolution,
                provider=attempt.provider,
                quoted=attempt.quoted,
            )
        )

    def refused(self, job: Job, refused: Refused) -> None:
        """A job did not fit a budget."""
        self._observer.tell(
            JobRefused(
                tenant=job.tenant,
                budget=refused.limit.budget,
                scope=refused.limit.scope,
                asked=refused.asked,
            )
        )

    def accepted(self, attempt: AttemptRow) -> None:
        """A provider has named an attempt; told as well if it named another price than its own."""
        seconds = self._seconds_since_dispatch(attempt)
        self._observer.tell(
            AttemptAccepted(attempt_id=attempt.id, provider=attempt.provider, seconds=seconds)
        )
        named = attempt.quote_amount
        if named is not None and named != attempt.quoted:
            self._otherwise_quoted(attempt, named)

    def _otherwise_quoted(self, attempt: AttemptRow, named: Money) -> None:
        """Count it, and raise an alarm the first time: samples name one amount for everything."""
        self._observer.tell(OtherwiseQuoted(provider=attempt.provider))
        key = (attempt.provider, attempt.slug, attempt.resolution, attempt.quoted, named)
        if key not in self._named:
            self._named.add(key)
            self.alarm(
                "price_named",
                f"{attempt.provider} names {named.usd} when it takes {attempt.model} at "
                f"{attempt.resolution}; the price book says {attempt.quoted.usd}. It is no charge "
                "yet: farebox prices drift shows what comes of it",
            )

    def settled(self, attempt: AttemptRow) -> None:
        """An attempt was booked; told as well if its price was another than the one pinned."""
        self._observer.tell(
            AttemptSettled(
                attempt_id=attempt.id,
                job_id=attempt.job_id,
                tenant=attempt.tenant,
                provider=attempt.provider,
                model=attempt.model,
                resolution=attempt.resolution,
                outcome=attempt.outcome or "",
                money=attempt.state,
                quoted=attempt.quoted,
                posted=attempt.posted,
                seconds=self._seconds_since_dispatch(attempt),
                queue_s=attempt.queue_s,
                detail=attempt.detail,
            )
        )
        told = attempt.reported_amount
        if attempt.state is AttemptState.POSTED and told is not None and told != attempt.posted:
            said = f"{attempt.provider} says {told.usd} for attempt {attempt.id}"
            self.alarm("charge_not_believed", f"{said}; {attempt.posted.usd} is posted")
        if attempt.state is AttemptState.POSTED and _drifted(attempt):
            self._observer.tell(
                PriceDrifted(
                    attempt_id=attempt.id,
                    provider=attempt.provider,
                    quoted=attempt.quoted,
                    charged=attempt.posted,
                    reported_raw=attempt.reported_raw,
                )
            )

    def took_turn(self, provider: str, operation: str, seconds: float) -> None:
        """A call to a provider may go."""
        self._observer.tell(TookTurn(provider=provider, operation=operation, seconds=seconds))

    def queue_changed(self, provider: str, waiting: int) -> None:
        """More or fewer creates wait for a slot, or for the rate."""
        self._observer.tell(QueueChanged(provider=provider, waiting=waiting))

    def overloaded(self) -> None:
        """A job was refused because too much waits."""
        self._observer.tell(Overflowed())

    def failed_over(self, source: AttemptRow, target: AttemptRow, *, pays_twice: bool) -> None:
        """A job goes on to its next offer."""
        self._observer.tell(
            FailedOver(
                job_id=target.job_id,
                source=source.provider,
                target=target.provider,
                reason=source.outcome or "",
                may_pay_twice=pays_twice,
            )
        )

    def ended(self, row: JobRow) -> None:
        """A job has ended."""
        ended_at = row.ended_at or self._clock.now()
        self._observer.tell(
            JobEnded(
                job_id=row.id,
                tenant=row.tenant,
                model=row.model,
                resolution=row.resolution,
                state=row.state,
                outcome=row.error_code or row.state.value,
                seconds=(ended_at - row.created_at).total_seconds(),
            )
        )

    def client_told(self, row: OutboxRow, tried: Tried, verdict: str) -> None:
        """A client was told of its job's end, or was not."""
        self._observer.tell(
            ClientTold(
                job_id=row.job_id,
                tenant=row.tenant,
                dialect=row.dialect,
                verdict=verdict,
                tries=tried.number,
                status=tried.status,
            )
        )

    def alert_told(self, alert: AlertRow, tried: Tried, verdict: str) -> None:
        """People were told of a budget, or were not."""
        self._observer.tell(
            AlertDelivered(
                alert_id=alert.id,
                budget=alert.budget,
                verdict=verdict,
                tries=tried.number,
                status=tried.status,
            )
        )

    def alarm(self, what: str, detail: str) -> None:
        """A person should look at this."""
        self._observer.tell(Alarm(what=what, detail=detail))

    def crashed(self, task: str, error: BaseException) -> None:
        """A task ended as nobody foresaw. What it worked on is taken up by the sweep."""
        self.alarm("crashed", f"{task}: {crashes.told(error)}")

    def _seconds_since_dispatch(self, attempt: AttemptRow) -> float:
        began = attempt.dispatched_at or attempt.created_at
        return (self._clock.now() - began).total_seconds()


def _drifted(attempt: AttemptRow) -> bool:
    unbelieved = attempt.reported_raw is not None and attempt.reported_amount != attempt.posted
    return unbelieved or attempt.posted not in {attempt.quoted, Money.ZERO}


def reasons(plan: Plan) -> str:
    """Say why a plan has no offer, to a client: without what it may not know of others' edits."""
    verdicts = "; ".join(
        f"{candidate.provider} {withheld(candidate.verdict)}"
        for candidate in plan.decision.candidates
    )
    return f"No provider can serve this edit: {verdicts or 'nobody sells this model'}."
