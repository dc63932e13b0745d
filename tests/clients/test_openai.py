"""The real clients of OpenAI's images API against Farebox: another base URL and key."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.client_gateway import Loss, gateway
from tests.client_house import FAILING, LASTING, Accounts
from tests.client_packages import OPENAI_ASYNCIO, OPENAI_SDK, OPENAI_SYNC, Program
from tests.processes import ran

pytestmark = pytest.mark.slow

SIZES = ["1k", "2k", "4k"]
NOTHING = Decimal(0)
PNG, JPEG = "89504e470d0a1a0a", "ffd8ff"
PACKAGES = pytest.mark.parametrize("client", [OPENAI_SYNC, OPENAI_ASYNCIO, OPENAI_SDK], ids=str)
USAGE = {"input_tokens", "input_tokens_details", "output_tokens", "total_tokens"}


def heads_of(told: dict[str, Any]) -> list[str]:
    """How the images begin that a program was given."""
    return [image["head"] for image in told["images"]]


@pytest.mark.parametrize(
    ("client", "only", "charged"),
    [
        (OPENAI_SYNC, "runpod", Decimal("0.3925")),
        (OPENAI_ASYNCIO, "shortapi", Decimal("0.19")),
        (OPENAI_SDK, "shortapi", Decimal("0.19")),
    ],
    ids=str,
)
async def test_an_edit_of_each_size_is_bought(
    bank: Accounts, client: Program, only: str, charged: Decimal
) -> None:
    """An upload and `extra_body` make one create each, and the image is in the answer."""
    account = await bank.open(only=only)
    told = await account.runs(client, "buy", resolutions=SIZES)
    books = await account.settled()

    assert heads_of(told) == [PNG, PNG, PNG]
    assert told["usage"].keys() >= USAGE
    assert sorted(create["resolution"].lower() for create in books.creates) == SIZES
    assert {create["aspect_ratio"] for create in books.creates} == {"16:9"}
    assert books.charged == charged


@PACKAGES
async def test_several_images_are_several_edits(bank: Accounts, client: Program) -> None:
    """Two of them are two creates, and two charges, of one request."""
    account = await bank.open(only="runpod")
    async with gateway(bank.house.url) as here:
        told = await account.runs(client, "several", here.url, n=2)
    books = await account.settled()

    assert heads_of(told) == [PNG, PNG]
    assert (len(here.posts("/images/edits")), len(books.creates)) == (1, 2)
    assert books.charged == Decimal("0.175")


@pytest.mark.parametrize("client", [OPENAI_SYNC, OPENAI_SDK], ids=str)
async def test_uploads_become_links_and_pngs_become_jpegs(bank: Accounts, client: Program) -> None:
    """The provider takes links and makes PNG; the client sends bytes and is given a JPEG."""
    account = await bank.open(only="shortapi")
    told = await account.runs(client, "listed")
    books = await account.settled()
    (create,) = books.creates

    assert [head[:6] for head in heads_of(told)] == [JPEG]
    assert told["format"] == "jpeg"
    assert (create["provider"], create["images"]) == ("shortapi", 2)


@pytest.mark.parametrize("client", [OPENAI_SYNC, OPENAI_SDK], ids=str)
async def test_a_link_is_given_to_who_asks_for_one(bank: Accounts, client: Program) -> None:
    """And it leads to the image."""
    account = await bank.open()
    told = await account.runs(client, "linked")
    picture = await account.fetched(told["images"][0]["url"])

    assert picture[:8].hex() == PNG
    assert len((await account.settled()).creates) == 1


@pytest.mark.parametrize(
    ("client", "only"),
    [(OPENAI_SYNC, "shortapi"), (OPENAI_ASYNCIO, "runpod"), (OPENAI_SDK, "runpod")],
    ids=str,
)
async def test_an_edit_that_fails_is_told_once_and_costs_nothing(
    bank: Accounts, client: Program, only: str
) -> None:
    """The package does not send it again, so there is one request and one create."""
    account = await bank.open(only=only)
    await account.inject(FAILING)
    async with gateway(bank.house.url) as here:
        told = await account.runs(client, "buy", here.url)
    books = await account.settled()

    assert told["error"]["text"]
    assert len(here.posts("/images/edits")) == 1
    assert (len(books.creates), books.charged) == (1, NOTHING)


@PACKAGES
async def test_a_refusal_for_money_is_the_quota_that_its_users_know(
    bank: Accounts, client: Program
) -> None:
    """It is a 429, which the package would send again; it is told not to."""
    account = await bank.open(budget="$0.03 per month")
    async with gateway(bank.house.url) as here:
        told = await account.runs(client, "buy", here.url)
    books = await account.settled()
    error = {"kind": "RateLimitError", "status": 429, "code": "insufficient_quota"}

    assert told["error"].items() >= error.items()
    assert len(here.posts("/images/edits")) == 1
    assert (len(books.creates), books.charged) == (0, NOTHING)


@PACKAGES
async def test_a_slow_edit_outlasts_a_hasty_client(bank: Accounts, client: Program) -> None:
    """The package gives up, sends again, and is given the image that is being made."""
    account = await bank.open(only="runpod")
    await account.inject(LASTING)
    async with gateway(bank.house.url) as here:
        told = await account.runs(client, "hasty", here.url, timeout_s=1.5, retries=6)
    books = await account.settled()

    assert heads_of(told) == [PNG]
    assert [seen.retry_count for seen in here.posts("/images/edits")][:2] == ["0", "1"]
    assert (len(books.creates), books.charged) == (1, Decimal("0.0875"))


@pytest.mark.parametrize(
    ("client", "status"),
    [(OPENAI_SYNC, None), (OPENAI_SYNC, 502), (OPENAI_ASYNCIO, None), (OPENAI_SDK, None)],
    ids=str,
)
async def test_an_answer_that_is_lost_is_asked_for_again(
    bank: Accounts, client: Program, status: int | None
) -> None:
    """The retry says that it is one: one create, one charge, one image."""
    account = await bank.open()
    async with gateway(bank.house.url) as here:
        here.losses.append(
            Loss(path="/images/edits", when=lambda: account.until_creates(1), status=status)
        )
        told = await account.runs(client, "hasty", here.url, timeout_s=30, retries=2)
    books = await account.settled()

    assert heads_of(told) == [PNG]
    assert [seen.retry_count for seen in here.posts("/images/edits")] == ["0", "1"]
    assert (len(books.creates), books.charged) == (1, Decimal("0.04"))


@pytest.mark.parametrize("client", [OPENAI_SYNC, OPENAI_SDK], ids=str)
async def test_a_client_that_drops_comes_back_for_its_image(
    bank: Accounts, client: Program
) -> None:
    """It gives up for good; a new process asks for the same, and pays nothing more."""
    account = await bank.open(only="runpod")
    await account.inject(LASTING)
    dropped = await account.runs(client, "hasty", timeout_s=1.5, retries=0)
    told = await account.runs(client, "hasty", timeout_s=30, retries=0)
    books = await account.settled()

    assert "error" in dropped
    assert heads_of(told) == [PNG]
    assert (len(books.creates), books.charged) == (1, Decimal("0.0875"))


async def test_an_image_that_cannot_be_had_is_posted_told_and_claimed(bank: Accounts) -> None:
    """The provider charged, its link is dead: no retry, and the job is on the list of claims."""
    account = await bank.open(only="shortapi")
    await account.inject({"fault": "dead_result_url"})
    async with gateway(bank.house.url) as here:
        told = await account.runs(OPENAI_SYNC, "buy", here.url)
    books = await account.settled()
    claims = await ran("claims", "--json", folder=bank.house.folder)
    (create,) = books.creates

    assert told["error"]["text"]
    assert len(here.posts("/images/edits")) == 1
    assert (books.charged, books.spend["posted"]) == (Decimal("0.04"), Decimal("0.04"))
    assert claims.code == 0, claims.err
    assert create["ref"] in json.dumps(json.loads(claims.out))


async def test_what_no_provider_can_do_is_refused_with_a_reason(bank: Accounts) -> None:
    """A mask is named, and nothing is bought."""
    account = await bank.open()
    told = await account.runs(OPENAI_SYNC, "masked")

    assert (told["error"]["kind"], told["error"]["status"]) == ("BadRequestError", 400)
    assert "mask" in told["error"]["text"]
    assert (await account.books()).creates == []


@pytest.mark.parametrize("client", [OPENAI_SYNC, OPENAI_SDK], ids=str)
async def test_models_are_listed(bank: Accounts, client: Program) -> None:
    """By the names under which they are bought."""
    account = await bank.open()

    assert "nano-banana-2-edit" in (await account.runs(client, "models"))["models"]
