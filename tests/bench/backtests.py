"""
Backtests: how long a million jobs take, from a ledger that keeps what each decision saw.

Every job's own decision is made again and compared, and the job is chosen for and replayed under
the tested policy and always each provider. Its budgets have room for all of them, so that every job
is bought, and costs what it did. `FAREBOX_BENCH_JOBS` makes it smaller.
"""

import os
import resource
import tempfile
import time
from pathlib import Path

from rich.console import Console

from router.finance.backtest.books import Books
from router.finance.backtest.running import backtest, processors
from router.ledger.rows import BEGINNING, END
from router.model.money import Money
from router.policy.loader import load_policy, shipped_policy_path
from tests.past_jobs import roomy, write_long_ledger

JOBS = 1_000_000
LIMIT_S = 180.0
POLICY = "cheapest-within-slo.yaml"


def measure() -> None:
    """Make the ledger, measure, and print two lines."""
    jobs = int(os.environ.get("FAREBOX_BENCH_JOBS", JOBS))
    policy = roomy(load_policy(shipped_policy_path(POLICY)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "farebox.db"
        began_s = time.perf_counter()
        write_long_ledger(path, policy, jobs)
        made_s = time.perf_counter() - began_s
        console = Console()
        size = path.stat().st_size / 1e9
        console.print(f"A ledger of {jobs:,} jobs was made in {made_s:.0f} s: {size:.1f} GB.")
        began_s, before_s = time.perf_counter(), _processor_s()
        found = backtest(Books(path, BEGINNING, END), policy)
        took_s, used_s = time.perf_counter() - began_s, _processor_s() - before_s
    checked, then, now = found.checked, found.happened.total(), found.replayed[0].total()
    console.print(
        f"A backtest of {jobs:,} jobs under {len(found.replayed)} policies takes {took_s:.0f} s on "
        f"{processors()} processors, {jobs / took_s:,.0f} jobs a second and {used_s:.0f} s of "
        f"their time (to be below {LIMIT_S:.0f} s for {JOBS:,}); {checked.compared:,} recorded "
        f"decisions were made again, {checked.differing:,} differ; the policy in force "
        f"comes to ${Money(now.nanos)}, and ${Money(then.nanos)} is what happened."
    )
    assert (found.jobs, checked.compared, checked.differing) == (jobs, jobs, 0), checked.jobs
    assert (now.nanos, now.known) == (then.nanos, jobs)


def _processor_s() -> float:
    """What this process has used so far, and those that it began and that have ended."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
