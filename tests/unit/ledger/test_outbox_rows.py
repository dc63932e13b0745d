"""The outbox's rows as values."""

from router.ledger.outbox_rows import UNTOLD, OutboxRow, OutboxState
from router.model.ids import JobId
from tests.fakes import EPOCH


def test_a_callback_is_known_by_its_job_and_hides_its_address() -> None:
    """One for each job; an address may be a secret, so it is in no repr."""
    row = OutboxRow(
        job_id=JobId("j7"),
        tenant="acme",
        url="https://app.example/?token=7",
        dialect="native",
        state=OutboxState.WAITING,
        created_at=EPOCH,
    )

    assert row.key == ("j7",)
    assert "token" not in repr(row)


def test_what_is_untold_is_still_to_come() -> None:
    """Everything else has come to its end, and is told again only on command."""
    assert frozenset(OutboxState) - UNTOLD == {
        *(OutboxState.DELIVERED, OutboxState.FAILED, OutboxState.REFUSED),
    }
