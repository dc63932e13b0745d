"""What requests filter by: read alike, and refused alike, wherever money is told of."""

from pathlib import Path

import pytest

from router.web.keys import Role
from tests.page_kit import Bookkeeper
from tests.web_stage import Front, open_front

OF_BOTH = (
    *("/v1/spend", "/v1/exports/focus", "/dashboard", "/dashboard/spend.csv"),
    *("/dashboard/spend.json", "/dashboard/jobs", "/dashboard/notices/in_doubt"),
    "/dashboard/notices/denied",
)
OF_PROVIDERS = ("/v1/balances", "/v1/claims")


async def a_ledger_with_a_former_provider(front: Front) -> dict[str, str]:
    """Where acme once bought of `formerly`; gives keys by who they are."""
    books, at = Bookkeeper(front), front.clock.now()
    attempt = await books.buy(at, "acme", "formerly", price="0.0431")
    await books.deliver(attempt, "0.0431", at)
    return {
        "acme": (await front.mint("acme", Role.VIEWER))[1],
        "beta": (await front.mint("beta", Role.VIEWER))[1],
        "everyone": (await front.mint("everyone", Role.VIEWER))[1],
    }


@pytest.mark.parametrize("path", [*OF_BOTH, *OF_PROVIDERS])
async def test_a_provider_that_nobody_knows_is_refused_everywhere(
    tmp_path: Path, path: str
) -> None:
    """With the name that may be meant; what the ledger alone knows is none of those."""
    async with open_front(tmp_path) as front:
        key = (await a_ledger_with_a_former_provider(front))["everyone"]
        wrong = await front.ask("GET", f"{path}?provider=Runpod", key=key)
        former = await front.ask("GET", f"{path}?provider=formerly", key=key)
        listed = await front.ask("GET", f"{path}?provider=runpod", key=key)

    assert (wrong.status, former.status, listed.status) == (400, 200, 200)
    assert "Neither the price book nor the ledger knows a provider" in wrong.text
    assert wrong.text.count("did you mean") == 1
    assert ("application/problem+json" in wrong.headers["Content-Type"]) is path.startswith("/v1")


@pytest.mark.parametrize("path", OF_BOTH)
async def test_a_model_that_nobody_knows_is_refused_everywhere(tmp_path: Path, path: str) -> None:
    """Where one can be filtered by."""
    async with open_front(tmp_path) as front:
        key = (await a_ledger_with_a_former_provider(front))["everyone"]
        wrong = await front.ask("GET", f"{path}?model=nano-banana-edit", key=key)
        listed = await front.ask("GET", f"{path}?model=nano-banana-2-edit", key=key)

    assert (wrong.status, listed.status) == (400, 200)
    assert "did you mean" in wrong.text
    assert "nano-banana-2-edit" in wrong.text


@pytest.mark.parametrize("path", OF_BOTH)
async def test_a_refusal_tells_nobody_what_others_use(tmp_path: Path, path: str) -> None:
    """A name of acme's is as unknown to another tenant as one that never was, in the same words."""
    async with open_front(tmp_path) as front:
        keys = await a_ledger_with_a_former_provider(front)
        own = await front.ask("GET", f"{path}?provider=formerly", key=keys["acme"])
        others = await front.ask("GET", f"{path}?provider=formerly", key=keys["beta"])
        nobodys = await front.ask("GET", f"{path}?provider=formerlx", key=keys["beta"])
        narrowed = await front.ask("GET", f"{path}?provider=formerly&tenant=beta",
                                   key=keys["everyone"])  # fmt: skip

    assert (own.status, others.status, nobodys.status) == (200, 400, 400)
    # Who sees all may ask whether one tenant bought there.
    assert narrowed.status == 200
    assert "formerly, " not in nobodys.text
    assert nobodys.text.replace("formerlx", "formerly") == others.text


@pytest.mark.parametrize("path", ["/v1/spend", "/v1/exports/focus"])
@pytest.mark.parametrize("name", ["provider", "tenant", "model", "resolution", "tag"])
async def test_a_filter_that_is_empty_is_not_no_filter(
    tmp_path: Path, path: str, name: str
) -> None:
    """A variable that was not set does not turn one tenant's file into everybody's."""
    async with open_front(tmp_path) as front:
        _, key = await front.mint("everyone", Role.VIEWER)
        answer = await front.ask("GET", f"{path}?{name}=", key=key)

    assert (answer.status, answer.json["detail"]) == (
        400, f"The {name} to filter by is empty: name one, or leave it out.",
    )  # fmt: skip


async def test_a_pages_form_sends_what_nobody_filled_in(tmp_path: Path) -> None:
    """As empty; there it is no filter."""
    async with open_front(tmp_path) as front:
        _, key = await front.mint("everyone", Role.VIEWER)
        page = await front.ask("GET", "/dashboard?provider=&tenant=&model=&tag=", key=key)

    assert page.status == 200


async def test_spend_is_filtered_as_the_page_is(tmp_path: Path) -> None:
    """What was paid twice, too; of another tenant nothing is told."""
    async with open_front(tmp_path) as front:
        books, at = Bookkeeper(front), front.clock.now()
        first = await books.buy(at, "acme", "shortapi", price="0.0411")
        second = await books.ask_again(first, "runpod", "0.0877")
        for attempt, amount in ((first, "0.0411"), (second, "0.0877")):
            await books.bill_for_nothing(attempt, amount, at)
        _, acme = await front.mint("acme", Role.VIEWER)
        _, beta = await front.mint("beta", Role.VIEWER)
        told = {
            query: await front.ask("GET", f"/v1/spend?{query}", key=acme)
            for query in ("", "provider=runpod", "provider=shortapi", "resolution=2k")
        }
        others = await front.ask("GET", "/v1/spend?tenant=acme&provider=runpod", key=beta)

    assert {query: one.json["total"]["posted"] for query, one in told.items()} == {
        "": "0.1288",
        "provider=runpod": "0.0877",
        "provider=shortapi": "0.0411",
        "resolution=2k": "0.00",
    }
    twice = {query: one.json["paid_twice"] for query, one in told.items()}
    assert twice["resolution=2k"] == {"edits": 0, "amount": "0.00"}
    assert twice[""] == twice["provider=runpod"] == {"edits": 1, "amount": "0.0411"}
    assert others.status == 403
