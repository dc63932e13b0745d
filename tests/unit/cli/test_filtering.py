"""What commands about money are filtered by."""

import pytest

from router.cli.filtering import filters, nothing_of
from tests.commands import Commands
from tests.finance_kit import a_shop
from tests.policy_files import a_policy


@pytest.fixture(name="bought")
def _bought(farebox: Commands) -> Commands:
    """A ledger with a charge of `acme`."""
    with a_shop(a_policy(), farebox.folder) as shop:
        shop.buy("j1", "0.0413")
        shop.post("j1.1", "0.0413")
    return farebox


def test_what_is_said_is_asked() -> None:
    """Also what is empty, so that it is refused; nothing of what was not said."""
    said = {"tenant": "acme", "tag": "", "model": None, "colour": "red"}

    assert filters(said) == {"tenant": "acme", "tag": ""}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"by": "day"}, "Nothing was booked in that time."),
        ({"tenant": "Nobody"}, "Nothing was booked for tenant Nobody in that time."),
        (
            {"tenant": "acme", "resolution": "4k", "provider": "runpod"},
            "Nothing was booked for tenant acme with provider runpod, resolution 4k in that time.",
        ),
    ],
)
def test_a_sentence_says_what_there_is_nothing_of(query: dict[str, str], told: str) -> None:
    """So that whoever misspelt a tenant sees it."""
    assert nothing_of(query) == told


COMMANDS = (
    ("report",),
    ("report", "--json"),
    ("export", "focus", "-o", "f.csv"),
    ("claims",),
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_provider_that_nobody_knows_is_a_mistake(
    bought: Commands, words: tuple[str, ...]
) -> None:
    """With the name that is meant, where a FOCUS file's title was taken for it."""
    ran, empty = bought(*words, "--provider", "Runpod"), bought(*words, "--provider", "")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "farebox: Neither the price book nor the ledger knows a provider 'Runpod'; "
        "did you mean 'runpod'?\n"
    )
    assert (empty.code, empty.out) == (2, "")
    assert "The provider to filter by is empty" in empty.err
    assert not (bought.folder / "f.csv").exists()


@pytest.mark.parametrize("words", COMMANDS[:3], ids=" ".join)
def test_a_model_that_nobody_knows_is_a_mistake(bought: Commands, words: tuple[str, ...]) -> None:
    """Likewise."""
    ran = bought(*words, "--model", "nano-banana-2")

    assert (ran.code, ran.out) == (2, "")
    assert "did you mean 'nano-banana-2-edit'?" in ran.err


def test_a_balance_of_nobody_is_a_mistake(bought: Commands) -> None:
    """It is no provider whose credit was just not read."""
    ran, known = bought("account", "balance", "ShortAPI"), bought("account", "balance", "shortapi")

    assert (ran.code, ran.out, known.code) == (2, "", 0)
    assert "a provider 'ShortAPI'; did you mean 'shortapi'?" in ran.err


def test_a_report_of_a_tenant_without_charges_says_so(bought: Commands) -> None:
    """It may be one that is to come: nobody can know, so it is no mistake."""
    ran = bought("report", "--tenant", "nobody")
    rows = bought("report", "--tenant", "nobody", "--format", "csv")

    assert (ran.code, ran.out) == (0, "Nothing was booked for tenant nobody in that time.\n")
    assert (rows.code, len(rows.out.splitlines())) == (0, 1)
