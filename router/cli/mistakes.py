"""What a user is told instead of a traceback: one sentence on stderr, and the exit code."""

from http import HTTPStatus

from router.ledger.sqlite import AlreadyOpen, NotALedger
from router.model.errors import RouterError
from router.policy.problems import PolicyError
from router.settings import BadSetting

NO = 1
"""The answer is no."""
USAGE = 2
"""It cannot be done as it was asked for."""
_WRONGLY_ASKED = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}
)
"""What is asked of nobody cannot be answered: a name that is unknown is a mistake like others."""


class Mistake(Exception):
    """Something that whoever called can mend; the text says what, and how."""

    def __init__(self, text: str, *, exit_code: int = USAGE) -> None:
        """
        Args:
            text: Without a secret.
            exit_code: `NO` where the question was understood and the answer is no.
        """
        self.exit_code = exit_code
        super().__init__(text)


def explain(error: Exception) -> Mistake | None:
    """Say an error as the mistake that it is; None when it is our own and needs its traceback."""
    match error:
        case Mistake():
            return error
        case BadSetting() | PolicyError() | NotALedger():
            return Mistake(str(error))
        case AlreadyOpen():
            return Mistake(f"{error}: a server runs there, or another command does; try again")
        case RouterError():
            return Mistake(error.detail, exit_code=exit_code_of(error.status))
        case OSError():
            name = f"{error.filename}: " if error.filename else ""
            return Mistake(f"{name}{error.strerror or error}")
        case _:
            return None


def exit_code_of(status: int) -> int:
    """A router's refusal as an exit code: the question was wrong, or its answer is no."""
    return USAGE if status in _WRONGLY_ASKED else NO
