from datetime import timedelta

from router.finance.backtest.rooms import Line, Rooms, line_of, microseconds
from tests.fakes import EPOCH
from tests.ledger_kit import a_lifetime_limit, a_limit, a_rolling_limit

DAY = line_of(a_limit("team", "1.00"))
NOBODY = frozenset[str]()


def rolling(hours: int, limit: str = "1.00") -> Line:
    """A day's rolling limit, so many hours after the epoch."""
    return line_of(a_rolling_limit("team", limit, at=EPOCH + timedelta(hours=hours)))


def test_a_hold_fits_until_the_limit_is_used() -> None:
    """To the last nano-dollar."""
    rooms = Rooms()
    rooms.add((DAY,), 600_000_000)

    assert rooms.fits((DAY,), 400_000_000)
    assert not rooms.fits((DAY,), 400_000_001)
    assert rooms.used(DAY) == 600_000_000


def test_two_limits_on_one_window_count_once() -> None:
    """They are one window, whose balance takes the hold once."""
    rooms = Rooms()
    rooms.add((DAY, DAY._replace(nanos=5)), 700_000_000)

    assert rooms.used(DAY) == 700_000_000


def test_a_lifetime_has_a_window_of_its_own() -> None:
    """It is not the day's."""
    rooms, whole = Rooms(), line_of(a_lifetime_limit("team", "9.00"))
    rooms.add((whole,), 800_000_000)

    assert (rooms.used(whole), rooms.used(DAY)) == (800_000_000, 0)
    assert whole.start == 0


def test_a_rolling_window_sheds_what_is_old_by_the_hour() -> None:
    """An hour counts until all of it is outside; a charge counts where its hold stood."""
    rooms = Rooms()
    rooms.add((rolling(0),), 300_000_000)
    rooms.add((rolling(1),), 200_000_000)
    rooms.add((rolling(0),), 50_000_000)

    assert rooms.used(rolling(24)) == 550_000_000
    assert not rooms.fits((rolling(24),), 450_000_001)
    assert rooms.used(rolling(25)) == 200_000_000
    rooms.add((rolling(0),), 10_000_000)
    assert rooms.used(rolling(25)) == 200_000_000
    assert rooms.used(rolling(26)) == 0


def test_an_hour_between_others_is_counted() -> None:
    """A job may be charged in an hour that no other held in."""
    rooms = Rooms()
    rooms.add((rolling(0),), 1)
    rooms.add((rolling(4),), 4)
    rooms.add((rolling(2),), 2)

    assert rooms.used(rolling(26)) == 6
    assert rooms.used(rolling(27)) == 4


def test_the_tightest_limit_is_told() -> None:
    """One whose refusal is the last word before any that lets a smaller edit be tried."""
    rooms, other = Rooms(), line_of(a_limit("other", "0.90"))
    rooms.add((DAY, other), 850_000_000)

    assert rooms.tightest((DAY, other), 200_000_000, NOBODY) == other
    assert rooms.tightest((DAY, other), 200_000_000, frozenset({"other"})) == DAY
    assert rooms.tightest((DAY, other), 10_000_000, NOBODY) is None


def test_thresholds_are_reached_as_stages_reach_them() -> None:
    """At so much or more; of nothing, everything is used."""
    rooms = Rooms()
    rooms.add((DAY,), 800_000_000)

    assert rooms.level(DAY, (79, 80, 81)) == 2
    assert rooms.level(line_of(a_limit("none", "0.00")), (50, 100)) == 2


def test_instants_are_whole_microseconds() -> None:
    """So no instant is off by a float's last digit."""
    assert microseconds(EPOCH + timedelta(microseconds=7)) % 1000 == 7
