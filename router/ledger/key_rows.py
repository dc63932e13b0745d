"""API keys, as they are stored."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """An API key: who asks, and in which role. Of the secret only a digest is kept."""

    table: ClassVar[str] = "api_keys"
    key_columns: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    digest: str = field(repr=False)
    tenant: str
    role: str
    name: str
    tags: tuple[tuple[str, str], ...] = ()
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    budget: str | None = None
    """What it may spend itself, as `$20.00 per month`."""
    predecessor: str | None = None
    """The key in whose place it was put."""
    successor: str | None = None
    """The key that was last put in its place."""

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key."""
        return (self.id,)

    def ended(self, at: datetime) -> datetime | None:
        """Since when it does not work, at an instant; None while it does."""
        ends = [end for end in (self.revoked_at, self.expires_at) if end is not None and end <= at]
        return min(ends, default=None)
