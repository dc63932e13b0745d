from datetime import timedelta
from pathlib import Path

import pytest

from router.finance.backtest.past import PastJob
from router.finance.backtest.sources import Reader
from router.finance.backtest.traces import LINE_MAX, PAGE_LINES, BadLine, Trace
from router.ledger.rows import BEGINNING, END
from router.model.clock import rfc3339
from tests.fakes import EPOCH

HEADER = "created_at,tenant,model,resolution,provider,charged"
ROW = "{at},acme,nano-banana-2-edit,1k,shortapi,0.04"


def row(minutes: int = 0) -> str:
    """A line, so many minutes after the epoch."""
    return ROW.format(at=rfc3339(EPOCH + timedelta(minutes=minutes)))


def read(trace: Trace) -> list[PastJob]:
    """Every job of a trace."""
    reader = trace.reader()
    found = [past for page in trace.pages() for past in reader.read(page).jobs]
    reader.close()
    return found


def write(folder: Path, *lines: str, name: str = "jobs.csv") -> Trace:
    """A trace of lines."""
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Trace(path, BEGINNING, END)


def test_a_csv_has_a_header_and_a_job_a_line(tmp_path: Path) -> None:
    """Empty cells say nothing, empty lines are skipped, and a spreadsheet's mark at its start."""
    trace = write(tmp_path, f"\ufeff{HEADER}", row(), "", row(1).replace("shortapi,0.04", ","))

    first, second = read(trace)

    assert (first.job.id, second.job.id) == ("line-2", "line-4")
    assert first.happened is not None
    assert second.happened is None


def test_json_lines_are_objects(tmp_path: Path) -> None:
    """Numbers are read as they are written, not as floats; null says nothing."""
    line = (
        '{"created_at": "2026-11-20T09:00:00Z", "tenant": "acme", "model": "m", "resolution": '
        '"1k", "provider": "runpod", "charged": 0.020971520, "tags": {"team": "ads"}, "key": null}'
    )

    (past,) = read(write(tmp_path, line, name="jobs.jsonl"))

    assert past.happened is not None
    assert past.happened.charged_nanos == 20_971_520
    assert past.job.tags == (("team", "ads"),)


def test_only_jobs_of_the_time_are_taken(tmp_path: Path) -> None:
    """From an instant on, and before another."""
    lines = write(tmp_path, HEADER, row(0), row(1), row(2))
    trace = Trace(lines.path, EPOCH + timedelta(minutes=1), EPOCH + timedelta(minutes=2))

    assert [past.job.id for past in read(trace)] == ["line-3"]


def test_pages_are_read_by_any_process_in_any_order(tmp_path: Path) -> None:
    """Each knows the line before it, and how much of the file it is."""
    trace = write(tmp_path, HEADER, *(row(n) for n in range(PAGE_LINES + 5)))

    first, second = trace.pages()

    assert (second.first, second.before) == (PAGE_LINES + 1, row(PAGE_LINES - 2))
    done = [trace.reader().read(page).done for page in (second, first)]
    assert sum(done) == trace.size()
    assert [len(trace.reader().read(page).jobs) for page in (second, first)] == [6, PAGE_LINES - 1]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((HEADER, row(), "a,b"), "jobs.csv:3: 2 cells, and the header has 6"),
        ((HEADER, row(), '"' + row(1)), "jobs.csv:3: this is no line of CSV"),
        ((HEADER, row(1), row(0)), "jobs.csv:3: this job is older than the one before"),
        ((HEADER, row().replace("1k", "9k")), "jobs.csv:2: 'resolution'"),
        ((HEADER + ",colour", row()), "jobs.csv:1: there is no column 'colour'"),
        (("",), "jobs.csv:1: 'created_at' is missing"),
    ],
)
def test_a_broken_line_is_told_with_its_number(
    lines: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    """And nothing is computed."""
    with pytest.raises(BadLine, match=message):
        read(write(tmp_path, *lines))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "this is no JSON"),
        ("[]", "write an object"),
        ('{"tenant": "acme"}', "'created_at' is missing"),
        ('{"created_at": NaN}', "NaN is no number"),
        ('{"providr": 1}', "there is no column 'providr'"),
    ],
)
def test_a_broken_object_is_told_with_its_number(line: str, message: str, tmp_path: Path) -> None:
    """As of a CSV."""
    with pytest.raises(BadLine, match=f"jobs.jsonl:1: .*{message}"):
        read(write(tmp_path, line, name="jobs.jsonl"))


def test_order_is_held_to_from_page_to_page(tmp_path: Path) -> None:
    """A page alone would be in order; a line before it that is broken is its own page's to tell."""
    late = [row(n) for n in range(PAGE_LINES - 1)]
    trace = write(tmp_path, HEADER, *late, row(0))
    broken = write(tmp_path, HEADER, *late[:-1], "a,b", row(0), name="broken.csv")

    with pytest.raises(BadLine, match=f":{PAGE_LINES + 1}: .*older"):
        read(trace)
    assert len(broken.reader().read(list(broken.pages())[1]).jobs) == 1


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    """With the line that it stands in; and a line without an end."""
    trace = write(tmp_path, HEADER, row())
    trace.path.write_bytes(trace.path.read_bytes() + b"\xff\n")
    with pytest.raises(BadLine, match=r"jobs\.csv:3: this is no text in UTF-8"):
        read(trace)

    trace.path.write_text("x" * (LINE_MAX + 1), encoding="utf-8")
    with pytest.raises(BadLine, match=r"jobs\.csv:1: the line is longer than a mebibyte"):
        read(trace)


def test_a_trace_knows_nothing_else(tmp_path: Path) -> None:
    """No raises, no refusals beside its lines, no former policies; of no lines there is no job."""
    trace = write(tmp_path, HEADER)

    assert (trace.raises(), trace.refusals(), read(trace)) == ([], [], [])
    reader: Reader = trace.reader()
    assert reader.policy("5eed") is None
    trace.path.write_text("", encoding="utf-8")
    with pytest.raises(BadLine, match="'created_at' is missing"):
        read(trace)
