from pathlib import Path

import pytest

from router.cli.checking import check_file
from tests.policies.write_broken import Broken, broken_budgets

CASES = broken_budgets()


@pytest.mark.parametrize("broken", CASES, ids=lambda broken: broken.name)
def test_a_mistake_in_budgets_is_told_with_where_and_why(tmp_path: Path, broken: Broken) -> None:
    """Each at its own line and column, in words, and alone."""
    said = broken.write(tmp_path)

    problems = check_file(tmp_path / broken.checked).problems

    assert [str(problem).splitlines()[0] for problem in problems] == said


def test_there_are_many_mistakes_to_make_in_budgets() -> None:
    """The file of cases was read whole."""
    assert len(CASES) > 30
    assert len({broken.files["budgets.yaml"] for broken in CASES}) == len(CASES)
