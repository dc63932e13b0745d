"""Whose fault an error is."""

import pytest

from router.dispatch.health_blame import Blame, blame
from router.model.errors import (
    Ending,
    ProviderError,
    ProviderFailed,
    ProviderInDoubt,
    ProviderRefused,
    ProviderThrottled,
    ProviderUnreachable,
    Refusal,
)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (ProviderUnreachable(), Blame.CREATE),
        (ProviderUnreachable(is_ours=True), Blame.NOTHING),
        (ProviderRefused(reason=Refusal.UNAVAILABLE), Blame.CREATE),
        (ProviderRefused(reason=Refusal.CREDIT), Blame.ACCOUNT),
        (ProviderRefused(reason=Refusal.CREDENTIALS), Blame.ACCOUNT),
        (ProviderRefused(reason=Refusal.CONTENT), Blame.NOTHING),
        (ProviderRefused(reason=Refusal.INVALID), Blame.NOTHING),
        (ProviderThrottled(), Blame.RATE),
        (ProviderInDoubt(), Blame.DOUBT),
        (ProviderFailed(how=Ending.FAILED), Blame.JOB),
        (ProviderFailed(how=Ending.EMPTY), Blame.JOB),
        (ProviderFailed(how=Ending.FAILED, content_refused=True), Blame.NOTHING),
    ],
)
def test_only_a_providers_own_fault_is_its_own(error: ProviderError, fault: Blame) -> None:
    """Not our network's or the job's; rate limiting and credit are matters of their own."""
    assert blame(error) is fault
