"""Long work in pieces."""

import asyncio

from router.model.turns import PIECE, Turns
from tests.ledger_kit import at_once


def test_little_work_keeps_its_turn() -> None:
    """Nobody is waited for."""
    turns = Turns()
    for _ in range(3):
        at_once(turns.did(PIECE // 4))


async def test_much_work_gives_others_a_turn() -> None:
    """Once for each piece, however small its parts are."""
    done: list[str] = []

    async def long() -> None:
        turns = Turns()
        for _ in range(5):
            done.append("work")
            await turns.did(PIECE // 2)

    async def other() -> None:
        for _ in range(2):
            done.append("other")
            await asyncio.sleep(0)

    await asyncio.gather(long(), other())

    assert done == ["work", "work", "other", "work", "work", "other", "work"]
