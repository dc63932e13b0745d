from pathlib import Path

import pytest

from router.cli.checking import check_file

CASES = [
    [(line[:4].strip(), line[6:]) for line in case.splitlines() if not line.startswith("#")]
    for case in Path(__file__)
    .with_name("broken_budgets.txt")
    .read_text(encoding="utf-8")
    .split("\n\n")
    if not case.startswith("#")
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case[0][1].split())[:70])
def test_a_mistake_in_budgets_is_told_with_where_and_why(
    tmp_path: Path, case: list[tuple[str, str]]
) -> None:
    """Each at its own line and column, in words, and alone."""
    (_, written), *said = case
    path = tmp_path / "budgets.yaml"
    path.write_text(written.encode().decode("unicode_escape") + "\n", encoding="utf-8")

    problems = check_file(path).problems

    assert [str(problem).splitlines()[0] for problem in problems] == [
        f"{path}:{text}" for _, text in said
    ]


def test_there_are_many_mistakes_to_make_in_budgets() -> None:
    """The file of cases was read whole."""
    assert len(CASES) > 30
    assert all([word for word, _ in case[:2]] == ["file", "says"] for case in CASES)
