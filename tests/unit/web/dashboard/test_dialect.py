"""What pages say when something is not as asked."""

from http import HTTPStatus

import pytest

from router.model.errors import (
    Forbidden,
    LedgerUnavailable,
    Malformed,
    NotFound,
    Overloaded,
    RouterError,
    Unauthorized,
)
from router.web.dashboard.dialect import PAGE


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (Unauthorized(), 401, "viewer"),
        (Forbidden("It is another tenant's."), 403, "another tenant&#39;s"),
        (NotFound(), 404, "nothing here"),
        (Malformed("`?by=` is wrong"), 400, "`?by=` is wrong"),
        (LedgerUnavailable(), 503, "Not now"),
        (Overloaded(), 503, "Not now"),
    ],
)
def test_a_refusal_is_a_page(error: RouterError, status: int, words: str) -> None:
    """In words, with where to go on from there."""
    answer = PAGE.refused(error)

    assert answer.status == status
    assert answer.content_type == "text/html"
    assert answer.text is not None
    assert words in answer.text
    assert "/dashboard" in answer.text


def test_what_nobody_foresaw_is_a_page_too() -> None:
    """That says nothing of what it was."""
    answer = PAGE.unforeseen()

    assert answer.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "Nothing was bought" in (answer.text or "")
