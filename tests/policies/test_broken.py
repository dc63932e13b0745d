from pathlib import Path

import pytest

from router.policy.loader import load_policy
from router.policy.problems import PolicyError
from tests.commands import Commands
from tests.policy_files import BUDGETS, INCLUDING, POLICY, PRICES

Case = list[tuple[str, str]]
CASES: list[Case] = [
    [(line[:4].strip(), line[6:]) for line in case.splitlines() if not line.startswith("#")]
    for case in Path(__file__).with_name("broken.txt").read_text(encoding="utf-8").split("\n\n")
    if not case.startswith("#")
]


def unescaped(text: str) -> str:
    """Read the escapes that the table uses as Python does."""
    for escape, meant in (("\\n", "\n"), ("\\t", "\t"), ("\\x07", "\x07")):
        text = text.replace(escape, meant)
    return text


def write(folder: Path, case: Case) -> list[str]:
    """Write a case's files, the broken one among them; gives what must be said of them."""
    (_, file), (_, stands), (_, instead), *said = case
    # Budgets stand in the policy itself, unless it is their own file that is broken.
    apart = file == "budgets.yaml"
    texts = {"policy.yaml": INCLUDING if apart else POLICY, "prices.yaml": PRICES}
    if apart:
        texts[file] = BUDGETS
    assert unescaped(stands) in texts[file]
    texts[file] = texts[file].replace(unescaped(stands), unescaped(instead), 1)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [f"{folder / file}:{text}" for word, text in said if word == "says"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case[2][1].split())[:40])
def test_a_mistake_is_refused_with_where_and_why(tmp_path: Path, case: Case) -> None:
    """Each mistake in `broken.txt` is told at its own line and column, in words, and alone."""
    said = write(tmp_path, case)

    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path / "policy.yaml")

    assert [str(problem).splitlines()[0] for problem in caught.value.problems] == said


def test_there_are_many_mistakes_to_make() -> None:
    """The file of cases was read whole."""
    assert len(CASES) > 150
    assert all([word for word, _ in case[:4]] == ["in", "for", "with", "says"] for case in CASES)
    assert len({tuple(case[:3]) for case in CASES}) == len(CASES)
    assert {case[0][1] for case in CASES} == {"policy.yaml", "prices.yaml", "budgets.yaml"}


def test_a_folder_of_all_of_them_is_checked_in_one_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every message is there, each with its line and a mark under it; never a traceback."""
    said, files = [], []
    for number, case in enumerate(CASES):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        said += write(folder, case)
        files.append(folder / "policy.yaml")

    ran = Commands(capsys, tmp_path)("check", *files)

    assert (ran.code, ran.out) == (1, "")
    assert [line for line in ran.err.splitlines() if line.startswith(str(tmp_path))] == said
    assert "Traceback" not in ran.err
