"""Rows of spending as values, for tests of what is made of them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from router.ledger.views import PaidRow, SpendingRow
from router.model.ids import AttemptId, job_of
from router.model.job import Resolution
from router.model.money import Money
from tests.fakes import EPOCH
from tests.ledger_kit import usd


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


def paid(name: str, amount: str, *, minute: int = 0) -> PaidRow:
    """Build an entry of an attempt of acme's at ShortAPI, which posted so much."""
    return PaidRow(
        at=EPOCH + timedelta(minutes=minute),
        job_id=job_of(AttemptId(name)),
        attempt_id=AttemptId(name),
        provider="shortapi",
        model="nano-banana-2-edit",
        resolution=Resolution.ONE_K,
        tenant="acme",
        tags=(),
        amount=usd(amount),
    )
