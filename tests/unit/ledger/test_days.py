"""Days of any zone are made of quarter hours and days of UTC, exactly."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.ledger.days import Cut, Piece, everything, pieces
from router.ledger.flow_rows import TAGGED, bucket
from router.ledger.flows import SPANS

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Asia/Beirut",
)
# Samoa leaves a day out at the end of 2011; the others change their clocks in spring.
_STARTS = (datetime(2011, 12, 28, tzinfo=UTC), datetime(2026, 3, 26, tzinfo=UTC))
INSTANTS = st.builds(
    lambda start, seconds: start + timedelta(seconds=seconds),
    st.sampled_from(_STARTS),
    st.integers(0, 8 * 24 * 3600) | st.integers(0, 8 * 24 * 4).map(lambda quarter: quarter * 900),
)


def counted(instants: Iterable[datetime], made_of: Iterable[Piece]) -> Counter[str]:
    """How many of the instants each part holds, as its pieces say: sums know no finer instant."""
    found: Counter[str] = Counter()
    known = list(instants)
    for piece in made_of:
        for at in known:
            match piece.kind:
                case "entry":
                    seen = at
                case "day" | "hour" | "quarter" | "tagged_day" | "tagged_quarter":
                    seen = bucket(piece.kind, at)
                case _:
                    continue
            if piece.since <= seen < piece.until:
                found[piece.label] += piece.sign
    return +found


def expected(instants: Iterable[datetime], zone: str, cut: Cut | None) -> Counter[str]:
    """The same, by asking each instant for its own day."""
    found: Counter[str] = Counter()
    for at in instants:
        day = at.astimezone(ZoneInfo(zone)).date()
        first = {
            "day": day,
            "week": day - timedelta(days=day.weekday()),
            "month": day.replace(day=1),
            None: "",
        }[cut]
        found[str(first)] += 1
    return found


@given(
    instants=st.lists(INSTANTS, max_size=30),
    since=INSTANTS,
    until=INSTANTS,
    zone=st.sampled_from(ZONES),
    cut=st.sampled_from(["day", "week", "month", None]),
    tags=st.booleans(),
)
def test_each_instant_counts_once_and_on_its_own_day(
    *,
    instants: list[datetime],
    since: datetime,
    until: datetime,
    zone: str,
    cut: Cut | None,
    tags: bool,
) -> None:
    """Whatever the zone, its summer time, and the minute that a time begins or ends with."""
    within = [at for at in instants if since <= at < until]

    made_of = list(pieces(since, until, ZoneInfo(zone), cut, tags=tags))

    assert {piece.kind for piece in made_of if piece.kind in SPANS} <= (
        TAGGED if tags else set(SPANS) - TAGGED
    )
    assert counted(instants, made_of) == expected(within, zone, cut)
    opened = [piece for piece in made_of if piece.kind == "open"]
    assert all(one.until == other.since for one, other in pairwise(opened))
    if since < until:
        assert (opened[0].since, opened[-1].until) == (since, until)


def test_a_day_that_a_zone_left_out_has_no_part() -> None:
    """Samoa crossed the date line: after the 29th came the 31st."""
    zone = ZoneInfo("Pacific/Apia")
    since, until = (datetime(2011, 12, day, 12, tzinfo=UTC) for day in (28, 31))

    made_of = pieces(since, until, zone, "day")

    labels = [piece.label for piece in made_of if piece.kind == "open"]
    assert labels == ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]


def test_a_day_of_utc_is_one_sum() -> None:
    """Nothing has to be mended."""
    since = datetime(2026, 11, 20, tzinfo=UTC)

    found = list(pieces(since, since + timedelta(days=1), UTC, "day"))

    assert [(piece.label, piece.kind, piece.sign) for piece in found] == [
        ("2026-11-20", "open", 1),
        ("2026-11-20", "day", 1),
    ]


def test_a_day_of_berlin_is_one_of_utc_that_is_mended() -> None:
    """An hour of winter is added before it, and one is taken away at its end."""
    since = datetime(2026, 11, 19, 23, tzinfo=UTC)

    _, *found = pieces(since, since + timedelta(days=1), ZoneInfo("Europe/Berlin"), "day")

    assert [piece.columns for piece in found] == [
        ("2026-11-20", "hour", 1, "2026-11-19T23:00:00.000000Z", "2026-11-20T00:00:00.000000Z"),
        ("2026-11-20", "day", 1, "2026-11-20T00:00:00.000000Z", "2026-11-21T00:00:00.000000Z"),
        ("2026-11-20", "hour", -1, "2026-11-20T23:00:00.000000Z", "2026-11-21T00:00:00.000000Z"),
    ]


def test_what_is_told_apart_by_tags_has_no_sums_of_hours() -> None:
    """Its days are mended by quarters of an hour."""
    since = datetime(2026, 11, 19, 23, tzinfo=UTC)
    day = since, since + timedelta(days=1)

    _, *found = pieces(*day, ZoneInfo("Europe/Berlin"), "day", tags=True)

    assert [(piece.kind, piece.sign) for piece in found] == [
        ("tagged_quarter", 1),
        ("tagged_day", 1),
        ("tagged_quarter", -1),
    ]


def test_what_is_finer_than_a_quarter_hour_is_read_from_the_journal() -> None:
    """Its first and its last minutes, or all of it where it is within one."""
    at = datetime(2026, 11, 20, 9, 7, tzinfo=UTC)

    hour = [piece.kind for piece in pieces(at, at + timedelta(hours=1), UTC, None)]
    minute = [piece.kind for piece in pieces(at, at + timedelta(minutes=1), UTC, None)]

    assert hour == ["open", "entry", "quarter", "entry"]
    assert minute == ["open", "entry"]


@pytest.mark.parametrize("cut", ["day", "week", "month", None])
def test_a_time_that_ends_before_it_begins_has_no_parts(cut: Cut | None) -> None:
    """Nor has one that is empty."""
    at = datetime(2026, 11, 20, tzinfo=UTC)

    assert list(pieces(at, at, UTC, cut)) == []
    assert list(pieces(at, at - timedelta(days=9), UTC, cut)) == []


def test_everything_is_one_sum() -> None:
    """Which holds the one bucket there is of all time."""
    piece = everything()

    assert piece.kind == "ever"
    assert piece.since <= bucket("ever", datetime(2026, 11, 20, tzinfo=UTC)) < piece.until
