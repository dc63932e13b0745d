"""Attempts counted where they began."""

from router.dispatch.health_window import BUCKET_S, WINDOW_S, Share, Window


def test_a_failure_counts_where_its_attempt_began() -> None:
    """However late it comes: with its attempt it leaves the window, and not after."""
    window = Window()
    first = window.begin(0.0)
    window.begin(BUCKET_S)
    first.failed += 1
    assert window.share(WINDOW_S - 1.0) == Share(started=2, failed=1)
    assert window.share(WINDOW_S) == Share(started=1, failed=0)
    assert window.share(WINDOW_S + BUCKET_S) == Share(started=0, failed=0)


def test_attempts_that_began_together_share_a_bucket() -> None:
    """However many there are, a window is a handful of numbers."""
    window = Window()
    assert window.begin(100.0) is window.begin(100.0 + BUCKET_S - 0.1)
    assert window.begin(100.0 + BUCKET_S) is not window.begin(100.0 + 2 * BUCKET_S)
