from pathlib import Path

import pytest

from router.policy.loader import load_policy
from router.policy.problems import PolicyError
from tests.commands import Commands
from tests.policies.write_broken import Broken, broken_policies

CASES = broken_policies()


@pytest.mark.parametrize("broken", CASES, ids=lambda broken: broken.name)
def test_a_mistake_is_refused_with_where_and_why(tmp_path: Path, broken: Broken) -> None:
    """Each mistake in `broken.txt` is told at its own line and column, in words, and alone."""
    said = broken.write(tmp_path)

    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path / broken.checked)

    assert [str(problem).splitlines()[0] for problem in caught.value.problems] == said


def test_there_are_many_mistakes_to_make() -> None:
    """The file of cases was read whole."""
    assert len(CASES) > 150
    assert len({tuple(broken.files.values()) for broken in CASES}) == len(CASES)
    said = {line.partition(":")[0] for broken in CASES for line in broken.said}
    assert said == {"policy.yaml", "prices.yaml", "budgets.yaml"}


def test_a_folder_of_all_of_them_is_checked_in_one_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every message is there, each with its line and a mark under it; never a traceback."""
    said, files = [], []
    for broken in CASES:
        folder = tmp_path / broken.name
        folder.mkdir()
        said += broken.write(folder)
        files.append(folder / broken.checked)

    ran = Commands(capsys, tmp_path)("check", *files)

    assert (ran.code, ran.out) == (1, "")
    assert [line for line in ran.err.splitlines() if line.startswith(str(tmp_path))] == said
    assert "Traceback" not in ran.err
