"""Conservation of money: a ledger driven at random, against a provider that knows the truth."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.ledger_machine import LedgerMachine

# Within the gate's time; `make prove` runs as many as its profile says.
SETTINGS = settings(
    max_examples=150 if settings().derandomize else settings().max_examples,
    stateful_step_count=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.slow
def test_no_history_of_jobs_loses_or_invents_money() -> None:
    """Holds, bills, lost replies, doubt, hands and crashes, in any order: I1 to I14 hold."""
    run_state_machine_as_test(LedgerMachine, settings=SETTINGS)
