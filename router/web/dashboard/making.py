"""Having a page made, for as long as somebody waits for it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web

from router.finance.naming import Naming
from router.finance.overview import EVERYTHING, Filter
from router.ledger.books import Books
from router.model.errors import Overloaded
from router.web.filtering import naming_of
from router.web.visit import Visit

PAGE_S = 60.0
"""Longer than any page should take, and as long as most proxies wait for one."""
LOOK_S = 0.5
"""How often it is looked whether anybody waits still."""


async def made(
    visit: Visit, work: Callable[[Books], Awaitable[str]], meant: Filter = EVERYTHING
) -> str:
    """
    Have the text of a page or a file made elsewhere.

    Args:
        visit: Whose. When it is gone, the making is given up: nobody reads a million rows for it.
        work: As `PageMaker.run` takes it.
        meant: What it is filtered by: names that nobody knows are refused by the same reading.

    Raises:
        LedgerUnavailable: The books cannot be read.
        Malformed: What is asked for cannot be made, or nobody knows a name that it is filtered by.
        Overloaded: It takes too long; or nobody waits.
    """
    whole = partial(_made, naming_of(visit), meant, work)
    try:
        async with asyncio.timeout(PAGE_S) as scope, _Looking(visit.request, scope):
            return await visit.services.press.run(whole)
    except TimeoutError:
        raise Overloaded(
            f"This takes longer than {PAGE_S:.0f} s: ask for a shorter period, or for one tenant; "
            "or later, where edits take all of the processor: they come first."
        ) from None


async def _made(
    naming: Naming, meant: Filter, work: Callable[[Books], Awaitable[str]], books: Books
) -> str:
    await naming.check(books, provider=meant.provider, model=meant.model)
    return await work(books)


class _Looking:
    """Ends a scope once the client of a request is gone. aiohttp lets handlers run on for it."""

    def __init__(self, request: web.Request, scope: asyncio.Timeout) -> None:
        self._request, self._scope = request, scope
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        self._handle = self._loop.call_later(LOOK_S, self._look)

    async def __aexit__(self, *_: object) -> None:
        assert self._handle is not None
        self._handle.cancel()

    def _look(self) -> None:
        transport = self._request.transport
        if transport is None or transport.is_closing():
            self._scope.reschedule(self._loop.time())
        self._handle = self._loop.call_later(LOOK_S, self._look)
