"""The process in which pages are made."""

import io
import os
import pickle
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from router.web.dashboard.press import NICE, Press, PressFailed, serve
from tests.page_kit import POLICY, Bookkeeper
from tests.web_stage import open_front


@asynccontextmanager
async def a_press() -> AsyncIterator[Press]:
    """A press that is closed afterwards."""
    press = Press()
    try:
        yield press
    finally:
        await press.close()


async def test_work_is_done_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """By one child, which yields to whoever buys, and was told no secret."""
    monkeypatch.setenv("SHORTAPI_KEY", "a provider's key")
    async with a_press() as press:
        first, second = [await press.run(os.getpid) for _ in range(2)]
        nice = await press.run(partial(os.getpriority, os.PRIO_PROCESS, 0))
        secret = await press.run(partial(os.getenv, "SHORTAPI_KEY"))

    assert first == second != os.getpid()
    assert nice >= min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICE)
    assert secret is None


async def test_what_goes_wrong_there_is_told_here() -> None:
    """By its name, without its words; and the next piece of work is done."""
    async with a_press() as press:
        with pytest.raises(PressFailed, match="ZeroDivisionError"):
            await press.run(partial(divmod, 1, 0))
        assert await press.run(partial(divmod, 7, 2)) == (3, 1)


async def test_a_child_that_was_ended_is_replaced() -> None:
    """Nobody who asks for a page notices; one that always ends is given up."""
    async with a_press() as press:
        first = await press.run(os.getpid)
        os.kill(first, signal.SIGKILL)
        second = await press.run(os.getpid)
        with pytest.raises(PressFailed, match="ended twice"):
            await press.run(partial(os._exit, 3))
        third = await press.run(os.getpid)

    assert len({first, second, third}) == 3


def test_it_ends_with_its_input() -> None:
    """As it does when its parent was killed."""
    sent = pickle.dumps(partial(divmod, 9, 4))
    sink = io.BytesIO()
    serve(io.BytesIO(len(sent).to_bytes(8, "big") + sent + b"half"), sink)

    assert sink.getvalue()[8:] == pickle.dumps((True, (2, 1)))


async def test_the_finance_page_is_made_there(tmp_path: Path) -> None:
    """To the letter the same as here."""
    async with a_press() as press, open_front(tmp_path, keyless=True, policy=POLICY) as front:
        at = front.clock.now()
        await Bookkeeper(front).deliver(await Bookkeeper(front).buy(at), "0.0402", at)
        here = await front.ask("GET", "/dashboard")
        object.__setattr__(front.services, "press", press)
        there = await front.ask("GET", "/dashboard")

    assert here.status == there.status == 200
    assert here.text == there.text
