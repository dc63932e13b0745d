"""Rows of alerts: known by what they are about."""

from router.ledger.alert_rows import AlertLetterRow, alert_id
from router.ledger.outbox_rows import OutboxState
from tests.fakes import EPOCH


def test_an_id_is_made_of_all_of_the_key() -> None:
    """Hexadecimal, and another for each part that differs."""
    ids = {
        alert_id("team", "everyone", "actual", 80, 0),
        alert_id("team", "everyone", "actual", 8, 0),
        alert_id("team", "everyone", "burn", 80, 3_600),
        alert_id("teameveryone", "", "actual", 80, 0),
    }

    assert len(ids) == 4
    assert {len(one) for one in ids} == {32}
    assert all(int(one, 16) >= 0 for one in ids)


def test_a_letter_is_known_by_its_alert_and_hides_its_address() -> None:
    """The path of an address may be what keeps strangers out."""
    row = AlertLetterRow(
        id="a1", url="https://h/T0/B1", format="slack", state=OutboxState.DUE, created_at=EPOCH
    )

    assert (row.key, row.whose, row.dialect) == (("a1",), "", "slack")
    assert "T0" not in repr(row)
