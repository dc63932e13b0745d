"""`farebox demo`: stand-ins, a router, a handful of edits, and what each cost and why."""

import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import aiohttp
import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from router.app import House
from router.cli.demo_table import demo_table
from router.cli.emulators import LOOPBACK, Emulators, emulators, pointed_at
from router.cli.loop import run
from router.cli.mistakes import NO
from router.cli.playing import Outcome, Player, bought
from router.cli.sandbox import PORT as SANDBOX_PORT
from router.cli.scenes import SCENES, STUDIO, TRIAL
from router.cli.serving import Ending, address_of, free_port, preferably, serving
from router.cli.show import console, say, warn
from router.ledger.commands import SaveKey
from router.model.money import Money
from router.policy.loader import shipped_policy_path
from router.settings import PORT, Settings, read_settings
from router.web.keys import Role, mint_key

SPEED = 8.0
"""An edit of 6 seconds takes less than one."""
SEED = 20
OPERATOR = "operator"


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="End after the table.")] = False,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Default: 8080, or a free one if that is taken."),
    ] = None,
) -> None:
    """
    Play six edits against the providers' stand-ins: no keys, no network, no configuration.

    It holds itself to what it promises, and exits 1 where something came out otherwise.
    """
    chosen = free_port(LOOPBACK, port) if port is not None else preferably(LOOPBACK, PORT)
    raise typer.Exit(run(_demo(port=chosen, once=once)))


async def _demo(*, port: int, once: bool) -> int:
    ending = Ending()
    stands_at = preferably(LOOPBACK, SANDBOX_PORT)
    with tempfile.TemporaryDirectory(prefix="farebox-demo-") as folder:
        async with emulators(port=stands_at, speed=SPEED, seed=SEED) as stand_ins:
            settings = replace(
                pointed_at(stand_ins.url, replace(read_settings({}), port=port)),
                policy=shipped_policy_path("demo.yaml"),
                database=f"sqlite:///{Path(folder) / 'demo.db'}",
            )
            async with serving(settings) as house:
                keys = await _make_keys(house)
                broken = await _show(house, settings, stand_ins, keys, serves_on=not once)
                if not once and not broken:
                    say("It keeps serving; Ctrl-C ends it, and its ledger with it.")
                    await ending.told.wait()
    return NO if broken else 0


async def _make_keys(house: House) -> dict[str, str]:
    """One key for each tenant, and one for the operator, who sees everybody's money."""
    keys: dict[str, str] = {}
    services = house.services
    for tenant, role in ((STUDIO, Role.CLIENT), (TRIAL, Role.CLIENT), (OPERATOR, Role.ADMIN)):
        at = services.clock.now()
        row, keys[tenant] = mint_key(at, tenant=tenant, role=role, name=f"demo {tenant}")
        await services.ledger.submit(SaveKey(at=at, key=row))
    return keys


async def _show(
    house: House,
    settings: Settings,
    stand_ins: Emulators,
    keys: Mapping[str, str],
    *,
    serves_on: bool,
) -> list[str]:
    """Play, and show; returns what was not as promised."""
    async with aiohttp.ClientSession() as session:
        player = Player(
            house.services.clock,
            session,
            router_url=address_of(settings),
            sandbox_url=stand_ins.url,
            keys=keys,
        )
        outcomes = await _play(player)
        posted = Money.parse((await player.get("/v1/spend", OPERATOR))["total"]["posted"])
        truth = await player.truth()
    console().print(demo_table(outcomes))
    broken = [text for outcome in outcomes for text in outcome.broken()]
    if not posted == truth == bought(outcomes):
        broken.append(f"posted {posted.usd}, charged {truth.usd}, shown {bought(outcomes).usd}")
    for text in broken:
        warn(f"not as promised: {text}")
    if not broken:
        say(f"The ledger has posted {posted.usd}; the stand-ins say they charged {truth.usd}.")
        say("That is the same to the nano-dollar, and nothing is left in doubt.")
        if serves_on:
            _invite(outcomes[0], player, settings, keys)
    return broken


async def _play(player: Player) -> list[Outcome]:
    """Play all scenes in order, with progress on a terminal."""
    outcomes: list[Outcome] = []
    with Progress(
        SpinnerColumn(finished_text="[green]✓[/green]"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as progress:
        for scene in SCENES:
            task = progress.add_task(scene.title, total=1)
            outcomes.append(await player.play(scene))
            progress.update(task, completed=1)
        task = progress.add_task("What is in doubt is found out", total=1)
        outcomes = [await player.settled(outcome) for outcome in outcomes]
        progress.update(task, completed=1)
    return outcomes


def _invite(first: Outcome, player: Player, settings: Settings, keys: Mapping[str, str]) -> None:
    """Say what can be tried for as long as it goes on serving."""
    body = json.dumps(player.edit(first.scene))
    say()
    say(f"The first image:  {first.reply['images'][0]['url']}")
    say(f"The router:       {address_of(settings)}")
    say(f"The dashboard:    {address_of(settings)}/dashboard")
    say(f"    sign in with  {keys[OPERATOR]}")
    say("Its books, from another terminal:")
    say(f"  export FAREBOX_URL={address_of(settings)} FAREBOX_KEY={keys[OPERATOR]}")
    say("  farebox report")
    say("Another edit:")
    say(f"  curl -s {address_of(settings)}/v1/edits \\")
    say(f"    -H 'Authorization: Bearer {keys[STUDIO]}' -H 'Content-Type: application/json' \\")
    say(f"    -d '{body}'")
