"""What people are told of alerts, in words and in figures."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router.finance.alert_texts import alert_body, alert_text
from router.finance.forecast import NoForecast
from router.ledger.alert_rows import AlertRow
from router.ledger.rows import BEGINNING, END
from tests.ledger_kit import usd

AT = datetime(2026, 11, 18, 12, tzinfo=UTC)
ROW = AlertRow(
    id="a1",
    budget="studio-monthly",
    scope="tenant:studio",
    window_start=datetime(2026, 11, 1, tzinfo=UTC),
    window_end=datetime(2026, 12, 1, tzinfo=UTC),
    rolling=0,
    percent=80,
    at=AT,
    charged=usd("80.12"),
    limit_amount=usd("100.00"),
)
RUNS_OUT = NoForecast(reason="", exhausted_at=datetime(2026, 11, 24, 3, tzinfo=UTC))


def test_a_threshold_is_told_with_what_is_left_and_until_when() -> None:
    """In words that need no manual."""
    assert alert_text(ROW, RUNS_OUT, AT) == (
        "Budget 'studio-monthly' (tenant studio) has used 80 % ($80.12 of $100.00) with 12 days "
        "left; at this pace it runs out on 24 November."
    )


def test_what_is_used_up_is_told_with_what_was_refused() -> None:
    """Though not all of the limit is charged; no pace matters any more."""
    row = replace(ROW, percent=100, charged=usd("99.97"), amount=usd("0.18"))

    assert alert_text(row, RUNS_OUT, AT) == (
        "Budget 'studio-monthly' (tenant studio) is used up: edits for $0.18 were refused; it has "
        "used $99.97 of $100.00 with 12 days left; what is left is too little."
    )


def test_a_forecast_is_told_with_what_it_says() -> None:
    """And what is used so far; to the cent."""
    row = replace(ROW, basis="forecast", percent=100, amount=usd("112.405"), scope="everyone")

    assert alert_text(row, None, AT) == (
        "Budget 'studio-monthly' is expected to come to $112.40 by 1 December, 112 % of its limit; "
        "so far it has used $80.12 of $100.00 with 12 days left."
    )


def test_amounts_are_rounded_as_on_the_page() -> None:
    """Half-even, and a small one is not nothing; Slack is told so without its markup."""
    row = replace(
        ROW, percent=100, charged=usd("0.345"), limit_amount=usd("0.35"), amount=usd("0.004")
    )
    slack = json.loads(alert_body(row, "slack", None, AT, UTC))["text"]

    assert "edits for < $0.01 were refused; it has used $0.34 of $0.35" in alert_text(row, None, AT)
    assert "edits for &lt; $0.01 were refused; it has used $0.34 of $0.35" in slack


def test_a_pace_is_told_in_times_of_what_would_last() -> None:
    """With what was charged at it."""
    row = replace(ROW, basis="burn", percent=1440, over_s=3_600, amount=usd("2.31"))

    assert alert_text(row, RUNS_OUT, AT) == (
        "Budget 'studio-monthly' (tenant studio) is used more than 14.4 times as fast as would "
        "last: $2.31 within 1 hour; so far it has used $80.12 of $100.00 with 12 days left; at "
        "this pace it runs out on 24 November."
    )


@pytest.mark.parametrize(
    ("changes", "at", "end"),
    [
        ({"window_end": END, "window_start": BEGINNING}, AT, "of $100.00)."),
        ({"rolling": 1}, AT, "of $100.00)."),
        ({}, ROW.window_end, "in a window that has ended."),
        ({}, ROW.window_end - timedelta(hours=30), "with 1 day left."),
        ({}, ROW.window_end - timedelta(hours=5), "with 5 hours left."),
        ({}, ROW.window_end - timedelta(minutes=90), "with 1 hour left."),
        ({}, ROW.window_end - timedelta(minutes=5), "with less than an hour left."),
        ({"charged": usd("100.004")}, AT, "with 12 days left; nothing is left of it."),
    ],
)
def test_how_much_time_is_left_is_said_as_people_say_it(
    changes: dict[str, object], at: datetime, end: str
) -> None:
    """Nothing of a lifetime or of what rolls; and nothing of when, where that is not known."""
    text = alert_text(replace(ROW, **changes), NoForecast(reason=""), at)  # type: ignore[arg-type]

    assert text.endswith(end)


def test_a_day_is_one_of_the_budgets_own_zone() -> None:
    """What runs out soon is told by the hour as well; what has run out, at once."""
    soon = replace(RUNS_OUT, exhausted_at=AT + timedelta(hours=11, minutes=30))
    zone = ZoneInfo("Europe/Berlin")

    assert alert_text(ROW, soon, AT, zone).endswith("it runs out on 19 November at 00:30.")
    gone = replace(soon, exhausted_at=AT)
    assert alert_text(ROW, gone, AT, zone).endswith("; nothing is left of it.")


def test_a_limit_of_nothing_is_more_than_used() -> None:
    """No share of it is a number."""
    assert "has used more than all ($80.12 of $0.00)" in alert_text(
        replace(ROW, limit_amount=usd("0")), None, AT
    )


def test_the_standard_body_has_figures_and_the_text() -> None:
    """Money as decimal strings, instants as such."""
    body = json.loads(alert_body(ROW, "standard", RUNS_OUT, AT, UTC))

    assert (body["type"], body["timestamp"]) == (
        "budget.threshold_reached",
        "2026-11-18T12:00:00.000000Z",
    )
    assert body["data"] == {
        "id": "a1",
        "budget": "studio-monthly",
        "scope": "tenant:studio",
        "basis": "actual",
        "percent": 80,
        "over_s": None,
        "charged": "80.12",
        "limit": "100.00",
        "amount": None,
        "window_start": "2026-11-01T00:00:00.000000Z",
        "window_end": "2026-12-01T00:00:00.000000Z",
        "rolls": False,
        "exhausted_at": "2026-11-24T03:00:00.000000Z",
        "text": alert_text(ROW, RUNS_OUT, AT),
    }


def test_slack_gets_a_text_and_no_markup_of_somebody_elses() -> None:
    """A tag's value that would call everybody calls nobody."""
    row = replace(ROW, scope="tag:team=<!channel>&co")
    body = json.loads(alert_body(row, "slack", None, AT, UTC))

    assert list(body) == ["text"]
    assert "(tag team=&lt;!channel&gt;&amp;co)" in body["text"]
