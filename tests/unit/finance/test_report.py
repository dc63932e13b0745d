"""The spend report."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router.finance.dimensions import DIMENSIONS, parse_by
from router.finance.report import Amounts, Report, Twice, as_csv, as_json, report
from router.ledger.views import SpendingRow
from router.model.job import Resolution
from router.model.money import Money, total
from tests.ledger_kit import usd

HEADINGS = (
    "edits",
    "posted",
    "presumed",
    "held",
    "in_doubt",
    "savings",
    "missed",
    "list_cost",
    "refunded",
)


def a_row(**overrides: Any) -> SpendingRow:
    """Build a day of acme's 1k edits at ShortAPI; any field can be overridden."""
    row = SpendingRow(
        day="2026-11-20",
        provider="shortapi",
        model="nano-banana-2-edit",
        resolution=Resolution.ONE_K,
        tenant="acme",
        tags=(),
        key_id="key-1",
        attempts=0,
        delivered=0,
        posted=Money.ZERO,
        presumed=Money.ZERO,
        held=Money.ZERO,
        in_doubt=Money.ZERO,
        in_doubt_attempts=0,
        list_cost=Money.ZERO,
        avoided=Money.ZERO,
        missed=Money.ZERO,
        refunded=Money.ZERO,
        over=Money.ZERO,
        under=Money.ZERO,
        drifted=0,
    )
    return replace(row, **overrides)


ROWS = (
    a_row(
        delivered=3,
        posted=usd("0.12"),
        avoided=usd("0.1425"),
        held=usd("0.04"),
        missed=usd("0.011"),
        list_cost=usd("0.135"),
        refunded=usd("0.002"),
    ),
    a_row(
        provider="runpod",
        tenant="zeta",
        delivered=1,
        posted=usd("0.0875"),
        presumed=usd("0.13"),
        tags=(("team", "studio"),),
    ),
    a_row(
        day="2026-11-19",
        resolution=Resolution.FOUR_K,
        delivered=2,
        posted=usd("0.18"),
        in_doubt=usd("0.09"),
        avoided=usd("0.17"),
        tags=(("project", "catalog"), ("team", "studio")),
    ),
)

AMOUNTS = st.integers(min_value=0, max_value=10**16).map(Money)
TAGS = st.dictionaries(
    st.sampled_from(["team", "project"]), st.sampled_from(["", "a", "b"]), max_size=2
).map(lambda tags: tuple(sorted(tags.items())))
ANY_ROW = st.builds(
    a_row,
    day=st.sampled_from(["2026-11-19", "2026-11-20"]),
    provider=st.sampled_from(["shortapi", "runpod"]),
    model=st.sampled_from(["m1", "m2"]),
    resolution=st.sampled_from(Resolution),
    tenant=st.sampled_from(["acme", "zeta"]),
    tags=TAGS,
    delivered=st.integers(min_value=0, max_value=1000),
    posted=AMOUNTS,
    presumed=AMOUNTS,
    held=AMOUNTS,
    in_doubt=AMOUNTS,
    avoided=st.integers(min_value=-(10**16), max_value=10**16).map(Money),
    missed=st.integers(min_value=-(10**16), max_value=10**16).map(Money),
    list_cost=AMOUNTS,
    refunded=AMOUNTS,
)
ANY_BY = st.lists(
    st.sampled_from([*DIMENSIONS, "tag:team", "tag:project"]), unique=True, max_size=4
)


def summed(rows: Sequence[SpendingRow]) -> Amounts:
    """What rows add up to, by another way than the report's."""
    return Amounts(
        edits=sum(row.delivered for row in rows),
        posted=total([row.posted for row in rows]),
        presumed=total([row.presumed for row in rows]),
        held=total([row.held for row in rows]),
        in_doubt=total([row.in_doubt for row in rows]),
        savings=total([row.avoided for row in rows]),
        missed=total([row.missed for row in rows]),
        list_cost=total([row.list_cost for row in rows]),
        refunded=total([row.refunded for row in rows]),
    )


def test_a_report_has_a_line_for_each_name_and_a_total() -> None:
    """By provider: what was posted, presumed, held, in doubt and saved, each apart."""
    done = report(ROWS, ["provider"])

    assert done.headings == ("provider", *HEADINGS)
    assert done.rows == (
        ("runpod", "1", "0.0875", "0.13", "0.00", "0.00", "0.00", "0.00", "0.00", "0.00"),
        ("shortapi", "5", "0.30", "0.00", "0.04", "0.09", "0.3125", "0.011", "0.135", "0.002"),
    )
    assert done.total_row == (
        "total", "6", "0.3875", "0.13", "0.04", "0.09", "0.3125", "0.011", "0.135", "0.002",
    )  # fmt: skip


def test_a_report_goes_by_several_dimensions_and_by_tags() -> None:
    """In the order they were asked for; a job without the tag is under no name."""
    done = report(ROWS, parse_by("tag:team, resolution,day"))

    assert [row[:5] for row in done.rows] == [
        ("", "1k", "2026-11-20", "3", "0.12"),
        ("studio", "1k", "2026-11-20", "1", "0.0875"),
        ("studio", "4k", "2026-11-19", "2", "0.18"),
    ]
    assert done.total_row[:5] == ("total", "", "", "6", "0.3875")


def test_a_report_by_nothing_is_one_line() -> None:
    """Which is the total."""
    done = report(ROWS, ())

    assert done.headings == HEADINGS
    assert done.rows == (done.total_row,)


def test_a_report_of_nothing_is_zero() -> None:
    """An empty period is no error."""
    done = report((), ["tenant"])

    assert done.rows == ()
    assert done.total_row == ("total", "0", *["0.00"] * 8)


@given(rows=st.lists(ANY_ROW, max_size=30), by=ANY_BY)
def test_whatever_it_is_by_it_adds_up(rows: list[SpendingRow], by: list[str]) -> None:
    """Lines, total and ledger agree to the nano-dollar; no edit is in two lines, none in none."""
    done = report(rows, by)

    assert done.total == summed(rows)
    assert sum((line.amounts for line in done.lines), start=Amounts()) == summed(rows)
    keys = [line.key for line in done.lines]
    assert keys == sorted(set(keys))


@given(rows=st.lists(ANY_ROW, max_size=10), by=ANY_BY, seed=st.randoms())
def test_the_order_of_the_rows_makes_no_difference(
    rows: list[SpendingRow], by: list[str], seed: Any
) -> None:
    """The same books give the same bytes."""
    shuffled = list(rows)
    seed.shuffle(shuffled)

    assert as_csv(report(shuffled, by)) == as_csv(report(rows, by))
    assert as_json(report(shuffled, by), Twice()) == as_json(report(rows, by), Twice())


@given(rows=st.lists(ANY_ROW, max_size=10), by=ANY_BY)
def test_what_is_written_adds_up_as_well(rows: list[SpendingRow], by: list[str]) -> None:
    """Read back from the text of either format, the amounts are the ledger's."""
    done = report(rows, by)
    table = list(csv.DictReader(io.StringIO(as_csv(done))))
    content = json.loads(as_json(done, Twice()))

    for written in (table, content["rows"]):
        for heading in HEADINGS[1:]:
            parsed = [Money.parse(row[heading]) for row in written]
            assert total(parsed) == Money.parse(content["total"][heading])
    assert content["total"]["posted"] == str(summed(rows).posted)


def test_csv_is_for_spreadsheets() -> None:
    """No total, plain numbers; a name that begins as a formula is text."""
    rows = (
        a_row(tags=(("team", "=HYPERLINK(1)"),), posted=usd("1234.5"), avoided=usd("-0.0025")),
        a_row(tags=(("team", 'a,"b"'),), posted=usd("0.07")),
    )

    assert as_csv(report(rows, ["tag:team"])) == (
        "tag:team,edits,posted,presumed,held,in_doubt,savings,missed,list_cost,refunded\r\n"
        "'=HYPERLINK(1),0,1234.50,0.00,0.00,0.00,-0.0025,0.00,0.00,0.00\r\n"
        '"a,""b""",0,0.07,0.00,0.00,0.00,0.00,0.00,0.00,0.00\r\n'
    )


def test_json_has_money_as_text() -> None:
    """A number would be read as a float."""
    drifted = replace(ROWS[0], drifted=2, over=usd("0.013"), under=usd("0.007"))
    done: Report = report([drifted], ["tenant"])
    amounts = {
        "edits": 3,
        "posted": "0.12",
        "presumed": "0.00",
        "held": "0.04",
        "in_doubt": "0.00",
        "savings": "0.1425",
        "missed": "0.011",
        "list_cost": "0.135",
        "refunded": "0.002",
    }

    assert json.loads(as_json(done, Twice(edits=2, amount=usd("0.051")))) == {
        "drift": {"charges": 2, "over": "0.013", "under": "0.007"},
        "paid_twice": {"edits": 2, "amount": "0.051"},
        "by": ["tenant"],
        "time_zone": "UTC",
        "rows": [{"tenant": "acme", **amounts}],
        "total": amounts,
    }


def test_days_make_weeks_and_months() -> None:
    """ISO weeks, of the year that most of their days lie in; months by their number."""
    rows = (
        a_row(day="2026-12-28", posted=usd("0.04"), key_id="key-7"),
        a_row(day="2027-01-03", posted=usd("0.05")),
        a_row(day="2027-01-04", posted=usd("0.06")),
    )

    assert [line.key for line in report(rows, ["week"]).lines] == [("2026-W53",), ("2027-W01",)]
    assert [row[:3] for row in report(rows, ["month", "key"]).rows] == [
        ("2026-12", "key-7", "0"),
        ("2027-01", "key-1", "0"),
    ]
