"""When a provider is asked how a job is doing: often at first, never in step with other jobs."""

import random
from collections.abc import Iterator

FIRST_POLL_S = 1.0
POLL_GROWTH = 1.25
POLL_PAUSE_S_MAX = 5.0
POLL_JITTER = 0.1
POLL_PAUSE_S_MIN = 0.25
"""Between two polls, however often the doorbell rings."""

RETRY_PAUSE_S = 0.5
RETRY_PAUSE_S_MAX = 15.0
RETRY_AFTER_S_MAX = 60.0
"""A provider that asks for more patience does not get it: a paid image is waiting there."""


def poll_pauses_s(rng: random.Random) -> Iterator[float]:
    """
    Yield, for ever, the pause before each poll in seconds.

    Edits take 5 to 15 seconds, so pauses grow by a quarter from 1 s to 5 s: a 6 s edit is asked
    after five times, a 15 s one seven times. Each is moved by up to a tenth either way.
    """
    pause_s = FIRST_POLL_S
    while True:
        yield pause_s * rng.uniform(1 - POLL_JITTER, 1 + POLL_JITTER)
        pause_s = min(pause_s * POLL_GROWTH, POLL_PAUSE_S_MAX)


def retry_pause_s(rng: random.Random, attempt: int, retry_after_s: float | None) -> float:
    """
    The pause in seconds before a read that failed is repeated.

    Args:
        rng: Spreads it over the upper half of a window, which doubles from half a second to 15.
        attempt: How many have failed, from 1.
        retry_after_s: What the provider asked for; the pause is not shorter, up to a minute.
    """
    # The exponent is bounded, because 2.0 ** 1024 overflows.
    window_s = min(RETRY_PAUSE_S * 2.0 ** min(attempt - 1, 10), RETRY_PAUSE_S_MAX)
    pause_s = window_s * rng.uniform(0.5, 1.0)
    if retry_after_s is None:
        return pause_s
    return max(pause_s, min(retry_after_s, RETRY_AFTER_S_MAX))
