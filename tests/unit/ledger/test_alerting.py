from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.ledger.alert_commands import Alert, AlertTold, Foreseen, Receiver, Tried
from router.ledger.alert_rows import AlertRow
from router.ledger.alerting import Told, alert, alert_told, reached
from router.ledger.answers import Alerted, Stale
from router.ledger.limit_rows import RollingRow
from router.ledger.outbox_rows import OutboxState
from router.ledger.page import Page
from router.ledger.rows import BEGINNING, END, BalanceRow
from router.model.alert import Threshold
from router.model.budget import Limit, Usage
from router.model.money import Money
from tests.fakes import EPOCH
from tests.ledger_kit import DAY, a_lifetime_limit, a_limit, a_rolling_limit, usd

HALF, MOST = Threshold("actual", 50), Threshold("actual", 80)
RECEIVER = Receiver(url="https://hooks.example/T0/B1", format="slack")


@pytest.mark.parametrize(
    ("posted", "presumed", "percents"),
    [
        ("0", "0", ()),
        ("-0.01", "0", ()),
        ("0.499999999", "0", ()),
        ("0.30", "0.20", (50,)),
        ("0.799999999", "0", (50,)),
        ("0.80", "0", (50, 80)),
        ("7.00", "0", (50, 80, 100)),
    ],
)
def test_a_threshold_is_reached_to_the_nano(
    posted: str, presumed: str, percents: tuple[int, ...]
) -> None:
    """By what was charged or presumed so; what is held or in doubt is no charge."""
    limit = replace(a_lifetime_limit("team", "1.00"), alerts=(50, 80, 100))
    usage = Usage(
        posted=usd(posted), presumed=usd(presumed), held=usd("9.00"), in_doubt=usd("8.00")
    )

    assert reached(limit, usage) == percents


@given(st.integers(1, 10**15), st.integers(0, 10**15), st.integers(1, 100))
def test_all_of_a_limit_reaches_all_of_its_thresholds(
    limit: int, charged: int, percent: int
) -> None:
    """And less than its share reaches none."""
    bound = replace(a_lifetime_limit("team", "1.00"), limit=Money(limit), alerts=(percent,))

    found = reached(bound, Usage(posted=Money(charged)))
    assert bool(found) == (charged > 0 and charged * 100 >= limit * percent)


def test_what_is_recorded_says_its_window_and_its_figures() -> None:
    """A lifetime's is as the ledger has it; what was recorded is not told again."""
    page = Page()
    ever = replace(a_lifetime_limit("ever", "0.40"), alerts=(50, 100))
    rolling = replace(a_rolling_limit("team", "0.30"), alerts=(10,))
    assert rolling.window_start is not None
    page.load(
        [
            BalanceRow(
                budget="ever",
                scope="everyone",
                window_start=BEGINNING,
                window_end=END,
                posted=usd("0.21"),
            ),
            RollingRow(
                budget="team", scope="everyone", since=rolling.window_start, presumed=usd("0.22")
            ),
        ]
    )
    decided = alert(page, Alert(at=EPOCH, limits=(ever, rolling)))
    page.apply(decided.changes)

    assert isinstance(decided.answer, Alerted)
    assert decided.changes == decided.answer.alerts
    assert [
        (row.budget, row.window_start, row.rolling, row.percent, row.charged, row.limit_amount)
        for row in decided.answer.alerts
    ] == [
        ("ever", BEGINNING, 0, 50, usd("0.21"), usd("0.40")),
        ("team", rolling.window_start, 1, 10, usd("0.22"), usd("0.30")),
    ]
    assert alert(page, Alert(at=EPOCH, limits=(ever, rolling))).changes == ()


def test_what_was_told_is_of_one_account_and_of_one_window() -> None:
    """The same name under another kind of window is another budget, though both begin at once."""
    day = a_limit("team")
    assert day.window_start is not None
    assert day.window_end is not None
    row = AlertRow(
        id="a1",
        budget="team",
        scope="everyone",
        window_start=day.window_start,
        window_end=day.window_end,
        rolling=0,
        percent=50,
        at=EPOCH,
        charged=usd("0.52"),
        limit_amount=usd("1.00"),
    )
    told = Told([row, replace(row, percent=80, at=EPOCH + timedelta(minutes=5))])

    assert told.of(day) == {HALF: EPOCH, MOST: EPOCH + timedelta(minutes=5)}
    others = [
        replace(day, scope="tenant:acme"),
        replace(day, budget="crew"),
        replace(day, window_end=day.window_end + DAY),
        replace(day, window_start=day.window_start + DAY, window_end=day.window_end + DAY),
        replace(day, window_start=day.window_start - DAY, bucket_start=EPOCH),
        a_lifetime_limit("team", "1.00"),
    ]
    assert [told.of(one) for one in others] == [{}] * len(others)
    assert Told([]).of(day) == {}


def test_what_was_told_of_a_window_that_rolls_is_told_while_it_overlaps() -> None:
    """As long as the ledger would not record it again; then the next one is told of."""
    then = a_rolling_limit()
    assert then.window_start is not None
    assert then.window_end is not None
    row = AlertRow(
        id="a1",
        budget="team",
        scope="everyone",
        window_start=then.window_start,
        window_end=then.window_end,
        rolling=1,
        percent=50,
        at=EPOCH,
        charged=usd("0.53"),
        limit_amount=usd("1.00"),
    )
    again = replace(
        row, window_start=row.window_start + 2 * DAY, window_end=row.window_end + 2 * DAY
    )
    again = replace(again, at=EPOCH + 2 * DAY)
    told, both = Told([row]), Told([again, row])

    def at(hours: int) -> Limit:
        return a_rolling_limit(at=EPOCH + timedelta(hours=hours))

    assert [told.of(at(hours)) for hours in (0, 1, 24, 25)] == [{HALF: EPOCH}] * 3 + [{}]
    longer = replace(at(48), window_start=then.window_start)
    assert [both.of(one) for one in (at(48), at(72), longer)] == [{HALF: EPOCH + 2 * DAY}] * 3
    assert told.of(replace(at(1), bucket_start=None)) == {}
    assert told.of(a_lifetime_limit("team", "1.00")) == {}


def test_what_is_foreseen_is_recorded_once_for_each_basis_and_time() -> None:
    """With the figure that it goes by, and the charges as the ledger has them."""
    page = Page()
    limit = a_limit("team", "9.00")
    burns = [
        Foreseen(limit=limit, threshold=Threshold("burn", 1200, over), amount=usd("4.51"))
        for over in (3_600, 7_200)
    ]
    foreseen = Foreseen(limit=limit, threshold=Threshold("forecast", 50), amount=usd("5.01"))
    command = Alert(at=EPOCH, foreseen=(foreseen, *burns), receiver=RECEIVER)
    decided = alert(page, command)
    page.apply(decided.changes)

    assert isinstance(decided.answer, Alerted)
    assert [(row.threshold, row.amount) for row in decided.answer.alerts] == [
        (Threshold("forecast", 50), usd("5.01")),
        (Threshold("burn", 1200, 3_600), usd("4.51")),
        (Threshold("burn", 1200, 7_200), usd("4.51")),
    ]
    assert len({row.id for row in decided.answer.alerts}) == 3
    letters = decided.answer.letters
    assert [(one.id, one.state, one.next_at) for one in letters] == [
        (row.id, OutboxState.DUE, EPOCH) for row in decided.answer.alerts
    ]
    assert {(one.url, one.format, one.whose, one.dialect) for one in letters} == {
        ("https://hooks.example/T0/B1", "slack", "", "slack")
    }
    assert "T0" not in repr(letters) + repr(command)
    assert alert(page, command).changes == ()


def test_what_is_used_up_and_charged_whole_meanwhile_is_one_alert() -> None:
    """The charge counts: it is all of the limit."""
    page = Page()
    ever = replace(a_lifetime_limit("ever", "0.40"), alerts=(100,))
    page.load(
        [
            BalanceRow(
                budget="ever",
                scope="everyone",
                window_start=BEGINNING,
                window_end=END,
                posted=usd("0.40"),
            )
        ]
    )
    refused = Foreseen(limit=ever, threshold=Threshold("actual", 100), amount=usd("0.06"))
    decided = alert(page, Alert(at=EPOCH, limits=(ever,), foreseen=(refused,), receiver=RECEIVER))

    assert isinstance(decided.answer, Alerted)
    assert [(row.amount, row.is_used_up) for row in decided.answer.alerts] == [(None, False)]
    assert len(decided.answer.letters) == 1


def test_an_alert_is_known_by_its_window_whoever_records_it() -> None:
    """The same in another process or at another instant; another in the next window."""
    limit = a_limit("team", "9.00")

    def recorded(one: Limit, at: datetime) -> str:
        foreseen = Foreseen(limit=one, threshold=Threshold("forecast", 50), amount=usd("5.01"))
        answer = alert(Page(), Alert(at=at, foreseen=(foreseen,))).answer
        assert isinstance(answer, Alerted)
        assert answer.letters == ()
        return answer.alerts[0].id

    later = EPOCH + timedelta(hours=1)
    assert recorded(limit, EPOCH) == recorded(limit, later)
    assert recorded(a_limit("team", "9.00", at=EPOCH + DAY), later) != recorded(limit, later)


def test_a_try_to_tell_counts_once() -> None:
    """Two postmen may have made it; what is told is due no more."""
    page = Page()
    foreseen = Foreseen(limit=a_limit(), threshold=Threshold("forecast", 50), amount=usd("5.01"))
    decided = alert(page, Alert(at=EPOCH, foreseen=(foreseen,), receiver=RECEIVER))
    page.apply(decided.changes)
    assert isinstance(decided.answer, Alerted)
    (letter,) = decided.answer.letters
    soon = EPOCH + timedelta(seconds=5)
    again = Tried(at=EPOCH, number=1, state=OutboxState.DUE, status=500, next_at=soon)
    done = Tried(at=soon, number=2, state=OutboxState.DELIVERED, status=200)

    def told(tried: Tried, alert_id: str = letter.id) -> object:
        answered = alert_told(page, AlertTold(at=tried.at, alert_id=alert_id, tried=tried))
        page.apply(answered.changes)
        return answered.answer

    failed = replace(letter, tries=1, last_status=500, tried_at=EPOCH, next_at=soon)
    assert told(again) == Alerted(alerts=(), letters=(failed,))
    assert told(again) == Stale()
    delivered = replace(
        failed,
        state=OutboxState.DELIVERED,
        tries=2,
        last_status=200,
        tried_at=soon,
        next_at=None,
    )
    assert told(done) == Alerted(alerts=(), letters=(delivered,))
    assert told(replace(done, number=3)) == Stale()
    assert told(again, "unknown") == Stale()
