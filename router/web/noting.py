"""What came of an answer, noted for whoever sends its request again."""

from http import HTTPStatus

from aiohttp import web

from router.web.services import SERVICES
from router.web.visit import ABOUT, OWED, UNFINISHED


def note_what_was_told(
    request: web.Request, response: web.StreamResponse, *, is_whole: bool, is_cut: bool
) -> None:
    """
    Whoever sends again what was not answered, or with a 5xx, gets the job that it has bought.

    Args:
        request: As it came.
        response: As it was to be told.
        is_whole: Whether it was written to its end.
        is_cut: Whether it was us who ended it.
    """
    failed = response.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    owed, about = request.get(OWED), request.get(ABOUT)
    answers = request.app[SERVICES].lost_answers
    if owed is not None and (failed or not is_whole or request.get(UNFINISHED, False)):
        owed.lost()
    elif owed is not None:
        owed.told()
    if about is not None and (failed or is_cut):
        answers.lose(*about)
    elif about is not None and response.status < HTTPStatus.BAD_REQUEST:
        answers.found(*about)
