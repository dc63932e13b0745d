"""Sums are told apart by their keys, and are added to."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from router.ledger.flow_rows import EndingRow, Flow, FlowRow, Span, TagKeyRow, bucket
from router.model.job import Resolution
from tests.fakes import EPOCH
from tests.ledger_kit import usd

ROW = FlowRow(
    span="day",
    bucket=EPOCH,
    provider="shortapi",
    model="m",
    resolution=Resolution.TWO_K,
    tenant="acme",
    tags=(("team", "studio"),),
    key_id="key-1",
    entries=1,
    posted=usd("0.06"),
)


@pytest.mark.parametrize(
    ("span", "begins"),
    [
        ("quarter", datetime(2026, 11, 20, 9, 45, tzinfo=UTC)),
        ("tagged_quarter", datetime(2026, 11, 20, 9, 45, tzinfo=UTC)),
        ("tagged_day", datetime(2026, 11, 20, tzinfo=UTC)),
        ("hour", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("day", datetime(2026, 11, 20, tzinfo=UTC)),
        ("ever", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_an_instant_lies_in_one_bucket_of_each_span(span: Span, begins: datetime) -> None:
    """The bucket's name is when it begins."""
    assert bucket(span, datetime(2026, 11, 20, 9, 59, 59, 999999, tzinfo=UTC)) == begins


def test_a_key_is_its_columns() -> None:
    """As of every other row."""
    ending = EndingRow(model="m", resolution=Resolution.ONE_K, outcome="succeeded", jobs=1)

    for row in (ROW, ending, TagKeyRow(day=EPOCH, tenant="acme", tag="team")):
        assert row.key == tuple(getattr(row, name) for name in row.key_columns)


def test_changes_of_one_key_are_one_change() -> None:
    """Every amount and every count is added."""
    further = replace(ROW, attempts=1, delivered=1, posted=usd("0.07"), refunded=usd("0.02"))
    ending = EndingRow(model="m", resolution=Resolution.ONE_K, outcome="succeeded", jobs=1)

    both = ROW.plus(further)

    assert both.key == ROW.key
    assert (both.entries, both.attempts, both.delivered) == (2, 1, 1)
    assert (both.posted, both.refunded) == (usd("0.13"), usd("0.02"))
    assert ending.plus(replace(ending, jobs=-3)).jobs == -2
    assert (Flow(drifted=2) + Flow(drifted=3, over=usd("0.01"))) == Flow(
        drifted=5, over=usd("0.01")
    )
