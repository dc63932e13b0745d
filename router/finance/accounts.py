"""What of Farebox deals with providers' accounts: their bills, and the watch over them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from router.finance.statements import Reconciler, Settles
from router.finance.watch import AccountWatch
from router.ledger.executor import Executor
from router.ledger.ledger import Ledger
from router.model.clock import Clock
from router.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class Accounts:
    """Both, for whoever puts a face on them."""

    reconciler: Reconciler
    watch: AccountWatch

    @classmethod
    def of(
        cls,
        clock: Clock,
        ledger: Ledger,
        settles: Settles,
        desk: Executor,
        alarm: Callable[[str, str], None],
        policy: Callable[[], Policy],
    ) -> Self:
        """
        Args:
            clock: Says when.
            ledger: Whose books.
            settles: Who settles attempts.
            desk: Where bills are read and compared.
            alarm: Told what a person should look at, and why.
            policy: The one in force.
        """
        return cls(
            Reconciler(clock, ledger, settles, desk), AccountWatch(clock, ledger, alarm, policy)
        )
