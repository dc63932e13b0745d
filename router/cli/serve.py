"""`farebox serve`: the router, by its options and environment; the running is in `serving`."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from router.cli.emulators import LOOPBACK, emulators, pointed_at
from router.cli.loop import run
from router.cli.mistakes import Mistake
from router.cli.sandbox import PORT as SANDBOX_PORT
from router.cli.serving import free_port, preferably, serve_until_told
from router.cli.show import say
from router.settings import Settings, read_settings

_STAND_INS = """\
  stand-ins  {url}: no money moves; what they know ends with this process
  pictures   {url}/samples/mug.png
  truth      curl -s {url}/_truth
  faults     curl -s {url}/_faults -d '{{"fault": "accept_then_reset", "provider": "shortapi"}}'
             (GET lists them all, DELETE ends them)"""


def serve(
    policy: Annotated[
        Path | None, typer.Option(help="Default: the shipped cheapest-first.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="Default: sqlite:///farebox.db, in the working directory.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Default: 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Default: 8080; 0 takes a free one.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Default: 1; more need PostgreSQL.")
    ] = None,
    *,
    sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox",
            help="Start the providers' stand-ins and route to them. What they know of edits and "
            "charges ends with this process; the ledger stays.",
        ),
    ] = False,
    speed: Annotated[
        float, typer.Option(min=0.01, max=1000.0, help="How much quicker the stand-ins are.")
    ] = 1.0,
) -> None:
    """
    Run the router until SIGTERM or Ctrl-C; a second one ends it at once, and loses nothing.

    A changed policy is in force within seconds, or at once on SIGHUP; a broken one, or
    one that does otherwise than its examples say, never is.

    An option beats its environment variable: FAREBOX_POLICY, FAREBOX_DATABASE, FAREBOX_HOST,
    FAREBOX_PORT, FAREBOX_WORKERS.
    """
    settings = chosen(
        read_settings(os.environ),
        policy=policy,
        database=database,
        host=host,
        port=port,
        workers=workers,
    )
    refuse_unservable(settings, sandbox=sandbox)
    raise typer.Exit(run(_serve(settings, sandbox=sandbox, speed=speed)))


def chosen(settings: Settings, **options: Any) -> Settings:
    """Let options that were given beat the environment."""
    return replace(settings, **{key: value for key, value in options.items() if value is not None})


def refuse_unservable(settings: Settings, *, sandbox: bool) -> None:
    """
    Refuse what can be seen to be wrong before anything is opened.

    Raises:
        BadSetting, Mistake: It says what to do instead.
    """
    _ = settings.database_path
    if settings.workers > 1:
        raise Mistake(
            f"--workers {settings.workers} needs PostgreSQL, which is not served yet: "
            "one SQLite file has one writer. Use --workers 1"
        )
    if not sandbox and not any(one.key for one in settings.providers.values()):
        raise Mistake(
            "no provider has a key: set SHORTAPI_KEY or RUNPOD_API_KEY (or SHORTAPI_KEY_FILE, "
            "RUNPOD_API_KEY_FILE), or try it without any: farebox serve --sandbox"
        )


async def _serve(settings: Settings, *, sandbox: bool, speed: float) -> int:
    settings = replace(settings, port=free_port(settings.host, settings.port))
    async with _with_emulators(settings, wanted=sandbox, speed=speed) as pointed:
        return await serve_until_told(pointed)


@asynccontextmanager
async def _with_emulators(
    settings: Settings, *, wanted: bool, speed: float
) -> AsyncGenerator[Settings]:
    if not wanted:
        yield settings
        return
    # The router's own port is free until it listens, so it is never taken from it here.
    taken = settings.port == SANDBOX_PORT
    port = 0 if taken else preferably(LOOPBACK, SANDBOX_PORT)
    async with emulators(port=port, speed=speed) as started:
        say(_STAND_INS.format(url=started.url))
        yield pointed_at(started.url, settings)
