"""Prepaid accounts whose credit nobody has read: what is left there is not known."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from router.finance.watch import WatchBooks, posted_by_provider
from router.ledger.rows import BEGINNING, END
from router.model.money import Money
from router.policy.policy import Policy
from router.policy.price_rows import Billing


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """What passed on such an account since the ledger began: what was there before is not in it."""

    provider: str
    topped_up: Money
    credited: Money
    posted: Money


async def unread_of(
    books: WatchBooks, policy: Policy, read: Collection[str], provider: str = ""
) -> list[Unread]:
    """
    Tell of prepaid providers whose credit was never read.

    Args:
        books: Say what passed there.
        policy: Its price book says who is prepaid.
        read: Whose credit was read.
        provider: Only this one; all of them when empty.

    Raises:
        LedgerUnavailable: The books cannot be read.
    """
    names = [
        row.provider
        for row in policy.prices.providers
        if row.billing is Billing.PREPAID
        and row.provider not in read
        and provider in {"", row.provider}
    ]
    if not names:
        return []
    posted = posted_by_provider(await books.spending(BEGINNING, END, cut=None, tags=False))
    return [
        Unread(
            provider=name,
            topped_up=await books.topped_up(name, BEGINNING),
            credited=await books.credited(name, BEGINNING),
            posted=posted.get(name, Money.ZERO),
        )
        for name in names
    ]


def unread_document(one: Unread) -> dict[str, Any]:
    """What is known of such an account, for a program; money as decimal strings."""
    return {
        "provider": one.provider,
        "topped_up": str(one.topped_up),
        "credited": str(one.credited),
        "posted": str(one.posted),
    }
