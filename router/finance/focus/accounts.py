"""
Billing accounts: under which name, number and terms each provider bills, month by month.

An open month goes by the price book that is in force. A closed one goes by what was written down
when it was closed, so that no later edit of a file changes what was exported.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal, Self

from router.ledger.period_rows import PeriodRow, month_of
from router.policy.prices import PriceBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One provider's billing account."""

    provider: str
    """As in the price book."""
    title: str
    """As it stands on invoices."""
    number: str
    name: str
    billing: Literal["prepaid", "invoiced"] = "prepaid"
    invoice: str | None = None
    """The invoice's own number, where it is known; only ever of a closed month."""
    publishers: tuple[tuple[str, str], ...] = ()
    """Who made a model, by its name here, where that is not the provider."""

    @classmethod
    def unknown(cls, provider: str) -> Self:
        """Of a provider that no price book has any more."""
        return cls(provider=provider, title=provider, number=f"{provider}:default", name=provider)

    @property
    def is_prepaid(self) -> bool:
        """Whether charges are drawn from a balance, and so are on no invoice."""
        return self.billing == "prepaid"

    def invoice_of(self, month: str) -> str:
        """The invoice that a month's charges stand on, or a name for it until it is known."""
        return self.invoice or f"provisional:{self.provider}:{month}"

    def publisher_of(self, model: str) -> str:
        """Who made a model."""
        return dict(self.publishers).get(model, self.title)

    def as_text(self) -> str:
        """To be kept with a month that is closed. JSON."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)


def read_account(text: str) -> Account:
    """What `as_text` wrote."""
    fields: dict[str, Any] = json.loads(text)
    pairs: list[list[str]] = fields.pop("publishers")
    return Account(**fields, publishers=tuple((model, publisher) for model, publisher in pairs))


class Accounts:
    """All providers' accounts, in every month."""

    def __init__(
        self,
        book: PriceBook,
        periods: Iterable[PeriodRow],
        closing: Mapping[tuple[str, str], Account] | None = None,
    ) -> None:
        """
        Args:
            book: In force now.
            periods: The months that are closed.
            closing: Accounts of a provider's months that are about to be, as they will be then.
        """
        self._book = book
        self._known = _in_the_book(book)
        self._periods = {(row.provider, row.month): row for row in periods}
        self._closed = {key: read_account(row.account) for key, row in self._periods.items()}
        self._closed |= closing or {}

    @property
    def providers(self) -> tuple[str, ...]:
        """Of the price book, in its order."""
        return tuple(self._known)

    def of(self, provider: str, month: str) -> Account:
        """A provider's account as it is in a month such as `2026-11`."""
        closed = self._closed.get((provider, month))
        return closed or self._known.get(provider) or self._last_known(provider)

    def period(self, provider: str, month: str) -> PeriodRow | None:
        """A month's close; None while it is open."""
        return self._periods.get((provider, month))

    def with_invoice(self, provider: str, month: str, invoice: str | None) -> "Accounts":
        """The same, with a month as it will be once it is closed."""
        account = replace(self.of(provider, month), invoice=invoice)
        return Accounts(self._book, self._periods.values(), {(provider, month): account})

    def was_closed(self, provider: str, at: datetime, by: datetime) -> bool:
        """Whether the month that an instant lies in was closed by another instant."""
        row = self._periods.get((provider, month_of(at)))
        return row is not None and row.closed_at <= by

    def _last_known(self, provider: str) -> Account:
        months = [month for name, month in self._closed if name == provider]
        if not months:
            return Account.unknown(provider)
        return replace(self._closed[provider, max(months)], invoice=None)


def _in_the_book(book: PriceBook) -> Mapping[str, Account]:
    found: dict[str, Account] = {}
    for row in book.providers:
        publishers = {
            offer.model: offer.publisher
            for offer in book.offers_listed
            if offer.provider == row.provider and offer.publisher is not None
        }
        title = row.title or row.provider
        found[row.provider] = Account(
            provider=row.provider,
            title=title,
            number=row.account or f"{row.provider}:default",
            name=row.account_name or title,
            billing=row.billing.value,
            publishers=tuple(sorted(publishers.items())),
        )
    return found
