"""Whose fault an attempt's error is: only the provider's own tells of its health. Pure."""

from enum import Enum, auto

from router.model.errors import (
    ProviderError,
    ProviderFailed,
    ProviderInDoubt,
    ProviderRefused,
    ProviderThrottled,
    ProviderUnreachable,
    Refusal,
)


class Blame(Enum):
    """What an error says of a provider."""

    NOTHING = auto()  # Ours, or the job's.
    ACCOUNT = auto()  # Our credit or our key there is no good: nothing can be bought.
    RATE = auto()  # It is well and has too much to do.
    DOUBT = auto()  # A create's outcome is unknown: money is at risk.
    CREATE = auto()  # It took nothing on.
    JOB = auto()  # It took the job on and did not do it.


def blame(error: ProviderError) -> Blame:
    """Say what an attempt's error means for its provider's health."""
    found = Blame.CREATE
    match error:
        case ProviderRefused(reason=Refusal.CREDIT | Refusal.CREDENTIALS):
            found = Blame.ACCOUNT
        case ProviderRefused(reason=Refusal.CONTENT | Refusal.INVALID):
            found = Blame.NOTHING
        case ProviderFailed(content_refused=True) | ProviderUnreachable(is_ours=True):
            found = Blame.NOTHING
        case ProviderThrottled():
            found = Blame.RATE
        case ProviderInDoubt():
            found = Blame.DOUBT
        case ProviderFailed():
            found = Blame.JOB
        case _:
            pass
    return found
