from router.finance.backtest.fates import Fate
from router.finance.backtest.past import Happened
from router.finance.backtest.tallies import REASONS_MAX, Cell, Tally, added
from tests.past_jobs import delivered, tried

KEY = ("acme", "1k")
KNOWN = Fate(
    (40_000_000, 3_000_000), 1_000_000, 1_000_000, ((62, 1_000_000),), (), lasts=62, is_known=True
)
EXPECTED = Fate((85_000_000,), 980_000, 0, (), (((9, 14), 980_000),), lasts=5, is_known=False)


def test_what_is_known_is_kept_apart_from_what_is_expected() -> None:
    """In money and in time."""
    cell = Cell()
    cell.buy(KNOWN, is_smaller=True)
    cell.buy(EXPECTED, is_smaller=False)

    assert (cell.jobs, cell.bought, cell.smaller, cell.known) == (2, 2, 1, 1)
    assert (cell.nanos, cell.known_nanos) == (128_000_000, 43_000_000)
    assert (cell.delivered, cell.failovers) == (1_980_000, 1_000_000)
    assert (cell.took, cell.paces) == ({62: 1_000_000}, {(9, 14): 980_000})


def test_cells_add_up_in_every_column() -> None:
    """Distributions as well."""
    one, other = Cell(), Cell(denied=2, denied_nanos=7, unserved=3)
    one.buy(KNOWN, is_smaller=False)
    other.buy(EXPECTED, is_smaller=True)

    whole = added([one, other])

    assert (whole.jobs, whole.denied, whole.denied_nanos, whole.unserved) == (2, 2, 7, 3)
    assert (whole.nanos, whole.took, whole.paces) == (128_000_000, one.took, other.paces)


def test_breakdowns_are_by_name() -> None:
    """The same cells, by tenant or by resolution."""
    tally = Tally("thrift")
    tally.deny(("zeta", "2k"), "daily", 60_000_000)
    tally.deny(("zeta", "1k"), "daily", 40_000_000)
    tally.turn_away(KEY, "nobody sells it")

    assert {name: cell.jobs for name, cell in tally.by(0).items()} == {"acme": 1, "zeta": 2}
    assert {name: cell.denied_nanos for name, cell in tally.by(1).items()} == {
        "1k": 40_000_000,
        "2k": 60_000_000,
    }
    assert (tally.total().unserved, tally.by_budget) == (1, {"daily": 2})


def test_reasons_do_not_grow_without_end() -> None:
    """Past a number of them they are told together."""
    tally = Tally("thrift")
    for number in range(REASONS_MAX + 3):
        tally.turn_away(KEY, f"reason {number}")
    tally.turn_away(KEY, "reason 0")

    assert tally.by_reason["other reasons"] == 3
    assert tally.by_reason["reason 0"] == 2


def test_what_happened_is_recorded_as_it_was() -> None:
    """Delivered or not, denied, and smaller than asked for."""
    tally = Tally("what happened")
    tally.record(("acme", "2k"), delivered(tried("shortapi"), tried("runpod", "0.0875")))
    tally.record(KEY, Happened(attempts=(tried("shortapi"),), tenths=50))
    tally.record(KEY, Happened(is_denied=True))

    whole = tally.total()
    assert (whole.jobs, whole.bought, whole.denied, whole.smaller) == (3, 2, 1, 1)
    assert (whole.nanos, whole.delivered, whole.failovers) == (87_500_000, 1_000_000, 1_000_000)
    assert whole.took == {90: 1_000_000}
