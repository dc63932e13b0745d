import pytest

from router.policy.problems import PolicyError, Problem


def test_problems_stand_in_the_order_of_the_file() -> None:
    """Whoever mends a file goes through it once."""
    error = PolicyError(
        [Problem("a", 9, 1, "later"), Problem("b", 1, 1, "other"), Problem("a", 2, 7, "first")]
    )

    assert str(error) == "a:2:7: first\na:9:1: later\nb:1:1: other"


@pytest.mark.parametrize(
    ("column", "shown"),
    [(3, f"    {'x' * 120}\n      ^"), (121, f"    {'x' * 120}")],
)
def test_a_long_line_is_shown_in_part(column: int, shown: str) -> None:
    """The mark is left out when what it points at is not shown."""
    problem = Problem("a", 1, column, "no", "x" * 500)

    assert str(problem) == f"a:1:{column}: no\n{shown}"
