"""What is left of a whole where only some of it is named. Pure, and exact."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Any

from router.finance.overview import OTHERS
from router.ledger.views import SpendingRow
from router.model.money import Money

_COUNTS = ("attempts", "delivered", "in_doubt_attempts", "drifted")
_AMOUNTS = tuple(field.name for field in fields(SpendingRow) if field.type is Money)
_NUMBERS = (*_COUNTS, *_AMOUNTS)
_NOTHING: dict[str, Any] = dict.fromkeys(_COUNTS, 0) | dict.fromkeys(_AMOUNTS, Money.ZERO)


def without(
    whole: Iterable[SpendingRow], named: Iterable[SpendingRow], tag: str
) -> Iterator[SpendingRow]:
    """
    Say what is left of a whole without those that are named: what all other values of a tag have.

    Args:
        whole: Not told apart by tags.
        named: The same time's and the same money's, told apart by the tag, with some of its values.
        tag: Its key.
    """
    left = {_key(row): row for row in whole}
    for row in named:
        # A charge may have come between two readings.
        former = left.get(_key(row), replace(row, **_NOTHING))
        changed = {name: getattr(former, name) - getattr(row, name) for name in _NUMBERS}
        left[_key(row)] = replace(former, **changed)
    for row in left.values():
        if any(getattr(row, name) for name in _NUMBERS):
            yield replace(row, tags=((tag, OTHERS),))


def _key(row: SpendingRow) -> tuple[str, ...]:
    return (row.day, row.provider, row.model, row.resolution.value, row.tenant, row.key_id)
