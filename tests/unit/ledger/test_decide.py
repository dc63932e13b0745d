"""What has no rows of its own to move is decided at once; the verbs have tests of their own."""

from router.ledger.answers import Done, Stale
from router.ledger.commands import Post, SaveKey
from router.ledger.decide import decide
from router.ledger.key_rows import KeyRow
from router.ledger.page import Page
from router.model.ids import AttemptId
from tests.fakes import EPOCH
from tests.ledger_kit import an_attempt_row, usd
from tests.ledger_story import tell


def test_nothing_is_known_of_an_attempt_that_is_not_in_the_books() -> None:
    """Commands on it are stale, also when only its job is missing."""
    tell("post j1.1 $0.04 -> stale")
    page = Page()
    page.load([an_attempt_row(price=usd("0.05"))])
    post = Post(at=EPOCH, attempt_id=AttemptId("j1.1"), amount=usd("0.06"), outcome="delivered")

    assert decide(page, post).answer == Stale()


def test_a_key_is_saved_as_it_is_given() -> None:
    """There is nothing to decide."""
    key = KeyRow(id="k1", digest="d", tenant="acme", role="client", name="laptop", created_at=EPOCH)

    decided = decide(Page(), SaveKey(at=EPOCH, key=key))

    assert decided.answer == Done()
    assert decided.changes == (key,)
