"""What a policy prefers: an order over the offers that qualify. One class per way to prefer."""

import hashlib
import math
from dataclasses import dataclass
from typing import Annotated, cast

from pydantic import PlainValidator, WithJsonSchema

from router.model.offer import Offer
from router.policy.scalars import COUNT_MAX, NAME_PATTERN, read_count, read_name

_HOW = "write lowest_price, {order: [runpod, shortapi]} or {weights: {shortapi: 80, runpod: 20}}"
_NOT_YET = "does not work yet, because no latency is measured to go by"
_DRAWN_BITS = 48


@dataclass(frozen=True, slots=True)
class LowestPrice:
    """The cheapest first."""

    rule = "lowest price"
    providers = ()
    """Whom it names."""

    def rank(self, offer: Offer, job_id: str) -> float:
        """What is tried first has the lowest rank."""
        del job_id
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
class FixedOrder:
    """Providers in an order of their own, whatever they cost; who is not named is not used."""

    order: tuple[str, ...]
    rule = "fixed order"

    @property
    def providers(self) -> tuple[str, ...]:
        """Whom it names."""
        return self.order

    def rank(self, offer: Offer, job_id: str) -> float:
        """What is tried first has the lowest rank."""
        del job_id
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

    def rank(self, offer: Offer, job_id: str) -> float:
        """
        What is tried first has the lowest rank.

        Each provider waits for an exponential time, the shorter the heavier it is: the chance to be
        the first of any group is then its weight's share of that group's.
        """
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


Preference = LowestPrice | FixedOrder | Weights


def read_preference(value: object) -> Preference:
    """
    Read `lowest_price`, `{order: [runpod, shortapi]}` or `{weights: {shortapi: 80, runpod: 20}}`.

    Raises:
        ValueError: Anything else, or a provider named twice.
    """
    if isinstance(value, LowestPrice | FixedOrder | Weights):
        return value
    if value == "lowest_price":
        return LowestPrice()
    said = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    named = said.get("order")
    if said.keys() == {"order"} and isinstance(named, list) and named:
        return _read_order(cast("list[object]", named))
    named = said.get("weights")
    if said.keys() == {"weights"} and isinstance(named, dict) and named:
        weights = cast("dict[str, object]", named)
        return Weights(tuple((read_name(name), read_count(each)) for name, each in weights.items()))
    for word in ("latency", "lowest_latency", "value_of_second"):
        if value == word or word in said:
            message = f"'{word}' {_NOT_YET}: {_HOW}"
            raise ValueError(message)
    raise ValueError(_HOW)


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
_SCHEMA = {
    "anyOf": [
        {"const": "lowest_price"},
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
