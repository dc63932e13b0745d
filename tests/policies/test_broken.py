from pathlib import Path

import pytest

from router.policy.loader import load_policy
from router.policy.problems import PolicyError
from tests.policy_files import POLICY, PRICES, write_policy

CASES = [
    [(line[:4].strip(), line[6:]) for line in case.splitlines() if not line.startswith("#")]
    for case in Path(__file__).with_name("broken.txt").read_text(encoding="utf-8").split("\n\n")
    if not case.startswith("#")
]


def unescaped(text: str) -> str:
    """Read escapes as Python does."""
    return text.encode().decode("unicode_escape")


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case[2][1].split())[:40])
def test_a_mistake_is_refused_with_where_and_why(
    tmp_path: Path, case: list[tuple[str, str]]
) -> None:
    """Each mistake in `broken.txt` is told at its own line and column, in words, and alone."""
    (_, file), (_, stands), (_, instead), *said = case
    texts = {"policy.yaml": POLICY, "prices.yaml": PRICES}
    assert unescaped(stands) in texts[file]
    texts[file] = texts[file].replace(unescaped(stands), unescaped(instead), 1)
    path = write_policy(tmp_path, policy=texts["policy.yaml"], prices=texts["prices.yaml"])

    with pytest.raises(PolicyError) as caught:
        load_policy(path)

    assert [str(problem).splitlines()[0] for problem in caught.value.problems] == [
        f"{tmp_path / file}:{text}" for word, text in said if word == "says"
    ]


def test_there_are_many_mistakes_to_make() -> None:
    """The file of cases was read whole."""
    assert len(CASES) > 75
    assert all([word for word, _ in case[:4]] == ["in", "for", "with", "says"] for case in CASES)
