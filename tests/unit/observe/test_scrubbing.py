"""What is taken out of a text before it is logged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.observe.scrubbing import TEXT_MAX, Scrubber

SECRETS = {
    "Bearer hunter2": "hunter2",
    "authorization: Basic dXNlcjpwYXNz": "dXNlcjpwYXNz",
    "GET https://images.example/cat.png?X-Signature=abc&Expires=9": "X-Signature",
    "from https://images.example/cat.png#access=abc": "access",
    "https://user:pass@images.example/cat.png": "pass",
    "/files/cat.png?sig=abcd is gone": "abcd",
    "given data:image/png;base64,iVBORw0KGgo= for a picture": "iVBORw0KGgo",
    "given DATA:text/plain,hello": "hello",
    '{"api_key": "short one"}': "short one",
    "SHORTAPI_KEY token=abc123": "abc123",
    "password: 'let me in'": "let me in",
    "key rpa_7XK2M9QW4E1R8T5Y3U6I is unknown": "rpa_7XK2M9QW4E1R8T5Y3U6I",
    "key sk-proj-aB3dE5fG7hJ9kL1mN3pQ is unknown": "aB3dE5fG7hJ9kL1mN3pQ",
    "token 9f86d081884c7d659a2feaa0c55ad015 is unknown": "9f86d081884c7d659a2feaa0c55ad015",
    "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln": "eyJzdWIiOiIxIn0",
    "1 error [type=x, input_value='make the sky green', input_type=str]": "make the sky green",
}
HARMLESS = (
    "",
    "the provider answered 503: upstream connect error, reset before headers",
    "nobody worked on attempt 0199d6f0-0000-7000-8000-000000000001.1",
    "0199d6f0-0000-7000-8000-000000000001",
    "shortapi has $2.04 in doubt, above its maximum of $2.00",
    "google-nano-banana-2-edit",
    "gather crashed: ConnectionResetError(104, 'Connection reset by peer')",
    "POST https://api.example/v2/google-nano-banana-2-edit/run was refused",
    "2026-11-21T09:00:00.000000Z",
    "tenant:acme,provider:runpod",
    "data: none",
)


@pytest.mark.parametrize("text", SECRETS)
def test_what_may_be_a_secret_is_taken_out(text: str) -> None:
    """Credentials, signatures, data and quoted input, in whatever words they stand."""
    assert SECRETS[text] not in Scrubber()(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_helps_is_left(text: str) -> None:
    """Ids of ours, names, amounts and plain words."""
    assert Scrubber()(text) == text


def test_of_a_url_its_place_is_left() -> None:
    """Who answered is worth knowing; who may ask is not."""
    url = "GET https://user:pass@images.example:8443/a/cat.png?sig=abc failed"

    assert Scrubber()(url) == "GET https://images.example:8443/a/cat.png?[hidden] failed"


def test_known_secrets_are_taken_out_wherever_they_stand() -> None:
    """Our own keys may look like words; the longer of two is taken first."""
    scrub = Scrubber(["open sesame", "open sesame please", "", "a"])

    assert scrub("say open sesame please, and a door") == "say [hidden], and a door"
    assert scrub("open sesame") == "[hidden]"
    assert scrub("sesame") == "sesame"


def test_no_text_forges_a_line_or_moves_a_cursor() -> None:
    """Line ends, escapes, and what no stream can write are blanks."""
    assert Scrubber()("a\nb\r\x1b[31mc\u2028d\u202ee\ud800f") == "a b  [31mc d e f"


def test_a_long_text_is_cut() -> None:
    """Its beginning says the most."""
    cut = Scrubber()("word " * 1000)

    assert len(cut) == TEXT_MAX
    assert cut.endswith("…")


@given(
    before=st.text(max_size=700),
    key=st.from_regex(r"[A-Za-z0-9]{32}", fullmatch=True).filter(
        lambda key: any(map(str.isdigit, key)) and not key.isdigit()
    ),
    after=st.text(max_size=50),
)
def test_a_key_is_hidden_whatever_is_around_it(before: str, key: str, after: str) -> None:
    """Cut off at the end or not, no half of it is left."""
    scrubbed = Scrubber()(f"{before} {key} {after}")

    assert key not in scrubbed
    assert key[:20] not in scrubbed
    assert len(scrubbed) <= TEXT_MAX
