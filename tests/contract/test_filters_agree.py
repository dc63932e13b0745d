"""Whoever tells of money under a filter tells the same: the page, `/v1/spend`, report and FOCUS."""

import asyncio
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from router.cli.client import Where, reach
from router.model.job import Resolution
from router.model.money import Money, total
from tests.commands import Commands
from tests.fakes import EPOCH
from tests.finance_kit import Shop, a_shop
from tests.focus_kit import check_file
from tests.policy_files import a_policy

DATABASE = "sqlite:///farebox.db"
DAYS = ("2026-11-01", "2026-12-01")
ADS, SHOP = ("team", "ads"), ("shop", 'the "best" \N{SNOWMAN}')
FORMER = "nano-banana-1-edit"
"""No price book has it any more."""
# Each charge is a power of two in hundredths of a cent: so any sum says what is in it.
EDITS: list[tuple[str, dict[str, Any]]] = [
    ("0.0001", {"tags": (ADS,)}),
    ("0.0002", {"tags": (SHOP, ADS), "resolution": Resolution.TWO_K}),
    ("0.0004", {"tenant": "beta", "tags": (("team", "adsy"),)}),
    ("0.0008", {"tenant": "beta", "provider": "runpod", "resolution": Resolution.FOUR_K}),
    ("0.0016", {"provider": "runpod", "model": FORMER, "tags": (ADS,)}),
    ("0.0032", {"tenant": "beta", "model": FORMER, "resolution": Resolution.FOUR_K}),
]
CASES = {
    (): "0.0063",
    ("provider=runpod",): "0.0024",
    ("tenant=beta",): "0.0044",
    (f"model={FORMER}",): "0.0048",
    ("resolution=4K",): "0.004",
    ("tag=team=ads",): "0.0019",
    (f"tag=shop={SHOP[1]}",): "0.0002",
    ("tag=team=nobody",): "0.00",
    ("tenant=nobody",): "0.00",
    ("tenant=acme", "tag=team=ads", "resolution=1k"): "0.0017",
    ("provider=shortapi", "tenant=beta", f"model={FORMER}", "resolution=4k"): "0.0032",
}


@pytest.fixture(name="farebox")
def _farebox(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Commands:
    """Commands beside a ledger with edits of every kind."""
    for name in os.environ:
        if name.startswith("FAREBOX_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    with a_shop(a_policy(), tmp_path) as shop:
        for number, (amount, fields) in enumerate(EDITS):
            _buy(shop, f"j{number}", amount, fields)
        # What is held is in no sum of what was posted.
        shop.buy("j-held", "0.0777")
    return Commands(capsys, tmp_path)


def _buy(shop: Shop, job: str, amount: str, fields: dict[str, Any]) -> None:
    shop.buy(job, amount, **fields)
    shop.post(f"{job}.1", amount, at=EPOCH + timedelta(seconds=9))


def told(folder: Path, path: str, query: dict[str, str]) -> str:
    """What a router on the ledger answers."""

    async def get() -> None:
        async with reach(Where.of(None, DATABASE)) as door:
            await door.save(path, folder / "answer", query=query)

    asyncio.run(get())
    return (folder / "answer").read_text("utf-8")


@pytest.mark.parametrize(("said", "posted"), CASES.items(), ids=[" ".join(one) for one in CASES])
def test_under_a_filter_all_tell_the_same(
    farebox: Commands, said: tuple[str, ...], posted: str
) -> None:
    """To the nano-dollar: the page's JSON, `/v1/spend`, `report --json` and FOCUS's usage."""
    query = dict(one.split("=", 1) for one in said)
    words = [word for name, value in query.items() for word in (f"--{name}", value)]
    first, until = DAYS
    custom = {"period": "custom", "first": first, "last": "2026-11-30"}
    page = json.loads(told(farebox.folder, "/dashboard/spend.json", {**custom, **query}))
    spend = json.loads(told(farebox.folder, "/v1/spend", {"from": first, "to": until, **query}))
    times = ("--from", first, "--to", until)
    ran = farebox("report", "--json", *times, *words)
    exported = farebox("export", "focus", *times, *words, "-o", "focus.csv")
    lines = check_file((farebox.folder / "focus.csv").read_bytes(), "1.2")

    assert (ran.code, exported.code) == (0, 0), ran.err + exported.err
    report = json.loads(ran.out)
    usage = [one["EffectiveCost"] or "" for one in lines if one["ChargeCategory"] == "Usage"]
    assert page["total"] == spend["total"] == report["total"]
    assert (page["drift"], page["paid_twice"]) == (spend["drift"], spend["paid_twice"])
    assert spend == report
    assert report["total"]["posted"] == posted
    assert total([Money.parse(one) for one in usage]) == Money.parse(posted)
    assert ("No charge is in it" in exported.out) is (posted == "0.00")
