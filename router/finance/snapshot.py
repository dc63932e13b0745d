"""The books at one scrape: the ledger's readings, joined into what `/metrics` shows."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from router.finance.budgets import BudgetLine, budget_lines
from router.finance.credit import Credit
from router.finance.forecast import Forecast
from router.finance.watch import credits_of, posted_by_provider
from router.ledger.alert_rows import AlertRow
from router.ledger.ledger import Ledger
from router.ledger.rows import BEGINNING, END
from router.ledger.views import OpenRow, RefusedRow, SpendingRow
from router.model.clock import Clock
from router.model.errors import LedgerUnavailable
from router.model.money import Money
from router.observe.labels import OTHER
from router.observe.snapshot import (
    BudgetUsed,
    CreditLeft,
    JobsEnded,
    MoneySnapshot,
    OpenMoney,
    Reached,
    Spent,
)
from router.policy.policy import DOUBLE_SPEND, Policy
from router.policy.price_rows import Billing

LATELY = timedelta(days=1)
"""Of how long ago thresholds are shown that were reached."""
CHECK_EVERY_S = 300.0
"""How long to wait after each look at the books, at least."""
CHECK_SHARE = 20
"""After a look that took long, so many times as long is waited."""


class Balanced(Protocol):
    """What can say by how much it is out of balance: the ledger."""

    async def imbalance(self) -> Money:
        """Journal minus balances."""
        ...


class BooksCheck:
    """
    Whether the books are in balance, looked at now and then.

    It reads the whole journal: 20 s for a million edits, which nobody should wait for.
    """

    def __init__(self, ledger: Balanced, clock: Clock) -> None:
        self._ledger, self._clock = ledger, clock
        self._last: tuple[datetime, Money] | None = None

    @property
    def last(self) -> tuple[datetime, Money] | None:
        """When it was checked last, and what came of it; None before the first time."""
        return self._last

    async def run(self) -> None:
        """Look again and again, until cancelled. What cannot be read is looked at the next time."""
        while True:
            began_s = self._clock.monotonic_s()
            with suppress(LedgerUnavailable):
                await self.look()
            took_s = self._clock.monotonic_s() - began_s
            await self._clock.sleep_s(max(CHECK_EVERY_S, took_s * CHECK_SHARE))

    async def look(self) -> None:
        """
        Look once.

        Raises:
            LedgerUnavailable: It cannot be read; what was found last stands.
        """
        at = self._clock.now()
        self._last = (at, await self._ledger.imbalance())


async def money_snapshot(
    ledger: Ledger, policy: Policy, at: datetime, *, check: BooksCheck | None = None
) -> MoneySnapshot:
    """
    Read the books for a scrape.

    Args:
        ledger: Read several times, so that what is committed between two readings may show in one
            of them only; all of an attempt's money is in one.
        policy: The one in force.
        at: Decides the budgets' windows.
        check: What was found when the books were last looked at. None looks now.

    Raises:
        LedgerUnavailable: It cannot be read.
    """
    lines = await budget_lines(ledger, policy, at)
    jobs = await ledger.jobs_ended()
    looked = check.last if check is not None else (at, await ledger.imbalance())
    spending = await ledger.spending(BEGINNING, END, cut=None, tags=False)
    # By the same sums as the rest of the scrape.
    credit = await credits_of(ledger, policy, at, posted=posted_by_provider(spending))
    return MoneySnapshot(
        policy=policy.name,
        policy_hash=policy.hash,
        spent=_spent(spending),
        budgets=tuple(_used(line) for line in lines),
        denied=_denied(await ledger.refused(BEGINNING), policy),
        jobs=tuple(
            JobsEnded(
                model=row.model, resolution=row.resolution, outcome=row.outcome, jobs=row.jobs
            )
            for row in jobs
        ),
        double_spent=await ledger.double_spent(),
        began=await ledger.began(),
        imbalance=looked[1] if looked is not None else None,
        reached=tuple(map(_reached, await ledger.alerts_between(at - LATELY, END))),
        credits=tuple(
            CreditLeft(provider=one.provider, left=one.left, is_low=one.is_low) for one in credit
        ),
        balances_read=_balances_read(credit, policy),
        open=tuple(_open(await ledger.open_money())),
    )


def _open(rows: Iterable[OpenRow]) -> Iterator[OpenMoney]:
    """One for each provider and kind of money."""
    kinds: dict[tuple[str, str], list[OpenRow]] = {}
    for row in rows:
        kinds.setdefault((row.provider, row.money), []).append(row)
    for (provider, money), alike in sorted(kinds.items()):
        yield OpenMoney(
            provider=provider,
            money=money,
            attempts=sum(row.attempts for row in alike),
            oldest=min(row.oldest for row in alike),
        )


def _used(line: BudgetLine) -> BudgetUsed:
    ahead = line.outlook.forecast if line.outlook is not None else None
    burns = line.outlook.burns if line.outlook is not None else ()
    return BudgetUsed(
        budget=line.name,
        scope=line.scope,
        limit=line.limit,
        window_start=line.window_start,
        window_end=line.window_end,
        posted=line.posted,
        presumed=line.presumed,
        held=line.held,
        in_doubt=line.in_doubt,
        refused=line.refused,
        forecast=ahead.expected if isinstance(ahead, Forecast) else None,
        exhausted_at=ahead.exhausted_at if ahead is not None else None,
        burns=tuple((one.over, float(one.rate)) for one in burns),
    )


def _reached(row: AlertRow) -> Reached:
    return Reached(
        budget=row.budget, scope=row.scope, basis=row.basis, percent=row.percent, at=row.at
    )


def _balances_read(
    credit: Iterable[Credit], policy: Policy
) -> tuple[tuple[str, datetime | None], ...]:
    """Of every provider that is prepaid: who is invoiced has no balance to run out."""
    read = {one.provider: one.read_at for one in credit}
    return tuple(
        (row.provider, read.get(row.provider))
        for row in policy.prices.providers
        if row.billing is Billing.PREPAID
    )


def _spent(rows: Iterable[SpendingRow]) -> tuple[Spent, ...]:
    """A row for each of the labels: the ledger has added up the rest."""
    return tuple(
        Spent(
            provider=row.provider,
            model=row.model,
            resolution=row.resolution,
            tenant=row.tenant,
            posted=row.posted,
            refunded=row.refunded,
            presumed=row.presumed,
            held=row.held,
            in_doubt=row.in_doubt,
            in_doubt_attempts=row.in_doubt_attempts,
            delivered=row.delivered,
            avoided=row.avoided,
            missed=row.missed,
            list_cost=row.list_cost,
            over=row.over,
            under=row.under,
            drifted=row.drifted,
        )
        for row in rows
    )


def _denied(rows: Iterable[RefusedRow], policy: Policy) -> tuple[tuple[str, Money], ...]:
    """By the policy's budgets, each from zero on; what a former one refused is under `other`."""
    names = [*(budget.name for budget in policy.budgets), DOUBLE_SPEND]
    sums = dict.fromkeys(names, Money.ZERO)
    for row in rows:
        name = row.budget if row.budget in sums else OTHER
        sums[name] = sums.get(name, Money.ZERO) + row.amount
    return tuple(sums.items())
