"""
Providers' accounts as finance looks at them: on what terms, what came in, what was drawn, and what
is left. Of whole accounts: a top-up is of no tenant.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from router.finance.credit import Credit
from router.finance.watch import WatchBooks, credits_of, posted_by_provider
from router.ledger.period_rows import AccountEventRow
from router.model.money import Money, total
from router.policy.policy import Policy


class AccountBooks(WatchBooks, Protocol):
    """What of the ledger is needed. See `ledger.ledger.Ledger`."""

    async def account_events(
        self, provider: str, since: datetime, until: datetime
    ) -> list[AccountEventRow]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAccount:
    """One provider's account in a time."""

    provider: str
    title: str
    """As it stands on invoices."""
    billing: str
    """`prepaid` or `invoiced`; empty of a provider that the price book has no more."""
    posted: Money
    """At all tenants together."""
    topped_up: Money
    credited: Money
    credit: Credit | None
    """What is left now; None where nobody has read it."""


async def provider_accounts(
    books: AccountBooks,
    policy: Policy,
    at: datetime,
    time: tuple[datetime, datetime],
    provider: str = "",
) -> list[ProviderAccount]:
    """
    Read what passed on providers' accounts, and what is left there.

    Args:
        books: Whose.
        policy: The one in force: its price book says the terms.
        at: Now.
        time: From when, inclusive, until when, exclusive.
        provider: Only this one; all of them when empty.

    Returns:
        Those of the price book in its order, then others of which there is something.

    Raises:
        LedgerUnavailable: The books cannot be read.
    """
    events = await books.account_events(provider, *time)
    posted = posted_by_provider(await books.spending(*time, cut=None, tags=False))
    left = {one.provider: one for one in await credits_of(books, policy, at, provider)}
    known = {row.provider: row for row in policy.prices.providers}
    names = dict.fromkeys([*known, *sorted({*posted, *left, *(row.provider for row in events)})])
    return [
        ProviderAccount(
            provider=name,
            title=(known[name].title if name in known else None) or name,
            billing=known[name].billing.value if name in known else "",
            posted=posted.get(name, Money.ZERO),
            topped_up=_sum_of(events, name, "topup"),
            credited=_sum_of(events, name, "credit"),
            credit=left.get(name),
        )
        for name in names
        if provider in {"", name}
    ]


def _sum_of(events: list[AccountEventRow], provider: str, kind: str) -> Money:
    return total([row.amount for row in events if (row.provider, row.kind) == (provider, kind)])
