"""The comparison as it is printed: can be read, and is not taken for more than it is."""

import json

import pytest
from rich.console import Console

from tests.simulation.compare import JOBS, SEED, Figures, caution, main, table
from tests.simulation.contenders import CONTENDERS
from tests.simulation.workloads import WORKLOADS

WIDEST = Figures(
    cost=0.1234,
    p50_s=118.7,
    p95_s=297.3,
    delivered=1.0,
    within=0.999,
    failovers=0.456,
    changes_an_hour=123.4,
    states_an_hour=67.8,
    polls=34.5,
)
TERMINAL = 100


@pytest.mark.parametrize("workload", WORKLOADS)
def test_no_figure_is_cut_where_there_is_room_for_a_hundred_letters(workload: str) -> None:
    """Every contender with the widest figures, under the longest headings."""
    console = Console(width=TERMINAL)
    with console.capture() as printed:
        console.print(table(workload, dict.fromkeys(CONTENDERS, WIDEST)))

    rows = [line.split() for line in printed.get().splitlines()]
    figures = ["0.1234", "118.7", "297.3", "100.0%", "99.9%", "45.6%", "123.4", "67.8", "34.5"]
    assert sum(row[-len(figures) :] == figures for row in rows) == len(CONTENDERS)
    assert "…" not in printed.get()


def test_a_pipe_is_given_whole_tables(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has no width of its own, or little, has lines as long as the table is wide."""
    monkeypatch.setenv("COLUMNS", "40")

    main(["--jobs", "3", "--workload", "steady", "--contender", "oracle", "--processes", "1"])

    printed = capsys.readouterr().out
    (row,) = (line.split() for line in printed.splitlines() if line.strip().startswith("oracle"))
    assert len(row) == 9, "the name, and all figures but polls, which an oracle has none of"
    assert "…" not in printed


def test_a_run_that_ends_before_the_trouble_says_that_it_is_no_result(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With its table, or beside its figures, and how many jobs it takes."""
    asked = ["--jobs", "5", "--workload", "down", "--contender", "oracle", "--processes", "1"]

    main(asked)
    shown = " ".join(capsys.readouterr().out.split())
    main([*asked, "--json"])
    told = capsys.readouterr()

    warning = (
        "NO RESULT: down ends in minute 0 with 5 jobs, and is about what happens until minute 35: "
        "take --jobs 500."
    )
    assert warning in shown
    assert told.err.strip() == warning
    assert json.loads(told.out)["down"]["oracle"]["polls"] == 0


@pytest.mark.parametrize("workload", WORKLOADS)
def test_as_many_jobs_as_it_asks_for_are_enough(workload: str) -> None:
    """The warning's own advice takes it away, and so does what is done without being asked."""
    enough = max(WORKLOADS[workload].jobs_min, 1)

    assert caution(workload, enough, SEED) is None
    assert caution(workload, JOBS, SEED) is None
