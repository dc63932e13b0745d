"""Rows of spending as values, for tests of what is made of them."""

from dataclasses import replace
from typing import Any

from router.ledger.views import SpendingRow
from router.model.job import Resolution
from router.model.money import Money


def a_row(**overrides: Any) -> SpendingRow:
    """Build a day of acme's 1k edits at ShortAPI; any field can be overridden."""
    row = SpendingRow(
        day="2026-11-20",
        provider="shortapi",
        model="nano-banana-2-edit",
        resolution=Resolution.ONE_K,
        tenant="acme",
        tags=(),
        attempts=0,
        delivered=0,
        posted=Money.ZERO,
        presumed=Money.ZERO,
        held=Money.ZERO,
        in_doubt=Money.ZERO,
        in_doubt_attempts=0,
        avoided=Money.ZERO,
        over=Money.ZERO,
        under=Money.ZERO,
        drifted=0,
        key_id="",
        list_cost=Money.ZERO,
        missed=Money.ZERO,
        refunded=Money.ZERO,
    )
    return replace(row, **overrides)
