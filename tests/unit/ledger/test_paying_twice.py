"""What was paid twice, as postings come and are taken back."""

from router.ledger.paying_twice import paid_twice
from tests.spending_rows import paid


def found(*said: tuple[str, str]) -> list[tuple[str, str]]:
    """What was paid twice of what entries of attempts posted, in their order."""
    moved = (paid(name, amount, minute=minute) for minute, (name, amount) in enumerate(said))
    return [(row.attempt_id, str(row.amount)) for row in paid_twice(moved)]


def test_the_cheaper_of_two_postings_is_what_was_paid_twice() -> None:
    """It came about by the later one, whichever that is."""
    assert found(("j1.1", "0.04"), ("j1.2", "0.09")) == [("j1.2", "0.04")]
    assert found(("j1.2", "0.091"), ("j1.1", "0.041")) == [("j1.1", "0.041")]


def test_money_that_is_given_back_was_not_paid_twice() -> None:
    """Part of it, and then all of it; a refund of the dearer one leaves the other as the dearer."""
    assert found(("j1.1", "0.04"), ("j1.2", "0.09"), ("j1.1", "-0.03"), ("j1.1", "-0.01")) == [
        ("j1.2", "0.04"),
        ("j1.1", "-0.03"),
        ("j1.1", "-0.01"),
    ]
    assert found(("j1.1", "0.05"), ("j1.2", "0.08"), ("j1.2", "-0.08")) == [
        ("j1.2", "0.05"),
        ("j1.2", "-0.05"),
    ]


def test_jobs_are_apart() -> None:
    """What one attempt of each was paid for, was paid once."""
    assert found(("j1.1", "0.04"), ("j2.1", "0.06"), ("j2.2", "0.07")) == [("j2.2", "0.06")]
