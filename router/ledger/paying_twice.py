"""
What was paid twice: for jobs beyond the dearest of each one's postings, entry by entry.

An amount counts at the instant, and with the attempt, of the entry that it came about by, or was
taken back by; so parts of a time add up to the whole, and what is past never changes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from router.ledger.mapping import decode_view
from router.ledger.reading import Readings
from router.ledger.views import PaidRow
from router.model.ids import AttemptId
from router.model.money import Money, total


class PayingTwice(Readings):
    """What was paid for jobs that were paid for already."""

    async def paid_twice(
        self, since: datetime, until: datetime, *, tenant: str | None = None
    ) -> list[PaidRow]:
        """
        What was paid twice within `[since, until)`, a row for each entry, by job.

        Args:
            since: Inclusive.
            until: Exclusive.
            tenant: Only what this one bought; None for all.

        Raises:
            LedgerUnavailable: It cannot be read.
        """
        rows = await self._read("paid_again", since=since, until=until, tenant=tenant or "")
        moved = (decode_view(PaidRow, row) for row in rows)
        return [row for row in paid_twice(moved) if row.at >= since]


def paid_twice(moved: Iterable[PaidRow]) -> Iterator[PaidRow]:
    """
    Find what was paid twice among all that was ever posted for some jobs. Pure.

    Args:
        moved: Each entry with what it posted; of a job all of them together, in their order.

    Yields:
        The entries by which the sum beyond the job's dearest posting has changed, each with the
        change; negative where money was given back.
    """
    for _, rows in groupby(moved, lambda row: row.job_id):
        posted: dict[AttemptId, Money] = {}
        before = Money.ZERO
        for row in rows:
            posted[row.attempt_id] = posted.get(row.attempt_id, Money.ZERO) + row.amount
            beyond = total(list(posted.values())) - max(posted.values())
            if beyond != before:
                yield replace(row, amount=beyond - before)
            before = beyond
