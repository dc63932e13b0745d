"""
The real clients of Runpod against the emulators themselves, without Farebox between.

What they are content with here is what a drop-in must give them; where they fail here, the
emulators would be wrong, and every other test that uses them.
"""

from decimal import Decimal
from typing import Any

import pytest

from tests.client_house import Accounts
from tests.client_packages import (
    AI_SDK,
    RUNPOD_ASYNCIO,
    RUNPOD_SDK,
    RUNPOD_SYNC,
    Program,
)

pytestmark = pytest.mark.slow

BUYS_EACH_SIZE = Decimal("0.3925")
"""Runpod's $0.0875, $0.13 and $0.175."""
ENDLESS = {"fault": "slow_job", "factor": "100"}


def costs(told: dict[str, Any]) -> list[float]:
    """What a program was told that its edits cost."""
    outputs = told.get("outputs") or [result["output"] for result in told.get("results", [])]
    return told.get("costs") or [output["cost"] for output in outputs]


@pytest.mark.parametrize("client", [RUNPOD_SYNC, RUNPOD_ASYNCIO, RUNPOD_SDK, AI_SDK], ids=str)
async def test_an_edit_of_each_size_is_bought(bank: Accounts, client: Program) -> None:
    """Three creates arrive, one for each, and are charged."""
    account = await bank.open()
    told = await account.runs(client, "buy", bank.house.sandbox, resolutions=["1k", "2k", "4k"])
    books = await account.books()

    assert costs(told) == [0.0875, 0.13, 0.175]
    assert [create["resolution"] for create in books.creates] == ["1k", "2k", "4k"]
    assert books.charged == BUYS_EACH_SIZE


@pytest.mark.parametrize("client", [RUNPOD_SYNC, RUNPOD_ASYNCIO, RUNPOD_SDK], ids=str)
async def test_an_edit_is_called_off(bank: Accounts, client: Program) -> None:
    """The client is told that it is."""
    account = await bank.open()
    await account.inject(ENDLESS)
    told = await account.runs(client, "cancel", bank.house.sandbox)

    assert (told["answer"]["status"], told["status"]) == ("CANCELLED", "CANCELLED")


async def test_the_ai_sdk_makes_two_requests_of_two_images(bank: Accounts) -> None:
    """It fans out by itself: two creates, two charges."""
    account = await bank.open()
    told = await account.runs(AI_SDK, "several", bank.house.sandbox, n=2)
    books = await account.books()

    assert len(told["images"]) == len(books.creates) == 2
    assert books.charged == Decimal("0.175")
