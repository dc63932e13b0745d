"""Time as a parameter: instants that never step back, and text that sorts as time."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.model.clock import Clock, SystemClock, from_rfc3339, rfc3339
from tests.fakes import EPOCH
from tests.virtual_time import run

_zones = st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(
    lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
)
instants = st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30), timezones=_zones)  # noqa: DTZ001 (the zone is drawn)


class Wall:
    """A wall clock that a test sets."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def test_a_clock_set_back_stands_still() -> None:
    """While the machine's clock is behind, time does not move; then it goes on."""
    wall = Wall(EPOCH)
    clock = SystemClock(wall)
    wall.at = EPOCH + timedelta(seconds=10)
    assert clock.now() == wall.at

    wall.at = EPOCH - timedelta(days=1)
    assert clock.now() == EPOCH + timedelta(seconds=10)

    wall.at = EPOCH + timedelta(seconds=11)
    assert clock.now() == wall.at


@given(st.lists(st.timedeltas(timedelta(days=-400), timedelta(days=400)), max_size=30))
def test_instants_never_decrease(steps: list[timedelta]) -> None:
    """However the machine's clock jumps, no instant is before an earlier one."""
    wall = Wall(EPOCH)
    clock = SystemClock(wall)
    told = []
    for step in steps:
        wall.at = EPOCH + step
        told.append(clock.now())

    assert told == sorted(told)


def test_a_restart_does_not_reopen_a_window() -> None:
    """Time starts at the ledger's last instant when the machine's clock is behind it."""
    floor = EPOCH + timedelta(hours=3)
    assert SystemClock(Wall(EPOCH), floor=floor).now() == floor


def test_a_floor_is_only_ever_raised() -> None:
    """A floor in the past changes nothing; one in the future holds."""
    clock = SystemClock(Wall(EPOCH))
    clock.raise_floor(EPOCH - timedelta(hours=1))
    assert clock.now() == EPOCH

    clock.raise_floor(EPOCH + timedelta(hours=2))
    assert clock.now() == EPOCH + timedelta(hours=2)


def test_the_machine_answers_in_utc() -> None:
    """Without further words the machine's own clock is read, aware and in UTC."""
    clock = SystemClock()
    first_s = clock.monotonic_s()

    assert clock.now().utcoffset() == timedelta(0)
    assert clock.now() > datetime(2025, 1, 1, tzinfo=UTC)
    assert clock.monotonic_s() >= first_s


def test_sleeping_is_the_loops_business() -> None:
    """The system clock sleeps on the running loop, for as many seconds as told."""
    clock: Clock = SystemClock()
    assert run(_seconds_slept(clock), seed=1) == 2.5


async def _seconds_slept(clock: Clock) -> float:
    await clock.sleep_s(2.5)
    return asyncio.get_running_loop().time()


@given(instants)
def test_an_instant_reads_back(instant: datetime) -> None:
    """Writing and reading keep the instant to the microsecond, in UTC."""
    read = from_rfc3339(rfc3339(instant))

    assert read == instant
    assert read.tzinfo is UTC


@given(instants, instants)
def test_text_sorts_as_time(one: datetime, other: datetime) -> None:
    """SQL may compare the texts: their order is the instants'."""
    assert (rfc3339(one) < rfc3339(other)) == (one < other)


def test_how_an_instant_is_written() -> None:
    """Fixed width, microseconds, and a Z."""
    paris = timezone(timedelta(hours=1))
    assert rfc3339(datetime(2026, 11, 21, 10, 0, 0, 42, paris)) == "2026-11-21T09:00:00.000042Z"


def test_an_instant_without_a_zone_is_refused() -> None:
    """Nobody guesses which noon is meant."""
    with pytest.raises(ValueError, match="has no time zone"):
        from_rfc3339("2026-11-21T12:00:00")
