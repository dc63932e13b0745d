"""
Exploring: a few jobs go where it was too slow of late, to see whether it still is.

Whoever is not asked is not heard of: without it, a provider that was slow for an hour could be left
alone for a day. It costs nothing while all is as the price book says: only an offer that would come
first if it took as long as is stated there, and does not for what was learnt, is worth a try.
"""

import hashlib
import re
from typing import Annotated

from pydantic import PlainValidator

from router.policy.scalars import pattern

_PERCENT = re.compile(r"(?P<percent>[1-9]|10)%")
_DRAWN_BITS = 48


def read_explore(value: object) -> int:
    """
    Read `3%`.

    Raises:
        ValueError: Anything but a whole percentage from 1 to 10.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 10:  # noqa: PLR2004
        return value
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write what share of the jobs may go to see, from 1% to 10%")
    return int(match["percent"])


Explore = Annotated[
    int,
    PlainValidator(read_explore, json_schema_input_type=pattern("^([1-9]|10)%$", "3%")),
]
"""A percentage, as a policy says it."""


def explores(percent: int | None, job_id: str) -> bool:
    """Whether a job is one of those that go to see; the same job always or never."""
    if percent is None:
        return False
    digest = hashlib.sha256(f"{job_id} explores".encode()).digest()
    drawn = int.from_bytes(digest, "big") >> (len(digest) * 8 - _DRAWN_BITS)
    return drawn * 100 < percent << _DRAWN_BITS
