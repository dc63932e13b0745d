"""Whether a budget has room for any edit still, and what it refused: more than its rest can say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from router.finance.budgets import BudgetLine
from router.finance.overview import percent
from router.ledger.books import Books
from router.model.job import Resolution
from router.model.money import Money
from router.policy.policy import Policy
from router.policy.scopes import account_parts

NEAR = 80
"""Percent of a budget's limit from which on it is shown as nearly used up."""

Key = tuple[str, str]
"""A budget's name and the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What of a budget that is nearly used up its amounts do not say."""

    least: Money | None
    """The cheapest edit that it would pay for; None where nothing is sold."""
    refused: int
    """Edits, in its own window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A budget that other tenants share, as one of them may know it."""

    name: str
    scope: str
    is_full: bool
    window_end: datetime | None
    rolls: bool
    zone: tzinfo

    @classmethod
    def of(cls, line: BudgetLine, rooms: Mapping[Key, Room]) -> "Shared":
        """Take of a line what is no amount."""
        return cls(
            name=line.name,
            scope=line.scope,
            is_full=is_full(line, rooms.get((line.name, line.scope))),
            window_end=line.window_end,
            rolls=line.rolls,
            zone=line.zone,
        )


def used(line: BudgetLine) -> int | None:
    """How much of a budget is used, in percent of its limit; None of a limit of nothing."""
    return percent(line.limit - line.available, line.limit)


def is_near(line: BudgetLine) -> bool:
    """Whether a budget is nearly used up, or is."""
    share = used(line)
    return line.available.nanos <= 0 or (share is not None and share >= NEAR)


def is_full(line: BudgetLine, room: Room | None) -> bool:
    """Whether nothing more is bought: nothing is left, or less than any edit costs."""
    least = room.least if room is not None else None
    return not line.has_room or line.refused or (least is not None and line.available < least)


async def read_room(
    books: Books, policy: Policy, lines: Sequence[BudgetLine], at: datetime
) -> Mapping[Key, Room]:
    """
    Read it of those that are nearly used up, or whose rest is too little for any edit.

    Raises:
        LedgerUnavailable: It cannot be read.
    """
    least: dict[tuple[str | None, str | None], Money | None] = {}
    for line in lines:
        if (what := _sold(line)) not in least:
            least[what] = least_price(policy, at, provider=what[0], model=what[1])
    near = [
        line
        for line in lines
        if is_near(line) or is_full(line, Room(least=least[_sold(line)], refused=0))
    ]
    refused: dict[tuple[datetime, str, str], int] = {}
    for start in sorted({line.window_start for line in near if line.window_start is not None}):
        # With the hour that begins just now.
        for row in await books.refused_between(start, at + timedelta.resolution):
            refused[start, row.budget, row.scope] = row.jobs
    found: dict[Key, Room] = {}
    for line in near:
        begun = line.window_start
        jobs = refused.get((begun, line.name, line.scope), 0) if begun is not None else 0
        found[line.name, line.scope] = Room(least=least[_sold(line)], refused=jobs)
    return found


def _sold(line: BudgetLine) -> tuple[str | None, str | None]:
    """Whose edits a budget is for: of one provider, with one model, or any."""
    parts = account_parts(line.scope)
    return parts.get("provider"), parts.get("model")


def least_price(
    policy: Policy, at: datetime, *, provider: str | None = None, model: str | None = None
) -> Money | None:
    """Find the cheapest that is sold, of a provider and a model where they are named."""
    prices = policy.prices
    return min(
        (
            offer.price
            for name in prices.models
            if model in {None, name}
            for resolution in Resolution
            for offer in prices.offers(name, resolution, at)
            if provider in {None, offer.row.provider}
            and offer.obstacle is None
            and offer.price is not None
        ),
        default=None,
    )
