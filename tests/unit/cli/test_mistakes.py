import pytest

from router.cli.mistakes import NO, USAGE, Mistake, explain
from router.ledger.sqlite import AlreadyOpen
from router.model.errors import LedgerUnavailable, NotFound
from router.policy.problems import PolicyError, Problem
from router.settings import BadSetting


@pytest.mark.parametrize(
    ("error", "text", "code"),
    [
        (Mistake("not like this"), "not like this", USAGE),
        (Mistake("no", exit_code=NO), "no", NO),
        (BadSetting("FAREBOX_PORT must be a whole number"), "FAREBOX_PORT must be", USAGE),
        (PolicyError([Problem("a.yaml", 3, 9, "no")]), "a.yaml:3:9: no", USAGE),
        (AlreadyOpen("farebox.db is open in another process"), "another process", USAGE),
        (NotFound("no such attempt"), "no such attempt", USAGE),
        (LedgerUnavailable(), "The ledger cannot be written", NO),
        (PermissionError(13, "Permission denied", "farebox.db"), "farebox.db: Permission", USAGE),
        (OSError("the line is cut"), "the line is cut", USAGE),
    ],
)
def test_errors_that_a_user_can_mend_are_sentences(error: Exception, text: str, code: int) -> None:
    """Each says what is wrong, and whether the answer is no or the question was."""
    mistake = explain(error)

    assert mistake is not None
    assert text in str(mistake)
    assert mistake.exit_code == code


def test_other_errors_are_ours() -> None:
    """They are not explained away."""
    assert explain(KeyError("provider")) is None
