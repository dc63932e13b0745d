"""What the page says loudly."""

from dataclasses import replace
from datetime import timedelta

from router.ledger.views import RefusedRow
from router.web.dashboard.notices import Outstanding, notices
from tests.fakes import EPOCH
from tests.finance_page import ASKED, a_reading, an_open_row
from tests.ledger_kit import usd

DOUBTS = [an_open_row(), an_open_row(amount=usd("0.09"), oldest=EPOCH - timedelta(hours=5))]


def test_what_is_open_is_as_old_as_its_oldest() -> None:
    """With what it adds up to."""
    found = Outstanding.of(DOUBTS)

    assert (found.amount, found.attempts) == (usd("0.1301"), 2)
    assert found.oldest == EPOCH - timedelta(hours=5)


def test_one_and_many_are_told_apart() -> None:
    """In words, and with how long it has been."""
    one, many = (
        next(iter(notices(ASKED, a_reading(), Outstanding.of(rows), ())))
        for rows in (DOUBTS[:1], DOUBTS)
    )

    assert one.words.startswith("1 attempt sent, and nobody knows yet whether it was billed.")
    assert many.words.startswith("2 attempts sent, and nobody knows yet whether they were billed.")
    assert "The oldest for 5\N{NARROW NO-BREAK SPACE}h." in many.words
    assert one.link.startswith("/dashboard/jobs?")
    assert "money=in_doubt" in one.link


def test_what_was_denied_names_its_budgets() -> None:
    """Each once."""
    row = RefusedRow(budget="daily", scope="tenant:a", jobs=2, amount=usd("0.07"))
    rows = (row, replace(row, scope="tenant:b", jobs=1100), replace(row, budget="all"))
    (notice,) = notices(ASKED, a_reading(refused=rows), Outstanding.of([]), ())

    assert notice.words == "1,104 edits refused this month for want of budget: all, daily."
    assert notice.amount == usd("0.21")
