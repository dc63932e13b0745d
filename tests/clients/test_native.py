"""The native endpoint's clients that send again: any HTTP library and its user's loop."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.client_house import LASTING, Accounts
from tests.processes import EDIT

pytestmark = pytest.mark.slow

POSTS = 100


async def test_a_hundred_posts_of_one_key_are_one_edit(bank: Accounts) -> None:
    """At once, with one body: every one of them is told of the same job, which is paid once."""
    account = await bank.open()
    headers = {**account.headers, "Idempotency-Key": "order-1097"}

    async def post() -> dict[str, Any]:
        async with bank.session.post(
            f"{bank.house.url}/v1/edits", json=EDIT, headers=headers
        ) as reply:
            assert reply.status == 200, await reply.text()
            answer: dict[str, Any] = await reply.json()
            return answer

    answers = await asyncio.gather(*(post() for _ in range(POSTS)))
    books = await account.settled()

    assert len({answer["id"] for answer in answers}) == 1
    assert {answer["status"] for answer in answers} == {"succeeded"}
    assert len(books.creates) == 1
    assert books.charged == Decimal("0.04")


async def test_a_client_that_drops_comes_back_for_its_image(bank: Accounts) -> None:
    """It hangs up while the edit is being made, sends it again with its key, and pays once."""
    account = await bank.open(only="runpod")
    await account.inject(LASTING)
    headers = {**account.headers, "Idempotency-Key": "order-1811"}
    url = f"{bank.house.url}/v1/edits"

    async def post() -> dict[str, Any]:
        async with bank.session.post(url, json=EDIT, headers=headers) as reply:
            answer: dict[str, Any] = await reply.json()
            return {**answer, "replayed": reply.headers.get("Idempotent-Replayed")}

    dropped = asyncio.get_running_loop().create_task(post())
    await account.until_creates(1)
    dropped.cancel()
    answer = await post()
    books = await account.settled()

    assert dropped.cancelled()
    assert (answer["status"], answer["replayed"]) == ("succeeded", "true")
    assert await account.fetched(answer["images"][0]["url"])
    assert len(books.creates) == 1
    assert books.charged == Decimal("0.0875")
