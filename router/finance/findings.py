"""What a provider's bill says of an attempt, or of one of its own lines. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from router.model.ids import AttemptId, ProviderRef
from router.model.job import AttemptState
from router.model.money import Money

UNSETTLED = frozenset({AttemptState.IN_DOUBT, AttemptState.POSTED_PRESUMED})
SETTLED = frozenset({AttemptState.POSTED, AttemptState.VOIDED})


class Kind(StrEnum):
    """How a bill and the books stand to each other, of one attempt or of one line."""

    MATCHED = "matched"  # Both say the same.
    BILLED = "billed"  # In doubt or presumed here, and billed: it was charged.
    ABSENT = "absent"  # In doubt or presumed here, and proved not to be billed.
    AMOUNT_DIFFERS = "amount_differs"  # Settled here, at another amount.
    MISSING_HERE = "missing_here"  # Billed, and nothing here has that id.
    MISSING_THERE = "missing_there"  # Posted here, and not billed, though it should stand there.
    UNDECIDED = "undecided"  # In doubt or presumed here, and the bill does not prove anything.
    UNDER_WAY = "under_way"  # Billed already, while here it still runs.


class Action(StrEnum):
    """What a finding would have done to the books."""

    POST = "post"
    VOID = "void"
    ADJUST = "adjust"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a bill says of one attempt, or of one of its own lines that fits none."""

    kind: Kind
    attempt: AttemptId | None = None
    ref: ProviderRef | None = None
    state: AttemptState | None = None
    """The attempt's, as it was found."""
    billed: Money = Money.ZERO
    posted: Money = Money.ZERO
    quoted: Money = Money.ZERO
    gives_back: bool = False
    """Whether some of what was billed was given back: then it is no statement of the price."""
    lines: tuple[int, ...] = ()
    """Where it stands in the file; none for what stands only on an earlier statement."""
    raw: str = ""
    """The amount as the file has it, where it is one line."""
    action: Action | None = None
    """None where nothing is to be done, or a person must."""
    why: str = ""
    """Why nothing can be done by itself, and what to do; in words."""
    suggested: tuple[AttemptId, ...] = ()
    """Attempts that a line without a known id may belong to, the likeliest first."""

    @property
    def difference(self) -> Money:
        """Billed less posted."""
        return self.billed - self.posted

    @property
    def subject(self) -> str:
        """What it is about: the attempt, or the line."""
        return self.attempt or f"line {self.lines[0]}"


def settle_line(
    attempt: AttemptId | None, amount: Money | None, *, is_settled: bool, big: bool = False
) -> str:
    """The command by which a person does what a statement alone does not prove."""
    what = "--voided" if amount is None else f"--posted {amount}"
    forced = " --force" if is_settled or big else ""
    return f'farebox settle {attempt} {what}{forced} --reason "…"'


def sums(findings: Iterable[Finding]) -> Mapping[Kind, tuple[int, Money, Money]]:
    """Of each kind how many there are, what was billed, and what is posted; all kinds are there."""
    counted: dict[Kind, tuple[int, Money, Money]] = dict.fromkeys(Kind, (0, Money.ZERO, Money.ZERO))
    for one in findings:
        count, billed, posted = counted[one.kind]
        counted[one.kind] = (count + 1, billed + one.billed, posted + one.posted)
    return counted
