"""
What really happened: every create that arrived, every charge, every refund, to the nano-dollar.

No prompt, picture or key is in it. Tests compare the router's ledger with it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from router.sandbox.money import dollars

PROVIDERS = ("shortapi", "runpod")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a create asked for, as far as it could be read, without what it says."""

    path: str
    body_bytes: int
    model: str | None = None
    resolution: str | None = None
    """As written by the client."""
    aspect_ratio: str | None = None
    output_format: str | None = None
    images: int = 0
    callback_token: str | None = None
    """The last segment of the callback URL's path."""


@dataclass(slots=True, kw_only=True)
class Create:
    """One create that arrived."""

    number: int
    at: datetime
    provider: str
    facts: Facts
    accepted: bool = False
    """Whether the provider took the job, whatever became of the reply."""
    ref: str | None = None
    note: str = ""
    """Why it was not accepted."""
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Money that moved."""

    at: datetime
    provider: str
    kind: Literal["charge", "refund"]
    amount_nanos: int
    """Not negative."""
    create: int
    """The number of the create it belongs to."""
    ref: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One try to deliver a callback."""

    at: datetime
    provider: str
    ref: str
    attempt: int
    forged: bool
    status: int
    """The receiver's answer; 0 when it could not be reached."""


def _no_creates() -> list[Create]:
    return []


def _no_entries() -> list[Entry]:
    return []


def _no_callbacks() -> list[Told]:
    return []


@dataclass(slots=True)
class Truth:
    """The sandbox's own books; only ever added to."""

    creates: list[Create] = field(default_factory=_no_creates)
    entries: list[Entry] = field(default_factory=_no_entries)
    callbacks: list[Told] = field(default_factory=_no_callbacks)

    def arrive(self, at: datetime, provider: str, facts: Facts, *faults: str) -> Create:
        """Record a create whose request was read. Not accepted until someone says so."""
        create = Create(
            number=len(self.creates) + 1, at=at, provider=provider, facts=facts, faults=faults
        )
        self.creates.append(create)
        return create

    def charged_nanos(self, provider: str | None = None) -> int:
        """Sum the charges, of one provider or of all."""
        return sum(entry.amount_nanos for entry in self._of(provider, "charge"))

    def refunded_nanos(self, provider: str | None = None) -> int:
        """Sum the refunds, of one provider or of all."""
        return sum(entry.amount_nanos for entry in self._of(provider, "refund"))

    def net_nanos(self, provider: str | None = None) -> int:
        """Charges less refunds, of one provider or of all."""
        return self.charged_nanos(provider) - self.refunded_nanos(provider)

    def net_of_create_nanos(self, number: int) -> int:
        """Charges less refunds of one create."""
        signs = {"charge": 1, "refund": -1}
        mine = (entry for entry in self.entries if entry.create == number)
        return sum(signs[entry.kind] * entry.amount_nanos for entry in mine)

    def _of(self, provider: str | None, kind: str) -> Iterator[Entry]:
        for entry in self.entries:
            if entry.kind == kind and provider in {None, entry.provider}:
                yield entry

    def as_json(self, balances: Mapping[str, int]) -> dict[str, Any]:
        """Write it all down; amounts are strings of dollars, instants RFC 3339 UTC."""
        return {
            "creates": [_create_json(create) for create in self.creates],
            "entries": [_entry_json(entry) for entry in self.entries],
            "callbacks": [_told_json(told) for told in self.callbacks],
            "totals": {name: self._totals(name, balances[name]) for name in PROVIDERS},
            "net": dollars(self.net_nanos()),
        }

    def _totals(self, provider: str, balance_nanos: int) -> dict[str, Any]:
        creates = [create for create in self.creates if create.provider == provider]
        return {
            "creates": len(creates),
            "accepted": sum(create.accepted for create in creates),
            "charged": dollars(self.charged_nanos(provider)),
            "refunded": dollars(self.refunded_nanos(provider)),
            "net": dollars(self.net_nanos(provider)),
            "balance": dollars(balance_nanos),
        }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _create_json(create: Create) -> dict[str, Any]:
    facts = create.facts
    return {
        "number": create.number,
        "at": _instant(create.at),
        "provider": create.provider,
        "accepted": create.accepted,
        "ref": create.ref,
        "note": create.note,
        "faults": list(create.faults),
        "path": facts.path,
        "body_bytes": facts.body_bytes,
        "model": facts.model,
        "resolution": facts.resolution,
        "aspect_ratio": facts.aspect_ratio,
        "output_format": facts.output_format,
        "images": facts.images,
        "callback_token": facts.callback_token,
    }


def _entry_json(entry: Entry) -> dict[str, Any]:
    return {
        "at": _instant(entry.at),
        "provider": entry.provider,
        "kind": entry.kind,
        "amount": dollars(entry.amount_nanos),
        "create": entry.create,
        "ref": entry.ref,
        "why": entry.why,
    }


def _told_json(told: Told) -> dict[str, Any]:
    return {
        "at": _instant(told.at),
        "provider": told.provider,
        "ref": told.ref,
        "attempt": told.attempt,
        "forged": told.forged,
        "status": told.status,
    }
