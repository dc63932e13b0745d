"""Readings of sums: what was spent, how jobs ended, and whether the journal says the same."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from router.ledger.days import Cut, Piece, everything, pieces
from router.ledger.flow_rows import bucket
from router.ledger.mapping import decode_view
from router.ledger.reading import Readings
from router.ledger.views import JobsEndedRow, RefusedRow, SpendingRow, TimedRow
from router.model.clock import from_rfc3339
from router.model.money import Money, total

V = TypeVar("V", SpendingRow, JobsEndedRow, RefusedRow, TimedRow)
_DAY = timedelta(days=1)
_CHECKS = (
    "books_out_of_balance",
    "attempts_out_of_balance",
    "hours_out_of_balance",
    "spending_out_of_balance",
    "endings_out_of_balance",
)


class Sums(Readings):
    """What the books add up to. Each reading raises `LedgerUnavailable` if it cannot be had."""

    async def spending(
        self,
        since: datetime,
        until: datetime,
        *,
        zone: str | tzinfo = "UTC",
        cut: Cut | None = "day",
        tags: bool = True,
        keys: bool = False,
        tenant: str | None = None,
    ) -> list[SpendingRow]:
        """
        Money and counts within `[since, until)`, by what they are told apart by.

        An entry counts at its instant, so what is past never changes. Open money is no entry's but
        a state, and counts where its hold was placed.

        Args:
            since: Any instant; it is quickest at a quarter of an hour.
            until: Likewise.
            zone: The time zone, or its IANA name, whose days, weeks and months are cut.
            cut: Into what; None for a sum of the whole time.
            tags: Whether jobs of different tags are told apart.
            keys: Whether those bought with different keys are.
            tenant: Only what this one bought.

        Raises:
            zoneinfo.ZoneInfoNotFoundError, ValueError: There is no such zone.
        """
        asked = await self._pieces(since, until, _zone(zone), cut)
        rows = await self._read(
            "spending",
            pieces=json.dumps([piece.columns for piece in asked]),
            tags=int(tags),
            keys=int(keys),
            tenant=tenant or "",
        )
        return [decode_view(SpendingRow, row) for row in rows]

    async def _pieces(
        self, since: datetime, until: datetime, zone: tzinfo, cut: Cut | None
    ) -> Iterable[Piece]:
        (bounds,) = await self._read("spending_bounds")
        if bounds["first"] is None:
            return ()
        first = bucket("day", from_rfc3339(bounds["first"]))
        last = bucket("day", from_rfc3339(bounds["last"])) + _DAY
        asked = pieces(max(since, first), min(until, last), zone, cut)
        if cut is None and since <= first and last <= until:
            return (everything(), *(piece for piece in asked if piece.kind == "open"))
        return asked

    async def jobs_ended(self) -> list[JobsEndedRow]:
        """How many jobs ended how, since the ledger began."""
        return await self._views(JobsEndedRow, "jobs_ended")

    async def refused(self, since: datetime) -> list[RefusedRow]:
        """What each budget has refused since an instant, by the hour it lies in."""
        hour = since.replace(minute=0, second=0, microsecond=0)
        return await self._views(RefusedRow, "refusals_since", since=hour)

    async def double_spent(self) -> Money:
        """What was posted for jobs beyond the dearest of each one's postings."""
        rows = await self._read("double_spending")
        return Money(rows[0]["amount"])

    async def imbalance(self) -> Money:
        """
        By how much balances, attempts and sums differ from the journal: zero, or they are wrong.

        Where a count is wrong, each one counts as a nano-dollar.
        """
        found = [row for check in _CHECKS for row in await self._scan(check)]
        return total([Money(row["difference"]) for row in found])

    async def _views(self, kind: type[V], query: str, **parameters: Any) -> list[V]:
        return [decode_view(kind, row) for row in await self._read(query, **parameters)]


def _zone(zone: str | tzinfo) -> tzinfo:
    if isinstance(zone, tzinfo):
        return zone
    # Needs no zone files: slim containers have none.
    return UTC if zone == "UTC" else ZoneInfo(zone)
