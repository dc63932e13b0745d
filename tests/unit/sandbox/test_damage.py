import gzip
import json

import pytest

from router.sandbox.damage import BOMB_BYTES, DAMAGES
from router.sandbox.faults import FAULTS, Kind
from router.sandbox.wire import Answer, WireFault
from tests.sandboxes import Stage, body_of

BEFORE = sorted(name for name, row in DAMAGES.items() if not row.processed)
AFTER = sorted(name for name, row in DAMAGES.items() if row.processed)

BUYS = {"shortapi": "0.04", "runpod": "0.0875"}


async def bought(stage: Stage, provider: str) -> Answer:
    """Buy one image of either provider."""
    return await (stage.create() if provider == "shortapi" else stage.run())


def test_every_reply_fault_has_a_row() -> None:
    """And every row is a fault that can be asked for."""
    replies = {name for name, fault in FAULTS.items() if Kind.REPLY in fault.at.values()}

    assert set(DAMAGES) == replies


@pytest.mark.parametrize("provider", BUYS)
@pytest.mark.parametrize("name", BEFORE)
async def test_before_it_is_accepted_nothing_is_bought(name: str, provider: str) -> None:
    """The create arrived, unless there was no connection; it is not accepted and costs nothing."""
    stage = Stage()
    stage.sandbox.faults.inject(name, provider=provider)

    await bought(stage, provider)
    stage.pass_s()

    assert stage.moves() == []
    creates = stage.sandbox.truth.creates
    assert len(creates) == (0 if name == "refuse" else 1)
    assert [(create.accepted, create.faults) for create in creates] == [
        (False, (name,)) for _ in creates
    ]


@pytest.mark.parametrize("provider", BUYS)
@pytest.mark.parametrize("name", AFTER)
async def test_after_it_is_accepted_the_job_runs_and_is_billed(name: str, provider: str) -> None:
    """Whatever became of the reply. And only one call meets the fault."""
    stage = Stage()
    stage.sandbox.faults.inject(name, provider=provider)

    spoilt = await bought(stage, provider)
    stage.pass_s()

    assert stage.net(provider) == BUYS[provider]
    (create,) = stage.sandbox.truth.creates
    assert (create.accepted, create.faults) == (True, (name,))
    assert create.ref
    whole = spoilt.wire in {WireFault.TRUNCATE, WireFault.DRIP}
    assert (create.ref.encode() in spoilt.body) is whole
    assert (await bought(stage, provider)).status == 200


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("accept_then_hang", WireFault.HANG),
        ("accept_then_reset", WireFault.RESET),
        ("accept_then_disconnect", WireFault.DISCONNECT),
        ("hang_before_accept", WireFault.HANG),
        ("reset_before_accept", WireFault.RESET),
        ("disconnect_before_accept", WireFault.DISCONNECT),
        ("refuse", WireFault.REFUSE),
    ],
)
async def test_silent_faults_carry_no_answer(name: str, wire: WireFault) -> None:
    """Nobody can read by mistake what never arrives."""
    stage = Stage()
    stage.sandbox.faults.inject(name)

    assert await stage.run() == Answer(0, {}, b"", wire)


@pytest.mark.parametrize(
    ("name", "status", "start"),
    [
        ("status_500", 500, b"{"),
        ("status_502", 502, b"{"),
        ("status_503", 503, b"{"),
        ("status_504", 504, b"{"),
        ("500_after_accept", 500, b"{"),
        ("502_after_accept", 502, b"{"),
        ("503_after_accept", 503, b"{"),
        ("504_after_accept", 504, b"{"),
        ("html_502_after_accept", 502, b"<!DOCTYPE"),
        ("ok_html", 200, b"<!DOCTYPE"),
        ("status_401", 401, b"{"),
        ("status_403", 403, b"{"),
        ("status_429", 429, b"{"),
        ("credit_gone", 402, b"{"),
    ],
)
@pytest.mark.parametrize("provider", BUYS)
async def test_answers_with_the_status_and_the_providers_own_body(
    name: str, status: int, start: bytes, provider: str
) -> None:
    """HTTP errors in the provider's JSON, pages as HTML."""
    stage = Stage()
    stage.sandbox.faults.inject(name)

    answer = await bought(stage, provider)

    assert answer.status == status
    assert answer.body.startswith(start)
    if start == b"{":
        assert set(body_of(answer)) == ({"code", "info"} if provider == "shortapi" else {"error"})
    else:
        assert answer.headers["content-type"].startswith("text/html")


async def test_throttling_may_say_when_to_come_back() -> None:
    """`Retry-After` only when asked for."""
    stage = Stage()
    stage.sandbox.faults.load(
        [{"fault": "status_429"}, {"fault": "status_429", "retry_after_s": 9}]
    )

    assert "retry-after" not in (await stage.run()).headers
    assert (await stage.run()).headers["retry-after"] == "9"


async def test_broken_json_is_half_a_document() -> None:
    """200, the right type, and no parser takes it."""
    stage = Stage()
    stage.sandbox.faults.inject("ok_broken_json")

    answer = await stage.create()

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.body)


async def test_an_answer_without_the_id_is_otherwise_whole() -> None:
    """Both providers' creates lose nothing else."""
    stage = Stage()
    stage.sandbox.faults.inject("ok_no_id", times=2)

    assert body_of(await stage.create()) == {"code": 0, "data": {"amount": "0.04"}}
    assert body_of(await stage.run()) == {"status": "IN_QUEUE"}


async def test_a_follower_of_the_redirect_buys() -> None:
    """Once if it had not been accepted, twice if it had."""
    for name, net in (("redirect_307", "0.04"), ("redirect_307_after_accept", "0.08")):
        stage = Stage()
        stage.sandbox.faults.inject(name, provider="shortapi")
        answer = await stage.create()
        assert answer.status == 307
        assert answer.headers["location"] == "http://sandbox.test/api/v1/job/create"
        await stage.create()
        assert stage.net() == net


async def test_a_redirect_keeps_the_query() -> None:
    """A read that follows it asks for the same job."""
    stage = Stage()
    ref = await stage.created()
    stage.sandbox.faults.inject("redirect_307", operation="query")

    answer = await stage.query(ref)

    assert answer.headers["location"] == f"http://sandbox.test/api/v1/job/query?id={ref}"


async def test_a_gzip_bomb_is_small_on_the_wire() -> None:
    """And 64 MiB when inflated."""
    stage = Stage()
    stage.sandbox.faults.inject("gzip_bomb")

    answer = await stage.run()

    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.body) < 100_000
    assert len(gzip.decompress(answer.body)) == BOMB_BYTES


@pytest.mark.parametrize("name", ["truncated", "slow_drip"])
async def test_cut_and_dripped_answers_are_given_whole(name: str) -> None:
    """It is the one with the socket who cuts and drips."""
    stage = Stage()
    stage.sandbox.faults.inject(name)

    answer = await stage.run()

    assert answer.wire is not None
    assert body_of(answer)["status"] == "IN_QUEUE"


@pytest.mark.parametrize("operation", ["query", "cancel"])
async def test_reads_and_cancels_can_be_lost_too(operation: str) -> None:
    """A lost cancel has happened; a lost read has cost nothing."""
    stage = Stage()
    ref = await stage.ran()
    stage.sandbox.faults.inject("accept_then_hang", operation=operation)
    verb, method = ("status", "GET") if operation == "query" else ("cancel", "POST")

    lost = await stage.at_runpod(verb, ref, method)

    assert lost.wire is WireFault.HANG
    status = "IN_QUEUE" if operation == "query" else "CANCELLED"
    assert (await stage.state(ref))["status"] == status
    assert len(stage.sandbox.truth.creates) == 1
