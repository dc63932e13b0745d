"""Whatever is written into a file, it is either taken or told what is wrong: never a traceback."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from router.cli.checking import check_file
from tests.policy_files import BUDGETS, INCLUDING, PRICES

SHIPPED = Path(__file__).parents[2] / "policies"
SOUND = {
    "policy.yaml": INCLUDING,
    "rules.yaml": (SHIPPED / "previews-and-print.yaml").read_text("utf-8"),
    "stages.yaml": (SHIPPED / "month-end-guard.yaml").read_text("utf-8"),
    "limits.yaml": (SHIPPED / "cheapest-within-slo.yaml").read_text("utf-8"),
    "prices.yaml": PRICES,
    "budgets.yaml": BUDGETS,
}
# What a slip of the hand puts in, what YAML gives a meaning to, and what is in other files.
SNIPPETS = st.sampled_from(
    (
        *("", " ", "\n", "\t", ":", "- ", "{", "}", "[", "]", "&a ", "*a", "!!int ", "? ", "|"),
        *(">-", "#", "%", "'", '"', "<<: ", "---\n", "...", "~", "null", "yes", "0x1f", "1e400"),
        *("-1", "$", "$-1", "$1e3", "$9999999999", "9" * 30, "80%", "12:30:00", "2026-02-31"),
        *("\ufeff", "\x00", "\x85", "\u2028", "\ud800", "9999-12-31T23:59:59-23:59", "each"),
        *("9999-12-31T23:00:00Z", "0001-01-01", "2199-12-31T23:59:59Z", "2000-01-01"),
        *("²", "٣", "nobody", "9" * 5000),
    )
) | st.text(max_size=4)


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, bytes]:
    """A sound file with one to three places where something else stands."""
    name = draw(st.sampled_from(sorted(SOUND)))
    text = SOUND[name]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 1, 2, 5, 20, 80])))
        text = text[:start] + draw(SNIPPETS) + text[end:]
    return name, text.encode("utf-8", "surrogatepass")


@given(spoilt())
def test_a_spoilt_file_is_taken_or_told_about(one: tuple[str, bytes]) -> None:
    """And what is told has a place in a file, a sentence, and nothing of ours in it."""
    name, content = one
    with tempfile.TemporaryDirectory() as named:
        folder = Path(named)
        for other in ("prices.yaml", "budgets.yaml"):
            (folder / other).write_text(SOUND[other], encoding="utf-8")
        (folder / name).write_bytes(content)
        if name != "policy.yaml":
            (folder / "policy.yaml").write_text(INCLUDING, encoding="utf-8")

        checked = [check_file(folder / file) for file in (name, "policy.yaml")]

    for problem in (problem for one_file in checked for problem in one_file.problems):
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.message.strip()
        assert "pydantic" not in problem.message
        assert "Traceback" not in problem.message
