"""The human sentence in a provider's error: found, made safe, and understood."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.providers.parsing import Json, parse_object
from router.providers.wire import Reply
from router.providers.words import (
    answer,
    printable,
    sentence,
    speaks_of_content,
    speaks_of_credit,
    told_by,
    told_in,
)


def told(body: bytes) -> str:
    """Find the words in a body."""
    return told_by(Reply(status=400, headers={}, body=body), parse_object(body))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("plain text", "plain text"),
        ({"info": "from info"}, "from info"),
        ({"error": {"message": "from within", "code": "no"}}, "from within"),
        ({"error": "Bad Request", "message": "the better one"}, "the better one"),
        ({"error": '{"error_message":"in a string","error_traceback":"no"}'}, "in a string"),
        ({"error": 'Error submitting: 400, {"code":"400","message":"at the end"}'}, "at the end"),
        ('before {"hostname":"pod-1"}', "before"),
        ('odd {brace} {"message":"after a brace"}', "after a brace"),
        ("text {that is no json}", "text {that is no json}"),
        ("closing only }", "closing only }"),
        ("{" * 20 + "}", "{" * 20 + "}"),
        ({"detail": [{"loc": ["body"], "msg": "field required", "input": "no"}]}, "field required"),
        ({"error": {"code": "moderation_blocked"}}, "moderation_blocked"),
        ({"hostname": "pod-1"}, ""),
        ('{"hostname":"pod-1"}', ""),
        ({"message": " "}, ""),
        (["", "second"], "second"),
        ([], ""),
        (True, ""),
        (None, ""),
    ],
)
def test_the_sentence_is_found_where_it_hides(value: Json, words: str) -> None:
    """Texts, objects, JSON inside strings and JSON at the end of a sentence are all searched."""
    assert told_in(value) == words


def test_the_first_place_with_words_wins() -> None:
    """A place that is empty hands over to the next."""
    assert told_in(None, {"hostname": "x"}, {"msg": "here"}, "too late") == "here"


def test_nesting_without_end_is_given_up() -> None:
    """A message buried deeper than any provider buries it is not dug for."""
    value: Json = "deep"
    for _ in range(10):
        value = {"error": value}

    assert told_in(value) == ""


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "an empty body"),
        (b" \n", "an empty body"),
        (b"<html>secret</html>", "a page, not JSON"),
        (b"Bad gateway", "Bad gateway"),
        (b"\xff bad", "\N{REPLACEMENT CHARACTER} bad"),
        (b'{"input":{"prompt":"a private wish"', "JSON that cannot be read"),
        (b'["a private wish"]', "JSON that cannot be read"),
        (b'{"message":"understood"}', "understood"),
    ],
)
def test_a_body_is_described_without_being_quoted(body: bytes, words: str) -> None:
    """What is no JSON object is named by its kind, so that no prompt gets into a message."""
    assert told(body) == words


@pytest.mark.parametrize(
    "secret",
    [
        "https://bucket.example/a.png?X-Amz-Signature=abc",
        r"https:\/\/bucket.example\/a.png",
        "s3://bucket/a.png",
        "data:image/png;base64,iVBORw0KGgo=",
        "rpa_ABCDEF",
        "ak-0123456789abcdef0123456789abcdef",
        "sk-short",
        "Bearer abc.def",
        "api_key=hunter",
        'api_key": "hunter"',
        "token: hunter",
        "0123456789abcdef01234567",
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
    ],
)
def test_secrets_are_blotted_out(secret: str) -> None:
    """URLs, pictures and whatever looks like a key never reach a log or a client."""
    said = told_in(f"Cannot use {secret} here")

    assert said.startswith("Cannot use")
    assert said.endswith(" here")
    assert "[…]" in said
    for part in ("hunter", "bucket", "abc", "ABCDEF", "iVBOR", "short"):
        assert part not in said


def test_a_secret_at_the_cut_is_blotted_out_before_cutting() -> None:
    """Half a URL is as good as a URL to some."""
    said = sentence("x", told_in("y" * 170 + " https://bucket.example/" + "p" * 5_000))

    assert "bucket" not in said


def test_a_long_text_is_shortened() -> None:
    """A sentence for people has at most 200 characters, and shows that it was cut."""
    text = sentence("runpod answered 400", "no " * 100)

    assert len(text) <= 200
    assert text.endswith("…")


def test_silence_makes_a_sentence_too() -> None:
    """Who answered, and with which status, is said even if nothing else is."""
    assert answer("runpod", 502, "") == "runpod answered 502."
    assert answer("runpod", 502, "oops") == "runpod answered 502: oops"


@given(st.text(st.characters(), max_size=300))
def test_any_text_becomes_printable(text: str) -> None:
    """No control character, no half of a surrogate pair, no direction override survives."""
    assert printable(text).isprintable()
    assert told_in(text).isprintable()
    assert told_in({"error": json.dumps({"message": text})}).isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "Content policy violation",
        "content_policy_violation",
        "This request violates our policies.",
        "blocked by safety filters",
        "safety_violations=[violence]",
        "prompt contains prohibited words",
        "sensitive content detected",
        "sensitive_content",
        "moderation_blocked",
        "Image was moderated",
        "NSFW content",
        "flagged as inappropriate",
        "finishReason IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "against our community guidelines",
    ],
)
def test_words_that_blame_the_picture(text: str) -> None:
    """A refusal of what is shown or asked is recognised as one."""
    assert speaks_of_content(text)


@pytest.mark.parametrize(
    "text",
    [
        "policy.ttl must be at least 10000",
        "invalid policy",
        "unknown field 'policy'",
        "enable_safety_checker is not a boolean",
        "model names are case-sensitive",
        "case sensitive",
        "an insensitive remark",
        "Invalid image URL in images array",
        "rate limit exceeded",
        "",
    ],
)
def test_words_that_do_not_blame_the_picture(text: str) -> None:
    """A remark on a field or a spelling is not a refusal of the content."""
    assert not speaks_of_content(text)


@pytest.mark.parametrize(
    "text",
    [
        "Insufficient balance",
        "insufficient_quota",
        "insufficient account funds",
        "Not enough credits",
        "your credit is exhausted",
        "balance too low",
        "out of credits",
        "credits have been used up",
        "no remaining balance",
    ],
)
def test_words_that_say_our_account_is_empty(text: str) -> None:
    """Credit that is gone is recognised under whatever status it is told."""
    assert speaks_of_credit(text)


@pytest.mark.parametrize("text", ["white balance", "credit card in the picture", "too low", ""])
def test_words_that_do_not_speak_of_our_account(text: str) -> None:
    """A word for a colour or a card is not an alarm."""
    assert not speaks_of_credit(text)
