import asyncio

import pytest
import uvloop

from router.cli.loop import _loop_factory, run


def test_work_is_run_to_its_end() -> None:
    """On uvloop, and its value is given."""

    async def work() -> tuple[str, type[asyncio.AbstractEventLoop]]:
        return "done", type(asyncio.get_running_loop())

    assert run(work()) == ("done", uvloop.Loop)


def test_where_there_is_no_uvloop_pythons_own_loop_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not made for every platform."""
    monkeypatch.setattr("sys.platform", "win32")

    assert _loop_factory() is asyncio.new_event_loop
