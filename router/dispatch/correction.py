"""When evidence proves a booking wrong: the correction is an entry of its own, and an alarm."""

from router.dispatch.ports import Books
from router.dispatch.telling import Teller
from router.ledger.commands import Adjust, Post
from router.ledger.rows import AttemptRow
from router.model.money import Money


async def book_after_void(books: Books, teller: Teller, attempt: AttemptRow, charge: Post) -> None:
    """Book a charge for what was voided: the void was wrong, and the bill is a fact."""
    adjust = Adjust(
        at=charge.at,
        attempt_id=attempt.id,
        difference=charge.amount,
        posted_before=Money.ZERO,
        who="farebox",
        reason="The provider charged it although it had been voided.",
    )
    await books.submit(adjust)
    teller.alarm("charged_after_void", f"{attempt.provider} charged attempt {attempt.id}")
