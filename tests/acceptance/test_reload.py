"""A policy that changes under a running router: `farebox serve` as a real process, under load."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from router.model.money import Money, total
from tests.processes import (
    CLOCK,
    EDIT,
    LOOPBACK,
    PATIENCE_S,
    POLL_S,
    ROOT,
    Running,
    free_port,
    running,
    until_ready,
)

pytestmark = pytest.mark.slow

VERSIONS = 6
BUYERS = 6


def price_of(name: str) -> str:
    """What a 1k edit costs by a version of the price book; by no two of them the same."""
    return f"0.04{int(name.removeprefix('v')) + 1:03d}"


@dataclass
class House:
    """A router whose policy is mounted as a configuration map is, and what it has sold."""

    folder: Path
    router: Running
    url: str
    session: aiohttp.ClientSession
    sold: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    async def readiness(self) -> Any:
        """What `/readyz?verbose` says."""
        async with self.session.get(f"{self.url}/readyz?verbose") as reply:
            assert reply.status == 200, await reply.text()
            return (await reply.json())["policy"]

    async def until(self, is_so: Callable[[Any], bool]) -> Any:
        """Wait until it says so."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so(told := await self.readiness()):
                await CLOCK.sleep_s(POLL_S)
        return told

    def has_sold_by(self, name: str) -> Callable[[Any], bool]:
        """Whether a version has sold an edit."""
        return lambda _: any(_policy(edit) == name for edit in self.sold)

    def hang_up(self) -> None:
        """Ask for a reload, as an operator does."""
        self.router.process.send_signal(signal.SIGHUP)

    async def buy_until(self, ended: asyncio.Event) -> None:
        """Buy one edit after the other."""
        while not ended.is_set():
            async with self.session.post(f"{self.url}/v1/edits", json=EDIT) as reply:
                assert reply.status == 200, await reply.text()
                self.sold.append(await reply.json())


def _is(name: str) -> Callable[[Any], bool]:
    """Whether a version is in force."""
    return lambda policy: bool(policy["name"] == name)


def _policy(edit: dict[str, Any]) -> str:
    name: str = edit["decision"]["policy"]
    return name


def mount(folder: Path, version: int, *, broken: bool = False) -> None:
    """Swap the policy and its price book for others, in one step, by one symbolic link."""
    policy = (ROOT / "policies/cheapest-first.yaml").read_text("utf-8")
    prices = (ROOT / "policies/prices.yaml").read_text("utf-8")
    policy = policy.partition("examples:")[0].replace("cheapest-first", f"v{version}")
    policy += f"examples: [{{job: 1k, expect: shortapi at ${price_of(f'v{version}')}}}]\n"
    prices = prices.replace("1k: $0.04,", f"1k: ${price_of(f'v{version}')},", 1)
    if broken:
        policy = policy.replace("$900.00", "900.00")
    inside = folder / f"..{version}{'broken' if broken else ''}"
    inside.mkdir()
    (inside / "policy.yaml").write_text(policy, "utf-8")
    (inside / "prices.yaml").write_text(prices, "utf-8")
    link = folder / "..new"
    link.symlink_to(inside.name)
    link.replace(folder / "..data")


@asynccontextmanager
async def a_house(folder: Path, speed: str) -> AsyncIterator[House]:
    """Start a router under the first version."""
    mount(folder, 0)
    for name in ("policy.yaml", "prices.yaml"):
        (folder / name).symlink_to(f"..data/{name}")
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    options = ("--policy", folder / "policy.yaml", "--port", str(port), "--speed", speed)
    async with (
        running("serve", "--sandbox", *options, folder=folder) as router,
        aiohttp.ClientSession() as session,
    ):
        await until_ready(session, url, router)
        yield House(folder, router, url, session)


async def change_again_and_again(house: House) -> None:
    """Put version after version in force; before every third one a broken one that is not."""
    for version in range(1, VERSIONS + 1):
        former = f"v{version - 1}"
        if version % 3 == 0:
            mount(house.folder, version, broken=True)
            house.hang_up()
            told = await house.until(lambda policy: policy["error"] is not None)
            assert told["name"] == former
            assert told["error"]["problems"] == [
                "policy.yaml:22:56: write money with a dollar sign, as $900.00"
            ]
        mount(house.folder, version)
        house.hang_up()
        told = await house.until(_is(f"v{version}"))
        assert told["error"] is None
        # So that each version has sold something, and the next one comes while it still sells.
        await house.until(house.has_sold_by(f"v{version}"))


async def test_reloads_under_load_lose_and_mix_nothing(tmp_path: Path) -> None:
    """Each edit is sold by one version alone, at that version's price, and none is refused."""
    async with a_house(tmp_path, speed="50") as house:
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for _ in range(BUYERS):
                group.create_task(house.buy_until(ended))
            await change_again_and_again(house)
            ended.set()
        async with house.session.get(f"{house.url}/v1/spend") as reply:
            spent = await reply.json()
        async with house.session.get(f"{house.url}/metrics") as reply:
            metrics = await reply.text()
        stopped = await house.router.stop()

    names = [_policy(edit) for edit in house.sold]
    charged = [Money.parse(edit["charged"]) for edit in house.sold]
    failures = re.search(r"^farebox_policy_reload_failures_total ([0-9.]+)$", metrics, re.MULTILINE)
    assert set(names) >= {f"v{version}" for version in range(1, VERSIONS + 1)}
    assert {edit["status"] for edit in house.sold} == {"succeeded"}
    assert [Money.parse(price_of(name)) for name in names] == charged
    assert [edit["quoted"] for edit in house.sold] == [edit["charged"] for edit in house.sold]
    assert Money.parse(spent["total"]["posted"]) == total(charged)
    assert failures is not None
    assert float(failures[1]) >= VERSIONS // 3
    assert f'policy="v{VERSIONS}"' in metrics
    assert stopped.err.count('"policy_rejected"') == float(failures[1])
    assert stopped.err.count('"policy_reloaded"') >= VERSIONS
    assert (stopped.code, "Traceback" in stopped.err) == (0, False)


async def test_a_swapped_mount_is_noticed_and_a_running_edit_keeps_its_price(
    tmp_path: Path,
) -> None:
    """Nobody asks for the reload; the edit that was on its way is charged what it was sold for."""
    async with a_house(tmp_path, speed="1") as house:
        begun = {"Prefer": "respond-async"}
        async with house.session.post(f"{house.url}/v1/edits", json=EDIT, headers=begun) as reply:
            job = await reply.json()
        mount(house.folder, 1)
        await house.until(_is("v1"))
        where = f"{house.url}/v1/edits/{job['id']}"
        async with house.session.get(where) as reply:
            meanwhile = await reply.json()
        async with house.session.post(f"{house.url}/v1/quotes", json=EDIT) as reply:
            quote = await reply.json()
        async with house.session.get(f"{where}?wait=30") as reply:
            edit = await reply.json()

    assert meanwhile["status"] in {"queued", "running"}
    assert (quote["decision"]["policy"], quote["price"]) == ("v1", price_of("v1"))
    assert (edit["status"], edit["decision"]["policy"]) == ("succeeded", "v0")
    assert edit["quoted"] == edit["charged"] == price_of("v0")
