"""
The tests are tested: three bugs, each of which has cost somebody money, must be found.

That what is found is the bug and not the hunter shows `test_conservation.py`, where the sound
ledger passes the same machine.
"""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from router.ledger.answers import Done
from router.ledger.commands import Accept, Command, Doubt, Hold, Post, Void
from router.ledger.decide import Decider, decide
from router.ledger.decided import Decided
from router.ledger.moves import Move, moved
from router.ledger.page import Page
from router.ledger.rows import AttemptRow, BalanceRow
from router.model.job import AttemptState
from router.model.money import Money
from tests.ledger_machine import CRASHED, LedgerMachine

HUNT = settings(
    max_examples=250,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    # To find is enough; the shortest history is for people.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def the_limit_ignores_holds(page: Page, command: Command) -> Decided:
    """Check only what is posted: a hundred requests at once all pass."""
    if not isinstance(command, Accept | Hold):
        return decide(page, command)
    blind = Page()
    blind.load(
        replace(row, held=Money.ZERO, in_doubt=Money.ZERO) if isinstance(row, BalanceRow) else row
        for row in page._rows.values()
    )
    answer = decide(blind, command)
    # The rows are written as they must be, so that only the check is wrong.
    changes = [
        replace(row, held=row.held + known.held, in_doubt=known.in_doubt)
        if isinstance(row, BalanceRow) and (known := page.get(BalanceRow, *row.key))
        else row
        for row in answer.changes
    ]
    return Decided(answer.answer, tuple(changes))


def a_charge_is_posted_twice(page: Page, command: Command) -> Decided:
    """Book again what was booked, in entries that add up."""
    attempt = page.get(AttemptRow, command.attempt_id) if isinstance(command, Post) else None
    if attempt is None or attempt.state is not AttemptState.POSTED:
        return decide(page, command)
    assert isinstance(command, Post)
    twice = replace(attempt, posted=attempt.posted + command.amount)
    move = Move("adjust", posted=command.amount)
    return Decided(Done(attempt=twice), (twice, *moved(page, twice, move, at=command.at)))


def recovery_voids_what_may_have_been_sent(page: Page, command: Command) -> Decided:
    """Take a crash for proof that nothing was sent."""
    if isinstance(command, Doubt) and command.outcome == CRASHED:
        void = Void(at=command.at, attempt_id=command.attempt_id, outcome=CRASHED)
        return decide(page, void)
    return decide(page, command)


def machine(decider: Decider) -> type[LedgerMachine]:
    """The machine over a ledger that decides so."""

    class Planted(LedgerMachine):
        def __init__(self) -> None:
            super().__init__(decider)

    return Planted


@pytest.mark.slow
@pytest.mark.parametrize(
    ("planted", "symptom"),
    [
        (the_limit_ignores_holds, "more was admitted than fits"),
        (a_charge_is_posted_twice, "settled twice"),
        (recovery_voids_what_may_have_been_sent, "what the provider billed was voided"),
    ],
    ids=["limit ignores holds", "double settle", "recovery voids"],
)
def test_a_planted_bug_is_found(planted: Decider, symptom: str) -> None:
    """Within as many histories as the sound ledger passes, and for the right reason."""
    with pytest.raises(AssertionError, match=symptom):
        run_state_machine_as_test(machine(planted), settings=HUNT)
