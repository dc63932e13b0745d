"""The providers' stand-ins beside the router: starting them, and pointing the router at them."""

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from router.cli.mistakes import Mistake
from router.model.clock import SystemClock
from router.sandbox import Sandbox
from router.sandbox import Settings as SandboxSettings
from router.sandbox.app import serve
from router.settings import ProviderSettings, Settings

LOOPBACK = "127.0.0.1"
SANDBOX_KEY = "sandbox"
"""The emulators let any key in; nothing real is ever sent to them."""


@dataclass(frozen=True, slots=True)
class Emulators:
    """The stand-ins, listening."""

    sandbox: Sandbox
    url: str
    """Where both of them are."""


@asynccontextmanager
async def emulators(
    *, host: str = LOOPBACK, port: int = 0, speed: float = 1.0, seed: int | None = None
) -> AsyncGenerator[Emulators]:
    """
    Have the providers' stand-ins listen.

    Args:
        host: An address of this machine.
        port: 0 takes a free one.
        speed: How much quicker than the providers they are.
        seed: One seed, one run; None is another run each time.

    Raises:
        Mistake: The port is taken.
    """
    settings = SandboxSettings(speed=speed)
    entropy = random.Random(seed)  # noqa: S311 - it plays the providers' part; no secret.
    sandbox = Sandbox(SystemClock(), entropy, settings)
    try:
        serving = await serve(sandbox, host, port)
    except OSError as error:
        raise Mistake(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    try:
        yield Emulators(sandbox, f"http://{host}:{serving.port}")
    finally:
        await serving.runner.cleanup()


def pointed_at(url: str, settings: Settings) -> Settings:
    """
    Route to the emulators instead of the providers: nothing of these settings can spend money.

    Callbacks come from this machine, so without a public URL the router's own address serves.
    """
    providers = {name: ProviderSettings(url=url, key=SANDBOX_KEY) for name in settings.providers}
    return replace(
        settings,
        providers=providers,
        fetch_allow=(*settings.fetch_allow, LOOPBACK),
        public_url=settings.public_url or f"http://{LOOPBACK}:{settings.port}",
        egress_proxy=None,
    )
