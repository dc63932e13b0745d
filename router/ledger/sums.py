"""Readings of sums: what was spent, how jobs ended, and whether the journal says the same."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from router.ledger.days import Cut, Piece, everything, pieces
from router.ledger.flow_rows import bucket
from router.ledger.mapping import decode_view, read_tags, to_column
from router.ledger.reading import Readings
from router.ledger.views import (
    EVERYTHING,
    JobsEndedRow,
    Names,
    Offered,
    Only,
    RefusedRow,
    SpendingRow,
    TimedRow,
)
from router.model.clock import from_rfc3339
from router.model.errors import Malformed
from router.model.money import Money, total

V = TypeVar("V", SpendingRow, JobsEndedRow, RefusedRow, TimedRow)
Tags = tuple[tuple[str, str], ...]
ROWS_MAX = 100_000
"""More rows are not read at a time: where tags are told apart there may be as many as edits."""
TAGS_MAX, NAMES_MAX = 200, 1000
"""How many are offered: of tags with their values, and of names of each other kind."""
LOOKED_AT = 5000
"""Among how many sums tags are looked for."""
_ANY = 2**62
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
        tags: bool | str = True,
        keys: bool = False,
        tenants: bool = True,
        tenant: str | None = None,
        only: Only = EVERYTHING,
        among: Sequence[Tags] | None = None,
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
            tags: Whether jobs of different tags are told apart; or by the value of which one. It is
                slower than to ask for none: there may be as many sums as edits.
            keys: Whether those bought with different keys are.
            tenants: Whether those of different tenants are.
            tenant: Only what this one bought.
            only: Only what is like this.
            among: Only what is told with one of these, as `dearest_tags` names them; None for all.

        Raises:
            Malformed: Where tags are told apart: there are more than `ROWS_MAX` rows.
            zoneinfo.ZoneInfoNotFoundError, ValueError: There is no such zone.
        """
        is_tagged = tags is not False or only.tag is not None
        rows = await self._read(
            "spending",
            pieces=await self._pieces(since, until, _zone(zone), cut, tags=is_tagged),
            **_told(tags),
            **_meant(tenant, only),
            keys=int(keys),
            tenants=int(tenants),
            chosen=int(among is not None),
            among=json.dumps([to_column(one) for one in among or ()]),
            most=ROWS_MAX + 1 if tags else _ANY,
        )
        if tags and len(rows) > ROWS_MAX:
            raise Malformed(
                f"These are more than {ROWS_MAX:,} lines: ask for a shorter time, or export FOCUS, "
                "which has every edit."
            )
        return [decode_view(SpendingRow, row) for row in rows]

    async def dearest_tags(
        self,
        since: datetime,
        until: datetime,
        tag: str,
        *,
        tenant: str | None = None,
        only: Only = EVERYTHING,
        most: int,
    ) -> list[Tags]:
        """
        For which values of a tag the most was posted; that of jobs without it is empty.

        Args:
            since: At a quarter of an hour.
            until: Likewise.
            tag: Its key.
            tenant: Only what this one bought.
            only: Only what is like this.
            most: How many of them.
        """
        rows = await self._read(
            "dearest_tags",
            pieces=await self._pieces(since, until, UTC, None, tags=True),
            **_told(tag),
            **_meant(tenant, only),
            most=most,
        )
        return [read_tags(row["tags"]) for row in rows]

    async def offered(
        self, since: datetime, until: datetime, *, tenant: str | None = None
    ) -> Offered:
        """
        Names to choose from: of the whole days of UTC that a time touches.

        Args:
            since: Inclusive.
            until: Exclusive.
            tenant: Only what this one used.
        """
        asked = {"since": bucket("day", since), "until": until, "tenant": tenant or ""}
        names: dict[str, list[str]] = defaultdict(list)
        for row in await self._read("names_offered", **asked, most=NAMES_MAX):
            names[row["kind"]].append(row["name"])
        tags = await self._read("tags_offered", **asked, within=LOOKED_AT, most=TAGS_MAX)
        return Offered(
            providers=tuple(names["provider"]),
            tenants=tuple(names["tenant"]),
            resolutions=tuple(names["resolution"]),
            models=tuple(names["model"]),
            tag_keys=tuple(names["tag"]),
            tags=tuple((row["tag"], row["value"]) for row in tags),
        )

    async def names(self, *, tenant: str | None = None) -> Names:
        """
        Names that anything was ever spent, held or closed under.

        It is quick however many edits there were: it reads the sums of all time, and what is open.

        Args:
            tenant: Only of what this one bought; None for all, and for providers' accounts.
        """
        found: dict[str, set[str]] = defaultdict(set)
        for row in await self._read("names", tenant=tenant or ""):
            found[row["kind"]].add(row["name"])
        return Names(
            providers=frozenset(found["provider"]),
            models=frozenset(found["model"]),
        )

    async def _pieces(
        self, since: datetime, until: datetime, zone: tzinfo, cut: Cut | None, *, tags: bool
    ) -> str:
        """As the queries take them."""
        asked = await self._cut(since, until, zone, cut, tags=tags)
        return json.dumps([piece.columns for piece in asked])

    async def _cut(
        self, since: datetime, until: datetime, zone: tzinfo, cut: Cut | None, *, tags: bool
    ) -> Iterable[Piece]:
        (bounds,) = await self._read("spending_bounds")
        if bounds["first"] is None:
            return ()
        first = bucket("day", from_rfc3339(bounds["first"]))
        last = bucket("day", from_rfc3339(bounds["last"])) + _DAY
        asked = pieces(max(since, first), min(until, last), zone, cut, tags=tags)
        if cut is None and not tags and since <= first and last <= until:
            return (everything(), *(piece for piece in asked if piece.kind == "open"))
        return asked

    async def began(self) -> datetime | None:
        """When the first hold was placed; None before that."""
        rows = await self._read("began")
        return from_rfc3339(rows[0]["at"]) if rows else None

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


def _told(tags: bool | str) -> dict[str, Any]:  # noqa: FBT001 - or a word.
    """How tags are told: none, all, or those of one key."""
    if isinstance(tags, bool):
        return {"tags": int(tags), "key": "", "mark": ""}
    # How a pair begins in a row's tags, which are JSON.
    return {"tags": 2, "key": tags, "mark": f'[{json.dumps(tags, ensure_ascii=False)}, "'}


def _meant(tenant: str | None, only: Only) -> dict[str, Any]:
    return {
        "tenant": tenant or "",
        "provider": only.provider,
        "model": only.model,
        "resolution": only.resolution,
        "tag": "" if only.tag is None else json.dumps(only.tag, ensure_ascii=False),
    }


def _zone(zone: str | tzinfo) -> tzinfo:
    if isinstance(zone, tzinfo):
        return zone
    # Needs no zone files: slim containers have none.
    return UTC if zone == "UTC" else ZoneInfo(zone)
