"""
Backtests: how long a million jobs take, from a ledger that keeps what each decision saw.

Every job's own decision is made again and compared, and the job is chosen for and replayed under
the tested policy and always each provider. `FAREBOX_BENCH_JOBS` makes it smaller.
"""

import os
import tempfile
import time
from pathlib import Path

from rich.console import Console

from router.finance.backtest.books import Books
from router.finance.backtest.running import backtest, processors
from router.ledger.rows import BEGINNING, END
from router.policy.loader import load_policy, shipped_policy_path
from tests.past_jobs import write_ledger

JOBS = 1_000_000
LIMIT_S = 180.0
POLICY = "cheapest-within-slo.yaml"


def measure() -> None:
    """Make the ledger, measure, and print two lines."""
    jobs = int(os.environ.get("FAREBOX_BENCH_JOBS", JOBS))
    policy = load_policy(shipped_policy_path(POLICY))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "farebox.db"
        began_s = time.perf_counter()
        write_ledger(path, policy, jobs)
        made_s = time.perf_counter() - began_s
        console = Console()
        size = path.stat().st_size / 1e9
        console.print(f"A ledger of {jobs:,} jobs was made in {made_s:.0f} s: {size:.1f} GB.")
        began_s = time.perf_counter()
        found = backtest(Books(path, BEGINNING, END), policy)
        took_s = time.perf_counter() - began_s
    assert found.jobs == jobs
    assert (found.checked.compared, found.checked.differing) == (jobs, 0)
    console.print(
        f"A backtest of {jobs:,} jobs under {len(found.replayed)} policies takes {took_s:.0f} s on "
        f"{processors()} processors, {jobs / took_s:,.0f} jobs a second "
        f"(to be below {LIMIT_S:.0f} s for {JOBS:,}); {found.checked.compared:,} recorded "
        "decisions were made again, and none differs."
    )
