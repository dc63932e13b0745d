"""What a provider says about money is kept as it was said."""

from router.model.charge import Reported
from router.model.money import Money


def test_an_unreadable_amount_keeps_its_text() -> None:
    """A report that is no amount is still evidence: its text and place stay, the amount is None."""
    said = Reported(raw="about four cents", source="data.amount", amount=None)
    read = Reported(raw="0.040", source="data.amount", amount=Money.parse("0.04"))

    assert said.amount is None
    assert (said.raw, said.source) == ("about four cents", "data.amount")
    assert str(read.amount) == "0.04" != read.raw
