"""What a bill says of attempts and of its own lines, added up and said."""

import pytest

from router.finance.findings import Finding, Kind, settle_line, sums
from router.model.ids import AttemptId
from tests.ledger_kit import usd

DIFFERS = Finding(
    kind=Kind.AMOUNT_DIFFERS, attempt=AttemptId("j1.1"), billed=usd("0.04"), posted=usd("0.03")
)


def test_findings_are_added_up_by_kind() -> None:
    """With every kind there, so that none is mistaken for unknown."""
    other = Finding(kind=Kind.AMOUNT_DIFFERS, lines=(7, 8), billed=usd("0.07"), posted=usd("0.05"))
    found = sums([DIFFERS, other])

    assert found[Kind.AMOUNT_DIFFERS] == (2, usd("0.11"), usd("0.08"))
    assert found[Kind.MATCHED] == (0, usd("0"), usd("0"))
    assert found.keys() == set(Kind)
    assert (DIFFERS.difference, DIFFERS.subject, other.subject) == (
        *(usd("0.01"), "j1.1", "line 7"),
    )


@pytest.mark.parametrize(
    ("amount", "is_settled", "big", "words"),
    [
        ("0.06", False, False, "--posted 0.06"),
        ("0.06", True, False, "--posted 0.06 --force"),
        ("0.66", False, True, "--posted 0.66 --force"),
        (None, True, False, "--voided --force"),
    ],
)
def test_the_command_that_a_person_needs_is_said(
    amount: str | None, words: str, *, is_settled: bool, big: bool
) -> None:
    """With --force where it would be refused without."""
    money = None if amount is None else usd(amount)

    assert settle_line(AttemptId("j1.1"), money, is_settled=is_settled, big=big) == (
        f'farebox settle j1.1 {words} --reason "…"'
    )
