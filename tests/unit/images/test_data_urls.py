import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.images.data_urls import bytes_in, is_data_url


@given(st.binary(max_size=200))
def test_what_was_put_in_comes_out(data: bytes) -> None:
    """Whole, whatever its length, with padding or without."""
    payload = base64.b64encode(data).decode()

    assert bytes_in(f"data:image/png;base64,{payload}") == data
    assert bytes_in(f"DATA:;BASE64,{payload.rstrip('=')}") == data


def test_breaks_and_escapes_are_read_as_what_they_stand_for() -> None:
    """As some clients write long URLs."""
    assert bytes_in("data:image/png;base64,aGVs\r\n bG8%3D") == b"hello"


@pytest.mark.parametrize(
    "url",
    [
        *("", "data:", "data:image/png,hello", "https://a.example/?data:;base64,aGk="),
        *("data:image/png;base64", "data:;base64,a", "data:;base64,aGk=!", "data:;base64,äöü"),
    ],
)
def test_what_is_no_base64_holds_nothing(url: str) -> None:
    """Nothing is guessed."""
    assert bytes_in(url) is None


def test_a_data_url_is_known_by_its_scheme() -> None:
    """In any case."""
    assert is_data_url("Data:image/png;base64,aGk=")
    assert not is_data_url("https://a.example/data:")
