"""
How latency is written: what a price book states of an offer, and what a policy allows.

Stated: `{p50: 6s, p95: 15s}`, half of the jobs and 95 of 100. Allowed: `{p95: 20s}`, and if need be
over how long to look back, and what happens when nobody is quick enough: `{p95: 20s, over: 1d,
otherwise: fastest}`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, cast

from pydantic import PlainValidator, WithJsonSchema

from router.model.latency import PERCENTILES, WINDOW_S, WINDOWS_S, Latency
from router.model.offer import Offer
from router.policy.scalars import read_duration_s

Stated = tuple[float, float]
"""Two percentiles in seconds: the 50th, and the 95th."""
_WINDOWS = dict(zip(("15m", "1h", "6h", "1d", "7d"), WINDOWS_S, strict=True))
_PERCENTILE = re.compile(r"p([0-9]{1,3})")
_STATED_HOW = "write half and 95 of 100 jobs, as {p50: 6s, p95: 15s}"
_MAX_HOW = "write a percentile and its limit, as {p95: 20s}"
_STATED_MAX_S = 3_600.0


class Otherwise(StrEnum):
    """What happens when nobody who could serve a job is quick enough."""

    NOBODY = "nobody"
    """It is refused."""
    FASTEST = "fastest"
    """It goes to whoever is quickest at that percentile."""


@dataclass(frozen=True, slots=True)
class LatencyMax:
    """How slow an offer may be."""

    percentile: int
    """One of `PERCENTILES`."""
    limit_s: float
    window_s: float = WINDOW_S
    """One of `WINDOWS_S`."""
    otherwise: Otherwise = Otherwise.NOBODY

    def seconds(self, offer: Offer) -> float | None:
        """What is held against the limit; None where nothing is known of the offer."""
        if offer.latency is None:
            return None
        return offer.latency.at(self.percentile, self.window_s)

    def allows(self, latency: Latency | None) -> bool:
        """Whether an offer is quick enough that is known to take so long; of unknown, none is."""
        return latency is not None and latency.at(self.percentile, self.window_s) <= self.limit_s

    def objection(self, offer: Offer, whose: str) -> str | None:
        """Why an offer is too slow, in words; None when it is not."""
        if self.allows(offer.latency):
            return None
        return f"is too slow: {self.told(offer, whose)}"

    def kept(self, offer: Offer) -> str:
        """How an offer that is quick enough compares with the limit, in words."""
        seconds = self.seconds(offer)
        assert seconds is not None, "what is not known is never quick enough"
        return f"within {self.limit_s:g} s ({self.percentile} of 100 jobs: {seconds:.1f} s)"

    def told(self, offer: Offer, whose: str) -> str:
        """How an offer that is too slow compares with the limit, in words."""
        seconds, limit = self.seconds(offer), f"this {whose}'s maximum of {self.limit_s:g} s"
        if seconds is None:
            return f"nothing is known that would be within {limit}"
        return f"{self.percentile} of 100 jobs take up to {seconds:.1f} s, above {limit}"


def read_stated(value: object) -> Stated:
    """
    Read `{p50: 6s, p95: 15s}`.

    Raises:
        ValueError: Not both, the second below the first, or above an hour.
    """
    if isinstance(value, tuple):
        return cast("Stated", value)
    said = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    if said.keys() != {"p50", "p95"}:
        raise ValueError(_STATED_HOW)
    p50_s, p95_s = read_duration_s(said["p50"]), read_duration_s(said["p95"])
    if p95_s < p50_s:
        raise ValueError("fewer jobs end within less time: 'p95' is below 'p50'")
    if p95_s > _STATED_MAX_S:
        raise ValueError("no edit takes more than an hour")
    return p50_s, p95_s


def read_latency_max(value: object) -> LatencyMax:
    """
    Read `{p95: 20s}`, with `over` and `otherwise` if need be.

    Raises:
        ValueError: No percentile, or more than one; another window, or another way out.
    """
    if isinstance(value, LatencyMax):
        return value
    said = dict(cast("dict[str, object]", value)) if isinstance(value, dict) else {}
    over, otherwise = said.pop("over", None), said.pop("otherwise", None)
    if len(said) != 1:
        raise ValueError(_MAX_HOW)
    ((name, limit),) = said.items()
    match = _PERCENTILE.fullmatch(name)
    if match is None:
        raise ValueError(_MAX_HOW)
    if int(match[1]) not in PERCENTILES:
        known = ", ".join(f"p{one}" for one in PERCENTILES)
        message = f"'{name}' is not measured; write one of {known}"
        raise ValueError(message)
    return LatencyMax(
        percentile=int(match[1]),
        limit_s=read_duration_s(limit),
        window_s=WINDOW_S if over is None else _read_window_s(over),
        otherwise=Otherwise.NOBODY if otherwise is None else _read_otherwise(otherwise),
    )


def _read_window_s(value: object) -> float:
    if not isinstance(value, str) or value not in _WINDOWS:
        *shorter, longest = _WINDOWS
        message = f"'over' looks back {', '.join(shorter)} or {longest}"
        raise ValueError(message)
    return _WINDOWS[value]


def _read_otherwise(value: object) -> Otherwise:
    if value not in set(Otherwise):
        raise ValueError("'otherwise' is nobody, or fastest")
    return Otherwise(str(value))


_DURATION = {"type": "string", "pattern": "^[0-9]{1,6}[smhd]$", "examples": ["20s"]}
_STATED_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"p50": _DURATION, "p95": _DURATION},
    "required": ["p50", "p95"],
    "additionalProperties": False,
}
_MAX_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{f"p{one}": _DURATION for one in PERCENTILES},
        "over": {"enum": list(_WINDOWS), "description": "How long to look back; without it, 1h."},
        "otherwise": {
            "enum": list(Otherwise),
            "description": "When nobody is quick enough; without it, nobody.",
        },
    },
    "oneOf": [{"required": [f"p{one}"]} for one in PERCENTILES],
    "additionalProperties": False,
}

StatedLatency = Annotated[Stated, PlainValidator(read_stated), WithJsonSchema(_STATED_SCHEMA)]
"""As a price book says it."""
LatencyLimit = Annotated[LatencyMax, PlainValidator(read_latency_max), WithJsonSchema(_MAX_SCHEMA)]
"""As a policy says it."""


def _read_example_latencies(value: object) -> tuple[tuple[str, Stated], ...]:
    """Read `{shortapi: {p50: 20s, p95: 60s}}`."""
    if isinstance(value, tuple):
        return cast("tuple[tuple[str, Stated], ...]", value)
    said = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    if not said:
        raise ValueError("write who takes how long, as {shortapi: {p50: 20s, p95: 60s}}")
    return tuple((name, read_stated(one)) for name, one in said.items())


ExampleLatencies = Annotated[
    tuple[tuple[str, Stated], ...],
    PlainValidator(_read_example_latencies),
    WithJsonSchema({"type": "object", "additionalProperties": _STATED_SCHEMA, "minProperties": 1}),
]
"""What an example takes for known, by provider."""


@lru_cache(maxsize=256)
def latency_of(stated: Stated) -> Latency:
    """A latency as it is stated. Kept: it is asked for with every job."""
    return Latency.stated(*stated)
