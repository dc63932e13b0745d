"""Money moves by entries, and balances follow them."""

import pytest

from router.ledger.commands import Post
from router.ledger.decide import decide
from router.ledger.page import Page
from router.ledger.rows import EntryRow, Window
from router.model.job import AttemptState
from tests.fakes import EPOCH
from tests.ledger_kit import a_job_row, a_limit, an_attempt_row, usd
from tests.ledger_story import tell


def test_a_new_window_starts_empty_and_the_old_one_keeps_its_charge() -> None:
    """A charge counts where its hold stood, even when the day has turned meanwhile."""
    tell("""
        limit    team  $0.05
        place    j1    $0.04 ready=shortapi -> placed dispatching at shortapi
        wait     24h
        post     j1.1  $0.03   -> posted
        used     team          -> posted $0.03
        limit    team  $0.05
        used     team          -> nothing
        place    j2    $0.05   -> placed held at shortapi
    """)


def test_a_post_moves_the_hold_and_books_the_rest_as_overage() -> None:
    """The entries: a hold, then its post, and what exceeds it on its own line."""
    books = tell("""
        place    j1    $0.04 ready=shortapi -> placed dispatching at shortapi
        post     j1.1  $0.09                -> posted
    """)

    entries = [row for row in books.page.changed if isinstance(row, EntryRow)]
    assert [(entry.kind, str(entry.held), str(entry.posted)) for entry in entries] == [
        ("hold", "0.04", "0.00"),
        ("post", "-0.04", "0.04"),
        ("overage", "0.00", "0.05"),
    ]


def test_a_balance_that_would_fall_below_nothing_is_our_own_bug() -> None:
    """An open hold that its window does not have means that an entry was made twice."""
    page = Page()
    window = Window.of(a_limit())
    attempt = an_attempt_row(price=usd("0.04"), state=AttemptState.DISPATCHING, windows=(window,))
    page.load([a_job_row(), attempt])

    with pytest.raises(AssertionError):
        decide(page, Post(at=EPOCH, attempt_id=attempt.id, amount=usd("0.05"), outcome="delivered"))
