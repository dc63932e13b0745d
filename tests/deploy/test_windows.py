"""Sums of a time, by Prometheus itself: over weeks, outages, beginnings and corrections."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.grafana.windows import Sum
from tests.deploy_kit import judged

SPENT = Sum("farebox_spent_usd", "provider, tenant")
ACME, FRESH = '{provider="shortapi", tenant="acme"}', '{provider="runpod", tenant="fresh"}'
DAY = 288
"""How many scrapes there are in a day: one each five minutes."""
READABLE = {"series": "farebox_ledger_readable", "values": f"1x{6 * DAY}"}
BEGAN = "farebox_ledger_began_timestamp_seconds"
OLD = {"series": BEGAN, "values": f"{-9 * 86400}x{6 * DAY}"}
"""The ledger began nine days before the first scrape."""


def values(*parts: str) -> str:
    """Parts of a series: `7.5x10` is the same eleven times, `_x3` nothing three times."""
    return " ".join(parts)


def series(labels: str, *parts: str, replica: str = "a") -> dict[str, str]:
    """What one replica shows of what was spent."""
    name = f'farebox_spent_usd{labels[:-1]}, instance="{replica}"}}'
    return {"series": name, "values": values(*parts)}


def check(
    folder: Path, given: list[dict[str, str]], expr: str, at: str, found: dict[str, float]
) -> None:
    """Have Prometheus evaluate an expression of a range of two days over what was scraped."""
    ranged = expr.replace("$__range_s", "172800").replace("$__range", "2d")
    case = {
        "interval": "5m",
        "input_series": given,
        "promql_expr_test": [
            {
                "expr": f"round({ranged}, 0.000001)",
                "eval_time": at,
                "exp_samples": [
                    {"labels": labels, "value": value} for labels, value in found.items()
                ],
            }
        ],
    }
    path = folder / "case.yaml"
    whole: dict[str, Any] = {"evaluation_interval": "5m", "tests": [case]}
    path.write_text(json.dumps(whole), "utf-8")
    judged("promtool", "test", "rules", path)


TWO = [
    # Four dollars were there; 0.37 more on the third day, of which a bill takes 0.11 back.
    series(ACME, f"4x{2 * DAY + 9}", "4.37x99", f"4.26x{3 * DAY}", "4.31x3"),
    # Begins at once with 0.0911, and has never been at zero.
    series(FRESH, f"_x{2 * DAY + 30}", f"0.0911x{3 * DAY}"),
]


def test_what_begins_counts_whole_and_what_is_taken_back_does_not(tmp_path: Path) -> None:
    """Exactly, for all and for each."""
    given = [*TWO, READABLE, OLD]

    check(tmp_path, given, SPENT.within_range(), "4d", {"{}": 0.3511})
    by_tenant = {'{tenant="acme"}': 0.26, '{tenant="fresh"}': 0.0911}
    check(tmp_path, given, SPENT.within_range("tenant"), "4d", by_tenant)


def test_replicas_are_not_added_up(tmp_path: Path) -> None:
    """Both read the same ledger."""
    twin = [{**one, "series": one["series"].replace('instance="a"', 'instance="b"')} for one in TWO]

    check(tmp_path, [*TWO, *twin, READABLE, OLD], SPENT.within_range(), "4d", {"{}": 0.3511})


def test_an_outage_at_the_beginning_hides_nothing(tmp_path: Path) -> None:
    """The last sum before it is taken: nothing was bought while the router was down."""
    down = series(ACME, f"4x{2 * DAY - 10}", "_x40", f"4.37x{3 * DAY}")

    check(tmp_path, [down, READABLE, OLD], SPENT.within_range(), "4d", {"{}": 0.37})
    check(
        *(tmp_path, [down, READABLE, OLD], SPENT.within_range("tenant"), "4d"),
        {'{tenant="acme"}': 0.37},
    )


def test_what_nobody_knows_is_no_number(tmp_path: Path) -> None:
    """Scraped only since then, an old ledger may have spent any of it before."""
    late = series(ACME, f"_x{2 * DAY + 20}", f"4.37x{3 * DAY}")
    readable = {**READABLE, "values": values(f"_x{2 * DAY + 20}", f"1x{3 * DAY}")}

    check(tmp_path, [late, readable, OLD], SPENT.within_range(), "4d", {})
    # But if it has begun since the range did, all of it is new.
    began = {"series": BEGAN, "values": f"{2 * 86400 + 60}x{6 * DAY}"}
    check(tmp_path, [late, readable, began], SPENT.within_range(), "4d", {"{}": 4.37})


def test_an_earlier_time_is_as_long(tmp_path: Path) -> None:
    """Three days before: the range that ends then, and is known then."""
    given = [series(ACME, f"4x{2 * DAY}", f"4.21x{DAY}", f"4.9x{4 * DAY}"), OLD]
    given.append({**READABLE, "values": f"1x{7 * DAY}"})

    check(tmp_path, given, SPENT.within_range(earlier="3d"), "6d", {"{}": 0.21})


@pytest.mark.parametrize(
    ("day", "found"),
    [
        (1, {'{tenant="acme"}': 0.0}),
        (2, {'{tenant="acme"}': 0.26, '{tenant="fresh"}': 0.0911}),
        (4, {'{tenant="acme"}': 0.0, '{tenant="fresh"}': 0.0}),
        (5, {'{tenant="acme"}': 0.05, '{tenant="fresh"}': 0.0}),
    ],
)
def test_a_day_has_what_was_booked_in_it(tmp_path: Path, day: int, found: dict[str, float]) -> None:
    """From its first instant to the next one's; also the last, of which some was scraped."""
    given = [*TWO, READABLE, OLD]
    # The tool knows of nothing after the instant that it evaluates at.
    then = f"last_over_time({SPENT.within_day('tenant')}[1s:1s] offset {6 - day}d)"

    check(tmp_path, given, then, "6d", found)


def test_a_sum_without_labels_is_as_any(tmp_path: Path) -> None:
    """What was paid twice has none."""
    twice = Sum("farebox_double_spend_usd")
    given = {"series": "farebox_double_spend_usd", "values": f"1.5x{3 * DAY} 1.62x{DAY}"}

    check(tmp_path, [given, READABLE, OLD], twice.within_range(), "4d", {"{}": 0.12})
