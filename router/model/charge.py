"""What a provider says about money: the raw text, and an amount where one can be read."""

from dataclasses import dataclass

from router.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """An amount as a provider wrote it."""

    raw: str
    """As it stood in the reply, at most 64 characters."""
    source: str
    """Where it stood: `output.cost`, `data.amount`."""
    amount: Money | None
    """None when the text is no plausible amount: not a number, negative, infinite, absurd."""
