"""
Watching what people must act on before it hurts: credit that runs out, and prices that changed.

Each is told once while it lasts, as an alarm; how it stands is in `/readyz?verbose` and `/metrics`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from router.finance.credit import PACE, Credit, latest, posted_since
from router.finance.drift import CHANGED_FROM, drifts
from router.ledger.rows import BEGINNING, END
from router.ledger.statement_rows import BalanceReadingRow
from router.ledger.views import ChargeRow, SpendingRow
from router.model.clock import Clock
from router.model.errors import LedgerUnavailable
from router.model.money import Money
from router.observe import crashes
from router.policy.policy import Policy

WATCH_S = 30.0
PRICES_EVERY = timedelta(minutes=5)
PRICES_SINCE = timedelta(days=1)


class WatchBooks(Protocol):
    """What of the ledger is needed. See `ledger.ledger.Ledger`."""

    async def spending(
        self, since: datetime, until: datetime, *, cut: None, tags: bool
    ) -> list[SpendingRow]: ...
    async def balance_readings(self, provider: str = "") -> list[BalanceReadingRow]: ...
    async def topped_up(self, provider: str, since: datetime) -> Money: ...
    async def credited(self, provider: str, since: datetime) -> Money: ...
    async def booked_late(
        self, provider: str, after: datetime, *, sent_by: datetime, at: datetime
    ) -> Money: ...
    async def open_since(self, provider: str, sent_after: datetime) -> Money: ...
    async def charges(self, since: datetime, *, most: int) -> list[ChargeRow]: ...


async def credits_of(
    books: WatchBooks,
    policy: Policy,
    at: datetime,
    provider: str = "",
    *,
    posted: Mapping[str, Money] | None = None,
) -> list[Credit]:
    """
    How much is left at each provider whose credit was ever read; or at one.

    Args:
        books: Read once for each kind of thing.
        policy: Says from what on credit is low.
        at: Now.
        provider: Which; all of them when empty.
        posted: By provider, since the ledger began, where it was read already.

    Raises:
        LedgerUnavailable: The books cannot be read.
    """
    readings = latest(await books.balance_readings(provider))
    if not readings:
        return []
    if posted is None:
        posted = posted_by_provider(await books.spending(BEGINNING, END, cut=None, tags=False))
    of_a_day = await books.spending(at - PACE, END, cut=None, tags=False)
    # What came down within the day is a refund, or corrects a charge: it slows down no spending.
    charged = posted_by_provider(replace(row, posted=row.posted + row.refunded) for row in of_a_day)
    low = {row.provider: row.credit_low for row in policy.prices.providers}
    return [
        Credit(
            provider=name,
            at=at,
            read=reading.amount,
            read_at=reading.at,
            topped_up=await books.topped_up(name, reading.at),
            credited=await books.credited(name, reading.at),
            posted=posted_since(reading, posted, await charged_before(books, policy, reading, at)),
            open=await books.open_since(name, sent_by(policy, reading)),
            pace=charged.get(name, Money.ZERO),
            low=low.get(name, Money.ZERO),
        )
        for name, reading in readings.items()
    ]


async def charged_before(
    books: WatchBooks, policy: Policy, reading: BalanceReadingRow, at: datetime
) -> Money:
    """
    What was booked after a reading, up to now, but had been charged before it.

    Raises:
        LedgerUnavailable: The books cannot be read.
    """
    until = sent_by(policy, reading)
    return await books.booked_late(reading.provider, reading.at, sent_by=until, at=at)


def sent_by(policy: Policy, reading: BalanceReadingRow) -> datetime:
    """Until when an attempt must have been sent for its charge to be surely in a reading."""
    for row in policy.prices.providers:
        if row.provider == reading.provider:
            return row.sent_by(reading.at)
    return reading.at


def posted_by_provider(rows: Iterable[SpendingRow]) -> Mapping[str, Money]:
    """What was posted at each provider, of some time."""
    posted: dict[str, Money] = {}
    for row in rows:
        posted[row.provider] = posted.get(row.provider, Money.ZERO) + row.posted
    return posted


class AccountWatch:
    """Looks at providers' accounts, twice a minute."""

    def __init__(
        self,
        clock: Clock,
        books: WatchBooks,
        alarm: Callable[[str, str], None],
        policy: Callable[[], Policy],
    ) -> None:
        self._clock, self._books = clock, books
        self._alarm, self._policy = alarm, policy
        self._credits: dict[str, Credit] = {}
        self._low: dict[str, datetime] = {}
        self._changed: frozenset[str] = frozenset()
        self._prices_at = BEGINNING

    def credit(self, provider: str) -> Credit | None:
        """What is left at a provider, as of the last look; None where nobody has read it."""
        return self._credits.get(provider)

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            try:
                await self.once()
            except LedgerUnavailable as error:
                self._alarm("accounts_unread", error.detail)
            except Exception as error:  # noqa: BLE001 - a watch that ends sees nothing any more.
                self._alarm("crashed", f"account watch: {crashes.told(error)}")
            await self._clock.sleep_s(WATCH_S)

    async def once(self) -> None:
        """
        Look once, and raise an alarm for what is new.

        Raises:
            LedgerUnavailable: The books cannot be read.
        """
        now = self._clock.now()
        found = await credits_of(self._books, self._policy(), now)
        self._credits = {one.provider: one for one in found}
        # A new reading that is low again is told again: somebody has looked, and it did not help.
        low = {one.provider: one.read_at for one in found if one.is_low}
        for one in found:
            if one.is_low and self._low.get(one.provider) != one.read_at:
                self._alarm("credit_low", one.words)
        self._low = low
        if now - self._prices_at >= PRICES_EVERY:
            await self._watch_prices(now)

    async def _watch_prices(self, now: datetime) -> None:
        rows = await self._books.charges(now - PRICES_SINCE, most=CHANGED_FROM)
        changed = {
            f"{one.provider} {one.slug} {one.resolution} {one.changed_to}": one
            for one in drifts(rows)
            if one.changed_to is not None
        }
        for name in sorted(changed.keys() - self._changed):
            self._alarm("price_changed", changed[name].words)
        self._changed = frozenset(changed)
        self._prices_at = now
