"""Words that may have been meant."""

import pytest

from router.policy.explain import closest


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("prefr", "; did you mean 'prefer'?"),
        ("PREFER", "; did you mean 'prefer'?"),
        ("Runpod Inc", "; did you mean 'runpod'?"),
        ("RunpodInc", "; did you mean 'runpod'?"),
        ("x", ""),
    ],
)
def test_a_word_is_near_in_any_case_and_by_its_title(word: str, told: str) -> None:
    """The word to write is told as it is to be written."""
    assert closest(word, ["prefer", "runpod"], {"runpod": "Runpod, Inc."}) == told


def test_a_word_itself_comes_before_a_title_that_is_the_same() -> None:
    """A title may be another's name."""
    assert closest("short", ["long", "shorts"], {"long": "Shorts"}) == "; did you mean 'shorts'?"
