"""The folder of mistakes that a person can check by hand is what the tests check."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import Commands
from tests.policies.write_broken import broken_budgets, broken_policies, main, write_all
from tests.processes import ROOT

CASES = [*broken_policies(), *broken_budgets()]


def test_the_folder_that_is_written_tells_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`farebox check FOLDER` says of it what the tables say, and nothing else."""
    folder = tmp_path / "broken"
    command = [sys.executable, "-m", "tests.policies.write_broken", str(folder)]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    said = {
        f"{beside.parent}/{line}"
        for beside in folder.rglob("said.txt")
        for line in beside.read_text("utf-8").splitlines()
    }
    # A policy lacks the list that it names; the list for itself is told how to become one.
    (listed,) = (line for line in said if line.endswith("budgets.yaml:1:1: a list belongs here"))
    alone = "a file of budgets is the list alone, without 'budgets:' above it"

    ran = Commands(capsys, tmp_path)("check", "--quiet", folder)

    lines = [line for line in ran.err.splitlines() if line.startswith(str(folder))]
    assert (ran.code, ran.out) == (1, "")
    assert set(lines) == said | {listed.replace("a list belongs here", alone)}
    assert told == f"{len(CASES)} mistakes; now: farebox check {folder}\n"
    assert len({Path(line).parts[: len(folder.parts) + 2] for line in said}) == len(CASES)


def test_each_of_its_policies_tells_what_stands_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the order of its lines, whichever of its files is wrong; every mistake is written."""
    written = write_all(tmp_path)

    documents = json.loads(Commands(capsys, tmp_path)("check", "--json", tmp_path).out)

    found = {
        document["file"]: [
            "{file}:{line}:{column}: {message}".format(**problem)
            for problem in document["problems"]
        ]
        for document in documents
    }
    assert [found[str(path)] for path, _ in written] == [said for _, said in written]
    assert [said for _, said in written] == [
        [f"{path.parent}/{line}" for line in broken.said]
        for (path, _), broken in zip(written, CASES, strict=True)
    ]


def test_what_is_in_a_folder_already_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody's policies are not written over with broken ones."""
    (tmp_path / "policy.yaml").write_text("mine", encoding="utf-8")

    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path)])

    assert ended.value.code == 2
    assert "is there already, and not an empty folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["policy.yaml"]
