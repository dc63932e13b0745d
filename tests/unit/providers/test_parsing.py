"""Reading providers' JSON: strict where two readings are possible, silent where none is."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.providers.parsing import (
    NotJson,
    Number,
    decimal_in,
    images_in,
    is_given,
    is_success,
    member,
    parse,
    parse_object,
    provider_ref,
    retry_after_s,
    seconds_from_millis,
    whole,
    write,
)
from router.providers.wire import Reply


def reply(status: int = 200, **headers: str) -> Reply:
    """Build an empty reply; `retry_after="5"` is the header `retry-after: 5`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=named, body=b"")


def test_a_number_stays_as_it_was_written() -> None:
    """Neither trailing zeros nor the twentieth digit is lost on the way in."""
    text = b"[0.10, 8.75e-2, 12345678901234567890.12345678901234567890, -0, NaN, -Infinity]"

    numbers = ["0.10", "8.75e-2", "12345678901234567890.12345678901234567890", "-0"]
    assert parse(text) == [Number(text) for text in [*numbers, "NaN", "-Infinity"]]


def test_a_number_of_ten_thousand_digits_is_no_error() -> None:
    """A number that Python would refuse to convert is still read as text."""
    assert parse("9" * 10_000) == Number("9" * 10_000)


def test_a_byte_order_mark_is_no_obstacle() -> None:
    """Some servers write one before their JSON."""
    assert parse(b'\xef\xbb\xbf{"id":"a"}') == {"id": "a"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"id":"a","id":"b"}',
        b'{"data":{"status":2,"status":3}}',
        b"{'id':1}",
        b"[" * 100_000,
    ],
)
def test_what_has_no_single_reading_is_not_json(body: bytes) -> None:
    """Broken text, a key that stands twice, and nesting without end are refused alike."""
    with pytest.raises(NotJson):
        parse(body)
    assert parse_object(body) is None


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"7", b"true"])
def test_only_an_object_is_an_object(body: bytes) -> None:
    """JSON that is no object has no fields to look for."""
    assert parse_object(body) is None


def test_writing_is_compact_and_in_utf_8() -> None:
    """No blanks, no escapes; half a surrogate pair becomes a question mark."""
    assert write({"a": ["é", "\ud800"], "b": 1}) == '{"a":["é","?"],"b":1}'.encode()


def test_a_path_that_breaks_off_leads_to_nothing() -> None:
    """Walking through what is no object finds None, not an error."""
    document = parse('{"data":{"job_id":"a","list":[1]}}')

    assert member(document, "data", "job_id") == "a"
    assert member(document, "data", "list", "job_id") is None
    assert member(document, "other", "job_id") is None


@pytest.mark.parametrize("value", [None, "", " \t"])
def test_null_and_blanks_say_nothing(value: str | None) -> None:
    """A placeholder is not a value."""
    assert not is_given(value)


@pytest.mark.parametrize("value", ["a", Number("0"), False, [], {}])
def test_everything_else_says_something(value: object) -> None:
    """An id of a wrong type is still an id: it may name a job."""
    assert is_given(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["a", "sync-0a1b-u1", "A/b+c==", "x" * 200, "a..b"])
def test_an_id_is_opaque_text(text: str) -> None:
    """Any printable ASCII without blanks may be an id."""
    assert provider_ref(text) == text


@pytest.mark.parametrize("value", ["", ".", "..", "a b", "a\n", "é", "\x00", "x" * 201, 7, None])
def test_what_cannot_be_asked_for_is_no_id(value: object) -> None:
    """Blanks, control characters, other alphabets and path steps name no job."""
    assert provider_ref(value) is None


@pytest.mark.parametrize(
    "text", ["", "NaN", "Infinity", "1_0", " 1", "1 ", "٣", "+1", ".5", "5.", "1e1000", "1" * 65]
)
def test_what_only_resembles_a_decimal_is_none(text: str) -> None:
    """Python's own reading of decimals is far wider than JSON's."""
    assert decimal_in(text) is None


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=9, min_value=-(10**9), max_value=10**9
    )
)
def test_a_plain_decimal_is_taken_exactly(number: Decimal) -> None:
    """Every plain decimal comes through unchanged."""
    assert decimal_in(f"{number:f}") == number


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Number("2"), 2),
        (Number("-1"), -1),
        (Number("3.0"), 3),
        ("2", 2),
        (Number("2.5"), None),
        (Number("9999999999"), None),
        ("two", None),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_a_whole_number_may_be_text_and_never_a_boolean(
    value: Number | str | bool | list[object] | None,  # noqa: FBT001
    expected: int | None,
) -> None:
    """States and codes arrive as numbers and as numeric strings."""
    assert whole(value) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0.0), ("17", 0.017), ("3986.5", 3.9865), ("604800000", 604_800.0)],
)
def test_milliseconds_become_seconds(text: str, seconds: float) -> None:
    """Durations up to a week are taken."""
    assert seconds_from_millis(Number(text)) == seconds


@pytest.mark.parametrize("value", [Number("-1"), Number("604800001"), Number("NaN"), "17", None])
def test_an_implausible_duration_is_not_taken(value: Number | str | None) -> None:
    """A latency that cannot be would spoil every later choice."""
    assert seconds_from_millis(value) is None


@pytest.mark.parametrize(("text", "seconds"), [("0", 0.0), (" 2.5 ", 2.5), ("3600", 3600.0)])
def test_a_pause_in_seconds_is_read(text: str, seconds: float) -> None:
    """`Retry-After` in seconds is taken up to an hour."""
    assert retry_after_s(reply(retry_after=text)) == seconds


@pytest.mark.parametrize("text", ["", "-1", "3601", "soon", "Fri, 20 Nov 2026 09:00:00 GMT"])
def test_a_pause_that_is_not_credible_is_not_read(text: str) -> None:
    """A date, a negative and an age are as if nothing had been said."""
    assert retry_after_s(reply(retry_after=text)) is None
    assert retry_after_s(reply()) is None


@pytest.mark.parametrize(("status", "expected"), [(199, 0), (200, 1), (299, 1), (300, 0)])
def test_success_is_a_2xx(status: int, expected: int) -> None:
    """A redirect is no success."""
    assert is_success(reply(status)) == bool(expected)


def test_images_are_urls_alone_or_in_lists_or_objects() -> None:
    """Both providers' shapes, and their mixtures, are understood."""
    url = "https://a.example/1.png?sig=x"

    assert images_in(url) == (url,)
    assert images_in({"url": url}) == (url,)
    assert images_in([{"url": url}, "HTTP://a.example/2.png", "data:image/png;base64,AA=="]) == (
        url,
        "HTTP://a.example/2.png",
        "data:image/png;base64,AA==",
    )


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "https://",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://a.example/\n",
        "https://a.example/\ud800",
        ["", None, ["https://a.example/nested.png"], {"href": "https://a.example/1.png"}],
        {"url": Number("7")},
    ],
)
def test_what_is_no_url_is_no_image(value: object) -> None:
    """Other schemes, blanks and control characters are never handed on as an image."""
    assert images_in(value) == ()  # type: ignore[arg-type]
