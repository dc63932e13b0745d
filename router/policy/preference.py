"""What a policy prefers: an order over the offers that qualify. One class per way to prefer."""

from dataclasses import dataclass
from typing import cast

from router.model.offer import Offer
from router.policy.scalars import read_name

_HOW = "write lowest_price, or {order: [runpod, shortapi]}"


@dataclass(frozen=True, slots=True)
class LowestPrice:
    """The cheapest first."""

    rule = "lowest price"

    def rank(self, offer: Offer) -> int:
        """What is tried first has the lowest rank."""
        return offer.price.nanos

    def objection(self, offer: Offer) -> str | None:
        """Why this preference leaves an offer out. Here: never."""
        del offer
        return None


@dataclass(frozen=True, slots=True)
class FixedOrder:
    """Providers in an order of their own, whatever they cost; who is not named is not used."""

    order: tuple[str, ...]
    rule = "fixed order"

    def rank(self, offer: Offer) -> int:
        """What is tried first has the lowest rank."""
        return self.order.index(offer.provider)

    def objection(self, offer: Offer) -> str | None:
        """Why this preference leaves an offer out."""
        return None if offer.provider in self.order else "is not in this policy's order"


Preference = LowestPrice | FixedOrder


def read_preference(value: object) -> Preference:
    """
    Read `lowest_price` or `{order: [runpod, shortapi]}`.

    Raises:
        ValueError: Anything else, or a provider named twice.
    """
    if isinstance(value, LowestPrice | FixedOrder):
        return value
    if value == "lowest_price":
        return LowestPrice()
    if not isinstance(value, dict) or value.keys() != {"order"}:
        raise ValueError(_HOW)
    named = cast("dict[str, object]", value)["order"]
    if not isinstance(named, list) or not named:
        raise ValueError(_HOW)
    order = tuple(read_name(name) for name in cast("list[object]", named))
    if len(set(order)) < len(order):
        raise ValueError("a provider stands twice in the order")
    return FixedOrder(order)
