import json

import pytest

from router.cli.quote import headroom_table
from router.cli.show import console
from tests.commands import Commands


def test_without_a_server_the_policy_alone_is_asked(farebox: Commands) -> None:
    """Prices and reasons are known; that health and budgets are not, is said."""
    ran = farebox("quote", "--resolution", "4k", "--tenant", "acme")

    assert ran.code == 0
    assert "A 4k nano-banana-2-edit of tenant acme goes to shortapi at $0.09" in ran.out
    assert "$0.085 dearer than shortapi" in ran.out
    assert "unknown" in ran.out
    assert "is not known" in ran.err


def test_a_policy_of_ones_own_is_asked(farebox: Commands) -> None:
    """Its answer is its own."""
    ran = farebox("quote", "--json", "--policy", "none.yaml")

    assert (ran.code, ran.out) == (2, "")
    assert "none.yaml:1:1: cannot read" in ran.err


def test_an_aspect_ratio_decides_who_can(farebox: Commands) -> None:
    """ShortAPI has no such shape."""
    document = json.loads(farebox("quote", "--json", "--aspect-ratio", "8:1").out)

    assert (document["chosen"], document["price"]) == ("runpod", "0.0875")
    assert document["budgets"] is None
    assert document["decision"]["candidates"][1]["provider"] == "shortapi"


def test_nobody_is_a_no(farebox: Commands) -> None:
    """Exit code 1, and why each one lost."""
    ran = farebox("quote", "--resolution", "2k", "--price-max", "0.05")

    assert ran.code == 1
    assert "would be refused" in ran.out
    assert "no_provider_qualifies" in ran.out
    assert "costs $0.06, above this job's maximum of $0.05" in ran.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--model", "nano-banana-3-edit"), "did you mean 'nano-banana-2-edit'?"),
        (("--price-max", "cheap"), "--price-max: 'cheap' is not an amount"),
        (("--tag", "team"), "--tag 'team' is not KEY=VALUE"),
        (("--resolution", "8k"), "8k"),
    ],
)
def test_what_does_not_exist_is_a_mistake(
    farebox: Commands, arguments: tuple[str, ...], told: str
) -> None:
    """Exit code 2, with the option's name."""
    ran = farebox("quote", *arguments)

    assert ran.code == 2
    assert told in ran.err


def test_a_server_that_is_not_there(farebox: Commands) -> None:
    """It is named; nobody answers in its place."""
    ran = farebox("quote", "--url", "http://127.0.0.1:1/")

    assert ran.code == 2
    assert ran.err.startswith("farebox: cannot reach http://127.0.0.1:1: ")


def test_headroom_tells_what_fits(capsys: pytest.CaptureFixture[str]) -> None:
    """By offer and budget."""
    line = {
        "provider": "runpod",
        "budget": "team",
        "scope": "everyone",
        "window_end": None,
        "limit": "1.00",
        "available": "0.07",
    }
    console().print(headroom_table([{**line, "fits": False}, {**line, "fits": True}]))

    out = capsys.readouterr().out
    assert "│ $0.07" in out.replace("     ", " ")
    assert "no" in out
    assert "yes" in out
