import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.processes import ran, running

BASH = ("bash", "-c")

pytestmark = pytest.mark.slow


async def test_the_demo_keeps_its_promises(tmp_path: Path) -> None:
    """Six edits, each with its price and its reason, and books that agree with the truth."""
    shown = await ran("demo", "--once", "--port", "0", folder=tmp_path)

    assert shown.code == 0, shown.err
    rows = [[cell.strip() for cell in row.split("│")[1:-1]] for row in shown.out.splitlines()]
    amounts = [(row[0], row[1], row[2], row[3]) for row in rows if len(row) == 6 and any(row[:4])]
    assert amounts == [
        ("A 1k edit (1k, studio)", "shortapi", "$0.04", "posted"),
        ("ShortAPI is overloaded (1k, studio)", "shortapi", "$0.00", "voided"),
        ("", "runpod", "$0.0875", "posted"),
        ("The first request again (1k, studio)", "shortapi", "$0.00", "posted before"),
        ("A 4k edit (4k, studio)", "shortapi", "$0.09", "posted"),
        ("A budget that is too small (2k, trial)", "-", "$0.00", "nothing held"),
        ("An answer gets lost (1k, studio)", "shortapi", "$0.04", "in doubt, then posted"),
        ("", "runpod", "$0.0875", "posted"),
        ("together", "", "$0.345", ""),
    ]
    assert "The ledger has posted $0.345; the stand-ins say they charged $0.345." in shown.out
    assert "The edit costs $0.06 and the budget 'trial-daily'" in shown.out
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - the loop waits for nothing else here.


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
async def test_the_line_that_it_shows_works_when_pasted(tmp_path: Path) -> None:
    """It goes on serving, its curl line buys one more edit, and Ctrl-C ends it in good order."""
    async with running("demo", "--port", "0", folder=tmp_path) as demo:
        await demo.line("It keeps serving")
        lines = "".join(demo.out).splitlines()
        first = next(index for index, line in enumerate(lines) if line.startswith("  curl"))
        pasted = await ran("\n".join(lines[first : first + 3]), folder=tmp_path, program=BASH)
        demo.process.send_signal(signal.SIGINT)
        ended = await demo.ended()

    edit: dict[str, Any] = json.loads(pasted.out)
    assert (edit["status"], edit["provider"], edit["charged"]) == ("succeeded", "shortapi", "0.04")
    assert ended.code == 0, ended.err
    assert "Traceback" not in ended.err
