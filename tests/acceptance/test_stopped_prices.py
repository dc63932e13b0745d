"""A provider raises a price: its offer stops, until the price book has what the books saw of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.billing_kit import House, emulators
from tests.processes import ran

pytestmark = pytest.mark.slow

POLICY = """\
policy: stopped
summary: Runpod first, so that one sees when it is left out.
prefer: {order: [runpod, shortapi]}
failover: {providers_max: 1}
prices: prices.yaml
examples:
  - {job: 1k, expect: runpod at $0.0875}
"""


def drifting(amount: str) -> dict[str, Any]:
    """Script one charge of another amount."""
    return {"fault": "cost_drift", "provider": "runpod", "amount": amount, "times": 1}


async def bought_at(house: House) -> tuple[str, str]:
    """Buy an edit; gives whose it was, and what it cost."""
    job = await house.edit(resolution="1k")
    return job["attempts"][0]["provider"], job["charged"]


async def test_what_stopped_an_offer_is_proposed_and_sells_it_again(tmp_path: Path) -> None:
    """
    Two charges above the price stop it; the row that is proposed then, put into the price book and
    verified, has it bought again. A command knows of it beside a server and without one.
    """
    book = tmp_path / "prices.yaml"
    database = ("--database", f"sqlite:///{tmp_path}/farebox.db", "--policy", "policy.yaml")
    async with emulators(tmp_path) as em:
        (tmp_path / "policy.yaml").write_text(POLICY, "utf-8")
        async with em.router() as house:
            await em.breaks(drifting("0.0913"), drifting("0.0941"))
            stopped = [await bought_at(house) for _ in range(3)]
            live = await house.command("prices", "propose")
            table = await house.command("prices", "drift")
        alone = await ran("prices", "propose", *database, folder=tmp_path)
        told = await ran("prices", "drift", *database, "--json", folder=tmp_path)
        row = alone.out.replace("verified: false", "verified: true")
        book.write_text(book.read_text("utf-8") + row, "utf-8")
        policy = (tmp_path / "policy.yaml").read_text("utf-8").replace("$0.0875", "$0.0941")
        (tmp_path / "policy.yaml").write_text(policy, "utf-8")
        async with em.router() as house:
            await em.breaks(drifting("0.0941"))
            again = await bought_at(house)
            after = await house.command("prices", "propose")

    assert stopped == [("runpod", "0.0913"), ("runpod", "0.0941"), ("shortapi", "0.04")]
    assert (live.code, alone.code, live.out) == (0, 0, alone.out), alone.err
    assert "1k was $0.0875; charged $0.0941, $0.0913 2 times in a row" in alone.out
    assert "THESE DIFFER: $0.0941, the highest, is proposed" in alone.out
    assert "1k: $0.0941" in alone.out
    assert "runpod is not asked for nano-banana-2-edit at 1k any more" in table.out
    (stop,) = (one["stopped"] for one in json.loads(told.out)["drift"])
    assert (stop["price"], stop["charged"], stop["proposed"]) == (
        *("0.0875", ["0.0941", "0.0913"], "0.0941"),
    )
    assert again == ("runpod", "0.0941")
    assert after.out.startswith("# No price has changed"), after.out
