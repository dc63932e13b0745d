"""Rotating: a new API key in another's place. Of such keys no more than two work at once."""

from dataclasses import replace

from router.ledger.answers import NotRotated, Rotated
from router.ledger.commands import Rotate
from router.ledger.decided import Decided
from router.ledger.key_rows import KeyRow
from router.ledger.page import Page


def rotate(page: Page, command: Rotate) -> Decided:
    """Store a key and when the former one ends, if that one works and none beside it does."""
    former = page.get(KeyRow, command.former.id)
    if former is None or former.ended(command.at) is not None:
        return Decided(NotRotated(former=former))
    if former.successor != command.former.successor:
        # Made since the former one was read, and not looked up therefore.
        return Decided(NotRotated(former=former, beside=former.successor))
    for key_id in (former.predecessor, former.successor):
        other = page.get(KeyRow, key_id)
        if other is not None and other.ended(command.at) is None:
            return Decided(NotRotated(former=former, beside=key_id))
    ends = min(command.ends, former.expires_at or command.ends)
    former = replace(former, expires_at=ends, successor=command.key.id)
    key = replace(command.key, predecessor=former.id)
    return Decided(Rotated(key=key, former=former), (key, former))
