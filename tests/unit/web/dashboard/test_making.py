"""Having a page made."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest
from aiohttp import web

from router.ledger.books import Books
from router.model.errors import Overloaded
from router.web.auth import Caller
from router.web.dashboard import making
from router.web.dashboard.making import made
from router.web.keys import Role
from router.web.visit import Visit
from tests import press_work
from tests.web_stage import Front, open_house


class Line:
    """A connection that is told when its client goes."""

    def __init__(self, *, closing: bool) -> None:
        self.closing = closing

    def is_closing(self) -> bool:
        """Whether the client is gone."""
        return self.closing


class Asking:
    """A request, as far as it is looked at."""

    def __init__(self, transport: Line | None) -> None:
        self.transport = transport


def a_visit(front: Front, transport: Line | None) -> Visit:
    """Somebody who waits for a page, at a line."""
    caller = Caller(tenant="everyone", key_id="k", role=Role.VIEWER, who="w")
    request = cast("web.Request", Asking(transport))
    return Visit(services=front.services, request=request, arrived_s=0.0, caller=caller)


@pytest.mark.parametrize("transport", [Line(closing=True), None])
async def test_nothing_is_read_for_whoever_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transport: Line | None
) -> None:
    """A closed tab ends the reading; it is not left to run for a minute."""
    monkeypatch.setattr(making, "LOOK_S", 0.0)
    work = cast("Callable[[Books], Awaitable[str]]", press_work.endless)
    async with open_house(tmp_path) as front:
        with pytest.raises(Overloaded):
            await made(a_visit(front, transport), work)


async def test_whoever_waits_is_waited_with_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that takes too long is given up with a word on what to ask for instead."""
    monkeypatch.setattr(making, "LOOK_S", 0.0)
    monkeypatch.setattr(making, "PAGE_S", 0.05)
    work = cast("Callable[[Books], Awaitable[str]]", press_work.endless)
    async with open_house(tmp_path) as front:
        with pytest.raises(Overloaded, match="a shorter period"):
            await made(a_visit(front, Line(closing=False)), work)
