"""
OpenAI's dialect in every outcome, over loopback: what its clients are told, and what it has cost.

Each test reads the books beside the answer: how many creates reached a provider, what is charged.
"""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from router.images.kinds import kind_of
from router.model.errors import (
    LedgerUnavailable,
    ProviderInDoubt,
    ProviderRefused,
    ProviderUnreachable,
    Refusal,
)
from router.model.job import AttemptState
from router.model.money import Money
from router.upstream.fetcher import FetchFailed
from tests.ledger_kit import usd
from tests.openai_kit import (
    AGAIN,
    EDITS,
    PNG,
    a_form,
    a_part,
    an_image_edit,
    an_upload,
    ask,
    form_type,
    upload,
)
from tests.policy_files import a_policy
from tests.stage import PICTURE, Act, failed, reported
from tests.web_stage import AT_ONCE, NEVER, Answer, Front, open_front, soon

ALONE = a_policy(failover={"providers_max": 1})
RESENT = {408, 409, 429, *range(500, 600)}


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    """Serve a house whose providers deliver a picture at once, and where nobody fails over."""
    async with open_front(tmp_path, policy=ALONE) as opened:
        opened.stage.gallery.shows[PICTURE] = PNG
        opened.stage.gallery.shows[DEAD] = FetchFailed("It answered 410.", may_pass=False)
        yield opened


def refusing(error: Exception) -> Act:
    """Build an act whose create is answered with an error."""
    return Act(refuses=error, answers_after_s=0.0)


def bought(front: Front) -> int:
    """How many creates have reached a provider."""
    return len(front.stage.troupe.sent)


@dataclass(frozen=True)
class Outcome:
    """What a provider does, and what the client is told."""

    acts: tuple[Act, ...]
    status: int
    code: str | None = None
    charged: str = "0.00"
    doubt: bool = False
    fields: tuple[tuple[str, Any], ...] = ()
    images: int = 0


TWO = (("n", 2),)
DEAD = "https://results.example/dead.png"
UNAVAILABLE = replace(AT_ONCE, images=(DEAD,))
OUTCOMES = {
    "success": Outcome((AT_ONCE,), 200, charged="0.04", images=1),
    "several": Outcome((AT_ONCE, AT_ONCE), 200, charged="0.08", images=2, fields=TWO),
    "failed and free": Outcome(
        (replace(AT_ONCE, ends=failed(proves_free=True)),), 502, "provider_failed"
    ),
    "nobody there": Outcome((refusing(ProviderUnreachable("no route")),), 502, "provider_failed"),
    "failed and billed": Outcome(
        (replace(AT_ONCE, ends=failed(reported=reported("0.031"))),),
        *(424, "provider_failed", "0.031"),
    ),
    "content refused": Outcome(
        (refusing(ProviderRefused("not that", reason=Refusal.CONTENT)),), 400, "moderation_blocked"
    ),
    "in doubt": Outcome(
        (refusing(ProviderInDoubt("no answer")),), 424, "provider_in_doubt", doubt=True
    ),
    "billed and not to be had": Outcome((UNAVAILABLE,), 424, "result_unavailable", "0.04"),
    "some of several": Outcome(
        (AT_ONCE, refusing(ProviderUnreachable("no route"))),
        *(200, None, "0.04"),
        images=1,
        fields=TWO,
    ),
    "none of several": Outcome(
        (UNAVAILABLE, refusing(ProviderUnreachable("no route"))),
        *(424, "result_unavailable", "0.04"),
        fields=TWO,
    ),
}


@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=OUTCOMES)
async def test_every_outcome_is_told_once(front: Front, outcome: Outcome) -> None:
    """One create for each edit; what was charged is in a header; nothing is sent again for it."""
    front.stage.troupe.acts["shortapi"] = list(outcome.acts)
    fields = dict(outcome.fields)
    answer = await ask(front, **fields)
    books = answer.json["farebox"]

    assert answer.status == outcome.status, answer.text
    assert answer.json.get("error", {}).get("code") == outcome.code
    assert len(answer.json.get("data", [])) == outcome.images
    assert answer.headers["Farebox-Charged-USD"] == books["charged"] == outcome.charged
    assert books["may_have_been_charged"] is outcome.doubt
    assert books["failed"] == int(answer.headers.get("Farebox-Failed", "0"))
    assert books["failed"] == fields.get("n", 1) - outcome.images
    assert (
        answer.headers["X-Request-ID"] == answer.headers["Farebox-Job"] == books["edits"][0]["id"]
    )
    assert bought(front) == fields.get("n", 1)
    if answer.status != 200:
        assert answer.headers["x-should-retry"] == "false"
        assert outcome.charged == "0.00" or answer.status not in RESENT
    if answer.status == 424:
        read = await front.ask("GET", answer.headers["Location"])
        assert read.json["id"] == answer.headers["Farebox-Job"]


async def test_an_edit_that_is_late_is_told_with_where_to_look(front: Front) -> None:
    """At its deadline, though it may still be made, and billed."""
    front.stage.troupe.acts["shortapi"].append(NEVER)
    asking = front.stage.tasks.start("ask", ask(front, deadline_s=20))
    await soon(lambda: front.services.patience.waiting)
    (row,) = await front.stage.ledger.unfinished_jobs()
    await front.until(row.id, AttemptState.RUNNING)
    front.clock.advance(20)
    answer = await asking

    assert (answer.status, answer.json["error"]["code"]) == (424, "deadline_exceeded")
    assert answer.json["farebox"]["may_have_been_charged"] is True
    assert answer.headers["Location"] == f"/v1/edits/{answer.headers['Farebox-Job']}"


async def test_a_refusal_for_money_is_a_quota_that_is_used_up(front: Front) -> None:
    """As its users know it; nothing was held, sent, or is worth sending again."""
    budget = {"name": "daily", "who": "each_tenant", "limit": "$0.03", "per": "day"}
    front.stage.policy = a_policy(budgets=[budget])
    answer = await upload(front)

    assert (answer.status, answer.json["error"]) == (
        429,
        {
            "message": (
                "The edit costs $0.0875 and the budget 'daily' (tenant:acme) has $0.03 "
                "of $0.03 left."
            ),
            "type": "insufficient_quota",
            "param": None,
            "code": "insufficient_quota",
        },
    )
    assert answer.headers["x-should-retry"] == "false"
    assert answer.headers["Farebox-Charged-USD"] == "0.00"
    assert answer.headers["Farebox-Budget-Remaining-USD"] == "0.03"
    assert bought(front) == 0


async def test_what_may_pass_is_worth_sending_again(front: Front) -> None:
    """A house that is about to stop has bought nothing, and says when to ask."""
    front.services.draining.set()
    answer = await ask(front)

    assert (answer.status, answer.json["error"]["code"]) == (503, "overloaded")
    assert (answer.headers["x-should-retry"], answer.headers["Retry-After"]) == ("true", "2")
    assert bought(front) == 0


async def test_who_has_no_key_is_told_to_bring_one(front: Front) -> None:
    """Before anything is read."""
    front.key = None
    answer = await ask(front)

    assert (answer.status, answer.json["error"]["code"]) == (401, "invalid_api_key")
    assert answer.headers["x-should-retry"] == "false"
    assert bought(front) == 0


async def test_a_ledger_that_is_gone_before_the_purchase_is_worth_sending_again(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be held without it, so nothing is bought."""

    async def unwritable(*_: object, **__: object) -> None:
        raise LedgerUnavailable

    monkeypatch.setattr(front.services.dispatcher, "submit", unwritable)
    answer = await ask(front)

    assert (answer.status, answer.json["error"]["code"]) == (503, "ledger_unavailable")
    assert answer.headers["x-should-retry"] == "true"
    assert bought(front) == 0


async def test_another_tenants_edit_is_not_there(front: Front) -> None:
    """As one that never was: what an answer names as its place is its buyer's alone."""
    answer = await ask(front)
    _, key = await front.mint("mallory")
    path = f"/v1/edits/{answer.headers['Farebox-Job']}"

    assert (await front.ask("GET", path)).status == 200
    assert (await front.ask("GET", path, key=key)).status == 404


async def test_a_house_that_stops_does_not_hold_its_clients(front: Front) -> None:
    """The edit goes on; its client is told where, and not to buy another."""
    front.stage.troupe.acts["shortapi"].append(NEVER)
    asking = front.stage.tasks.start("ask", ask(front))
    await soon(lambda: front.services.patience.waiting)
    front.services.patience.hurry()
    answer = await asking

    assert (answer.status, answer.json["error"]["code"]) == (424, "edit_under_way")
    assert answer.headers["x-should-retry"] == "false"


async def test_a_ledger_that_is_gone_after_the_purchase_is_no_reason_to_buy_again(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer names the job, tells no charge, and does not say that there was none."""

    async def unreadable(*_: object) -> None:
        raise LedgerUnavailable

    monkeypatch.setattr(front.services.watcher, "watch", unreadable)
    answer = await ask(front)

    assert (answer.status, answer.json["error"]["code"]) == (424, "edit_under_way")
    assert answer.headers["Location"] == f"/v1/edits/{answer.headers['Farebox-Job']}"
    assert "Farebox-Charged-USD" not in answer.headers
    assert bought(front) == 1


async def test_a_client_that_drops_and_comes_back_gets_its_image(front: Front) -> None:
    """Even though it does not say that it is again: its answer is known to be lost."""
    front.stage.troupe.acts["runpod"].append(replace(AT_ONCE, ends_after_s=30.0))
    asking = asyncio.ensure_future(upload(front))  # noqa: TID251 - to be cancelled by the test.
    await soon(lambda: bought(front))
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
    body = an_upload(boundary="another")
    asked = front.ask("POST", EDITS, body, form_type("another"))
    back = front.stage.tasks.start("back", asked)
    lost = front.services.lost_answers
    await soon(lambda: sum(len(owed) for owed in lost._by_job.values()) == 2)
    (row,) = await front.stage.ledger.unfinished_jobs()
    await front.until(row.id, AttemptState.RUNNING)
    front.clock.advance(31)
    answer = await back

    assert b64decode(answer.json["data"][0]["b64_json"]) == PNG
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert (bought(front), await front.stage.used()) == (1, usd("0.0875"))


async def test_what_came_to_nothing_is_bought_anew(front: Front) -> None:
    """By a client that says that it is again: there is no image, and no charge."""
    front.stage.troupe.acts["shortapi"].append(refusing(ProviderUnreachable("no route")))
    first, again = await ask(front), await ask(front, AGAIN)

    assert (first.status, again.status) == (502, 200)
    assert "Idempotent-Replayed" not in again.headers


async def test_another_tenants_request_is_never_attached_to(front: Front) -> None:
    """Not by being equal, nor by saying that it is again, nor by the same key."""
    headers = {"Idempotency-Key": "order-1"}
    first = await ask(front, headers)
    _, key = await front.mint("mallory")
    body = an_image_edit()
    answers = [await front.ask("POST", EDITS, body, one, key=key) for one in (headers, AGAIN, {})]

    theirs = {answer.headers["Farebox-Job"] for answer in answers}
    assert len(theirs) == 2, "the retry is attached to an edit of its own tenant"
    assert first.headers["Farebox-Job"] not in theirs


@pytest.mark.parametrize("wanted", ["jpeg", "webp"])
async def test_what_one_provider_cannot_the_other_does_not_have_to(
    tmp_path: Path, wanted: str
) -> None:
    """With only the one that takes links and makes PNGs, an upload becomes what is asked for."""
    prices = a_policy().prices
    only = prices.model_copy(
        update={
            "offers_listed": tuple(
                one for one in prices.offers_listed if one.provider == "shortapi"
            )
        }
    )
    policy = a_policy().model_copy(update={"prices": only})
    async with open_front(tmp_path, policy=policy, hosts=True) as front:
        front.stage.gallery.shows[PICTURE] = PNG
        answer = await upload(front, output_format=wanted, size="1024x1024")

    assert answer.json["output_format"] == kind_of(b64decode(answer.json["data"][0]["b64_json"]))
    assert answer.json["output_format"] == wanted
    assert answer.headers["Farebox-Provider"] == "shortapi"


# What is no request.

PROMPT = a_part("prompt", "make the sky green")
IMAGE = a_part("image", PNG)
GOOD = a_form(PROMPT, IMAGE)
MALFORMED: dict[str, tuple[bytes, dict[str, str], int, str, str | None]] = {
    "no body": (b"", form_type(), 400, "malformed", None),
    "no boundary named": (GOOD, {"Content-Type": "multipart/form-data"}, 400, "malformed", None),
    "another boundary": (GOOD, form_type("other"), 400, "malformed", None),
    "no last boundary": (GOOD[:-18], form_type(), 400, "malformed", None),
    "cut short": (GOOD[:60], form_type(), 400, "malformed", None),
    "bare line feeds": (GOOD.replace(b"\r\n", b"\n"), form_type(), 400, "malformed", None),
    "a part without headers": (a_form(b"x", IMAGE), form_type(), 400, "malformed", None),
    "a part without a name": (
        *(a_form(b"Content-Disposition: form-data\r\n\r\nx"), form_type()),
        *(400, "malformed", None),
    ),
    "an encoded part": (
        *(a_form(b"Content-Transfer-Encoding: base64\r\n" + PROMPT, IMAGE), form_type()),
        *(400, "malformed", None),
    ),
    "too many parts": (a_form(*[PROMPT] * 65), form_type(), 400, "malformed", None),
    "a field twice": (a_form(PROMPT, PROMPT, IMAGE), form_type(), 400, "malformed", None),
    "a prompt that is no text": (
        *(a_form(PROMPT.replace(b"sky", b"\xff"), IMAGE), form_type()),
        *(400, "malformed", None),
    ),
    "a prompt that is a file": (
        *(a_form(a_part("prompt", b"p"), IMAGE), form_type()),
        *(400, "invalid_value", "prompt"),
    ),
    "no prompt": (a_form(IMAGE), form_type(), 400, "invalid_value", "prompt"),
    "an empty prompt": (
        *(a_form(a_part("prompt", ""), IMAGE), form_type()),
        *(400, "invalid_value", "prompt"),
    ),
    "no image": (a_form(PROMPT), form_type(), 400, "invalid_value", "image"),
    "an image that is none": (
        *(a_form(PROMPT, a_part("image", b"\0" * 99)), form_type()),
        *(400, "invalid_value", "image"),
    ),
    "an image without a size": (
        *(a_form(PROMPT, a_part("image", PNG[:12])), form_type()),
        *(400, "invalid_value", "images"),
    ),
    "too many images": (
        *(a_form(PROMPT, *[IMAGE] * 15), form_type()),
        *(400, "invalid_value", "image"),
    ),
    "an image at a private address": (
        *(a_form(PROMPT, a_part("image", "http://127.0.0.1/x")), form_type()),
        *(400, "invalid_value", "images"),
    ),
    "a mask": (
        a_form(PROMPT, IMAGE, a_part("mask", PNG)),
        form_type(),
        400,
        "invalid_value",
        "mask",
    ),
    "no number": (
        a_form(PROMPT, IMAGE, a_part("n", "two")),
        form_type(),
        400,
        "invalid_value",
        "n",
    ),
    "a stream": (
        *(a_form(PROMPT, IMAGE, a_part("stream", "true")), form_type()),
        *(400, "invalid_value", "stream"),
    ),
    "a model that is not sold": (
        *(a_form(PROMPT, IMAGE, a_part("model", "gpt-4o")), form_type()),
        *(404, "model_not_found", "model"),
    ),
    "an unknown field": (
        *(a_form(PROMPT, IMAGE, a_part("colour", "red")), form_type()),
        *(400, "invalid_value", "colour"),
    ),
    "no JSON": (b'{"prompt": ', {"Content-Type": "application/json"}, 400, "malformed", None),
    "a compressed form": (
        *(GOOD, {**form_type(), "Content-Encoding": "gzip"}),
        *(400, "malformed", None),
    ),
    "two idempotency keys in one": (
        *(GOOD, {**form_type(), "Idempotency-Key": "a b"}),
        *(400, "malformed", None),
    ),
}


@pytest.mark.parametrize("case", MALFORMED.values(), ids=MALFORMED)
async def test_what_is_no_request_is_refused_in_its_own_words(
    front: Front, case: tuple[bytes, dict[str, str], int, str, str | None]
) -> None:
    """With the field that it is about; nothing is bought, held, or alarmed of."""
    body, headers, status, code, param = case
    answer = await front.ask("POST", EDITS, body, headers)
    error = answer.json["error"]

    assert (answer.status, error["code"], error["param"]) == (status, code, param), answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["x-should-retry"] == "false"
    assert answer.headers["Farebox-Charged-USD"] == "0.00"
    assert await front.stage.ledger.jobs_of("acme") == []
    assert await front.stage.used() == Money.ZERO
    assert front.stage.audience.alarms == []


async def test_the_form_that_the_others_are_broken_from_is_good(front: Front) -> None:
    """Otherwise their refusals would prove nothing."""
    answer: Answer = await front.ask("POST", EDITS, GOOD, form_type())
    await front.until(answer.headers["Farebox-Job"], AttemptState.POSTED)

    assert answer.status == 200
