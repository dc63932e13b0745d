"""
What stands in the way of buying anything at a provider now, in words; and how it is told.

Written where it is found, and stored with decisions as it is written. Most of it says how much is
bought, and is learnt from all tenants' edits: to whoever does not see them all, it is told without
figures, and without the provider's own words. Whatever is written here has a line in `_WITHHELD`.
"""

import re

from router.model.money import Money

_WITHHELD = (
    (r"has \$\S+ in doubt, above its maximum of \$\S+", "has too much in doubt"),
    (r"is set aside: .*", "is set aside"),
    (r"charged more than (\$\S+) \d+ times in a row: (.*)", r"charged more than \1 of late: \2"),
    (
        r"(has \d+ waiting|takes no other create so soon), so that this job would wait .*",
        "has so much waiting that this job would be late",
    ),
)
_PATTERNS = tuple((re.compile(said, re.DOTALL), instead) for said, instead in _WITHHELD)


def too_doubtful(amount: Money, most: Money) -> str:
    """Say that more is in doubt at a provider than its row of the price book allows."""
    return f"has {amount.usd} in doubt, above its maximum of {most.usd}"


def set_aside(reason: str) -> str:
    """Say why nothing may be sent there even if nobody else is left."""
    return f"is set aside: {reason}"


def late(waiting: int, wait_s: float) -> str:
    """
    Say that a job would be late for what waits before it.

    Args:
        waiting: Creates; none, where the provider only allows no other one so soon.
        wait_s: How long the job's own would wait.
    """
    why = f"has {waiting} waiting" if waiting else "takes no other create so soon"
    return f"{why}, so that this job would wait about {wait_s:.0f} s and be late"


def overcharged(price: Money, times: int) -> str:
    """Say that a price proved wrong, and what helps."""
    return f"charged more than {price.usd} {times} times in a row: the price book needs a newer row"


def withheld(verdict: str) -> str:
    """Tell an offer's verdict as whoever may not know all tenants' edits is told of it."""
    for pattern, instead in _PATTERNS:
        found = pattern.fullmatch(verdict)
        if found is not None:
            return found.expand(instead)
    return verdict
