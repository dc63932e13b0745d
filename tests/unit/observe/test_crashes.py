from router.observe.crashes import told


def test_a_crash_is_told_without_its_text() -> None:
    """What an exception quotes may be a prompt; where it was raised is all that is needed."""
    try:
        raise KeyError("paint my secret plans")
    except KeyError as error:
        words = told(error)

    assert words.startswith("KeyError at test_crashes.py:")
    assert "secret" not in words


def test_an_exception_that_was_never_raised_has_no_place() -> None:
    """Its kind is told all the same."""
    assert told(ValueError("never raised")) == "ValueError"
