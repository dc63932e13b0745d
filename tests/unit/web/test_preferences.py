import pytest

from router.model.errors import Malformed
from router.web.preferences import Preference, idempotency_key, preference, read_wait


@pytest.mark.parametrize(
    ("headers", "wait_s", "applied"),
    [
        ((), None, None),
        (("wait=30",), 30.0, "wait=30"),
        (("Wait = 2.5",), 2.5, "wait=2.5"),
        (('wait="7"',), 7.0, "wait=7"),
        (("wait=8; strict",), 8.0, "wait=8"),
        (("respond-async",), 0.0, "respond-async"),
        (("respond-async, wait=9",), 9.0, "wait=9"),
        (("wait=11", "respond-async"), 11.0, "wait=11"),
        (("wait=12, wait=13",), 12.0, "wait=12"),
        (("wait=0",), 0.0, "wait=0"),
        (("return=minimal",), None, None),
        (("wait",), None, None),
        (("wait=-1",), None, None),
        (("wait=NaN",), None, None),
        (("wait=1e9",), None, None),
        (("wait=99999999",), None, None),
        (("wait=soon, respond-async",), 0.0, "respond-async"),
    ],
)
def test_a_preference_is_honoured_or_ignored(
    headers: tuple[str, ...], wait_s: float | None, applied: str | None
) -> None:
    """What is understood is named in `Preference-Applied`; the rest never fails a request."""
    assert preference(headers) == Preference(wait_s, applied)


@pytest.mark.parametrize(("text", "seconds"), [(None, 0.0), ("0", 0.0), ("60", 60.0), ("1.5", 1.5)])
def test_a_wait_in_the_query_is_seconds(text: str | None, seconds: float) -> None:
    """Without one, nobody waits."""
    assert read_wait(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "soon", "1e3", "inf", "NaN", "9999999", "٣"])
def test_a_wait_that_is_no_number_is_refused(text: str) -> None:
    """A mistyped wait would otherwise look like a job that never ends."""
    with pytest.raises(Malformed, match="number of seconds"):
        read_wait(text)


@pytest.mark.parametrize(
    ("header", "key"),
    [("k-1", "k-1"), ('"k-1"', "k-1"), (' "8e03" ', "8e03"), ('"', '"'), ("a" * 255, "a" * 255)],
)
def test_an_idempotency_key_is_quoted_or_bare(header: str, key: str) -> None:
    """Both forms are one key."""
    assert idempotency_key([header]) == key
    assert idempotency_key([]) is None


@pytest.mark.parametrize(
    "headers", [("",), ('""',), ("a b",), ("é",), ("a" * 256,), ("k-1", "k-1"), ("k-1", "k-2")]
)
def test_an_idempotency_key_that_is_none_is_refused(headers: tuple[str, ...]) -> None:
    """A key that is not understood must not be dropped: the client counts on it."""
    with pytest.raises(Malformed, match="1 to 255 visible ASCII"):
        idempotency_key(headers)
