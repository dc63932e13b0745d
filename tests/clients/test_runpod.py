"""
The real clients of Runpod against Farebox: another base URL and key, nothing else.

Farebox buys where the policy says, mostly at the other provider; the clients never know.
"""

import re
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager, nullcontext
from decimal import Decimal
from typing import Any

import pytest

from tests.client_gateway import Loss, gateway
from tests.client_house import (
    ENDLESS,
    FAILING,
    LASTING,
    SLOW,
    Account,
    Accounts,
    unreadable,
    unshowable,
)
from tests.client_packages import (
    AI_SDK,
    RUNPOD_ASYNCIO,
    RUNPOD_SDK,
    RUNPOD_SYNC,
    Program,
    started,
)

pytestmark = pytest.mark.slow

SIZES = ["1k", "2k", "4k"]
NOTHING = Decimal(0)
EACH_SIZE = {"shortapi": Decimal("0.19"), "runpod": Decimal("0.3925")}
PNG, JPEG = bytes.fromhex("89504e470d0a1a0a"), bytes.fromhex("ffd8ff")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PACKAGES = pytest.mark.parametrize(
    "client", [RUNPOD_SYNC, RUNPOD_ASYNCIO, RUNPOD_SDK, AI_SDK], ids=str
)
WITH_JOBS = pytest.mark.parametrize("client", [RUNPOD_SYNC, RUNPOD_ASYNCIO, RUNPOD_SDK], ids=str)


def outputs_of(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The outputs that a program was given; None for an edit that has none."""
    results = told.get("results", [])
    outputs: list[dict[str, Any]] = told.get("outputs") or [one.get("output") for one in results]
    return outputs


async def heads_of(account: Account, told: dict[str, Any]) -> list[bytes]:
    """How the images begin that a program was given, or is told the addresses of."""
    if "images" in told:
        return [bytes.fromhex(image["head"]) for image in told["images"]]
    return [(await account.fetched(output["image_url"]))[:8] for output in outputs_of(told)]


@pytest.mark.parametrize(
    ("client", "only", "provider"),
    [
        (RUNPOD_SYNC, None, "shortapi"),
        (RUNPOD_ASYNCIO, None, "shortapi"),
        (RUNPOD_SDK, None, "shortapi"),
        (AI_SDK, None, "shortapi"),
        (RUNPOD_SDK, "runpod", "runpod"),
    ],
    ids=str,
)
async def test_an_edit_of_each_size_is_bought(
    bank: Accounts, client: Program, only: str | None, provider: str
) -> None:
    """Each is one create at the policy's provider, an image, and its price as the cost."""
    account = await bank.open(only=only)
    told = await account.runs(client, "buy", resolutions=SIZES)
    books = await account.settled()
    outputs = outputs_of(told)
    costs = told.get("costs") or [output["cost"] for output in outputs]

    assert await heads_of(account, told) == [PNG, PNG, PNG]
    # Runpod's documents say `image_url`, its endpoints `result`: clients read either.
    assert [one["result"] for one in outputs] == [one["image_url"] for one in outputs]
    assert {create["provider"] for create in books.creates} == {provider}
    assert sorted(create["resolution"].lower() for create in books.creates) == SIZES
    assert sum(Decimal(str(cost)) for cost in costs) == EACH_SIZE[provider] == books.charged


async def test_the_ai_sdk_is_given_the_jpeg_that_it_asks_for(bank: Accounts) -> None:
    """The provider makes only PNG; what the client gets is a JPEG all the same."""
    account = await bank.open(only="shortapi")
    told = await account.runs(AI_SDK, "buy", format="jpeg")

    assert [head[:3] for head in await heads_of(account, told)] == [JPEG]
    assert (await account.settled()).charged == Decimal("0.04")


@pytest.mark.parametrize(
    ("client", "only"),
    [
        (RUNPOD_SYNC, "runpod"),
        (RUNPOD_ASYNCIO, "runpod"),
        (RUNPOD_SDK, "shortapi"),
        (AI_SDK, "runpod"),
    ],
    ids=str,
)
async def test_an_edit_that_fails_is_told_once_and_costs_nothing(
    bank: Accounts, client: Program, only: str
) -> None:
    """No image, no second create, and no charge that stays: whatever way the client is told."""
    account = await bank.open(only=only)
    await account.inject(FAILING)
    told = await account.runs(client, "buy" if client is AI_SDK else "queue")
    books = await account.settled()

    assert "images" not in told
    assert not any((output or {}).get("result") for output in outputs_of(told))
    assert (len(books.creates), books.charged) == (1, NOTHING)
    if client is AI_SDK:
        assert told["error"]["tries"] == 1


@pytest.mark.parametrize(
    ("client", "error"),
    [
        (RUNPOD_SYNC, {"kind": "HTTPError", "status": 402}),
        # The package looks at no status: what it misses is the id.
        (RUNPOD_ASYNCIO, {"kind": "KeyError"}),
        (RUNPOD_SDK, {"status": 402}),
        (AI_SDK, {"kind": "AI_APICallError", "status": 402, "tries": 1}),
    ],
    ids=str,
)
async def test_a_refusal_for_money_reaches_the_client(
    bank: Accounts, client: Program, error: dict[str, Any]
) -> None:
    """It is an error in the client's own terms, and nothing has reached a provider."""
    account = await bank.open(budget="$0.03 per month")
    told = await account.runs(client, "buy")
    books = await account.settled()

    assert told["error"].items() >= error.items()
    assert (len(books.creates), books.charged) == (0, NOTHING)


@PACKAGES
async def test_a_slow_edit_outlasts_the_first_wait(bank: Accounts, client: Program) -> None:
    """The client is told that it goes on, asks after it, and gets its image."""
    account = await bank.open(only="runpod")
    await account.inject(SLOW)
    async with gateway(bank.house.url) as here:
        here.wait_ms = 1000
        scenario = "slow" if client is RUNPOD_SDK else "buy"
        told = await account.runs(client, scenario, here.url)
    books = await account.settled()

    assert await heads_of(account, told) == [PNG]
    assert any("/status" in seen.path for seen in here.seen)
    assert (len(books.creates), books.charged) == (1, Decimal("0.0875"))


async def test_a_request_that_says_it_holds_does(bank: Accounts) -> None:
    """Where `/status-sync` answered at once, this client would ask hundreds of times."""
    account = await bank.open(only="runpod")
    await account.inject(LASTING)
    told = await account.runs(RUNPOD_SDK, "slow")
    (result,) = told["results"]

    assert told["first"]["status"] in {"IN_QUEUE", "IN_PROGRESS"}
    assert (result["status"], result["holds"]) == ("COMPLETED", 1)
    assert len((await account.settled()).creates) == 1


@WITH_JOBS
async def test_an_edit_is_called_off(bank: Accounts, client: Program) -> None:
    """The client is told so; what the provider may bill for it stays in the books."""
    account = await bank.open(only="runpod")
    await account.inject(ENDLESS)
    told = await account.runs(client, "cancel")
    await account.until_creates(1)
    books = await account.books()

    assert told["answer"] == {"id": told["id"], "status": "CANCELLED"}
    assert told["status"] == "CANCELLED"
    assert len(books.creates) == 1
    # Runpod does not say that what is cancelled is free, so it counts until its bill is seen.
    assert books.spend["held"] + books.spend["in_doubt"] == Decimal("0.0875")


@pytest.mark.parametrize("client", [RUNPOD_ASYNCIO, RUNPOD_SDK], ids=str)
async def test_a_client_comes_back_for_what_another_process_started(
    bank: Accounts, client: Program
) -> None:
    """The id is enough."""
    account = await bank.open(only="runpod")
    await account.inject(SLOW)
    begun = await account.runs(client, "start")
    told = await account.runs(client, "collect", id=begun["id"])
    books = await account.settled()

    assert await heads_of(account, told) == [PNG]
    assert (len(books.creates), books.charged) == (1, Decimal("0.0875"))


@pytest.mark.parametrize("client", [RUNPOD_SYNC, AI_SDK], ids=str)
async def test_a_client_that_dies_while_it_waits_comes_back(
    bank: Accounts, client: Program
) -> None:
    """It has no id, so it asks for the same again: it is given the image that is being made."""
    account = await bank.open(only="runpod")
    await account.inject(LASTING)
    dying = await started(client, account.workshop, *account.arguments(None, "buy"))
    try:
        await account.until_creates(1)
    finally:
        dying.kill()
        await dying.communicate()
    told = await account.runs(client, "buy")
    books = await account.settled()

    assert await heads_of(account, told) == [PNG]
    assert (len(books.creates), books.charged) == (1, Decimal("0.0875"))


async def test_the_ai_sdk_buys_two_images_with_two_requests(bank: Accounts) -> None:
    """Two requests of one body at once are two edits, and two charges."""
    account = await bank.open()
    told = await account.runs(AI_SDK, "several", n=2)
    books = await account.settled()

    assert len(told["images"]) == len(books.creates) == 2
    assert books.charged == Decimal("0.08")


@pytest.mark.parametrize(("times", "status"), [(1, None), (2, 502)], ids=["cut", "502"])
async def test_the_ai_sdk_sends_again_what_was_lost(
    bank: Accounts, times: int, status: int | None
) -> None:
    """However often it posts the edit: one create, one charge, one image."""
    account = await bank.open(only="runpod")
    # Ten seconds: it is still being made when the second answer is lost, after a wait of two. An
    # image that was made by then is answered at once, and such a loss Farebox cannot know.
    await account.inject({**SLOW, "factor": "40"})
    async with gateway(bank.house.url) as here:
        here.losses.append(
            Loss(
                path="/runsync",
                when=lambda: account.until_creates(1),
                times=times,
                status=status,
            )
        )
        told = await account.runs(AI_SDK, "buy", here.url)
    books = await account.settled()

    assert len(here.posts("/runsync")) == 1 + times
    assert await heads_of(account, told) == [PNG]
    assert (len(books.creates), books.charged) == (1, Decimal("0.0875"))


async def test_the_ai_sdk_posts_again_when_a_status_fails(bank: Accounts) -> None:
    """Farebox itself fails to tell, twice; the third POST brings what the first bought."""
    account = await bank.open(only="runpod")
    await account.inject({**SLOW, "factor": "40"})
    failures = iter(range(2))

    @asynccontextmanager
    async def around(path: str) -> AsyncGenerator[None]:
        (job_id,) = UUID.findall(path)
        fails = next(failures, None) is not None
        with unreadable(bank.house, job_id) if fails else nullcontext():
            yield

    async with gateway(bank.house.url) as here:
        here.wait_ms = 1000
        here.troubles.append(("/status/", around))
        told = await account.runs(AI_SDK, "buy", here.url)
    books = await account.settled()

    assert len(here.posts("/runsync")) == 3
    assert await heads_of(account, told) == [PNG]
    assert (len(books.creates), books.charged) == (1, Decimal("0.0875"))


async def test_the_ai_sdk_posts_again_when_the_image_fails(bank: Accounts) -> None:
    """Farebox fails to serve what it keeps; the second POST brings what the first bought."""
    account = await bank.open(only="shortapi")
    with ExitStack() as torn:

        @asynccontextmanager
        async def around(_: str) -> AsyncGenerator[None]:
            is_first = len(here.posts("/runsync")) == 1
            torn.close()
            yield
            if is_first:
                torn.enter_context(unshowable(bank.house))

        async with gateway(bank.house.url) as here:
            here.troubles.append(("/runsync", around))
            told = await account.runs(AI_SDK, "buy", here.url, format="jpeg")
    books = await account.settled()

    assert len(here.posts("/runsync")) == 2
    assert [head[:3] for head in await heads_of(account, told)] == [JPEG]
    assert (len(books.creates), books.charged) == (1, Decimal("0.04"))


async def test_an_endpoint_says_how_it_is(bank: Accounts) -> None:
    """Programs of this package look at the number of jobs and workers."""
    account = await bank.open()
    told = await account.runs(RUNPOD_SDK, "health")

    assert told["health"].keys() >= {"jobs", "workers"}
