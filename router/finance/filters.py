"""Filters of the page and of exports, as they are written: the same words everywhere."""

from collections.abc import Mapping

from router.finance.overview import Filter
from router.model.errors import Malformed
from router.model.job import Resolution

NAMES = ("provider", "tenant", "resolution", "model", "tag")
"""What can be filtered by; all that is said must fit."""


def read_filter(said: Mapping[str, str]) -> Filter:
    """
    Read what is filtered by.

    Args:
        said: By `NAMES`; what is not there is not filtered by. A tag is `team=ads`.

    Raises:
        Malformed: One is empty, or of the resolution or the tag: no row could ever fit.
    """
    for name in NAMES:
        if said.get(name) == "":
            raise Malformed(f"The {name} to filter by is empty: name one, or leave it out.")
    return Filter(
        provider=said.get("provider"),
        tenant=said.get("tenant"),
        resolution=_resolution(said["resolution"]) if "resolution" in said else None,
        model=said.get("model"),
        tag=_tag(said["tag"]) if "tag" in said else None,
    )


def _resolution(text: str) -> str:
    known = [one.value for one in Resolution]
    if text.lower() not in known:
        raise Malformed(f"The resolution to filter by is one of {', '.join(known)}.")
    return text.lower()


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise Malformed("The tag to filter by is its key and its value, as team=ads.")
    return key, value
