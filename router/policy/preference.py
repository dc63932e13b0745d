"""What a policy prefers: an order over the offers that qualify. One class per way to prefer."""

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, cast

from pydantic import PlainValidator, WithJsonSchema

from router.model.latency import Latency
from router.model.money import Money
from router.model.offer import Offer
from router.policy.scalars import COUNT_MAX, NAME_PATTERN, read_count, read_dollars, read_name

_HOW = (
    "write lowest_price, lowest_latency, {value_of_second: $0.002, failure_costs: $0.05} or one of "
    "the two, {order: [runpod, shortapi]} or {weights: {shortapi: 80, runpod: 20}}"
)
_DRAWN_BITS = 48
_MILLION = 1_000_000
# What an offer counts as is an estimate: it is told to the hundredth of a cent.
_SHOWN_TO = 100_000
_WORTH_MAX = Money.parse("1000.00")
_UNKNOWN = "how long it takes is not known"


@dataclass(frozen=True, slots=True)
class LowestPrice:
    """The cheapest first."""

    rule = "lowest price"
    providers = ()
    """Whom it names."""

    def rank(self, offer: Offer, latency: Latency | None, job_id: str) -> float:
        """What is tried first has the lowest rank."""
        del latency, job_id
        return offer.price.nanos

    def objection(self, offer: Offer) -> str | None:
        """Why this preference leaves an offer out. Here: never."""
        del offer
        return None

    def note(self, offer: Offer) -> str:
        """What else a verdict on an offer should tell; empty for nothing."""
        del offer
        return ""


@dataclass(frozen=True, slots=True)
class LowestLatency:
    """Whoever is expected to deliver first, on average; of whom that is not known, last."""

    rule = "lowest latency"
    providers = ()
    """Whom it names."""

    def rank(self, offer: Offer, latency: Latency | None, job_id: str) -> float:
        """What is tried first has the lowest rank."""
        del offer, job_id
        return math.inf if latency is None else latency.mean_s

    def objection(self, offer: Offer) -> str | None:
        """Why this preference leaves an offer out. Here: never."""
        del offer
        return None

    def note(self, offer: Offer) -> str:
        """What else a verdict on an offer should tell; empty for nothing."""
        if offer.latency is None:
            return _UNKNOWN
        return f"{offer.latency.mean_s:.1f} s on average"


@dataclass(frozen=True)
class Balance:
    """
    The lowest of what an offer costs in all: its price, the wait, and its failures.

    A wait costs its expected seconds, at so much each. A failure costs so much, times how likely it
    is. Whoever's seconds count and are not known comes last. This orders offers; nobody is billed
    by it.
    """

    value_of_second: Money
    failure_costs: Money
    providers = ()
    """Whom it names."""

    @cached_property
    def rule(self) -> str:
        """What a verdict calls it by."""
        return "balance" if self.value_of_second else "expected cost"

    def rank(self, offer: Offer, latency: Latency | None, job_id: str) -> float:
        """What is tried first has the lowest rank."""
        del job_id
        return self._nanos(offer, latency)

    def objection(self, offer: Offer) -> str | None:
        """Why this preference leaves an offer out. Here: never."""
        del offer
        return None

    def note(self, offer: Offer) -> str:
        """What else a verdict on an offer should tell; empty for nothing."""
        nanos = self._nanos(offer, offer.latency)
        if not isinstance(nanos, int):
            return _UNKNOWN
        at_each, failing_at = self._words
        seconds = f"{offer.latency.mean_s:.1f}{at_each}" if at_each and offer.latency else ""
        failing = f"{offer.failing:.1%}{failing_at}" if failing_at else ""
        both = " and " if seconds and failing else ""
        counted = Money((nanos + _SHOWN_TO // 2) // _SHOWN_TO * _SHOWN_TO)
        return f"counts as {counted.usd}: its price, {seconds}{both}{failing}"

    @cached_property
    def _words(self) -> tuple[str, str]:
        """The policy's own amounts, made words once: they are told of with every offer."""
        value, costs = self.value_of_second, self.failure_costs
        return f" s at {value.usd}" if value else "", f" failing at {costs.usd}" if costs else ""

    def _nanos(self, offer: Offer, latency: Latency | None) -> int | float:
        """What an offer counts as, in nano-dollars; infinite where that is not known."""
        # In whole thousandths and millionths, because no money is made of a float.
        nanos = offer.price.nanos
        if self.failure_costs.nanos:
            nanos += self.failure_costs.nanos * round(offer.failing * _MILLION) // _MILLION
        if self.value_of_second.nanos:
            if latency is None:
                return math.inf
            nanos += self.value_of_second.nanos * round(latency.mean_s * 1000) // 1000
        return nanos


@dataclass(frozen=True, slots=True)
class FixedOrder:
    """Providers in an order of their own, whatever they cost; who is not named is not used."""

    order: tuple[str, ...]
    rule = "fixed order"

    @property
    def providers(self) -> tuple[str, ...]:
        """Whom it names."""
        return self.order

    def rank(self, offer: Offer, latency: Latency | None, job_id: str) -> float:
        """What is tried first has the lowest rank."""
        del latency, job_id
        return self.order.index(offer.provider)

    def objection(self, offer: Offer) -> str | None:
        """Why this preference leaves an offer out."""
        return None if offer.provider in self.order else "is not in this policy's order"

    def note(self, offer: Offer) -> str:
        """What else a verdict on an offer should tell; empty for nothing."""
        del offer
        return ""


@dataclass(frozen=True, slots=True)
class Weights:
    """
    Providers by lot, each as often as its weight says; who is not named is not used.

    The lot is drawn by the job's id, so the same job always draws the same. Where one cannot serve,
    the others keep their order, and their shares of each other.
    """

    weights: tuple[tuple[str, int], ...]
    rule = "weights"

    @property
    def providers(self) -> tuple[str, ...]:
        """Whom it names."""
        return tuple(provider for provider, _ in self.weights)

    def rank(self, offer: Offer, latency: Latency | None, job_id: str) -> float:
        """
        What is tried first has the lowest rank.

        Each provider waits for an exponential time, the shorter the heavier it is: the chance to be
        the first of any group is then its weight's share of that group's.
        """
        del latency
        digest = hashlib.sha256(f"{job_id} {offer.provider}".encode()).digest()
        drawn = int.from_bytes(digest, "big") >> (len(digest) * 8 - _DRAWN_BITS)
        # The half keeps clear of zero, which has no logarithm, and of one.
        return -math.log((drawn + 0.5) / (1 << _DRAWN_BITS)) / dict(self.weights)[offer.provider]

    def objection(self, offer: Offer) -> str | None:
        """Why this preference leaves an offer out."""
        return None if offer.provider in self.providers else "has no weight in this policy"

    def note(self, offer: Offer) -> str:
        """What else a verdict on an offer should tell; empty for nothing."""
        whole = sum(weight for _, weight in self.weights)
        return f"weight {dict(self.weights)[offer.provider]} of {whole}, drawn by the job's id"


Preference = LowestPrice | LowestLatency | Balance | FixedOrder | Weights
_COSTS = ("value_of_second", "failure_costs")


def read_preference(value: object) -> Preference:
    """
    Read `lowest_price`, `lowest_latency`, `{value_of_second: $0.002, failure_costs: $0.05}` or one
    of the two, `{order: [runpod, shortapi]}` or `{weights: {shortapi: 80, runpod: 20}}`.

    Raises:
        ValueError: Anything else, a provider named twice, or a second or failure worth nothing.
    """
    if isinstance(value, Preference):
        return value
    if value == "lowest_price":
        return LowestPrice()
    if value == "lowest_latency":
        return LowestLatency()
    said = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    named = said.get("order")
    if said.keys() == {"order"} and isinstance(named, list) and named:
        return _read_order(cast("list[object]", named))
    named = said.get("weights")
    if said.keys() == {"weights"} and isinstance(named, dict) and named:
        weights = cast("dict[str, object]", named)
        return Weights(tuple((read_name(name), read_count(each)) for name, each in weights.items()))
    if said and said.keys() <= set(_COSTS):
        return _read_balance(said)
    raise ValueError(_HOW)


def _read_balance(said: dict[str, object]) -> Balance:
    for key, one in said.items():
        if not read_dollars(one):
            message = f"'{key}' of nothing changes nothing: leave it out"
            raise ValueError(message)
        if read_dollars(one) > _WORTH_MAX:
            message = f"'{key}' is above {_WORTH_MAX.usd}, more than any edit is worth"
            raise ValueError(message)
    value, costs = (read_dollars(said.get(key, Money.ZERO)) for key in _COSTS)
    return Balance(value_of_second=value, failure_costs=costs)


def _read_order(named: list[object]) -> FixedOrder:
    order = tuple(read_name(name) for name in named)
    if len(set(order)) < len(order):
        raise ValueError("a provider stands twice in the order")
    return FixedOrder(order)


def _one_key(key: str, schema: dict[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": {key: schema},
        "required": [key],
        "additionalProperties": False,
    }


_NAME_SCHEMA = {"type": "string", "pattern": NAME_PATTERN}
_DOLLARS_SCHEMA = {
    "type": "string",
    # Not of nothing.
    "pattern": r"^\$(?=[0-9.]*[1-9])[0-9]+(\.[0-9]{1,9})?$",
    "examples": ["$0.002"],
}
_SCHEMA = {
    "anyOf": [
        {"const": "lowest_price"},
        {"const": "lowest_latency"},
        {
            "type": "object",
            "properties": dict.fromkeys(_COSTS, _DOLLARS_SCHEMA),
            "minProperties": 1,
            "additionalProperties": False,
        },
        _one_key(
            "order",
            {"type": "array", "items": _NAME_SCHEMA, "minItems": 1, "uniqueItems": True},
        ),
        _one_key(
            "weights",
            {
                "type": "object",
                "propertyNames": _NAME_SCHEMA,
                "additionalProperties": {"type": "integer", "minimum": 1, "maximum": COUNT_MAX},
                "minProperties": 1,
            },
        ),
    ]
}

Prefer = Annotated[Preference, PlainValidator(read_preference), WithJsonSchema(_SCHEMA)]
"""As a file says it."""
