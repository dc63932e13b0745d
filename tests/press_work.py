"""Work for a press: it is done in another process, which finds it here by name."""

import asyncio
import os

from router.ledger.books import Books
from router.model.errors import Malformed


async def process_id(_: Books) -> int:
    """Who does it."""
    return os.getpid()


async def standing(_: Books) -> tuple[int, int, int, int]:
    """By which policy and how nice whoever does it runs, in which session and process group."""
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    return os.sched_getscheduler(0), nice, os.getsid(0), os.getpgrp()


async def environment(name: str, _: Books) -> str | None:
    """What it was told."""
    return os.environ.get(name)


async def failing(_: Books) -> int:
    """Nothing comes of it."""
    raise ZeroDivisionError("of words that nobody is told")


async def asking_too_much(_: Books) -> int:
    """Whoever asked can mend it."""
    raise Malformed("Ask for less.")


async def ending(_: Books) -> int:
    """Whoever does it ends."""
    os._exit(3)


async def endless(_: Books) -> int:
    """Nobody waits for it to end by itself."""
    never: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    return await never


async def jobs(books: Books) -> int:
    """How many jobs stand in the books."""
    return len(await books.browse())
