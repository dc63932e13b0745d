"""Budgets: a limit, per window, for somebody's money. All budgets that match an attempt apply."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import cache
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema

from router.model.budget import Limit
from router.model.clock import hour_of
from router.policy.alerts import BurnsField, Thresholds, ThresholdsField
from router.policy.problems import Flaw
from router.policy.scalars import Dollars, Name, Row, pattern, read_dollars
from router.policy.scopes import EACH, SCOPE_SCHEMA, JobFacts, Scope, read_scope
from router.policy.windows import (
    DAYS_OF_WEEK,
    MONTH_NAMES,
    MONTHS_LONG,
    ROLLING_PATTERN,
    ZONE_SCHEMA,
    Calendar,
    Period,
    Rolling,
    Window,
    bounds,
    read_month_start,
    read_period,
    read_week_start,
    read_year_start,
    read_zone,
)


class OnLimit(StrEnum):
    """What becomes of a job that does not fit."""

    REJECT = "reject"
    """It is refused."""
    DOWNSHIFT = "downshift"
    """It is tried at the next lower resolution, and the client is told. Only before it is begun: on
    failover it fits as it is, or is not tried again."""


_LENGTHS = {Window.DAY: timedelta(days=1), Window.WEEK: timedelta(days=7)}
KEY_BUDGET = "of-its-key"
"""The name of all budgets that keys were made with."""


def _one_of(words: Sequence[str]) -> Any:
    return pattern(f"^({'|'.join(words)})$", words[0])


class Budget(Row):
    """One limit, as the file says it."""

    name: Name
    scope: Annotated[Scope, PlainValidator(read_scope), WithJsonSchema(SCOPE_SCHEMA)] = Field(
        alias="who"
    )
    limit: Dollars
    per: Annotated[
        Period,
        PlainValidator(
            read_period,
            json_schema_input_type=Window | pattern(ROLLING_PATTERN, "rolling 30 days"),
        ),
    ]
    time_zone: Annotated[tzinfo, PlainValidator(read_zone), WithJsonSchema(ZONE_SCHEMA)] = UTC
    week_start: (
        Annotated[
            int, PlainValidator(read_week_start, json_schema_input_type=_one_of(DAYS_OF_WEEK))
        ]
        | None
    ) = None
    """The day that a week begins with; without it, Monday."""
    month_start: (
        Annotated[
            int,
            PlainValidator(
                read_month_start, json_schema_input_type=Annotated[int, Field(ge=1, le=31)]
            ),
        ]
        | None
    ) = None
    """The day that a month, quarter or year begins on; without it, the first."""
    year_start: (
        Annotated[int, PlainValidator(read_year_start, json_schema_input_type=_one_of(MONTH_NAMES))]
        | None
    ) = None
    """The month that a year and its quarters begin with; without it, January."""
    alerts: ThresholdsField = Thresholds()
    """Percentages of the limit that are told of when charges, or their forecast, reach them."""
    burn: BurnsField = ()
    """Paces that are told of: `standard`, or how much of the limit in what time. None: nothing."""
    on_limit: OnLimit = OnLimit.REJECT
    """What becomes of a job that does not fit. One that is begun is never made smaller."""

    def limit_for(self, facts: JobFacts, provider: str, at: datetime) -> Limit | None:
        """
        Say what limits an attempt of a job at a provider, if this budget does.

        Args:
            facts: Whose job it is.
            provider: Who would bill.
            at: When the hold is made; decides the window.
        """
        account = self.scope.account(facts.parts(provider))
        return self.limit_of(account, at) if account is not None else None

    def limit_of(self, account: str, at: datetime) -> Limit:
        """Say what limits one of the scope's accounts at an instant."""
        start, end = bounds(self.per, self._calendar, at)
        return Limit(
            budget=self.name,
            scope=account,
            window_start=start,
            window_end=end,
            bucket_start=hour_of(at) if isinstance(self.per, Rolling) else None,
            limit=self.limit,
            alerts=self.alerts.actual,
        )

    def rolling_since(self, at: datetime) -> datetime | None:
        """Since when what is held and charged counts now; None unless the window rolls."""
        if not isinstance(self.per, Rolling):
            return None
        since, _ = bounds(self.per, self._calendar, at)
        return since

    @property
    def _calendar(self) -> Calendar:
        return Calendar(
            zone=self.time_zone,
            week_start=self.week_start or 0,
            month_start=self.month_start or 1,
            year_start=self.year_start or 1,
        )

    def flaws(self) -> Iterator[Flaw]:
        """Find starts that say nothing about the budget's own window."""
        if self.week_start is not None and self.per is not Window.WEEK:
            yield Flaw(("week_start",), f"a {self.per} does not begin with a day of the week")
        if self.month_start is not None and self.per not in MONTHS_LONG:
            yield Flaw(("month_start",), f"a {self.per} does not begin on a day of the month")
        if self.year_start is not None and self.per not in {Window.QUARTER, Window.YEAR}:
            yield Flaw(("year_start",), f"a {self.per} does not begin with a month of the year")
        if self.alerts.forecast and (isinstance(self.per, Rolling) or not self._begins_anew):
            yield Flaw(("alerts",), f"'{self.per}' has no end that could be forecast")
        if self.burn and not self._begins_anew:
            yield Flaw(("burn",), "a lifetime has no length that a pace could be told by")
        if any(one.over > self._length for one in self.burn):
            yield Flaw(("burn",), f"'{self.per}' is shorter than a time that stands here")
        if "time_zone" in self.model_fields_set and not self._begins_at_midnight:
            yield Flaw(("time_zone",), f"'{self.per}' does not begin at a midnight")

    @property
    def looks_ahead(self) -> bool:
        """Whether anything is to be told that is not in the charges alone."""
        return bool(self.alerts.forecast or self.burn)

    @property
    def _length(self) -> timedelta:
        """How long the window is, or more; of a month and longer, what every one of them has."""
        if isinstance(self.per, Rolling):
            return timedelta(days=self.per.days)
        return _LENGTHS.get(self.per, timedelta(days=28))

    @property
    def _begins_anew(self) -> bool:
        return self.per is not Window.LIFETIME

    @property
    def _begins_at_midnight(self) -> bool:
        return self._begins_anew and not isinstance(self.per, Rolling)


def oldest_hour(budgets: Iterable[Budget], at: datetime) -> datetime:
    """Since when anything counts now in a window that rolls; the instant itself where none does."""
    return min((since for one in budgets if (since := one.rolling_since(at))), default=at)


@cache
def key_budget(text: str) -> Budget:
    """
    Read the budget that a key is made with: `$20.00 per month`, in UTC.

    Keys of one tenant and name share it, so that a rotated key goes on where the old one is.

    Raises:
        ValueError: It is not said like that.
    """
    limit, _, per = text.partition(" per ")
    return Budget(
        name=KEY_BUDGET,
        who=Scope(tenant=EACH, key=EACH),
        limit=read_dollars(limit.strip()),
        per=read_period(per.strip()),
    )
