"""What the page says loudly."""

from dataclasses import replace
from datetime import timedelta

import pytest

from router.ledger.views import RefusedRow
from router.web.dashboard.budgeted import budgeted
from router.web.dashboard.notices import Outstanding, notices, told_apart
from router.web.dashboard.room import Room, Shared
from tests.fakes import EPOCH
from tests.finance_page import ASKED, a_line, a_reading, an_open_row, asked_for
from tests.ledger_kit import usd

DOUBTS = [an_open_row(), an_open_row(amount=usd("0.09"), oldest=EPOCH - timedelta(hours=5))]
REFUSED = RefusedRow(budget="daily", scope="tenant:a", jobs=2, amount=usd("0.07"))


def test_what_is_open_is_as_old_as_its_oldest() -> None:
    """With what it adds up to."""
    found = Outstanding.of(DOUBTS)

    assert (found.amount, found.attempts) == (usd("0.1301"), 2)
    assert found.oldest == EPOCH - timedelta(hours=5)
    assert Outstanding.among(DOUBTS, "held").attempts == 0


def test_one_and_many_are_told_apart() -> None:
    """In words, and with how long it has been."""
    one, many = (
        next(iter(notices(ASKED, a_reading(open=tuple(rows)), ()))) for rows in (DOUBTS[:1], DOUBTS)
    )

    assert one.words.startswith("1 attempt sent, and nobody knows yet whether it was billed.")
    assert many.words.startswith("2 attempts sent, and nobody knows yet whether they were billed.")
    assert "The oldest for 5\N{NARROW NO-BREAK SPACE}h." in many.words


def test_links_keep_the_filter() -> None:
    """And lead to the rows of their kind."""
    asked = asked_for(EPOCH, tenant="acme", tag=("team", "ads"))
    (notice,) = notices(asked, a_reading(open=(an_open_row(money="posted_presumed"),)), ())

    assert (notice.what, notice.amount) == ("Presumed", usd("0.0401"))
    assert notice.link == "/dashboard/notices/posted_presumed?by=tenant&tenant=acme&tag=team%3Dads"


def test_what_was_denied_names_its_budgets() -> None:
    """Each once."""
    rows = (REFUSED, replace(REFUSED, scope="tenant:b", jobs=1100), replace(REFUSED, budget="all"))
    (notice,) = notices(ASKED, a_reading(refused=rows), ())

    assert notice.words == "1,104 edits refused in the period for want of budget: all, daily."
    assert notice.amount == usd("0.21")


def test_what_others_share_is_not_taken_for_the_filters_own() -> None:
    """A budget of everyone does not say whose edits it refused: that is a notice of its own."""
    shared = replace(REFUSED, budget="all", scope="everyone", amount=usd("0.11"))
    asked = asked_for(EPOCH, tenant="a")
    own, others = notices(asked, a_reading(refused=(REFUSED, shared)), ())

    assert (own.what, own.amount) == ("Denied", usd("0.07"))
    assert (others.what, others.amount) == ("Denied to all", usd("0.11"))
    assert "is not known" in others.words
    assert told_apart(asked_for(EPOCH, resolution="1k"), [REFUSED]) == ([], [REFUSED])


def test_a_tags_budget_is_of_the_tag_alone() -> None:
    """By its key and its value."""
    row = replace(REFUSED, scope="tag:team=ads,tenant:a")

    assert told_apart(asked_for(EPOCH, tag=("team", "ads")), [row]) == ([row], [])
    assert told_apart(asked_for(EPOCH, tag=("project", "ads")), [row]) == ([], [row])


def test_a_budget_that_is_used_up_is_shown_among_budgets() -> None:
    """On the page itself."""
    reading = a_reading(budgets=(a_line(posted=usd("2.04")),))
    (notice,) = notices(ASKED, reading, budgeted(reading, EPOCH))

    assert (notice.what, notice.link) == ("Budget used up", "#budgets")


@pytest.mark.parametrize(
    ("posted", "left"),
    [("2.00", "nothing is left"), ("2.04", "$0.04 more than its limit is used")],
)
def test_what_is_left_of_a_used_up_budget_is_said_in_words(posted: str, left: str) -> None:
    """Never as an amount alone, which would be taken for money that went."""
    reading = a_reading(budgets=(a_line(posted=usd(posted)),))
    (notice,) = notices(ASKED, reading, budgeted(reading, EPOCH))

    assert notice.words == f"team of everyone admits nothing more; {left}."


def test_a_used_up_budget_says_what_it_refused() -> None:
    """Of one that other tenants share there is no amount."""
    line, other = a_line("own", posted=usd("1.98")), a_line("all", posted=usd("2.31"))
    room = {("own", "everyone"): Room(least=usd("0.04"), refused=3)}
    shared = (Shared.of(other, {}), Shared.of(a_line("roomy"), {}))
    reading = a_reading(budgets=(line,), room=room, shared=shared)
    own, alls = notices(ASKED, reading, budgeted(reading, EPOCH))

    assert own.amount is None
    assert own.words == (
        "own of everyone admits nothing more: 3 edits refused in its window; $0.02 is left."
    )
    assert alls.amount is None
    assert alls.words == "all of everyone, which other tenants share, has no room."
