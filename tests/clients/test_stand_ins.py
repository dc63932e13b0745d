"""
The real clients of Runpod against the emulators themselves, without Farebox between.

What they are content with here is what a drop-in must give them; where they fail here, the
emulators would be wrong, and every other test that uses them.
"""

from decimal import Decimal
from typing import Any

import pytest

from tests.client_gateway import Loss, gateway
from tests.client_house import ENDLESS, SLOW, Accounts
from tests.client_packages import (
    AI_SDK,
    RUNPOD_ASYNCIO,
    RUNPOD_SDK,
    RUNPOD_SYNC,
    Program,
)

pytestmark = pytest.mark.slow


def costs(told: dict[str, Any]) -> list[float]:
    """What a program was told that its edits cost."""
    outputs = told.get("outputs") or [result["output"] for result in told.get("results", [])]
    return told.get("costs") or [output["cost"] for output in outputs]


@pytest.mark.parametrize("client", [RUNPOD_SYNC, RUNPOD_ASYNCIO, RUNPOD_SDK, AI_SDK], ids=str)
async def test_an_edit_is_bought(bank: Accounts, client: Program) -> None:
    """The client is content, and told what it costs; one create arrives, and is charged."""
    account = await bank.open()
    told = await account.runs(client, "buy", bank.house.sandbox, resolutions=["2k"])
    books = await account.books()

    assert costs(told) == [0.13]
    assert [create["resolution"] for create in books.creates] == ["2k"]
    assert books.charged == Decimal("0.13")


@pytest.mark.parametrize("client", [RUNPOD_SYNC, RUNPOD_SDK], ids=str)
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


async def test_what_is_lost_on_the_way_is_bought_again(bank: Accounts) -> None:
    """
    A lost answer makes two purchases of one image, where nobody stands between.

    The same loss is put before Farebox elsewhere: this shows that it does what it should.
    """
    account = await bank.open()
    await account.inject({**SLOW, "times": 2})
    async with gateway(bank.house.sandbox) as here:

        async def reached() -> None:
            await account.until_creates(len(here.posts("/runsync")))

        here.losses.append(Loss(path="/runsync", when=reached, times=1, status=502))
        told = await account.runs(AI_SDK, "buy", here.url)
    books = await account.books()

    assert len(told["images"]) == 1
    assert len(here.posts("/runsync")) == len(books.creates) == 2
