"""How many attempts began lately, and how many of those have failed: counted in small buckets."""

from collections import deque
from dataclasses import dataclass

WINDOW_S = 300.0
"""Edits take up to a minute or two: a shorter window would forget them before they end."""
BUCKET_S = 15.0


@dataclass(frozen=True, slots=True)
class Share:
    """What of the window's attempts has failed so far."""

    started: int
    failed: int

    @property
    def failing(self) -> float:
        """From 0 to 1; of nothing, 0."""
        return self.failed / self.started if self.started else 0.0


@dataclass(slots=True)
class Bucket:
    """The attempts that began within one stretch of time."""

    begins_s: float
    started: int = 0
    failed: int = 0


class Window:
    """
    Counts an attempt when it begins, and its failure where it began.

    Counted at their ends, the quick failures of a provider would be all that is seen of it while
    its good jobs still run.
    """

    def __init__(self) -> None:
        self._buckets: deque[Bucket] = deque()

    def begin(self, now_s: float) -> Bucket:
        """Count an attempt. Where it fails, or proves to say nothing, change the bucket given."""
        self._forget(now_s)
        if not self._buckets or now_s >= self._buckets[-1].begins_s + BUCKET_S:
            self._buckets.append(Bucket(now_s))
        bucket = self._buckets[-1]
        bucket.started += 1
        return bucket

    def share(self, now_s: float) -> Share:
        """What of the window's attempts has failed so far."""
        self._forget(now_s)
        return Share(
            started=sum(bucket.started for bucket in self._buckets),
            failed=sum(bucket.failed for bucket in self._buckets),
        )

    def clear(self) -> None:
        """Begin anew: whoever comes back is judged by what it does from now on."""
        self._buckets.clear()

    def _forget(self, now_s: float) -> None:
        while self._buckets and self._buckets[0].begins_s <= now_s - WINDOW_S:
            self._buckets.popleft()
