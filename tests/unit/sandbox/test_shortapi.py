import math

import pytest

from router.sandbox import ShortApiSettings
from router.sandbox.catalogue import FLAT, Model
from router.sandbox.money import nanos
from tests.sandboxes import DOORBELL, SHORT_MODEL, Stage, body_of, edit_args


async def test_a_create_names_the_job_in_data_and_its_price_as_text() -> None:
    """The documented reply: code 0, `data.job_id`, `data.amount` a string."""
    stage = Stage()

    body = body_of(await stage.create())

    assert body == {"code": 0, "data": {"amount": "0.04", "job_id": body["data"]["job_id"]}}
    assert len(body["data"]["job_id"]) == 32


@pytest.mark.parametrize(
    ("model", "resolution", "price"),
    [
        (SHORT_MODEL, "1K", "0.04"),
        (SHORT_MODEL, "2K", "0.06"),
        (SHORT_MODEL, "4K", "0.09"),
        ("google/nano-banana/edit", "4K", "0.03"),
        ("google/nano-banana-pro/edit", "4K", "0.12"),
    ],
)
async def test_bills_the_list_price_at_the_create(model: str, resolution: str, price: str) -> None:
    """Money moves before the job has begun."""
    stage = Stage()

    await stage.create(edit_args(resolution=resolution), model=model)

    assert stage.moves() == [("shortapi", "charge", price)]


async def test_a_job_goes_from_queued_to_running_to_an_image() -> None:
    """Status 0, 1, 2, and only then a result."""
    stage = Stage()
    ref = await stage.created()

    assert await stage.data(ref) == {"status": 0}
    stage.pass_s(3)
    assert await stage.data(ref) == {"status": 1}
    stage.pass_s()
    data = await stage.data(ref)
    assert data["status"] == 2
    assert [list(image) for image in data["result"]["images"]] == [["url"]]
    assert data["result"]["images"][0]["url"].startswith("http://sandbox.test/_images/shortapi/")


async def test_a_failed_job_is_status_3_and_its_charge_comes_back() -> None:
    """Net nothing, by a charge and a refund that both stay in the books."""
    stage = Stage()
    stage.sandbox.faults.inject("fail_job", provider="shortapi")
    ref = await stage.created()
    stage.pass_s()

    data = await stage.data(ref)

    assert (data["status"], data["refunded"]) == (3, True)
    assert isinstance(data["error"], str)
    assert stage.moves() == [("shortapi", "charge", "0.04"), ("shortapi", "refund", "0.04")]
    assert stage.net() == "0"


async def test_the_refund_bears_the_date_of_the_failure() -> None:
    """However late anybody looks."""
    stage = Stage()
    stage.sandbox.faults.inject("fail_job")
    await stage.created()
    stage.pass_s(5000)

    charge, refund = stage.sandbox.truth.entries

    assert 1 < (refund.at - charge.at).total_seconds() < 60


async def test_can_keep_the_money_of_a_failure() -> None:
    """By setting: no document promises the refund."""
    stage = Stage(shortapi=ShortApiSettings(refunds=False))
    stage.sandbox.faults.inject("fail_job")
    ref = await stage.created(edit_args(resolution="2K"))
    stage.pass_s()

    assert (await stage.data(ref))["refunded"] is False
    assert stage.net("shortapi") == "0.06"


async def test_a_refund_can_come_later_than_the_failure() -> None:
    """Until it does, the job says so."""
    stage = Stage(shortapi=ShortApiSettings(refund_delay_s=1000.0))
    stage.sandbox.faults.inject("fail_job")
    ref = await stage.created()
    stage.pass_s()

    assert ((await stage.data(ref))["refunded"], stage.net()) == (False, "0.04")
    stage.pass_s(1000)
    assert ((await stage.data(ref))["refunded"], stage.net()) == (True, "0")


@pytest.mark.parametrize(
    "wrong",
    [
        {"aspect_ratio": None},
        {"aspect_ratio": "1:4"},
        {"aspect_ratio": "auto"},
        {"resolution": "1k"},
        {"resolution": "8K"},
        {"resolution": 1},
        {"num_images": 2},
        {"num_images": "1"},
        {"num_images": True},
        {"prompt": None},
        {"prompt": ""},
        {"image_urls": None},
        {"image_urls": []},
        {"image_urls": "https://pictures.example/cat.png"},
        {"image_urls": ["cat.png"]},
        {"image_urls": [7]},
        {"image_urls": ["data:image/png;base64,@@"]},
        {"image_urls": ["https://pictures.example/cat.png"] * 15},
    ],
)
async def test_refuses_what_its_schema_does_not_allow(wrong: dict[str, object]) -> None:
    """HTTP 200, a code that is not 0, a sentence in `info`, no id, and no charge."""
    stage = Stage()

    answer = await stage.create(edit_args(**wrong))

    assert answer.status == 200
    assert set(body_of(answer)) == {"code", "info"}
    assert body_of(answer)["code"] == 400
    assert stage.moves() == []
    assert not stage.sandbox.truth.creates[0].accepted


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b"null", b'{"model": ["a"]}', b'{"args": 3}']
)
async def test_a_body_that_is_no_job_is_refused(body: bytes) -> None:
    """Nothing that arrives can break it."""
    stage = Stage()

    answer = await stage.ask("POST", "/api/v1/job/create", body)

    assert body_of(answer)["info"] == "invalid model"


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "key-1"}, {"authorization": "Bearer"}, {"authorization": "Bearer no"}],
)
async def test_a_bad_key_is_401_on_create_and_query(headers: dict[str, str]) -> None:
    """In the envelope, and free."""
    stage = Stage(shortapi=ShortApiSettings(key="yes"))
    body = {"model": SHORT_MODEL, "args": edit_args()}

    created = await stage.ask("POST", "/api/v1/job/create", body, headers)
    queried = await stage.ask("GET", "/api/v1/job/query", None, headers, {"id": "x"})

    assert (created.status, queried.status) == (401, 401)
    assert body_of(created) == {"code": 401, "info": "invalid api key"}
    assert (stage.net(), stage.sandbox.truth.creates[0].note) == ("0", "invalid api key")


async def test_the_one_key_is_let_in() -> None:
    """And any key where none is set."""
    stage = Stage(shortapi=ShortApiSettings(key="key-1"))

    assert (await stage.create()).status == 200
    assert stage.net() == "0.04"


async def test_an_empty_account_buys_nothing() -> None:
    """402 when the balance does not hold the price; what it holds is still sold."""
    stage = Stage(shortapi=ShortApiSettings(balance_nanos=nanos("0.10")))

    four = await stage.create(edit_args(resolution="4K"))
    again = await stage.create(edit_args(resolution="2K"))

    assert (four.status, again.status) == (200, 402)
    assert body_of(again)["code"] == 402
    assert stage.net() == "0.09"
    assert stage.sandbox.balances["shortapi"] == nanos("0.01")


async def test_a_refund_fills_the_account() -> None:
    """What came back can be spent."""
    stage = Stage(shortapi=ShortApiSettings(balance_nanos=nanos("0.05")))
    stage.sandbox.faults.inject("fail_job")
    await stage.created()
    assert (await stage.create()).status == 402

    stage.pass_s()

    assert (await stage.create()).status == 200
    assert stage.net() == "0.04"


async def test_refusals_can_come_as_http_errors() -> None:
    """By setting, with codes and bodies of one's own."""
    settings = ShortApiSettings(errors="http", codes={400: 1001}, bodies={404: '{"msg": "?"}'})
    stage = Stage(shortapi=settings)

    refused = await stage.create(edit_args(prompt=None))
    missing = await stage.query("nobody")

    assert (refused.status, body_of(refused)["code"]) == (400, 1001)
    assert (missing.status, missing.body) == (404, b'{"msg": "?"}')


async def test_an_unknown_id_and_a_wrong_method_are_refused() -> None:
    """Also in the envelope."""
    stage = Stage()

    assert body_of(await stage.query("nobody"))["code"] == 404
    assert body_of(await stage.ask("GET", "/api/v1/job/create"))["code"] == 405
    assert body_of(await stage.ask("GET", "/api/v1/job/list"))["code"] == 404
    assert stage.sandbox.truth.creates == []


async def test_can_answer_the_documents_sample_amount() -> None:
    """What it says then is not what it bills."""
    stage = Stage(shortapi=ShortApiSettings(amount="sample"))

    body = body_of(await stage.create(edit_args(resolution="4K")))

    assert body["data"]["amount"] == "0.02"
    assert stage.net() == "0.09"


async def test_can_write_the_other_statuses_and_fields() -> None:
    """One document says 2, another "succeeded"; some clients saw more fields."""
    words = {"queued": "waiting", "running": 1, "succeeded": "succeeded", "failed": 3, "unknown": 9}
    stage = Stage(shortapi=ShortApiSettings(statuses=words, extras=True))
    ref = await stage.created()

    assert await stage.data(ref) == {"status": "waiting", "id": ref, "credit": "0.04"}
    stage.pass_s()
    data = await stage.data(ref)
    assert data["status"] == "succeeded"
    assert isinstance(data["finished_at"], int)


async def test_can_refuse_data_urls_and_forget_old_jobs() -> None:
    """Limits that no document states."""
    stage = Stage(shortapi=ShortApiSettings(data_urls=False, retention_s=50.0))
    inline = await stage.create(edit_args(image_urls=["data:image/png;base64,aaaa"]))
    ref = await stage.created()

    stage.pass_s()

    assert body_of(inline)["info"] == "invalid image url"
    assert (await stage.query(ref)).status == 404


async def test_data_urls_are_taken_by_default() -> None:
    """As one client sends them."""
    stage = Stage()

    await stage.created(edit_args(image_urls=["data:image/png;base64,aaaa"]))

    assert stage.net() == "0.04"


async def test_the_placeholder_of_the_samples_is_no_callback() -> None:
    """`CALLBACK_URL`, sent as printed, is tolerated; a number is not."""
    stage = Stage()

    assert body_of(await stage.create(callback_url="CALLBACK_URL"))["code"] == 0
    assert body_of(await stage.create(callback_url=7))["code"] == 400
    assert stage.sandbox.truth.creates[0].facts.callback_token is None


async def test_the_truth_of_a_create_has_its_facts_and_no_prompt() -> None:
    """What was asked, the callback's token, and nothing private."""
    stage = Stage()
    await stage.create(edit_args(resolution="2K"), callback_url=DOORBELL)

    body = body_of(await stage.ask("GET", "/_truth"))

    (create,) = body["creates"]
    assert create["model"] == SHORT_MODEL
    assert (create["resolution"], create["aspect_ratio"], create["images"]) == ("2K", "16:9", 1)
    assert (create["callback_token"], create["accepted"]) == ("token-7f", True)
    assert "sky" not in str(body)
    assert "key-1" not in str(body)


async def test_any_price_list_can_be_sold() -> None:
    """The catalogue is a setting."""
    model = Model(name="house/special", prices={FLAT: nanos("0.0123")})
    stage = Stage(shortapi=ShortApiSettings(models=(model,), retention_s=math.inf))

    assert body_of(await stage.create(model="house/special"))["data"]["amount"] == "0.0123"
    assert body_of(await stage.create())["info"] == "invalid model"
