"""Closed label sets: a label's value is one of a bounded number of names, or `other`."""

from collections.abc import Iterable

NAMES_MAX = 200
OTHER = "other"


class Names:
    """
    The values that one label has taken.

    The first come keep their series for as long as the process lives; who comes past the cap shares
    one. So a flood of names costs one series, and no sum over the label loses anything.
    """

    def __init__(self, known: Iterable[str] = (), *, most: int = NAMES_MAX) -> None:
        """
        Args:
            known: Names that are there from the start, whatever comes later.
            most: How many distinct names there may be, beside `other`.
        """
        self._names = set(known)
        self._most = max(most, len(self._names))

    def label(self, name: str) -> str:
        """The name itself, or `other`."""
        if name in self._names:
            return name
        if len(self._names) >= self._most:
            return OTHER
        self._names.add(name)
        return name
