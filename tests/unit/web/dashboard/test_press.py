"""The processes in which pages are made."""

import asyncio
import io
import os
import pickle
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from router.model.errors import LedgerUnavailable, Malformed
from router.web.dashboard.__main__ import NICE
from router.web.dashboard.press import CHILDREN_MAX, Press, PressFailed, serve
from tests import press_work
from tests.ledger_kit import a_sqlite_store
from tests.page_kit import POLICY, Bookkeeper
from tests.web_stage import open_front


@asynccontextmanager
async def a_press(path: Path) -> AsyncGenerator[Press]:
    """A press over an empty ledger, that is closed afterwards."""
    a_sqlite_store(path / "farebox.db").close()
    press = Press(path / "farebox.db")
    try:
        yield press
    finally:
        await press.close()


async def test_work_is_done_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By one child, which reads the books, and was told no secret."""
    monkeypatch.setenv("SHORTAPI_KEY", "a provider's key")
    async with a_press(tmp_path) as press:
        first, second = [await press.run(press_work.process_id) for _ in range(2)]
        secret = await press.run(partial(press_work.environment, "SHORTAPI_KEY"))
        jobs = await press.run(press_work.jobs)

    assert first == second != os.getpid()
    assert secret is None
    assert jobs == 0


@pytest.mark.skipif(sys.platform != "linux", reason="Others have no policy for what is idle.")
async def test_it_runs_where_nobody_else_wants_to(tmp_path: Path) -> None:
    """In our session, since whole ones get equal shares; Ctrl-C at our terminal is ours alone."""
    async with a_press(tmp_path) as press:
        child = await press.run(press_work.process_id)
        policy, nice, session, group = await press.run(press_work.standing)

    assert policy == os.SCHED_IDLE
    assert nice >= min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICE)
    assert session == os.getsid(0)
    assert group == child


async def test_what_goes_wrong_there_is_told_here(tmp_path: Path) -> None:
    """By its name; in words only what whoever asked can mend; and the next work is done."""
    async with a_press(tmp_path) as press:
        with pytest.raises(Malformed, match=r"^Ask for less\.$"):
            await press.run(press_work.asking_too_much)
        with pytest.raises(PressFailed, match=r"^ZeroDivisionError$"):
            await press.run(press_work.failing)
        assert await press.run(press_work.jobs) == 0


@pytest.mark.parametrize("content", [None, b"no database, and long enough to be told apart" * 99])
async def test_books_that_cannot_be_read_are_told_as_such(
    tmp_path: Path, content: bytes | None
) -> None:
    """Neither a file that is gone nor one that is no ledger is an error of our own."""
    press = Press(tmp_path / "farebox.db")
    if content is not None:
        (tmp_path / "farebox.db").write_bytes(content)
    with pytest.raises(LedgerUnavailable):
        await press.run(press_work.jobs)
    await press.close()


async def test_a_child_that_was_ended_is_replaced(tmp_path: Path) -> None:
    """Nobody who asks for a page notices; one that always ends is given up."""
    async with a_press(tmp_path) as press:
        first = await press.run(press_work.process_id)
        os.kill(first, signal.SIGKILL)
        second = await press.run(press_work.process_id)
        with pytest.raises(PressFailed, match="ended twice"):
            await press.run(press_work.ending)
        third = await press.run(press_work.process_id)

    assert len({first, second, third}) == 3


async def test_a_slow_page_keeps_no_other_waiting(tmp_path: Path) -> None:
    """There is another child; and one whose work is given up is ended with it."""
    async with a_press(tmp_path) as press:
        first = await press.run(press_work.process_id)
        loop = asyncio.get_running_loop()
        slow = loop.create_task(press.run(press_work.endless))
        others = {await loop.create_task(press.run(press_work.process_id)) for _ in range(2)}
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)
        many = await asyncio.gather(*(press.run(press_work.process_id) for _ in range(9)))

    assert len(others) == 1
    assert first not in others
    assert len(set(many)) <= CHILDREN_MAX


def test_it_ends_with_its_input(tmp_path: Path) -> None:
    """As it does when its parent was killed."""
    a_sqlite_store(tmp_path / "farebox.db").close()
    sent = pickle.dumps(press_work.jobs)
    sink = io.BytesIO()
    serve(tmp_path / "farebox.db", io.BytesIO(len(sent).to_bytes(8, "big") + sent + b"half"), sink)

    assert sink.getvalue()[8:] == pickle.dumps((True, 0))


async def test_the_finance_page_is_made_there(tmp_path: Path) -> None:
    """To the letter the same as here, and so are the jobs' page and the downloads."""
    paths = ("/dashboard", "/dashboard/jobs", "/dashboard/spend.csv", "/dashboard/spend.json")
    async with open_front(tmp_path, keyless=True, policy=POLICY) as front:
        at = front.clock.now()
        await Bookkeeper(front).deliver(await Bookkeeper(front).buy(at), "0.0402", at)
        here = [await front.ask("GET", path) for path in paths]
        press = Press(tmp_path / "ledger.db")
        object.__setattr__(front.services, "press", press)
        there = [await front.ask("GET", path) for path in paths]
        await press.close()

    assert {answer.status for answer in (*here, *there)} == {200}
    assert [answer.text for answer in here] == [answer.text for answer in there]
    assert "$0.0402" in here[1].text
