"""
What becomes of a job once it is bought: as it was, where it was really tried there; else expected.

Under the policy that was in force, a job that begins where it began is as it was, to its end: who
was asked after the first hung on what was seen at that moment. At a provider that the job was
really tried at, for the same edit, it has the outcome that it had. At another, it fails as often as
that provider's attempts were failing at that moment, costs the price if it does not, and if it
does, nothing where failures are free; then it goes on to the next provider.
"""

from collections.abc import Sequence
from typing import NamedTuple

from router.finance.backtest.menus import WHOLE, Bid, Pace, pace_s
from router.finance.backtest.past import TENTHS, Happened, Tried


class Fate(NamedTuple):
    """What a job is expected to come to. Shares are millionths."""

    charges: tuple[int, ...]
    """By each bid, as far as one is reached: what it is expected to charge, in nano-dollars."""
    delivered: int
    """How likely it is delivered."""
    failovers: int
    """How many providers after the first are expected to be asked."""
    took: tuple[tuple[int, int], ...]
    """How long it takes where that is known, in tenths of a second, each with how likely."""
    paces: tuple[tuple[Pace, int], ...]
    """How long it may take where it is not, each with how likely."""
    lasts: int
    """After how many tenths of a second it has ended: as it did, or as half of such jobs do."""
    is_known: bool
    """Whether all of it really happened so, nothing else did, and nothing is expected."""
    asked: tuple[str, ...] = ()
    """The providers, one for each charge."""


def fate(bids: Sequence[Bid], past: Happened | None, *, is_own: bool = False) -> Fate:
    """
    Follow a job along a plan.

    Args:
        bids: At least one, in the order in which they are asked.
        past: What became of the job; None where nobody noted it.
        is_own: The policy is the one that was in force for the job.
    """
    if past is None:
        return _Path(Happened()).walk(bids)
    if is_own and past.attempts and _is_same(bids[0], past.attempts[0]):
        return _whole(past, tuple(one.charged_nanos for one in past.attempts))
    return _as_it_was(bids, past) or _Path(past).walk(bids)


def _as_it_was(bids: Sequence[Bid], past: Happened) -> Fate | None:
    """The job's own fate, where the same providers would be asked in the same order, and as far."""
    attempts = past.attempts
    if not attempts or len(bids) < len(attempts):
        return None
    pairs = list(zip(bids, attempts, strict=False))
    if not all(_is_same(bid, tried) for bid, tried in pairs):
        return None
    # There may be somebody left whom nobody asked then.
    if len(bids) > len(attempts) and not attempts[-1].is_delivered and _goes_on(attempts[-1], past):
        return None
    return _whole(past, tuple(_charge(bid, tried) for bid, tried in pairs))


def _whole(past: Happened, charges: tuple[int, ...]) -> Fate:
    """All that became of a job; only what was charged may differ."""
    attempts = past.attempts
    took = past.tenths if past.is_delivered else None
    return Fate(
        charges=charges,
        delivered=WHOLE if past.is_delivered else 0,
        failovers=(len(attempts) - 1) * WHOLE,
        took=((took, WHOLE),) if took is not None else (),
        paces=(),
        lasts=sum(one.tenths or 0 for one in attempts),
        is_known=charges == tuple(one.charged_nanos for one in attempts),
        asked=tuple(one.provider for one in attempts),
    )


class _Path:
    """One job's way along a plan, with how likely it comes so far."""

    def __init__(self, past: Happened) -> None:
        self._past = past
        self._charges: list[int] = []
        self._took: list[tuple[int, int]] = []
        self._paces: list[tuple[Pace, int]] = []
        self._reach, self._delivered = WHOLE, 0
        self._lasts = 0
        self._is_known = True

    def walk(self, bids: Sequence[Bid]) -> Fate:
        failovers, asked = 0, list[str]()
        for number, bid in enumerate(bids):
            asked.append(bid.provider)
            failovers += self._reach if number else 0
            tried = _tried(bid, self._past)
            goes_on = self._expect(bid) if tried is None else self._repeat(bid, tried)
            if not goes_on or not self._reach:
                break
        return Fate(
            tuple(self._charges),
            self._delivered,
            failovers,
            tuple(self._took),
            tuple(self._paces),
            self._lasts,
            # What more was asked then is not what would have been asked now.
            self._is_known and len(asked) == len(self._past.attempts),
            tuple(asked),
        )

    def _expect(self, bid: Bid) -> bool:
        """Nobody knows what would have been; whether anybody else may be asked."""
        self._is_known = False
        if self._past.stands:
            self._charges.append(self._past.charged_nanos * self._reach // WHOLE)
            return False
        got = self._reach - self._reach * bid.failing // WHOLE
        if not self._lasts and bid.pace is not None:
            self._lasts = round(pace_s(bid.pace)[0] * TENTHS)
        self._charges.append((bid.nanos * got + bid.lost * (self._reach - got)) // WHOLE)
        if bid.pace is not None and got:
            self._paces.append((bid.pace, got))
        self._arrive(got)
        return not bid.is_last

    def _repeat(self, bid: Bid, tried: Tried) -> bool:
        """It is as it was there; whether anybody else may be asked."""
        charge = _charge(bid, tried)
        self._lasts += tried.tenths or 0
        self._is_known &= charge == tried.charged_nanos
        self._charges.append(charge * self._reach // WHOLE)
        if not tried.is_delivered:
            return _goes_on(tried, self._past)
        if tried.tenths is not None:
            self._took.append((tried.tenths, self._reach))
        self._arrive(self._reach)
        return False

    def _arrive(self, got: int) -> None:
        self._delivered += got
        self._reach -= got


def _tried(bid: Bid, past: Happened) -> Tried | None:
    """The job's own attempt there, if it was tried there for the same edit."""
    return next((one for one in past.attempts if _is_same(bid, one)), None)


def _is_same(bid: Bid, tried: Tried) -> bool:
    return bid.provider == tried.provider and bid.resolution == tried.resolution


def _charge(bid: Bid, tried: Tried) -> int:
    """What was charged; at another price, that price if it was delivered."""
    if tried.quoted_nanos in {None, bid.nanos} or not tried.is_delivered:
        return tried.charged_nanos
    return bid.nanos


def _goes_on(tried: Tried, past: Happened) -> bool:
    """Whether somebody else is asked after an attempt that did not deliver."""
    if past.stands:
        return False
    # Money may be gone: then it hung on more than the plan, and is taken to be as it was.
    return not tried.charged_nanos or tried != past.attempts[-1]
