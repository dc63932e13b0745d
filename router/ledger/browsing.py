"""Readings for people who look at what happened: pages of jobs, and sums of what is open."""

import json
from datetime import UTC, datetime
from typing import Literal

from router.ledger.mapping import decode, decode_view
from router.ledger.reading import NEWEST, Readings
from router.ledger.rows import AttemptRow, JobRow
from router.ledger.views import EVERYTHING, Only, OpenRow, RefusedRow, SpentHourRow, TimedRow
from router.model.clock import hour_of
from router.model.ids import JobId
from router.model.money import Money

WITHIN = 5_000
"""How many jobs one page looks through for those that are meant: no page is slow for a filter."""
MoneyWord = Literal[
    "",
    "held",
    "in_doubt",
    "posted_presumed",
    "drifted",
    "undelivered",
    "paid_twice",
    "posted",
    "voided",
]
"""What has become of the money of at least one of a job's attempts; empty for whatever."""


class Browsing(Readings):
    """What people look through. Each raises `LedgerUnavailable` if it cannot."""

    async def browse(
        self,
        *,
        tenant: str = "",
        after: str = NEWEST,
        since: datetime | None = None,
        most: int = 50,
        provider: str = "",
        model: str = "",
        resolution: str = "",
        tag: tuple[str, str] | None = None,
        money: MoneyWord = "",
    ) -> list[JobRow]:
        """
        List jobs, the newest first, of the next `WITHIN` that are older than `after`.

        Args:
            tenant: Whose; empty for all.
            after: A job's id, or what sorts as one.
            since: None asked for before this.
            most: How many.
            provider: Only jobs that were tried there.
            model: Only of this model.
            resolution: Only of this one.
            tag: Only jobs with it.
            money: Only jobs with such an attempt.
        """
        low = "" if since is None else first_id(since)
        rows = await self._read(
            "browse_tenant" if tenant else "browse",
            **({"tenant": tenant} if tenant else {}),
            after=after,
            low=low,
            within=WITHIN,
            most=most,
            provider=provider,
            model=model,
            resolution=resolution,
            tag=_written(tag),
            money=money,
        )
        return [decode(JobRow, row) for row in rows]

    async def looked_to(
        self, *, tenant: str = "", after: str = NEWEST, since: datetime | None = None
    ) -> JobId | None:
        """Where the next `WITHIN` jobs end, to go on from; None where there are no more."""
        low = "" if since is None else first_id(since)
        rows = await self._read(
            "looked_to_tenant" if tenant else "looked_to",
            **({"tenant": tenant} if tenant else {}),
            after=after,
            low=low,
            before=WITHIN - 1,
        )
        return JobId(rows[0]["id"]) if rows else None

    async def open_money(self) -> list[OpenRow]:
        """What is held and in doubt now, by everything that it is reported by."""
        return [decode_view(OpenRow, row) for row in await self._read("open_money")]

    async def presumed_money(self) -> list[OpenRow]:
        """What is presumed charged now, by everything that it is reported by."""
        return [decode_view(OpenRow, row) for row in await self._read("presumed_money")]

    async def presumed(self) -> list[AttemptRow]:
        """Attempts that are presumed charged now, the oldest first."""
        return [decode(AttemptRow, row) for row in await self._read("presumed")]

    async def drifted(
        self,
        since: datetime,
        until: datetime,
        *,
        most: int,
        tenant: str = "",
        only: Only = EVERYTHING,
    ) -> list[tuple[AttemptRow, Money]]:
        """
        The first attempts that came to be charged within `[since, until)` what was not their price.

        Args:
            since: Inclusive.
            until: Exclusive.
            most: How many, of those that are meant.
            tenant: Only what this one bought; empty for all.
            only: Only such attempts.

        Returns:
            Each with by how much it came above it then; below zero where that was below.
        """
        rows = await self._read(
            "drifted",
            since=since,
            until=until,
            most=most,
            tenant=tenant,
            provider=only.provider,
            model=only.model,
            resolution=only.resolution,
            tag=_written(only.tag),
        )
        return [(decode(AttemptRow, row), Money(int(row["above"]))) for row in rows]

    async def refused_between(self, since: datetime, until: datetime) -> list[RefusedRow]:
        """What each budget has refused in the hours of UTC that begin within `[since, until)`."""
        rows = await self._read("refused_between", since=hour_of(since), until=until)
        return [decode_view(RefusedRow, row) for row in rows]

    async def spent_hours(
        self,
        since: datetime,
        until: datetime,
        *,
        provider: str = "",
        tenant: str = "",
        resolution: str = "",
        model: str = "",
        tag: tuple[str, str] | None = None,
    ) -> list[SpentHourRow]:
        """
        What was charged by the hour, posted and presumed.

        An entry counts at its instant, as in `spending` and in `budget_hours`.

        Args:
            since: Inclusive, with the whole of the hour that it lies in.
            until: Exclusive; an hour that begins before it is told of whole.
            provider: Only what this one charged; empty for all, here and below.
            tenant: Only what this one bought.
            resolution: Only edits of this one.
            model: Only edits with this one.
            tag: Only jobs with it.
        """
        rows = await self._read(
            "spent_hours",
            since=hour_of(since),
            until=until,
            provider=provider,
            tenant=tenant,
            resolution=resolution,
            model=model,
            tag=_written(tag),
        )
        return [decode_view(SpentHourRow, row) for row in rows]

    async def ended_lately(self, since: datetime, *, most: int) -> list[TimedRow]:
        """The last attempts that ended since an instant, at most so many, the newest first."""
        rows = await self._read("ended_lately", since=since, most=most)
        return [decode_view(TimedRow, row) for row in rows]


def first_id(at: datetime) -> str:
    """What sorts before the id of every job of an instant or later: ids begin with their time."""
    millis = int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
    text = f"{max(0, millis):012x}"
    return f"{text[:8]}-{text[8:]}-"


def _written(tag: tuple[str, str] | None) -> str:
    """A tag as it stands among a row's tags, which are kept as JSON; empty for any."""
    return "" if tag is None else json.dumps(tag, ensure_ascii=False)
