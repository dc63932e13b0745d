"""What accounts were charged by the hour of late, kept in mind: no past hour is written again."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from router.ledger.limit_rows import HOUR
from router.model.clock import hour_of

Account = tuple[str, str]
"""A budget's name, and the account of it."""
KEPT = timedelta(days=28)
"""How far back."""
READ_AGAIN = 2 * HOUR
"""Of the hours that are known: another replica's clock may be behind, and its commit late."""


class HoursInMind:
    """
    The hours of the last four weeks, of which only the last are ever read again.

    Plain numbers: of a thousand accounts they are as many as no collector of garbage should visit.
    """

    def __init__(self) -> None:
        self._hours: dict[Account, dict[datetime, int]] = {}
        self._until: datetime | None = None

    def wanted(self, at: datetime) -> datetime:
        """From which hour on the ledger must be read to know how things are at an instant."""
        oldest = hour_of(at) - KEPT
        if self._until is None or at < self._until:
            return oldest
        return max(oldest, self._until - READ_AGAIN)

    def take(self, account: Account, hour: datetime, nanos: int) -> None:
        """Take one of what was read from `wanted` on, the oldest first."""
        self._hours.setdefault(account, {})[hour] = nanos

    def taken(self, at: datetime) -> Mapping[Account, Mapping[datetime, int]]:
        """
        Say that all that was wanted is taken; what is too old is forgotten.

        Returns:
            By account, what it was charged in each hour, in nano-dollars.
        """
        now = hour_of(at)
        if self._until is None or now != self._until:
            self._forget(now - KEPT)
        self._until = now
        return self._hours

    def _forget(self, oldest: datetime) -> None:
        for account, hours in list(self._hours.items()):
            # They are in the order of time, so that the few that are too old come first.
            while hours and (first := next(iter(hours))) < oldest:
                del hours[first]
            if not hours:
                del self._hours[account]
