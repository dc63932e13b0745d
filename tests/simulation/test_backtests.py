"""Backtests held to the simulation, where what happened and what would have is known."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from router.finance.backtest.books import Books
from router.finance.backtest.running import Backtest, backtest
from router.finance.backtest.tallies import Cell
from router.ledger.rows import BEGINNING, END
from router.model.money import total
from tests.simulation.contenders import policy_of
from tests.simulation.market import Played, play
from tests.simulation.workloads import WORKLOADS, Fates

SEED = 4
PAST = (
    ("slow", 700, "cheapest-within-slo"),
    ("down", 450, "cheapest-first"),
    ("failing", 250, "cheapest-first"),
)
DELIVERED_APART_MAX = 0.08
"""How far a share that is estimated of an outage may be from the real one."""


@cache
def lived(workload: str, jobs: int, name: str) -> tuple[Played, Backtest]:
    """Have a policy buy a workload, and replay it over the ledger that this leaves."""
    fates = Fates(WORKLOADS[workload], jobs, SEED)
    policy = policy_of(name, fates)
    with TemporaryDirectory() as folder:
        run = play(policy, fates, Path(folder))
        books = Books(Path(folder) / "ledger.db", BEGINNING, END)
        return run, backtest(books, policy, workers=1)


def sums(cell: Cell) -> tuple[int, ...]:
    """What has to be the same, and that nothing of it is estimated."""
    return cell.nanos, cell.delivered, cell.failovers, cell.bought, cell.known


@pytest.mark.slow
@pytest.mark.parametrize(("workload", "jobs", "name"), PAST)
def test_the_policy_that_was_in_force_gives_what_happened(
    workload: str, jobs: int, name: str
) -> None:
    """To the nano-dollar, with every failover, whatever was seen when those were chosen for."""
    run, found = lived(workload, jobs, name)
    then, now = found.happened.total(), found.replayed[0].total()

    assert (found.checked.compared, found.checked.differing) == (jobs, 0)
    assert then.failovers, "this test has nothing to say"
    assert then.nanos == total([one.cost for one in run.bought]).nanos
    assert sums(now) == sums(then)
    assert (now.known, now.took) == (jobs, then.took)


@pytest.mark.slow
def test_who_was_set_aside_is_not_taken_to_deliver() -> None:
    """Always the provider that was down delivers about as little as it really would have."""
    fates = Fates(WORKLOADS["down"], 450, SEED)
    found = lived("down", 450, "cheapest-first")[1].replayed[2]
    with TemporaryDirectory() as folder:
        real = play(policy_of("always ShortAPI", fates), fates, Path(folder)).bought

    assert found.name == "always shortapi"
    share = sum(one.delivered for one in real) / len(real)
    assert share < 0.65
    assert abs(found.total().delivered / 450e6 - share) <= DELIVERED_APART_MAX
    cost = total([one.cost for one in real])
    assert abs(found.total().nanos - cost.nanos) <= cost.nanos // 10
