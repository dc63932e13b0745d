"""What a page's address asks for: a period, a time zone, a filter, and what spend is by."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from router.finance.dimensions import TAG, parse_by
from router.finance.filters import NAMES
from router.finance.overview import Filter
from router.finance.periods import CUSTOM, PRESETS, Period, read_period, read_zone
from router.model.errors import Malformed
from router.web.filtering import filter_of
from router.web.visit import Visit

CHOSEN = ("period", "first", "last", "time_zone", "by")
FILTERS = NAMES
PERIOD, ZONE, BY = "this-month", "UTC", "provider"
"""What is shown of an address that says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be shown. Made from an address, and makes addresses of its neighbours."""

    at: datetime
    period: Period
    by: str
    filter: Filter
    pinned_tenant: str | None = None
    """Whose money alone the caller may see; None for all."""

    @property
    def zone(self) -> ZoneInfo:
        """Whose days."""
        return self.period.zone

    @property
    def query(self) -> dict[str, str]:
        """What the address says, without what is so anyway."""
        said = {"period": self.period.name, "time_zone": self.zone.key, "by": self.by}
        plain = {"period": PERIOD, "time_zone": ZONE, "by": BY}
        found = {name: value for name, value in said.items() if value != plain[name]}
        if self.period.name == CUSTOM:
            found |= {"first": str(self.period.first), "last": str(self.period.last)}
        return found | self.filters

    @property
    def filters(self) -> dict[str, str]:
        """The filter's part of the address; a pinned tenant is no choice."""
        tag = self.filter.tag
        said = {
            "provider": self.filter.provider,
            "tenant": self.filter.tenant if self.pinned_tenant is None else None,
            "resolution": self.filter.resolution,
            "model": self.filter.model,
            "tag": f"{tag[0]}={tag[1]}" if tag is not None else None,
        }
        return {name: value for name, value in said.items() if value is not None}

    def link(self, path: str = "/dashboard", /, **changed: str | None) -> str:
        """The address of the same with something else; None leaves a thing out."""
        query: dict[str, str | None] = {**self.query, **changed}
        if changed.get("period") not in {None, CUSTOM}:
            query |= {"first": None, "last": None}
        found = {name: value for name, value in query.items() if value}
        return f"{path}?{urlencode(found)}" if found else path

    def presets_at(self, path: str, **further: str) -> list[tuple[str, str, bool]]:
        """Periods to choose on a page: its name, its address, whether it is this one."""
        return [
            (words, self.link(path, **{**further, "period": name}), name == self.period.name)
            for name, words in PRESETS.items()
        ]

    def chips_at(self, path: str, **further: str) -> list[tuple[str, str, str]]:
        """What a page is filtered by: the name, the value, and where it is so no longer."""
        return [
            (name, value, self.link(path, **{**further, name: None}))
            for name, value in self.filters.items()
        ]


def asked(visit: Visit, *more: str) -> tuple[Asked, dict[str, str]]:
    """
    Read a page's address.

    Args:
        visit: Whose.
        more: Further parameters of this page's own.

    Returns:
        What is asked for, and the further parameters that are there.

    Raises:
        Malformed: Something in it cannot be meant.
        Forbidden: It is about another tenant.
    """
    given = visit.query(*CHOSEN, *FILTERS, *more)
    # A form sends what nobody filled in as empty.
    query = {name: value for name, value in given.items() if value}
    at, zone = visit.services.clock.now(), read_zone(query.get("time_zone", ZONE))
    first, last = query.get("first", ""), query.get("last", "")
    name = query.get("period", CUSTOM if first or last else PERIOD)
    pinned = None if visit.caller.sees_all else visit.caller.tenant
    found = Asked(
        at=at,
        period=read_period(name, at, zone, first=first, last=last),
        by=_dimension(query.get("by", BY)),
        filter=filter_of(visit, query),
        pinned_tenant=pinned,
    )
    return found, {name: query[name] for name in more if name in query}


def _dimension(text: str) -> str:
    by = parse_by(text)
    if len(by) != 1 or not (by[0] in FILTERS or by[0].startswith(TAG)):
        raise Malformed(
            "A chart is by one thing: `?by=` provider, tenant, resolution, model or tag:KEY."
        )
    return by[0]
