"""`farebox sandbox`: only the providers' stand-ins, for staging and for other people's clients."""

import asyncio
import signal
from typing import Annotated

import typer

from router.cli.emulators import LOOPBACK, emulators
from router.cli.loop import run
from router.cli.show import say

PORT = 8700

_USAGE = """\
The providers' stand-ins listen on {url}. Any key is let in; no money moves. Ctrl-C ends them.

  A router:            farebox serve --sandbox starts its own; to use these instead:
                       SHORTAPI_KEY=sandbox RUNPOD_API_KEY=sandbox \\
                       FAREBOX_SHORTAPI_URL={url} FAREBOX_RUNPOD_URL={url} \\
                       FAREBOX_FETCH_ALLOW=127.0.0.1 farebox serve
  A ShortAPI client:   its base URL is {url}
  A Runpod client:     its base URL is {url}/v2
  Pictures to edit:    {url}/samples/mug.png, hills.png, lamp.png

  What really happened, to the nano-dollar:
      curl -s {url}/_truth
  Make the next create be taken and its answer lost (GET /_faults lists every fault):
      curl -s {url}/_faults -d '{{"fault": "accept_then_reset", "provider": "shortapi"}}'
  Let one in ten fail, by seeded chance; and everything work again:
      curl -s {url}/_faults -d '{{"fault": "fail_job", "probability": 0.1}}'
      curl -s -X DELETE {url}/_faults
"""


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = PORT,
    host: Annotated[str, typer.Option(help="An address of this machine.")] = LOOPBACK,
    speed: Annotated[
        float, typer.Option(min=0.01, max=1000.0, help="How much quicker than the providers.")
    ] = 1.0,
    seed: Annotated[
        int | None, typer.Option(help="One seed, one run. Without: another run each time.")
    ] = None,
) -> None:
    """Start only the providers' stand-ins, on one port."""
    run(_listen(host, port, speed, seed))


async def _listen(host: str, port: int, speed: float, seed: int | None) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with emulators(host=host, port=port, speed=speed, seed=seed) as started:
        say(_USAGE.format(url=started.url))
        await ended.wait()
