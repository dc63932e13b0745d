"""Long work in pieces."""

import asyncio

from router.model.yielding import PIECE, Yielding
from tests.ledger_kit import at_once


def test_little_work_keeps_its_turn() -> None:
    """Nobody is waited for."""
    yielding = Yielding()
    for _ in range(3):
        at_once(yielding.did(PIECE // 4))


async def test_much_work_gives_others_a_turn() -> None:
    """Once for each piece, however small its parts are."""
    done: list[str] = []

    async def long() -> None:
        yielding = Yielding()
        for _ in range(5):
            done.append("work")
            await yielding.did(PIECE // 2)

    async def other() -> None:
        for _ in range(2):
            done.append("other")
            await asyncio.sleep(0)

    await asyncio.gather(long(), other())

    assert done == ["work", "work", "other", "work", "work", "other", "work"]
