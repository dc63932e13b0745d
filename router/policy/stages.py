"""
Stages: what a policy does once so much of a budget is used.

A stage only ever tightens. All that are reached hold: of what two say, the stricter one; of two
preferences, the one that stands later in the file. They go by what was used when a job was planned,
so jobs that are planned at one instant may pass a stage together; limits are exact.

What keeps a job from being bought at its resolution is a halt: a stage that stops, a resolution
above a stage's, or a price that nobody is below. Whether a smaller edit is tried then, the budget
that the stage goes by says; of several, the strictest has the word, wherever it stands in the file.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, JsonValue, PlainValidator, model_validator

from router.model.budget import Limit, Usage
from router.model.job import Resolution
from router.model.money import Money
from router.policy.preference import Prefer
from router.policy.scalars import Dollars, Flag, Row, pattern, read_name

_REACHED = re.compile(r"(?P<percent>[0-9]{1,3})% of (?P<budget>\S+) is used")
_WHOLE = 100


@dataclass(frozen=True, slots=True)
class Used:
    """One budget's window as it stood when somebody read it: what it allows, what is used."""

    limit: Limit
    usage: Usage

    @property
    def available(self) -> Money:
        """What a further hold may take; negative after an overage or a lowered limit."""
        return self.usage.available(self.limit.limit)

    def reaches(self, percent: int) -> bool:
        """Whether at least so much of the limit is used; of nothing, everything is."""
        return self.usage.used.nanos * _WHOLE >= self.limit.limit.nanos * percent


Standing = Mapping[str, Used]
"""By a budget's name; a budget that does not bind the job is not there."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The point from which on a stage holds."""

    percent: int
    """From 1 to 100."""
    budget: str

    def __str__(self) -> str:
        return f"{self.percent}% of {self.budget} is used"


def _read_reached(value: object) -> Reached:
    if isinstance(value, Reached):
        return value
    match = _REACHED.fullmatch(value) if isinstance(value, str) else None
    if match is None or not 1 <= int(match["percent"]) <= _WHOLE:
        message = (
            "write how much of which budget, from 1% to 100%, as: 80% of everyone-monthly is used"
        )
        raise ValueError(message)
    return Reached(int(match["percent"]), read_name(match["budget"]))


_CHANGES = ("prefer", "price_max", "resolution_max")
_SCHEMA: dict[str, JsonValue] = {
    "anyOf": [
        # `when` and `stop`, and nothing beside them.
        {"properties": {"stop": {"const": True}}, "required": ["stop"], "maxProperties": 2},
        {
            "properties": {"stop": {"const": False}},
            "anyOf": [{"required": [change]} for change in _CHANGES],
        },
    ]
}
"""For editors: a stage stops, or changes something."""


class Stage(Row):
    """What holds once so much of a budget is used."""

    model_config = ConfigDict(json_schema_extra=_SCHEMA)

    when: Annotated[
        Reached,
        PlainValidator(
            _read_reached,
            json_schema_input_type=pattern(
                r"^(100|[1-9][0-9]?)% of \S+ is used$", "80% of everyone-monthly is used"
            ),
        ),
    ]
    """From when on, about: `80% of everyone-monthly is used`, as it is when a job is planned."""
    prefer: Prefer | None = None
    """Whom jobs go to then, whatever a rule says."""
    price_max: Dollars | None = None
    """No job may cost more then, whatever a rule says."""
    resolution_max: Resolution | None = None
    """No larger edit is bought then; the budget's `on_limit` says whether a smaller one is."""
    stop: Flag = False
    """Nothing is bought then."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Stage":
        changes = (self.prefer, self.price_max, self.resolution_max)
        if self.stop and any(change is not None for change in changes):
            raise ValueError("a stage with 'stop: true' buys nothing, so nothing else belongs here")
        if not self.stop and all(change is None for change in changes):
            raise ValueError(
                "a stage that changes nothing: 'prefer', 'price_max', 'resolution_max' or 'stop'"
            )
        return self


@dataclass(frozen=True, slots=True)
class Halt:
    """A stage that keeps a job from being bought at its resolution, or at all."""

    stage: Stage
    used: Used
    cap: Resolution | Money | None
    """What the job is above; None: the stage stops everything."""

    @property
    def is_final(self) -> bool:
        """Whether it stops a smaller edit as well."""
        return self.cap is None

    @property
    def why(self) -> str:
        """In words, as the end of a sentence."""
        if self.cap is None:
            return f"{self.stage.when}, and nothing is bought from then on"
        cap = self.cap.usd if isinstance(self.cap, Money) else self.cap
        return f"{self.stage.when}, and nothing above {cap} is bought from then on"


def reached(stages: tuple[Stage, ...], standing: Standing) -> tuple[Stage, ...]:
    """The stages that hold, in the order of the file."""
    return tuple(
        stage
        for stage in stages
        if stage.when.budget in standing and standing[stage.when.budget].reaches(stage.when.percent)
    )


def halt(
    stages: tuple[Stage, ...],
    standing: Standing,
    resolution: Resolution,
    *,
    cheapest: Money | None = None,
    downshifting: Collection[str] = (),
) -> Halt | None:
    """
    Find what keeps a job from being bought; None when nothing does.

    Args:
        stages: Those that hold.
        standing: What they go by.
        resolution: The job's.
        cheapest: What the job costs at least, were it not for the stages. None: not known, and no
            price is too high.
        downshifting: Budgets that let a smaller edit be tried.

    Returns:
        Of several, one that stops everything; else one whose budget rejects; else the first.
    """
    found = (
        Halt(stage, standing[stage.when.budget], _cap(stage, resolution, cheapest))
        for stage in stages
    )
    return max(
        (one for one in found if one.stage.stop or one.cap is not None),
        key=lambda one: (one.is_final, one.stage.when.budget not in downshifting),
        default=None,
    )


def _cap(stage: Stage, resolution: Resolution, cheapest: Money | None) -> Resolution | Money | None:
    """What of a stage a job is above."""
    size, price = stage.resolution_max, stage.price_max
    if size is not None and resolution.long_side_px > size.long_side_px:
        return size
    if price is not None and cheapest is not None and cheapest > price:
        return price
    return None
