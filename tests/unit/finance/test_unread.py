"""Prepaid accounts whose credit nobody has read are told of."""

from datetime import datetime
from typing import Any

from router.finance.unread import Unread, unread_document, unread_of
from router.ledger.rows import BEGINNING, END
from router.ledger.views import SpendingRow
from router.model.money import Money
from tests.ledger_kit import at_once, usd
from tests.policy_files import PRICES, a_policy
from tests.spending_rows import a_row


class Books:
    """What the ledger would say of ShortAPI and Runpod."""

    async def spending(self, since: datetime, until: datetime, **how: Any) -> list[SpendingRow]:
        """Since ever."""
        assert (since, until, how) == (BEGINNING, END, {"cut": None, "tags": False})
        return [a_row(provider="runpod", posted=usd("0.51"))]

    async def topped_up(self, provider: str, since: datetime) -> Money:
        """Since ever."""
        assert since == BEGINNING
        return usd("100.07" if provider == "runpod" else "0.00")

    async def credited(self, provider: str, since: datetime) -> Money:
        """Likewise."""
        assert since == BEGINNING
        return usd("2.50" if provider == "runpod" else "0.00")


def unread(read: list[str], provider: str = "", prices: str = PRICES) -> list[Unread]:
    """Ask."""
    books: Any = Books()
    return at_once(unread_of(books, a_policy(prices=prices), read, provider))


def test_whoever_is_prepaid_and_was_never_read_is_told_of() -> None:
    """With what passed there; of one provider, if one was asked for."""
    runpod = Unread(
        provider="runpod", topped_up=usd("100.07"), credited=usd("2.50"), posted=usd("0.51")
    )

    assert unread(["shortapi"]) == [runpod]
    assert unread([], "runpod") == [runpod]
    assert {one.provider for one in unread([])} == {"shortapi", "runpod"}
    assert unread(["shortapi", "runpod"]) == []
    assert unread_document(runpod) == {
        "provider": "runpod",
        "topped_up": "100.07",
        "credited": "2.50",
        "posted": "0.51",
    }


def test_who_sends_invoices_has_no_credit_to_be_read() -> None:
    """Nothing is paid ahead of use there."""
    prices = PRICES.replace("shortapi, source", "shortapi, billing: invoiced, source")

    assert [one.provider for one in unread([], prices=prices)] == ["runpod"]
