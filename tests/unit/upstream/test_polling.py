"""When a provider is asked again."""

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from router.upstream.polling import POLL_PAUSE_S_MAX, poll_pauses_s, retry_pause_s


class Middle(random.Random):
    """Chance that always falls in the middle."""

    def uniform(self, a: float, b: float) -> float:
        """The middle of the range."""
        return (a + b) / 2


def test_polls_are_dense_where_edits_end() -> None:
    """An edit of 5 to 15 seconds is asked after every 1 to 4 seconds, later ones every 5."""
    pauses_s = list(itertools.islice(poll_pauses_s(Middle()), 10))

    assert [round(pause_s, 2) for pause_s in pauses_s[:4]] == [1.0, 1.25, 1.56, 1.95]
    assert pauses_s[8:] == [POLL_PAUSE_S_MAX] * 2
    assert pauses_s == sorted(pauses_s)


@given(st.integers(0, 99))
def test_jobs_that_began_together_drift_apart(seed: int) -> None:
    """Every pause is moved by up to a tenth, and differently for each source of chance."""
    pairs = zip(poll_pauses_s(random.Random(seed)), poll_pauses_s(Middle()), strict=False)

    for pause_s, middle_s in itertools.islice(pairs, 20):
        assert middle_s * 0.9 <= pause_s <= middle_s * 1.1
    assert next(poll_pauses_s(random.Random(seed))) != next(poll_pauses_s(random.Random(seed + 1)))


def test_failed_reads_are_repeated_ever_more_slowly() -> None:
    """The pause doubles from half a second to 15, of which chance takes up to a half."""
    windows_s = [retry_pause_s(Middle(), attempt, None) / 0.75 for attempt in range(1, 8)]

    assert windows_s == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]


@given(st.integers(0, 99), st.integers(1, 10**9), st.none() | st.floats())
def test_the_provider_gets_the_patience_it_asks_for_up_to_a_minute(
    seed: int, attempt: int, retry_after_s: float | None
) -> None:
    """No pause is shorter than asked, nor longer than a minute, whatever was asked."""
    pause_s = retry_pause_s(random.Random(seed), attempt, retry_after_s)

    assert 0.25 <= pause_s <= 60.0
    if retry_after_s is not None and retry_after_s <= 60.0:
        assert pause_s >= retry_after_s
