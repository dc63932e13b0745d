import pytest

from router.observe.crashes import told


def test_a_crash_is_told_without_its_text() -> None:
    """What an exception quotes may be a prompt; where it was raised is all that is needed."""
    with pytest.raises(KeyError) as caught:
        {"a": 1}["paint my secret plans"]

    words = told(caught.value)
    assert words.startswith("KeyError at test_crashes.py:")
    assert "secret" not in words


def test_an_exception_that_was_never_raised_has_no_place() -> None:
    """Its kind is told all the same."""
    assert told(ValueError("never raised")) == "ValueError"
