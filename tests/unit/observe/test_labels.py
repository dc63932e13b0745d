"""Closed label sets."""

from router.observe.labels import Names


def test_names_past_the_cap_share_one_series() -> None:
    """The first come keep their own, and those that were known from the start always have one."""
    names = Names(["shortapi"], most=3)

    assert [names.label(name) for name in ("acme", "zeta", "late", "acme", "shortapi")] == [
        "acme",
        "zeta",
        "other",
        "acme",
        "shortapi",
    ]


def test_what_is_known_is_never_past_the_cap() -> None:
    """Even where more names are known than the cap allows."""
    names = Names(["a", "b", "c"], most=1)

    assert [names.label(name) for name in "abcd"] == ["a", "b", "c", "other"]
