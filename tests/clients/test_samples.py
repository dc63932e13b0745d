"""The samples of the providers' own documents, with another host and key: they run to the end."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.client_house import PATIENCE_S, Account, Accounts
from tests.client_packages import Program, printed
from tests.processes import CLOCK, POLL_S

pytestmark = pytest.mark.slow

PRICES = {"shortapi": Decimal("0.04"), "runpod": Decimal("0.0875")}
SUCCEEDED = 2
OF_SHORTAPI = [
    Program("python/shortapi_requests.py"),
    Program("node/shortapi_fetch.mjs"),
    Program("bash/shortapi.sh"),
]
OF_RUNPOD = [
    Program("python/runpod_requests.py"),
    Program("node/runpod_fetch.mjs"),
    Program("bash/runpod.sh"),
]
PNG = bytes.fromhex("89504e470d0a1a0a")


async def shown(account: Account, sample: Program) -> Any:
    """Run a sample with nothing but the host and the key."""
    return await printed(sample, account.workshop, account.house.url, account.key)


@pytest.mark.parametrize(
    ("sample", "only"),
    [*zip(OF_SHORTAPI, ["shortapi", "runpod", "shortapi"], strict=True)],
    ids=str,
)
async def test_what_shortapi_shows_buys_an_edit(bank: Accounts, sample: Program, only: str) -> None:
    """Its samples read the id where ShortAPI itself has none, and query with it."""
    account = await bank.open(only=only)
    told = await shown(account, sample)
    books = await account.settled()
    answer = told.get("result", told)

    assert answer["code"] == 0
    assert answer["data"]["status"] in {0, 1, SUCCEEDED}
    assert [create["provider"] for create in books.creates] == [only]
    assert books.charged == PRICES[only]


@pytest.mark.parametrize("only", ["runpod"])
async def test_who_queries_until_the_end_is_given_the_image(bank: Accounts, only: str) -> None:
    """The id is in `data` as well, where the document's answer has it, and the amount beside."""
    account = await bank.open(only=only)
    told = await shown(account, OF_SHORTAPI[0])
    query = f"{bank.house.url}/api/v1/job/query"
    named = {"id": told["created"]["data"]["job_id"]}
    data = told["result"]["data"]
    async with asyncio.timeout(PATIENCE_S):
        while data["status"] != SUCCEEDED:
            await CLOCK.sleep_s(POLL_S)
            async with bank.session.get(query, params=named, headers=account.headers) as reply:
                data = (await reply.json())["data"]
    picture = await account.fetched(data["result"]["images"][0]["url"])

    assert named["id"] == told["id"]
    assert Decimal(told["created"]["data"]["amount"]) == PRICES[only]
    assert picture[:8] == PNG
    assert (await account.settled()).charged == PRICES[only]


@pytest.mark.parametrize(
    ("sample", "only"), [*zip(OF_RUNPOD, ["shortapi", "runpod", "shortapi"], strict=True)], ids=str
)
async def test_what_runpod_shows_buys_an_edit(bank: Accounts, sample: Program, only: str) -> None:
    """Its samples read the image where Runpod's document has it, and it is there."""
    account = await bank.open(only=only)
    told = await shown(account, sample)
    picture = await account.fetched(told.get("url") or told["output"]["image_url"])
    books = await account.settled()

    assert picture[:8] == PNG
    assert [create["provider"] for create in books.creates] == [only]
    assert books.charged == PRICES[only]
