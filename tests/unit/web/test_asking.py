import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from router.model.errors import InvalidJob
from router.model.job import ClientCallback, Job, Resolution
from router.upstream.guard import GuardPolicy
from router.web.asking import IMAGE_BYTES_MAX, Asked, asked_for
from router.web.auth import Caller
from router.web.explaining import read_as
from router.web.keys import Role
from router.web.services import Services
from router.web.wishes import EditRequest
from tests.fakes import EPOCH
from tests.ledger_kit import usd
from tests.policy_files import PRICES, a_policy
from tests.web_stage import PICTURE_URL, PNG, an_edit, open_front, open_house

CALLER = Caller(tenant="acme", key_id="k1", role=Role.CLIENT, who="ada", tags=(("team", "press"),))


@pytest.fixture
async def services(tmp_path: Path) -> Any:
    """Give what reading needs, on the policy of the tests."""
    async with open_house(tmp_path) as front:
        yield front.services


def read(services: Services, **fields: Any) -> Asked:
    """Read an edit by a caller of tenant `acme` whose key has a tag."""
    wish = read_as(EditRequest, json.dumps(an_edit(**fields)).encode(), InvalidJob)
    return asked_for(services, CALLER, wish)


def detail(services: Services, **fields: Any) -> str:
    """Read an edit that must be refused; gives what is told."""
    with pytest.raises(InvalidJob) as refused:
        read(services, **fields)
    return refused.value.detail


async def test_a_plain_edit_becomes_a_job_with_its_defaults(services: Services) -> None:
    """What the client left out is the policy's or the contract's."""
    asked = read(services, aspect_ratio=None)

    assert asked.policy is services.policy()
    assert asked.job == Job(
        id=asked.job.id,
        tenant="acme",
        key_id="k1",
        key_name="ada",
        fingerprint=asked.fingerprint,
        model="nano-banana-2-edit",
        prompt="make the sky green",
        images=(PICTURE_URL,),
        resolution=Resolution.ONE_K,
        aspect_ratio=None,
        output_format=None,
        tags=(("team", "press"),),
        created_at=EPOCH,
        deadline_at=EPOCH + timedelta(seconds=200),
        price_max=None,
    )


async def test_a_client_is_told_in_the_dialect_that_it_asked_in(services: Services) -> None:
    """Nobody but who asks for it is told."""
    url = "https://client.example/hook"
    wish = read_as(EditRequest, json.dumps(an_edit(callback_url=url)).encode(), InvalidJob)

    asked = asked_for(services, CALLER, wish, dialect="runpod", edits=2)

    assert asked.job.callback == ClientCallback(url=url, dialect="runpod")
    assert read(services).job.callback is None


async def test_every_field_reaches_the_job(services: Services) -> None:
    """In its canonical form; the key's tags win over the request's."""
    job = read(
        services,
        images=["HTTPS://pictures.example/dog.png", PNG],
        resolution="4K",
        aspect_ratio="9:16",
        output_format="jpeg",
        response="url",
        callback_url="https://client.example/hook?token=t7",
        tags={"team": "sales", "app/page": "7"},
        deadline_s=30,
        price_max="0.50",
    ).job

    assert job.images == ("https://pictures.example/dog.png", PNG)
    assert job.resolution is Resolution.FOUR_K
    assert (job.aspect_ratio, job.output_format) == ("9:16", "jpeg")
    assert job.tags == (("app/page", "7"), ("team", "press"))
    assert job.deadline_at == EPOCH + timedelta(seconds=30)
    assert job.price_max == usd("0.50")
    assert job.callback == ClientCallback(url="https://client.example/hook?token=t7")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"prompt": None}, "`prompt` is missing."),
        ({"prompt": " \n"}, "`prompt` must not be empty."),
        ({"prompt": "x" * 32_001}, "`prompt` has more than 32000 characters."),
        ({"prompt": 7}, "`prompt` must be text."),
        ({"images": None}, "`images` is missing."),
        ({"images": []}, "`images` needs at least 1."),
        ({"images": [PICTURE_URL] * 15}, "`images` takes at most 14."),
        ({"images": PICTURE_URL}, "`images` must be a list."),
        ({"images": [PICTURE_URL, None]}, "`images.1` must be text."),
        (
            {"images": ["input:" + "0" * 64, "http://pictures.example/cat.png"]},
            (
                "`images.0` must be an `https` or `data:` URL that may be fetched (scheme); "
                "`images.1` must be an `https` or `data:` URL that may be fetched (scheme)."
            ),
        ),
        (
            {"images": ["https://169.254.169.254/latest/meta-data"]},
            "`images.0` must be an `https` or `data:` URL that may be fetched (metadata).",
        ),
        (
            {"images": ["https://ada:secret@pictures.example/cat.png"]},
            "`images.0` must be an `https` or `data:` URL that may be fetched (userinfo).",
        ),
        ({"images": ["data:image/png,%89PNG"]}, "`images.0` must be a `data:` URL in base64."),
        (
            {"images": ["data:image/png;base64,aGVsbG8="]},
            "`images.0` does not hold a PNG, JPEG, GIF or WebP whose size can be read.",
        ),
        (
            {"images": [PNG.rstrip("=") + "A" * 100_000 + "!!!!"]},
            "`images.0` is not base64 to its end.",
        ),
        (
            {"images": ["data:image/png;base64,!!!!"]},
            "`images.0` does not hold a PNG, JPEG, GIF or WebP whose size can be read.",
        ),
        ({"model": "nano-banana-2-edti"}, None),
        ({"resolution": "8k"}, "`resolution` must be '1k', '2k' or '4k'."),
        ({"resolution": 1}, "`resolution` must be '1k', '2k' or '4k'."),
        ({"aspect_ratio": "wide"}, None),
        ({"aspect_ratio": "0:1"}, None),
        ({"output_format": "gif"}, "`output_format` must be 'png', 'jpeg' or 'webp'."),
        ({"response": "hex"}, "`response` must be 'url' or 'base64'."),
        ({"callback_url": 7}, "`callback_url` must be text."),
        ({"callback_url": "https://h.example/" + "x" * 2048}, None),
        (
            {"callback_url": ""},
            "`callback_url` must be an `https` URL that may be dialled (scheme).",
        ),
        *(
            (
                {"callback_url": url},
                f"`callback_url` must be an `https` URL that may be dialled ({why}).",
            )
            for url, why in (
                ("http://client.example/hook?token=t7", "scheme"),
                ("https://127.0.0.1/hook", "not_unicast"),
                ("https://169.254.169.254/hook", "metadata"),
                ("https://[::ffff:10.0.0.7]/hook", "private"),
                ("https://client.example:8443/hook", "port"),
                ("https://ada:secret@client.example/hook", "userinfo"),
            )
        ),
        ({"tags": {f"t{number}": "v" for number in range(11)}}, "`tags` takes at most 10."),
        ({"tags": {"team": 7}}, "`tags.team` must be text."),
        ({"tags": {"team": "x" * 129}}, None),
        ({"tags": {"team": "a\nb"}}, None),
        ({"tags": {"": "x"}}, None),
        ({"deadline_s": 0.5}, "`deadline_s` must be at least 1."),
        ({"deadline_s": 901}, "`deadline_s` must be at most 900."),
        ({"deadline_s": "30"}, "`deadline_s` must be a number."),
        ({"deadline_s": True}, "`deadline_s` must be a number."),
        ({"price_max": 0.1}, "`price_max` must be text."),
        ({"price_max": "ten"}, '`price_max` must be an amount in dollars, as "0.10".'),
        ({"price_max": "0.00"}, "`price_max` must be above zero."),
        ({"seed": 3}, "`seed` is not a field of this request."),
    ],
)
async def test_what_does_not_exist_is_refused_by_its_path(
    services: Services, fields: dict[str, Any], told: str | None
) -> None:
    """Nothing is guessed or dropped, and nothing of what the client sent is repeated."""
    found = detail(services, **fields)

    (name,) = fields
    assert found.startswith(f"`{name}")
    assert told in {None, found}


async def test_a_model_that_nobody_sells_has_a_neighbour(services: Services) -> None:
    """A slip of the pen is told what was meant."""
    assert detail(services, model="nano-banana-2-edti") == (
        "`model` names nothing that is sold here; did you mean 'nano-banana-2-edit'?"
    )


async def test_an_aspect_ratio_is_one_that_somebody_makes(
    services: Services, tmp_path: Path
) -> None:
    """Known is what any provider of the model knows; if one takes any, so do we."""
    assert read(services, aspect_ratio="7:5").job.aspect_ratio == "7:5"
    prices = PRICES.replace(
        "output_formats: [png", 'aspect_ratios: ["8:1"]\n    output_formats: [png'
    )
    async with open_house(tmp_path / "strict", policy=a_policy(prices=prices)) as front:
        strict = front.services
        assert read(strict, aspect_ratio="8:1").job.aspect_ratio == "8:1"
        assert detail(strict, aspect_ratio="7:5") == (
            "`aspect_ratio` must be one of 1:1, 16:9, 9:16, 8:1."
        )


@pytest.mark.slow
async def test_an_image_inside_the_request_has_a_size_limit(services: Services) -> None:
    """Twenty megabytes, told without decoding them."""
    head, _, payload = PNG.partition(",")
    header = base64.b64decode(payload)
    fits = header + bytes(IMAGE_BYTES_MAX - len(header) - 3)
    over = header + bytes(IMAGE_BYTES_MAX - len(header) + 3)

    assert len(read(services, images=[f"{head},{base64.b64encode(fits).decode()}"]).job.images) == 1
    assert detail(services, images=[f"{head},{base64.b64encode(over).decode()}"]) == (
        "`images.0` holds more than 20971520 bytes."
    )


async def test_what_the_guard_allows_may_be_plain_http(tmp_path: Path) -> None:
    """As the sandbox's pictures are."""
    guard = GuardPolicy(["127.0.0.1"], allow_http=True)
    async with open_house(tmp_path, guard=guard) as front:
        url = "http://127.0.0.1:8700/cat.png"
        assert read(front.services, images=[url]).job.images == (url,)


async def test_the_same_request_has_the_same_fingerprint(services: Services) -> None:
    """However it was written; any difference that buys something else is another request."""
    plain = read(services, price_max="0.5").fingerprint

    assert read(services, price_max="0.50", resolution="1K", tags={}).fingerprint == plain
    others = [
        read(services, price_max="0.5", **fields).fingerprint
        for fields in (
            {"prompt": "make the sky blue"},
            {"images": [PICTURE_URL + "?v=2"]},
            {"images": [PICTURE_URL, PICTURE_URL]},
            {"resolution": "2k"},
            {"aspect_ratio": "1:1"},
            {"tags": {"team": "sales"}},
            {"deadline_s": 31},
        )
    ]
    assert len({plain, *others}) == 8


async def test_a_quote_may_be_for_another_tenant(services: Services) -> None:
    """The job is then that tenant's."""
    wish = read_as(EditRequest, json.dumps(an_edit()).encode(), InvalidJob)
    asked = asked_for(services, CALLER, wish, tenant="other")

    assert asked.job.tenant == "other"


MALFORMED = [
    (b"", 400, "malformed", "The body is not JSON."),
    (b"{", 400, "malformed", "The body is not JSON."),
    (b"prompt=hello", 400, "malformed", "The body is not JSON."),
    (b"\xff\xfe", 400, "malformed", "The body is not JSON."),
    (b'{"prompt": "\\ud800"}', 400, "malformed", "The body is not JSON."),
    (b"[" * 5000, 400, "malformed", "The body is not JSON."),
    (b"[]", 422, "invalid_job", "the body must be an object."),
    (b"null", 422, "invalid_job", "the body must be an object."),
    (b'"edit"', 422, "invalid_job", "the body must be an object."),
    (b"7", 422, "invalid_job", "the body must be an object."),
    (b"{}", 422, "invalid_job", "`prompt` is missing; `images` is missing."),
    (b'{"prompt": "p"}', 422, "invalid_job", "`images` is missing."),
    (
        b'{"prompt": null, "images": null}',
        422,
        "invalid_job",
        "`prompt` must be text; `images` must be a list.",
    ),
    (
        b'{"prompt": "p", "images": [[]]}',
        422,
        "invalid_job",
        "`images.0` must be text.",
    ),
    (
        b'{"prompt": "p", "images": ["https://x.example/a"], "price_max": 1}',
        422,
        "invalid_job",
        "`price_max` must be text.",
    ),
    (
        b'{"prompt": "p", "images": ["https://x.example/a"], "deadline_s": NaN}',
        422,
        "invalid_job",
        "`deadline_s` must be a number.",
    ),
    (
        b'{"prompt": "p", "images": ["https://x.example/a"], "deadline_s": 1e999}',
        422,
        "invalid_job",
        "`deadline_s` must be a number.",
    ),
    (
        b'{"prompt": "p", "images": ["https://x.example/a"], "Prompt": "q"}',
        422,
        "invalid_job",
        "`Prompt` is not a field of this request.",
    ),
    (
        b'{"prompt": "p", "images": ["https://x.example/a"], "tags": "team=a"}',
        422,
        "invalid_job",
        "`tags` must be an object.",
    ),
    (
        b'{"prompt": "p", "images": ["javascript:alert(1)"]}',
        422,
        "invalid_job",
        "`images.0` must be an `https` or `data:` URL that may be fetched (scheme).",
    ),
]
TITLES = {
    "malformed": "The request is not what this endpoint reads.",
    "invalid_job": "The edit asks for something that does not exist.",
}


async def test_malformed_requests_are_told_exactly_what_is_wrong(tmp_path: Path) -> None:
    """Each is one problem of one shape, and none of them has left a trace in the books."""
    async with open_front(tmp_path) as front:
        for body, status, code, told in MALFORMED:
            for path in ("/v1/edits", "/v1/quotes"):
                answer = await front.ask("POST", path, body)
                assert answer.headers["Content-Type"] == "application/problem+json"
                assert (answer.status, answer.json) == (
                    status,
                    {
                        "type": f"urn:farebox:problem:{code}",
                        "title": TITLES[code],
                        "status": status,
                        "detail": told,
                        "code": code,
                        "retryable": False,
                        "may_have_been_charged": False,
                    },
                ), body
        assert await front.stage.ledger.jobs_of("acme") == []
