"""Past jobs from a ledger, page by page: read in any process, beside a server that has it open."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from router.dispatch.settlement import DELIVERED
from router.finance.backtest.past import Happened, PastJob, Tried, tenths_of
from router.finance.backtest.sources import Page, Read
from router.ledger.history import History, PastAttemptRow, PastJobRow
from router.ledger.limit_rows import RaiseRow
from router.ledger.rows import BEGINNING, RefusalRow
from router.model.clock import from_rfc3339
from router.model.errors import ContentRefused
from router.model.ids import JobId
from router.model.job import AttemptState, Job, JobState, Resolution
from router.model.money import Money
from router.policy.evidence import Evidence, read_evidence
from router.policy.loader import read_bundle
from router.policy.policy import Policy
from router.policy.problems import PolicyError

PAGE_JOBS = 2_000
_EVIDENCE_KEPT_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Books:
    """The jobs of a ledger that were admitted within `[since, until)`."""

    path: Path
    since: datetime
    until: datetime

    def size(self) -> int:
        """
        How many jobs.

        Raises:
            CannotBeRead: It is no ledger.
        """
        with closing(History(self.path)) as history:
            return history.count(self.since, self.until)

    def pages(self) -> Iterator[Page]:
        """Their pages, the oldest first."""
        with closing(History(self.path)) as history:
            yield from history.spans(PAGE_JOBS)

    def reader(self) -> "BooksReader":
        """Begin to read, in this process."""
        return BooksReader(self)

    def raises(self) -> list[RaiseRow]:
        """What people raised budgets by, before the end."""
        with closing(History(self.path)) as history:
            return history.raises(BEGINNING, self.until)

    def refusals(self) -> list[RefusalRow]:
        """What budgets refused: of those jobs nothing else is kept."""
        with closing(History(self.path)) as history:
            return history.refusals(self.since, self.until)


class BooksReader:
    """Reads a ledger's pages."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._history = History(books.path)
        self._known: dict[str, Evidence] = {}

    def read(self, page: Page) -> Read:
        """The page's jobs that have ended."""
        rows = self._history.jobs(page, self._books.since, self._books.until)
        ended = [row for row in rows if JobState(row.state).is_final]
        attempts = self._history.attempts(page) if ended else {}
        jobs = [past_of(row, attempts.get(row.id, ()), self._evidence(row)) for row in ended]
        return Read(jobs, unfinished=len(rows) - len(ended), done=len(rows))

    def policy(self, policy_hash: str) -> Policy | None:
        """A policy that was in force; None where it was not kept, or can no longer be read."""
        bundle = self._history.bundle(policy_hash)
        try:
            return read_bundle(bundle) if bundle is not None else None
        except PolicyError:
            return None

    def close(self) -> None:
        """Close the ledger."""
        self._history.close()

    def _evidence(self, row: PastJobRow) -> Evidence | None:
        """Jobs that were planned at once saw the same: it is read once, and is one value."""
        if row.evidence is None:
            return None
        known = self._known.get(row.evidence)
        if known is None:
            if len(self._known) >= _EVIDENCE_KEPT_MAX:
                self._known.clear()
            known = self._known[row.evidence] = read_evidence(row.evidence)
        return known


def past_of(
    row: PastJobRow, attempts: Sequence[PastAttemptRow], evidence: Evidence | None
) -> PastJob:
    """A job of the ledger that has ended, with its attempts in their order."""
    bought = Resolution(row.resolution)
    shift = json.loads(row.decision).get("downshifted") if '"downshifted"' in row.decision else None
    created_at = from_rfc3339(row.created_at)
    job = Job(
        id=JobId(row.id),
        tenant=row.tenant,
        key_id=row.key_id,
        model=row.model,
        prompt="",
        # How many there were is all that is known of them.
        images=("",) * row.images,
        resolution=Resolution(shift["from"]) if shift else bought,
        aspect_ratio=row.aspect_ratio,
        output_format=row.output_format,
        tags=tuple((name, value) for name, value in json.loads(row.tags)),
        created_at=created_at,
        deadline_at=created_at,
        price_max=Money.parse(row.price_max) if row.price_max is not None else None,
        key_name=row.key_name or "",
        key_budget=row.key_budget,
        batch=JobId(row.batch) if row.batch is not None else None,
    )
    return PastJob(
        job=job,
        evidence=evidence,
        happened=_happened(row, attempts),
        bought=bought if shift else None,
        policy_hash=row.policy_hash,
        decision=row.decision,
    )


def _happened(row: PastJobRow, attempts: Sequence[PastAttemptRow]) -> Happened:
    is_delivered = row.state == JobState.SUCCEEDED
    return Happened(
        attempts=tuple(_tried(one) for one in attempts),
        is_delivered=is_delivered,
        stands=row.state == JobState.CANCELLED or row.error_code == ContentRefused.code,
        tenths=_tenths(row.created_at, row.ended_at) if is_delivered else None,
    )


def _tried(row: PastAttemptRow) -> Tried:
    return Tried(
        provider=row.provider,
        resolution=row.resolution,
        quoted_nanos=row.quoted,
        charged_nanos=_charged(row),
        is_delivered=row.outcome == DELIVERED,
        tenths=_tenths(row.created_at, row.ended_at),
    )


def _charged(row: PastAttemptRow) -> int:
    """What was posted; what is held, in doubt or presumed counts as well, as in the budgets."""
    is_settled = row.state in {AttemptState.POSTED, AttemptState.VOIDED}
    return row.posted if is_settled else row.quoted


def _tenths(since: str, until: str | None) -> int | None:
    if until is None:
        return None
    return tenths_of((from_rfc3339(until) - from_rfc3339(since)).total_seconds())
