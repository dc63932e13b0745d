from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from router.images.links import Links
from tests.fakes import EPOCH

LINKS = Links(b"key-1")
UNTIL = EPOCH + timedelta(hours=2)
LINK = LINKS.to("https://farebox.example", "/results/a-1.png", UNTIL)


def checked(
    link: str = LINK, *, links: Links = LINKS, method: str = "GET", now: datetime = EPOCH
) -> datetime | None:
    """Check a link as it comes in."""
    parts = urlsplit(link)
    return links.expiry(method, parts.path, dict(parse_qsl(parts.query)), now)


def test_a_link_is_good_until_its_instant() -> None:
    """And not from then on."""
    assert checked() == UNTIL
    assert checked(now=UNTIL - timedelta(seconds=1)) == UNTIL
    assert checked(now=UNTIL) is None


def test_the_same_link_comes_out_each_time() -> None:
    """From every replica that has the ledger's key, and whatever the fraction of the second."""
    again = Links(b"key-1").to(
        "https://farebox.example", "/results/a-1.png", UNTIL + timedelta(microseconds=5)
    )

    assert again == LINK
    assert LINK.startswith("https://farebox.example/results/a-1.png?expires=")


@pytest.mark.parametrize(
    "link",
    [
        LINK.replace("a-1", "b-1"),
        LINK.replace("/results", "/inputs"),
        LINK.replace("expires=17", "expires=18"),
        LINK.replace("signature=1.", "signature=2."),
        LINK[:-1],
        LINK + "0",
        LINK.partition("&")[0],
        LINK.partition("?")[0],
        LINK.replace("signature=", "signature=ä"),
        LINK.replace("expires=", "expires=-"),
        LINK.replace("expires=", "expires=9999999999999999"),
        LINK.replace("expires=1", "expires=%C2%B9"),
    ],
)
def test_whatever_is_changed_the_link_is_no_longer_ours(link: str) -> None:
    """Path, instant, key and signature hold together; nothing of it makes us fail."""
    assert link != LINK
    assert checked(link) is None


def test_a_link_is_for_one_method_and_one_key() -> None:
    """Who may read may not write, and another ledger's links are not taken."""
    assert checked(method="PUT") is None
    assert checked(links=Links(b"key-2")) is None


def test_the_instant_is_the_links_own() -> None:
    """In whole seconds of UTC."""
    assert checked() == datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
