"""
Identifiers: made by us, before anything is stored or sent.

Jobs carry UUIDv7, so they sort by time; an attempt is its job's id and a number; a callback token
is 128 random bits, because the providers sign nothing.
"""

import random
import uuid
from typing import NewType

from router.model.clock import Clock

JobId = NewType("JobId", str)
AttemptId = NewType("AttemptId", str)
CallbackToken = NewType("CallbackToken", str)
ProviderRef = NewType("ProviderRef", str)
"""The provider's own id for an attempt: opaque text."""


class Ids:
    """Makes ids from the clock and a source of randomness, both given."""

    def __init__(self, clock: Clock, entropy: random.Random | None = None) -> None:
        self._clock = clock
        self._entropy = entropy or random.SystemRandom()

    def job(self) -> JobId:
        """A UUIDv7: 48 bits of milliseconds, then 74 random ones. Source: RFC 9562, 5.7."""
        millis = int(self._clock.now().timestamp() * 1000)
        bits = (millis << 80) | self._entropy.getrandbits(80)
        bits = (bits & ~(0xF << 76)) | (0x7 << 76)
        bits = (bits & ~(0x3 << 62)) | (0x2 << 62)
        return JobId(str(uuid.UUID(int=bits)))

    def callback_token(self) -> CallbackToken:
        """128 random bits in hex."""
        return CallbackToken(f"{self._entropy.getrandbits(128):032x}")


def attempt_id(job_id: JobId, number: int) -> AttemptId:
    """The id of a job's attempt; numbers start at 1."""
    return AttemptId(f"{job_id}.{number}")


def job_of(attempt: AttemptId) -> JobId:
    """The job that an attempt belongs to."""
    return JobId(attempt.rpartition(".")[0])
