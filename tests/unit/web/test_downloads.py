"""Names of downloads."""

import re
from urllib.parse import unquote

import pytest

from router.web.downloads import attachment

ADS = "\N{LATIN CAPITAL LETTER A WITH DIAERESIS}ds x"


def saved_as(header: str) -> str:
    """The name that a client makes of it which knows RFC 6266."""
    return unquote(header.partition("; filename*=UTF-8''")[2], errors="strict")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("focus", "1.2", "", "acme"), "focus-1.2-acme.csv"),
        (("a", "Etc-GMT+3"), "a-Etc-GMT+3.csv"),
        (("a", "Acme Inc"), "a-Acme-Inc.42cf7a.csv"),
        (("a", 'x"\r\n/../y'), "a-x-..-y.55ed4e.csv"),
        (("a", '"'), "a-8a331f.csv"),
    ],
)
def test_a_name_is_plain_and_says_what_it_is_of(words: tuple[str, ...], name: str) -> None:
    """Where something is replaced a digest tells of what; what is empty is left out."""
    assert attachment(words, "csv") == f'attachment; filename="{name}"'


def test_other_letters_are_told_as_browsers_take_them() -> None:
    """The header itself is ASCII, and has a name for whoever does not know of that."""
    header = attachment(("focus", "team", ADS), "csv")

    assert header.isascii()
    assert re.match(r'attachment; filename="focus-team-Ads-x\.[0-9a-f]{6}\.csv"; ', header)
    assert re.fullmatch(r"focus-team-\wds-x\.[0-9a-f]{6}\.csv", saved_as(header))
    assert ADS[0] in saved_as(header)


def test_different_values_have_different_names() -> None:
    """Also where what is plain of them is the same, or where they are long; and no name is long."""
    values = ("Acme Inc", "Acme/Inc", "Acme-Inc", "a" * 48, "a" * 49, "a" * 50, "\N{SNOWMAN}", ADS)
    names = [attachment((one,) * 5, "csv") for one in values]

    assert len({one.partition(";")[2] for one in names}) == len(values)
    assert max(len(one.split('"')[1]) for one in names) < 300
