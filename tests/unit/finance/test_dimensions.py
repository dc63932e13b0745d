"""What reports are broken down by."""

from collections.abc import Sequence

import pytest

from router.finance.dimensions import Grain, names_no_tag, parse_by, which_tag
from router.model.errors import Malformed


@pytest.mark.parametrize("text", ["", "customer", "provider,", "tag:", "provider,Tenant", "tags:a"])
def test_an_unknown_dimension_is_named_with_those_there_are(text: str) -> None:
    """Who mistypes is told what to write."""
    with pytest.raises(
        Malformed, match="day, week, month, provider, model, resolution, tenant, key or tag:KEY"
    ):
        parse_by(text)


def test_a_dimension_is_named_once() -> None:
    """Twice the same column is a slip."""
    with pytest.raises(Malformed, match="once"):
        parse_by("tenant,provider,tenant")


@pytest.mark.parametrize(
    ("by", "grain"),
    [
        ((), Grain(cut=None, tags=False, keys=False, tenants=False)),
        (("tenant", "month"), Grain(cut="month", tags=False, keys=False, tenants=True)),
        (("week", "tag:team"), Grain(cut="week", tags="team", keys=False, tenants=False)),
        (("tag:team", "tag:shop"), Grain(cut=None, tags=True, keys=False, tenants=False)),
        (("week", "month", "key"), Grain(cut="day", tags=False, keys=True, tenants=False)),
        (("day",), Grain(cut="day", tags=False, keys=False, tenants=False)),
    ],
)
def test_the_ledger_is_asked_no_finer_than_needed(by: Sequence[str], grain: Grain) -> None:
    """Weeks and months are in each other's way: together they are made of days."""
    assert Grain.of(by) == grain


@pytest.mark.parametrize(
    ("text", "is_named"),
    [("tag", False), ("day, tag", False), ("tag:", False), ("tag:team", True), ("tags", True)],
)
def test_a_tag_is_named_or_not(text: str, *, is_named: bool) -> None:
    """By itself, or among others."""
    assert names_no_tag(text) is not is_named


def test_which_tag_is_said_with_those_that_there_are() -> None:
    """In order; of many only so many, and of none an example."""
    many = [f"t{number:02}" for number in range(23)]
    assert (
        which_tag(["project", "team"])
        == "Say which tag, as tag:project: there are tag:project, tag:team."
    )
    assert which_tag(many).endswith("tag:t18, tag:t19 and 3 more.")
    assert "tag:t20" not in which_tag(many)
    assert "as tag:team" in which_tag(())
