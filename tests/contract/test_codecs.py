"""
What every codec must do, whichever provider it speaks to.

Driven by `tests/replies/<provider>/`: each file there holds one reply, where it comes from, and
what it must be read as. A body has its source's shape; ids, hosts and amounts may be ours. A new
codec passes by having such a folder.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.model.charge import Reported
from router.model.errors import (
    ProviderFailed,
    ProviderInDoubt,
    ProviderRefused,
    ProviderThrottled,
    Spend,
)
from router.model.ids import ProviderRef
from router.model.job import Resolution
from router.model.money import Money
from router.model.offer import ProviderTerms
from router.providers.catalog import CODECS
from router.providers.wire import Codec, Delivered, Forgotten, Pending, Reply, Unreadable
from tests.fakes import a_job, an_offer

FOLDER = Path(__file__).parents[1] / "replies"
FILES = sorted(FOLDER.glob("*/*.json"))
DEFINITE_NO = (400, 401, 402, 403, 404, 405, 413, 422, 429)
PROVES_NOTHING = (301, 302, 303, 307, 308, 408, 409, 425, 500, 501, 502, 503, 504, 520, 524, 599)
CREATE_ERRORS = (ProviderThrottled, ProviderRefused, ProviderFailed, ProviderInDoubt)
QUERY_ERRORS = (ProviderFailed, Unreadable, Forgotten)
REF = ProviderRef("job-1")
SLUGS = {
    "nano-banana-2-edit": {"shortapi": "google/nano-banana-2/edit"},
    "nano-banana-pro-edit": {"shortapi": "google/nano-banana-pro/edit"},
    "nano-banana-edit": {"shortapi": "google/nano-banana/edit"},
}
EVERY_CODEC = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)

plain_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
telling_values = st.sampled_from(
    ["job-1", "", "COMPLETED", "FAILED", "IN_QUEUE", "2", 0, 2, 3, "https://a.example/b.png", "{}"]
)
telling_keys = st.sampled_from(
    [
        *("id", "job_id", "status", "code", "data", "output", "result", "images", "image_url"),
        *("url", "cost", "amount", "error", "message", "refunded", "delayTime"),
    ]
)
documents = st.recursive(
    plain_values | telling_values,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(telling_keys | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=20,
)
bodies = st.binary(max_size=200) | documents.map(lambda document: json.dumps(document).encode())
replies = st.builds(
    Reply,
    status=st.integers(100, 599),
    headers=st.dictionaries(st.just("retry-after"), st.text(max_size=6)),
    body=bodies,
)


def terms_of(codec: Codec, origin_not_reached: frozenset[int] = frozenset()) -> ProviderTerms:
    """The codec's provider, with nothing agreed but what a test is about."""
    return ProviderTerms(name=codec.name, origin_not_reached=origin_not_reached)


def money(reported: Reported | None) -> dict[str, str | None] | None:
    """An amount as the reply files write it."""
    if reported is None:
        return None
    amount = None if reported.amount is None else str(reported.amount)
    return {"raw": reported.raw, "amount": amount, "source": reported.source}


def described(outcome: object) -> dict[str, Any]:
    """What a reply was read as, in the words of the reply files."""
    facts: dict[str, Any] = {"is": type(outcome).__name__}
    match outcome:
        case Pending():
            facts |= {"ref": outcome.ref, "stage": outcome.stage}
            facts |= {"reported": money(outcome.reported)}
        case Delivered():
            facts |= {"ref": outcome.ref, "images": list(outcome.images)}
            facts |= {"reported": money(outcome.reported)}
            facts |= {"queue_s": outcome.queue_s, "execution_s": outcome.execution_s}
        case ProviderFailed():
            facts |= {"ref": outcome.ref, "how": outcome.how, "proves_free": outcome.proves_free}
            facts |= {"content_refused": outcome.content_refused}
            facts |= {"reported": money(outcome.reported)}
        case ProviderRefused():
            facts |= {"reason": outcome.reason}
        case ProviderInDoubt(ref=ref) if ref is not None:
            facts |= {"ref": ref}
        case ProviderThrottled() | Unreadable():
            facts |= {"retry_after_s": outcome.retry_after_s}
        case _:
            pass
    return facts


def outcome_of(codec: Codec, case: dict[str, Any]) -> object:
    """Read a case's reply; what is raised is an outcome like any other."""
    reply = Reply(status=case["status"], headers=case["headers"], body=case["body"].encode())
    terms = terms_of(codec, frozenset(case.get("origin_not_reached", [])))
    try:
        if case["read"] == "create":
            return codec.read_create(reply, terms)
        return codec.read_query(reply, ProviderRef(case["ref"]))
    except (*CREATE_ERRORS, *QUERY_ERRORS) as error:
        return error


def read(file: Path) -> dict[str, Any]:
    """Load one case."""
    case: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return case


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_reply_is_read_as_its_file_says(file: Path) -> None:
    """Every recorded, documented or feared reply is read as what its file says that it means."""
    codec, case = CODECS[file.parent.name], read(file)

    match case["read"]:
        case "callback":
            ref = codec.read_callback(json.loads(case["body"]))
            assert case["expect"] == {"is": "callback", "ref": ref}
        case "cancel":
            reply = Reply(status=case["status"], headers={}, body=case["body"].encode())
            confirmed = codec.read_cancel(reply, ProviderRef(case["ref"]))
            assert case["expect"] == {"is": "cancel", "confirmed": confirmed}
        case _:
            outcome = outcome_of(codec, case)
            assert described(outcome) == case["expect"]
            assert case.get("says", "") in str(outcome)


@EVERY_CODEC
def test_a_codec_has_replies_of_every_kind(codec: Codec) -> None:
    """A codec without a folder of replies, or with one that leaves an outcome out, is unproven."""
    cases = [read(file) for file in FILES if file.parent.name == codec.name]
    kinds = {(case["read"], case["expect"]["is"]) for case in cases}

    created = {("create", error.__name__) for error in CREATE_ERRORS} - {
        ("create", "ProviderFailed")  # Not every provider ends a job in its first reply.
    }
    queried = {("query", error.__name__) for error in QUERY_ERRORS}
    progress = {("create", "Pending"), ("query", "Pending"), ("query", "Delivered")}
    others = {("callback", "callback"), ("cancel", "cancel")}
    assert created | queried | progress | others <= kinds


def test_every_folder_of_replies_belongs_to_a_codec() -> None:
    """A folder that no codec reads is a provider that somebody forgot to list."""
    assert {folder.name for folder in FOLDER.iterdir() if folder.is_dir()} == set(CODECS)


@EVERY_CODEC
@pytest.mark.parametrize("status", DEFINITE_NO)
@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"{}", b"[]", b"null", b'{"id":null}'])
def test_a_refusal_that_names_no_job_is_a_definite_no(
    codec: Codec, status: int, body: bytes
) -> None:
    """Whatever the body, a refusal's status without a job's id proves that nothing was spent."""
    reply = Reply(status=status, headers={}, body=body)

    with pytest.raises((ProviderRefused, ProviderThrottled)) as raised:
        codec.read_create(reply, terms_of(codec))
    assert raised.value.spend is Spend.NONE


@EVERY_CODEC
@pytest.mark.parametrize("status", PROVES_NOTHING)
@pytest.mark.parametrize("body", [b"", b"<html>oops</html>", b'{"code":1,"error":"oops"}'])
def test_other_statuses_leave_a_create_in_doubt(codec: Codec, status: int, body: bytes) -> None:
    """A redirect, a time-out or a server's error never proves that nothing was spent."""
    reply = Reply(status=status, headers={}, body=body)

    with pytest.raises(ProviderInDoubt):
        codec.read_create(reply, terms_of(codec))


@EVERY_CODEC
@given(reply=replies)
def test_no_reply_surprises_those_who_send(codec: Codec, reply: Reply) -> None:
    """Whatever arrives, only the outcomes that the protocol names come out, and they hold up."""
    outcomes: list[object] = []
    try:
        outcomes.append(codec.read_create(reply, terms_of(codec)))
    except CREATE_ERRORS as error:
        outcomes.append(error)
        # Nothing but a listed refusal, or a no in a success's body, proves that none was taken.
        if error.spend is Spend.NONE:
            assert reply.status in {*DEFINITE_NO, *range(200, 300)}
    try:
        outcomes.append(codec.read_query(reply, REF))
    except QUERY_ERRORS as error:
        outcomes.append(error)

    for outcome in outcomes:
        if isinstance(outcome, Delivered):
            assert outcome.images
            assert all(image.startswith(("http", "data:")) for image in outcome.images)
        if isinstance(outcome, Exception):
            assert str(outcome).isprintable()
        reported = getattr(outcome, "reported", None)
        assert reported is None or len(reported.raw) <= 64


@EVERY_CODEC
@given(payload=documents)
def test_any_callback_can_be_looked_at(codec: Codec, payload: Any) -> None:
    """A callback is anybody's bytes: at most an id is found in it."""
    ref = codec.read_callback(payload)

    assert ref is None or (ref.isprintable() and 1 <= len(ref) <= 200)


@EVERY_CODEC
@pytest.mark.parametrize("model", SLUGS)
@pytest.mark.parametrize("resolution", Resolution)
def test_a_create_says_what_is_bought(codec: Codec, model: str, resolution: Resolution) -> None:
    """The request names the model by its slug and carries prompt, images and callback."""
    slug = SLUGS[model].get(codec.name, model)
    job = a_job(model=model, resolution=resolution, prompt="make the café's sky grün")
    offer = an_offer(provider=codec.name, slug=slug, price=Money.parse("0.0741"))
    callback = "https://farebox.example/callbacks/x/y"

    call = codec.create(job, offer, terms_of(codec), callback_url=callback)

    assert call.method == "POST"
    assert call.path.startswith("/")
    text = (call.body or b"").decode("utf-8")
    assert json.loads(text)
    for part in (job.prompt, *job.images, callback):
        assert json.dumps(part, ensure_ascii=False) in text
    assert slug in call.path + text
    assert ", " not in text
    assert call == codec.create(job, offer, terms_of(codec), callback_url=callback)


@EVERY_CODEC
def test_a_create_names_no_callback_unless_given_one(codec: Codec) -> None:
    """Without a public address of ours, the request holds no null and no placeholder."""
    offer = an_offer(provider=codec.name, price=Money.parse("0.0742"))

    call = codec.create(a_job(), offer, terms_of(codec), callback_url=None)

    text = (call.body or b"").lower()
    assert b"callback" not in text
    assert b"hook" not in text
    assert b"null" not in text


@EVERY_CODEC
@given(prompt=st.text(st.characters(), max_size=50))
def test_any_prompt_can_be_written(codec: Codec, prompt: str) -> None:
    """A prompt of any characters, halves of surrogate pairs too, becomes JSON in UTF-8."""
    offer = an_offer(provider=codec.name, price=Money.parse("0.0743"))

    call = codec.create(a_job(prompt=prompt + "\ud800"), offer, terms_of(codec), callback_url=None)

    text = json.dumps(json.loads((call.body or b"").decode("utf-8")), ensure_ascii=False)
    assert "\ud800" not in text


@EVERY_CODEC
def test_an_id_cannot_leave_its_place_in_a_path(codec: Codec) -> None:
    """An id is written so that it can neither climb nor add a query."""
    call = codec.query(ProviderRef("../a?b=c&d#e f"), "slug/of?model")

    assert call.method == "GET"
    assert call.body is None
    assert "..%2Fa%3Fb%3Dc%26d%23e%20f" in call.path
    assert "of?model" not in call.path


@EVERY_CODEC
def test_a_cancellation_is_written_where_there_is_one(codec: Codec) -> None:
    """A codec writes a cancellation that names the job, or says that its provider has none."""
    if not codec.can_cancel:
        with pytest.raises(NotImplementedError):
            codec.cancel(REF, "slug")
        return
    call = codec.cancel(REF, "slug")

    assert call.method == "POST"
    assert REF in call.path
