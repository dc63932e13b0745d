import random

import pytest

from router.sandbox import Request, Sandbox
from router.sandbox.money import dollars
from tests.fakes import FakeClock
from tests.sandboxes import DOORBELL, Stage, body_of, edit_args, edit_input


async def test_the_index_says_what_is_where() -> None:
    """In plain text."""
    answer = await Stage().ask("GET", "/")

    assert answer.headers["content-type"].startswith("text/plain")
    assert b"/_truth" in answer.body
    assert b"hills.png" in answer.body


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("PUT", "/_faults")])
async def test_what_is_not_here_is_404(method: str, path: str) -> None:
    """With a hint."""
    assert (await Stage().ask(method, path)).status == 404


async def test_the_truth_adds_up() -> None:
    """Totals by provider, net of all, every entry, and what is left of each balance."""
    stage = Stage()
    stage.sandbox.faults.inject("fail_job", provider="shortapi")
    await stage.created(edit_args(resolution="4K"))
    await stage.created(edit_args(resolution="2K"))
    await stage.create(edit_args(prompt=None))
    await stage.ran(edit_input(resolution="2k"))
    stage.pass_s()

    truth = body_of(await stage.ask("GET", "/_truth"))

    assert truth["totals"]["shortapi"] == {
        "creates": 3,
        "accepted": 2,
        "charged": "0.15",
        "refunded": "0.09",
        "net": "0.06",
        "balance": "99999.94",
    }
    assert truth["totals"]["runpod"]["net"] == "0.13"
    assert truth["net"] == "0.19"
    amounts = sorted((entry["kind"], entry["amount"]) for entry in truth["entries"])
    assert amounts == [
        ("charge", "0.06"),
        ("charge", "0.09"),
        ("charge", "0.13"),
        ("refund", "0.09"),
    ]
    assert truth["creates"][2]["note"] == "prompt is required"
    assert truth["callbacks"] == []


async def test_money_is_entered_at_its_instant_and_in_order() -> None:
    """However late anybody looks."""
    stage = Stage()
    for _ in range(5):
        await stage.ran()
    stage.pass_s(3600)

    instants = [entry.at for entry in stage.sandbox.truth.entries]

    assert instants == sorted(instants)
    assert (instants[-1] - stage.sandbox.truth.creates[0].at).total_seconds() < 60


async def test_one_seed_is_one_run() -> None:
    """Ids, times and chances; another seed is another run."""

    async def played(seed: int) -> list[object]:
        stage = Stage(seed=seed)
        stage.sandbox.faults.inject("fail_job", probability=0.5)
        refs = [await stage.ran() for _ in range(6)]
        stage.pass_s()
        return [await stage.state(ref) for ref in refs]

    assert await played(1) == await played(1)
    assert await played(1) != await played(2)


async def test_every_purchase_stands_alone() -> None:
    """The same body twice is two jobs and two charges: there is no idempotency."""
    stage = Stage()

    first, second = await stage.created(), await stage.created()

    assert first != second
    assert stage.net() == "0.08"


async def test_the_net_of_a_create_is_its_own() -> None:
    """Charges and refunds name the create they belong to."""
    stage = Stage()
    stage.sandbox.faults.inject("cost_drift", provider="runpod", amount="0.09")
    await stage.created()
    await stage.ran(webhook=DOORBELL)
    stage.pass_s()

    truth = stage.sandbox.truth

    assert [dollars(truth.net_of_create_nanos(create.number)) for create in truth.creates] == [
        "0.04",
        "0.09",
    ]


async def test_works_without_settings_and_without_a_host() -> None:
    """A request made by hand needs no headers but the key."""
    sandbox = Sandbox(FakeClock(), random.Random(1))

    answer = await sandbox.handle(Request("GET", "/v2/nano-banana-edit/health"))

    assert answer.status == 401
