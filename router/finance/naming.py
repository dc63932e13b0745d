"""
Which names can be filtered by: of providers and models those that the price book or the ledger has.

Any other is refused. Else a slip of the pen gives an empty file, which passes for no spend.
"""

from dataclasses import dataclass
from typing import Protocol

from router.ledger.views import Names
from router.model.errors import Malformed
from router.policy.explain import closest
from router.policy.prices import PriceBook

TOLD = 20
"""How many names are told to whoever wrote one that is near to none of them."""
_SHOWN = 64


class NamedBooks(Protocol):
    """What of the ledger is needed. See `ledger.sums.Sums`."""

    async def names(self, *, tenant: str | None = None) -> Names: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """Who knows which names."""

    providers: tuple[str, ...]
    """Of the price book."""
    models: tuple[str, ...]
    titles: dict[str, str]
    """By provider, what it is called on invoices and in FOCUS files."""
    tenant: str | None = None
    """Whose spending alone answers, beside the price book: what others use is theirs."""

    @classmethod
    def of(cls, prices: PriceBook, tenant: str | None = None) -> "Naming":
        """Take the price book's, for one tenant, or for who sees them all."""
        titles = {row.provider: row.title for row in prices.providers if row.title is not None}
        return cls(
            providers=prices.provider_names, models=prices.models, titles=titles, tenant=tenant
        )

    async def check(
        self, books: NamedBooks, *, provider: str | None = None, model: str | None = None
    ) -> None:
        """
        See that what is filtered by is known. The ledger is asked only where the book does not.

        Args:
            books: Whose.
            provider: The name that was written; None where it is not filtered by.
            model: Likewise.

        Raises:
            Malformed: Nobody knows it, with what may have been meant.
            LedgerUnavailable: The books cannot be read.
        """
        asked = {"provider": provider, "model": model}
        listed = {"provider": self.providers, "model": self.models}
        unlisted = {
            kind: name
            for kind, name in asked.items()
            if name is not None and name not in listed[kind]
        }
        if not unlisted:
            return
        used = await books.names(tenant=self.tenant)
        for kind, name in unlisted.items():
            known = {*listed[kind], *(used.providers if kind == "provider" else used.models)}
            if name not in known:
                raise Malformed(self._refusal(kind, name, known))

    def _refusal(self, kind: str, name: str, known: set[str]) -> str:
        hint = closest(name, known, self.titles if kind == "provider" else None)
        first = sorted(known)[:TOLD]
        more = f" and {len(known) - TOLD} more" if len(known) > TOLD else "."
        there_are = f": there are {', '.join(first)}{more}" if first else "."
        return (
            f"Neither the price book nor the ledger knows a {kind} '{name[:_SHOWN]}'"
            f"{hint or there_are}"
        )
