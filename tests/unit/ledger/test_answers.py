"""What an answer tells of holds."""

from router.ledger.answers import AllPlaced, Done, Placed, holds
from tests.ledger_kit import a_job_row, an_attempt_row, usd


def test_the_holds_of_an_answer_are_one_several_or_none() -> None:
    """In the order in which they were asked for."""
    one, two = (
        Placed(job=a_job_row(name), attempt=an_attempt_row(f"{name}.1", price=usd(price)))
        for name, price in (("j1", "0.04"), ("j2", "0.05"))
    )

    assert holds(one) == (one,)
    assert holds(AllPlaced(placed=(one, two))) == (one, two)
    assert holds(Done()) == ()
