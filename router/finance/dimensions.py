"""What reports are broken down by: how that is asked for, and how it is read of a row. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from router.ledger.days import Cut
from router.ledger.views import SpendingRow
from router.model.errors import Malformed

CUTS: tuple[Cut, ...] = ("day", "week", "month")
DIMENSIONS = (*CUTS, "provider", "model", "resolution", "tenant", "key")
TAG = "tag:"
TAGS_TOLD = 20
"""How many of them are named to whoever did not know which there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grain:
    """How finely the ledger's rows must be told apart."""

    cut: Cut | None
    tags: bool | str
    """Whether by tags; or by the values of which one."""
    keys: bool
    tenants: bool

    @classmethod
    def of(cls, by: Sequence[str]) -> "Grain":
        """As coarse as a report by these dimensions can be made of."""
        cuts: list[Cut] = [cut for cut in CUTS if cut in by]
        # Neither weeks nor months are made of the other.
        several: Cut | None = "day" if cuts else None
        tags = [dimension.removeprefix(TAG) for dimension in by if dimension.startswith(TAG)]
        return cls(
            cut=cuts[0] if len(cuts) == 1 else several,
            tags=tags[0] if len(tags) == 1 else bool(tags),
            keys="key" in by,
            tenants="tenant" in by,
        )


def parse_by(text: str) -> tuple[str, ...]:
    """
    Read `provider,tenant,tag:team`.

    Raises:
        Malformed: A dimension is unknown, or named twice.
    """
    return checked([part.strip() for part in text.split(",")])


def names_no_tag(text: str) -> bool:
    """Whether a report is asked for by `tag`, without saying by which."""
    return any(part.strip() in {TAG, TAG.removesuffix(":")} for part in text.split(","))


def which_tag(known: Sequence[str]) -> str:
    """What to write instead of `tag`, for whoever did not know, with the tags that there are."""
    if not known:
        return "Edits are reported by one of their tags, as tag:team; of that time none has tags."
    shown = ", ".join(f"{TAG}{name}" for name in known[:TAGS_TOLD])
    more = f" and {len(known) - TAGS_TOLD} more" if len(known) > TAGS_TOLD else ""
    return f"Say which tag, as {TAG}{known[0]}: there are {shown}{more}."


def checked(by: Sequence[str]) -> tuple[str, ...]:
    """
    See that all of them are dimensions.

    Raises:
        Malformed: One is unknown, or named twice.
    """
    for dimension in by:
        is_tag = dimension.startswith(TAG) and dimension != TAG
        if not is_tag and dimension not in DIMENSIONS:
            raise Malformed(
                f"'{dimension}' is nothing to report by: "
                f"write {', '.join(DIMENSIONS)} or {TAG}KEY, separated by commas."
            )
    if len(set(by)) < len(by):
        raise Malformed("A report is by each of its dimensions once.")
    return tuple(by)


def value_of(row: SpendingRow, dimension: str) -> str:
    """What a row has for a dimension; empty for a job without that tag."""
    if dimension.startswith(TAG):
        return dict(row.tags).get(dimension.removeprefix(TAG), "")
    return _READ[dimension](row)


def _week(row: SpendingRow) -> str:
    year, week, _ = date.fromisoformat(row.day).isocalendar()
    return f"{year}-W{week:02}"


_READ: dict[str, Callable[[SpendingRow], str]] = {
    "day": lambda row: row.day,
    "week": _week,
    "month": lambda row: row.day[:7],
    "provider": lambda row: row.provider,
    "model": lambda row: row.model,
    "resolution": lambda row: row.resolution.value,
    "tenant": lambda row: row.tenant,
    "key": lambda row: row.key_id,
}
