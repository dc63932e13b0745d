"""Resolving an attempt by hand: a person has seen the provider's bill, and says what it was."""

from router.dispatch.dispatcher import Dispatcher
from router.dispatch.ports import Books
from router.dispatch.recovery import Recovery
from router.dispatch.settlement import Onward, Settlement
from router.ledger.answers import Done
from router.ledger.commands import Adjust, Post, Void
from router.ledger.flow_rows import Source
from router.ledger.rows import AttemptRow
from router.model.charge import Reported
from router.model.clock import Clock
from router.model.errors import InvalidJob, NotFound
from router.model.ids import AttemptId
from router.model.job import AttemptState
from router.model.money import Money

RESOLVABLE = frozenset({AttemptState.IN_DOUBT, AttemptState.POSTED_PRESUMED})
SETTLED = frozenset({AttemptState.POSTED, AttemptState.VOIDED})
BY_HAND = "settled_by_hand"
"""The outcome of an attempt that had none."""
HOLDS_MAX = 10
"""How many times its hold an attempt is believed to have cost: more is likely a slip of the pen."""


class Resolver:
    """Books what a person knows of an attempt in doubt, and goes on with its job."""

    def __init__(
        self, clock: Clock, books: Books, dispatcher: Dispatcher, recovery: Recovery
    ) -> None:
        self._clock, self._books = clock, books
        self._dispatcher, self._recovery = dispatcher, recovery

    async def settle(
        self,
        attempt_id: AttemptId,
        posted: Money | None,
        *,
        who: str,
        reason: str,
        forced: bool = False,
        reported: Reported | None = None,
        source: Source = "word",
    ) -> AttemptRow:
        """
        Settle an attempt that is in doubt, or that was presumed posted; or correct a settled one.

        Args:
            attempt_id: Which.
            posted: What the provider charged; None when it is known that it charged nothing.
            who: The person, for the journal.
            reason: What it is known by, for the journal.
            forced: Book it even if it is far more than was held, or is settled already.
            reported: The provider's own word for it, where that is what it is known by.
            source: What a correction is known by: a bill, or a person's word.

        Returns:
            The attempt as it is now.

        Raises:
            NotFound: There is no such attempt.
            InvalidJob: It is not in doubt, evidence or somebody else came first, or the charge is
                more than `HOLDS_MAX` times the hold and not forced; nothing was changed.
        """
        attempt = await self._attempt(attempt_id)
        if attempt.state in SETTLED and forced:
            return await self._correct(
                attempt, posted or Money.ZERO, who=who, reason=reason, source=source
            )
        if attempt.state not in RESOLVABLE:
            raise InvalidJob(_words(attempt))
        if posted is not None and posted > attempt.quoted * HOLDS_MAX and not forced:
            raise InvalidJob(
                f"{posted.usd} is more than {HOLDS_MAX} times the {attempt.quoted.usd} that were "
                "held for this attempt. If the bill says so, force it."
            )
        command = self._command(attempt, posted, who=who, reason=reason, reported=reported)
        errand = await self._recovery.errand(attempt.job_id)
        assert errand is not None, "an attempt has a job"
        await self._dispatcher.settle(errand, Settlement(command, Onward.STOP))
        # Also when evidence came first: a job that has ended is not kept in hand.
        await self._dispatcher.conclude(errand)
        settled = await self._attempt(attempt_id)
        wanted = AttemptState.VOIDED if posted is None else AttemptState.POSTED
        if settled.state is not wanted or (posted is not None and settled.posted != posted):
            raise InvalidJob(_words(settled))
        return settled

    async def _correct(
        self, attempt: AttemptRow, posted: Money, *, who: str, reason: str, source: Source
    ) -> AttemptRow:
        """Book the difference to what is posted, as an entry of its own."""
        adjust = Adjust(
            at=self._clock.now(),
            attempt_id=attempt.id,
            difference=posted - attempt.posted,
            posted_before=attempt.posted,
            who=who,
            reason=reason,
            source=source,
        )
        answer = await self._books.submit(adjust)
        if not isinstance(answer, Done):
            raise InvalidJob("Somebody has corrected this attempt just now: look at it again.")
        return await self._attempt(attempt.id)

    def _command(
        self,
        attempt: AttemptRow,
        posted: Money | None,
        *,
        who: str,
        reason: str,
        reported: Reported | None,
    ) -> Post | Void:
        """What the attempt ended with stays as it was; only its money is new."""
        at, outcome = self._clock.now(), attempt.outcome or BY_HAND
        if posted is None:
            return Void(
                at=at,
                attempt_id=attempt.id,
                outcome=outcome,
                detail=attempt.detail,
                who=who,
                reason=reason,
            )
        return Post(
            at=at,
            attempt_id=attempt.id,
            amount=posted,
            outcome=outcome,
            detail=attempt.detail,
            reported=reported,
            who=who,
            reason=reason,
        )

    async def _attempt(self, attempt_id: AttemptId) -> AttemptRow:
        attempt = await self._books.attempt(attempt_id)
        if attempt is None:
            raise NotFound("There is no attempt by that id.")
        return attempt


def _words(attempt: AttemptRow) -> str:
    """Say why it cannot be settled by hand."""
    state = attempt.state.value.replace("_", " ")
    if attempt.state in SETTLED:
        return f"The attempt is {state}. To correct that, force it: the difference is an entry."
    return f"The attempt is {state}; only one in doubt or presumed posted is settled by hand."
