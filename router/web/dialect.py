"""What a dialect says when things are not as asked. The native one's words stand in `problems`."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from router.model.errors import NotFound, RouterError
from router.model.ids import JobId


class NotServed(NotFound):
    """A dialect has such an address, and it is not served here."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a client is answered that speaks another wire than ours."""

    name: str
    refused: Callable[[RouterError], web.Response]
    """An error as its class says. Nothing was charged, and nothing can be."""
    unforeseen: Callable[[], web.Response]
    """What nobody foresaw, before anything was bought."""
    under_way: Callable[[JobId, str], web.Response]
    """Something failed after the request had begun to buy: the job's id and state. No client may
    send again for it."""


SELLING = web.RequestKey("selling", bool)
"""Whether a request's route buys edits: then even a refusal tells what was charged."""
SPOKEN = web.RequestKey("spoken", Dialect)
"""The dialect that a request is answered in."""
