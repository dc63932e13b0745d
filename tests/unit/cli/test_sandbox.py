import asyncio
import os
import signal

import pytest

from router.cli.sandbox import _listen
from tests.commands import Commands


async def test_it_says_where_it_is_until_it_is_told_to_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With lines to paste: for the truth, and for faults."""
    loop = asyncio.get_running_loop()
    loop.call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)
    await _listen("127.0.0.1", 0, 50.0, 1)

    out = capsys.readouterr().out
    assert "The providers' stand-ins listen on http://127.0.0.1:" in out
    assert "/_truth" in out
    assert '-d \'{"fault": "accept_then_reset", "provider": "shortapi"}\'' in out


def test_a_port_that_cannot_be_had_is_told(farebox: Commands) -> None:
    """And one that is none is a mistake of use."""
    ran = farebox("sandbox", "--host", "192.0.2.1")

    assert ran.code == 2
    assert "cannot listen on 192.0.2.1:8700" in ran.err
    assert farebox("sandbox", "--port", "70000").code == 2
