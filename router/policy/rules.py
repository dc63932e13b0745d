"""Rules: what a policy does otherwise for some jobs. The first that matches wins."""

from collections.abc import Callable
from typing import Annotated, Any, Protocol, cast

from pydantic import ConfigDict, Field, PlainValidator, model_validator

from router.model.job import Resolution
from router.policy.failover import FailoverChanges
from router.policy.latencies import LatencyLimit
from router.policy.preference import Prefer
from router.policy.scalars import NAME_PATTERN, Dollars, Name, Row, Seconds, pattern, read_name

OTHERWISE = "otherwise"
"""Where no rule matches, the policy itself."""
NO_RULE = "no rule matched: the policy's own"
_TAG_NAME_MAX, _TAG_VALUE_MAX = 64, 128


def told_rule(rule: str) -> str:
    """What a decision is called by, in words; `OTHERWISE` says that no rule matched."""
    name, separator, stages = rule.partition("; ")
    return f"{NO_RULE if name == OTHERWISE else name}{separator}{stages}"


class Matched(Protocol):
    """What a rule looks at: a job has it, and so has each of its attempts."""

    @property
    def model(self) -> str: ...
    @property
    def resolution(self) -> Resolution: ...
    @property
    def tenant(self) -> str: ...
    @property
    def tags(self) -> tuple[tuple[str, str], ...]: ...


def _one_or_more(read: Callable[[object], str], item: Any) -> PlainValidator:
    """Read one value, or a list of them, as a tuple."""

    def reader(value: object) -> tuple[str, ...]:
        if isinstance(value, list | tuple):
            values = cast("list[object]", list(cast("Any", value)))
            if not values:
                raise ValueError("at least one entry belongs here")
            return tuple(read(one) for one in values)
        return (read(value),)

    several = Annotated[list[item], Field(min_length=1)]
    return PlainValidator(reader, json_schema_input_type=item | several)


def _read_resolution(value: object) -> Resolution:
    if value not in set(Resolution):
        message = f"'{value}' is not '1k', '2k' or '4k'"
        raise ValueError(message)
    return Resolution(str(value))


def _read_tags(value: object) -> tuple[tuple[str, str], ...]:
    if isinstance(value, tuple):
        return cast("tuple[tuple[str, str], ...]", value)
    named = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    if not named or not all(isinstance(one, str) for one in named.values()):
        raise ValueError("write tags by their names, as {team: ads}")
    tags = {name: str(one) for name, one in named.items()}
    for name, one in tags.items():
        if len(name) > _TAG_NAME_MAX or len(one) > _TAG_VALUE_MAX:
            message = f"no tag is longer than {_TAG_NAME_MAX}, and its value than {_TAG_VALUE_MAX}"
            raise ValueError(message)
    return tuple(sorted(tags.items()))


Names = Annotated[tuple[str, ...], _one_or_more(read_name, pattern(NAME_PATTERN))]
Resolutions = Annotated[tuple[str, ...], _one_or_more(_read_resolution, Resolution)]
Tags = Annotated[
    tuple[tuple[str, str], ...],
    PlainValidator(
        _read_tags, json_schema_input_type=Annotated[dict[str, str], Field(min_length=1)]
    ),
]


class When(Row):
    """Which jobs a rule is for: all that it names must be so. Of a list, one is enough."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    model: Names = ()
    """Farebox's name of the model, or a list."""
    resolution: Resolutions = ()
    """`1k`, `2k`, `4k`, or a list."""
    tenant: Names = ()
    """Who asks, or a list."""
    tag: Tags = ()
    """Tags that the job must have, with these values: all of them."""

    @model_validator(mode="after")
    def _names_something(self) -> "When":
        if not (self.model or self.resolution or self.tenant or self.tag):
            raise ValueError("'when' names nothing: what every job gets is the policy itself")
        return self

    def matches(self, job: Matched) -> bool:
        """Whether the rule is for this job."""
        return (
            (not self.model or job.model in self.model)
            and (not self.resolution or job.resolution in self.resolution)
            and (not self.tenant or job.tenant in self.tenant)
            and set(self.tag) <= set(job.tags)
        )

    def covers(self, other: "When") -> bool:
        """Whether each job that the other is for is one of this one's."""
        return (
            _is_within(other.model, self.model)
            and _is_within(other.resolution, self.resolution)
            and _is_within(other.tenant, self.tenant)
            and set(self.tag) <= set(other.tag)
        )


def _is_within(inner: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    """Whether one list of values lets through nothing that the other does not; empty: all."""
    return not outer or (bool(inner) and set(inner) <= set(outer))


class Rule(Row):
    """What the policy does otherwise for some jobs; what it does not name stays."""

    name: Name
    """What a decision shows."""
    when: When
    """Which jobs it is for."""
    prefer: Prefer | None = None
    """Whom these jobs go to."""
    price_max: Dollars | None = None
    """Instead of the policy's: it may be higher."""
    latency_max: LatencyLimit | None = None
    """Instead of the policy's: it may be slower."""
    failover: FailoverChanges = FailoverChanges()
    """Single keys of the policy's failover."""
    deadline_s: Seconds | None = Field(default=None, alias="deadline")
    """For a job that names none."""
