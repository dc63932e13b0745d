"""
Policies beside fixed choices and an oracle, under the workloads of `tests/simulation/workloads.py`.

Each cell is the real router over the emulators, in virtual time; the oracle is arithmetic. The same
job meets the same luck at the same provider, whoever buys it.

    python -m tests.simulation.compare
    python -m tests.simulation.compare --jobs 1600 --workload slow --workload drift
"""

import argparse
import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from router.model.money import Money, total
from router.model.offer import ProviderState
from tests.simulation.contenders import CONTENDERS, ORACLES, foretell, policy_of
from tests.simulation.market import Played, play
from tests.simulation.workloads import LIMIT_S, WORKLOADS, Fates

JOBS, SEED = 2_000, 1
UNCUT = 1_000
"""Letters: wider than any table."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a contender's run comes to."""

    cost: float
    """Dollars for each edit that was delivered, with all that was paid for others."""
    p50_s: float
    p95_s: float
    """Of the delivered ones, from their arrival."""
    delivered: float
    """Of all jobs; before their deadlines."""
    within: float
    """Of all jobs: delivered within `LIMIT_S`."""
    failovers: float
    """Of all jobs: how many went to a second provider."""
    changes_an_hour: float
    """Of where jobs go first: see `changes`."""
    states_an_hour: float
    """How often a provider was set aside, or taken back."""
    polls: float
    """For each job."""


def figures(played: Played) -> Figures:
    """Sum a run up."""
    bought = played.bought
    took_s = sorted(one.seconds for one in bought if one.delivered)
    hours = max(one.asked.at_s for one in bought) / 3600
    spent = total([one.cost for one in bought])
    states = [one for one in played.changes if one.state is not ProviderState.PROBING]
    return Figures(
        cost=spent.nanos / Money.parse("1").nanos / max(1, len(took_s)),
        p50_s=percentile(took_s, 0.50),
        p95_s=percentile(took_s, 0.95),
        delivered=len(took_s) / len(bought),
        within=sum(one <= LIMIT_S for one in took_s) / len(bought),
        failovers=sum(len(one.providers) > 1 for one in bought) / len(bought),
        changes_an_hour=changes(played) / hours,
        states_an_hour=len(states) / hours,
        polls=played.polls / len(bought),
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """Find what such a share is at most; NaN of nothing."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else math.nan


def changes(played: Played) -> int:
    """
    Count how often jobs of one resolution, in their order, began to go first elsewhere.

    One alone is no change: it probes, or explores.
    """
    going: dict[str, str] = {}
    latest: dict[str, str] = {}
    count = 0
    for one in played.bought:
        resolution, first = one.asked.resolution, one.providers[0] if one.providers else None
        if first is None:
            continue
        if latest.get(resolution) == first:
            count += going.get(resolution) not in {None, first}
            going[resolution] = first
        latest[resolution] = first
    return count


def measure(workload: str, contender: str, jobs: int = JOBS, seed: int = SEED) -> Figures:
    """Have one contender buy one workload."""
    return figures(played(workload, contender, jobs, seed))


def played(workload: str, contender: str, jobs: int, seed: int) -> Played:
    """Have one contender buy one workload, and tell all of it."""
    fates = Fates(WORKLOADS[workload], jobs, seed)
    if contender in ORACLES:
        return foretell(fates, ORACLES[contender])
    with tempfile.TemporaryDirectory() as folder:
        return play(policy_of(contender, fates), fates, Path(folder))


def measured(
    cells: Sequence[tuple[str, str]], jobs: int, seed: int, processes: int
) -> Iterator[tuple[str, str, Figures]]:
    """Measure cells in processes of their own, as they come."""
    with ProcessPoolExecutor(processes) as pool:
        working = {pool.submit(measure, *cell, jobs, seed): cell for cell in cells}
        for done in as_completed(working):
            yield *working[done], done.result()


def table(workload: str, found: dict[str, Figures], warning: str | None = None) -> Table:
    """Put a workload's figures side by side; their headings have two lines, to be narrow."""
    title = f"{workload}: {WORKLOADS[workload].summary}"
    shown = Table(title=title, title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0))
    shown.caption, shown.caption_justify = warning, "left"
    headings = ("$\neach", "p50\ns", "p95\ns", "deliv-\nered", f"within\n{LIMIT_S:g} s")
    shown.add_column("", no_wrap=True)
    for heading in (*headings, "failed\nover", "changes\n/hour", "ejected\n/hour", "polls"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for name, one in found.items():
        shown.add_row(
            name,
            f"{one.cost:.4f}",
            f"{one.p50_s:.1f}",
            f"{one.p95_s:.1f}",
            f"{one.delivered:.1%}",
            f"{one.within:.1%}",
            f"{one.failovers:.1%}",
            f"{one.changes_an_hour:.1f}",
            f"{one.states_an_hour:.1f}",
            f"{one.polls:.1f}" if one.polls else "",
        )
    return shown


def caution(workload: str, jobs: int, seed: int) -> str | None:
    """Say that a run is over before what befalls its provider is; None where it is not."""
    meant = WORKLOADS[workload]
    ends_min = Fates(meant, jobs, seed).asked[-1].at_s / 60
    if ends_min >= meant.shown_by_min:
        return None
    return (
        f"NO RESULT: {workload} ends in minute {ends_min:.0f} with {jobs} jobs, and is about what "
        f"happens until minute {meant.shown_by_min:g}: take --jobs {meant.jobs_min}."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for, and print a table for each workload."""
    asked = _parser().parse_args(arguments)
    workloads, contenders = asked.workload or list(WORKLOADS), asked.contender or list(CONTENDERS)
    cells = [(workload, contender) for workload in workloads for contender in contenders]
    found: dict[tuple[str, str], Figures] = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Buying", total=len(cells))
        for workload, contender, one in measured(cells, asked.jobs, asked.seed, asked.processes):
            found[workload, contender] = one
            progress.advance(task)
    by_workload = {
        workload: {contender: found[workload, contender] for contender in contenders}
        for workload in workloads
    }
    warnings = {one: caution(one, asked.jobs, asked.seed) for one in workloads}
    if asked.json:
        sys.stderr.writelines(f"{one}\n" for one in warnings.values() if one is not None)
        told = {
            workload: {name: asdict(one) for name, one in row.items()}
            for workload, row in by_workload.items()
        }
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
        return
    console = Console()
    for workload, row in by_workload.items():
        shown = table(workload, row, warnings[workload])
        # Of a table that is cut, what is read may be another contender's. A pipe has no width.
        console.width = max(console.width, Console(width=UNCUT).measure(shown).maximum)
        console.print(shown)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation.compare",
        description="Compare policies under workloads, in virtual time.",
        epilog="Example: python -m tests.simulation.compare --jobs 1000 --workload slow",
    )
    parser.add_argument("--jobs", type=_count, default=JOBS, help="how many, for each cell")
    parser.add_argument("--seed", type=int, default=SEED, help="another one is another luck")
    parser.add_argument(
        "--workload", action="append", choices=WORKLOADS, help="only this; may be repeated"
    )
    parser.add_argument(
        "--contender", action="append", choices=CONTENDERS, help="only this; may be repeated"
    )
    parser.add_argument("--processes", type=_count, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="write figures, not tables")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("one or more")
    return number


if __name__ == "__main__":
    main()
