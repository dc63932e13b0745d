"""
What the answer to a create says about money: a definite no, or doubt.

The rule is the same for every provider: an answer that is complete, is a refusal by its status, and
names no job, took nothing. Whatever is not such an answer may have been a purchase.
"""

import re

from router.model.errors import ProviderInDoubt, ProviderRefused, ProviderThrottled, Refusal
from router.model.ids import ProviderRef
from router.model.offer import ProviderTerms
from router.providers import words
from router.providers.parsing import retry_after_s
from router.providers.wire import Reply

BAD_REQUEST, UNAUTHORIZED, PAYMENT_REQUIRED, FORBIDDEN, NOT_FOUND = 400, 401, 402, 403, 404
UNPROCESSABLE, TOO_MANY = 422, 429
REFUSALS = frozenset({400, 401, 402, 403, 404, 405, 413, 422, 429})
"""Statuses by which a server says that it did not take a request."""


def names_in_bytes(body: bytes, key: str) -> bool:
    """
    Whether a body that is no readable JSON object still seems to give `key` a value.

    A reply that was cut off, or that has a key twice, may name a job all the same.
    """
    pattern = rb'"%b"\s*:\s*(?!""|null\b)\S' % re.escape(key.encode())
    return re.search(pattern, body) is not None


def raise_if_refused(
    speaker: str, reply: Reply, terms: ProviderTerms, told: str, *, names_job: bool
) -> None:
    """
    Raise when the reply is a definite no; return when it is anything else.

    Args:
        speaker: The provider's name.
        reply: The complete answer to a create.
        terms: Lists the statuses of its edge that mean the provider was never reached.
        told: The reply's words.
        names_job: Whether the reply names a job, in which case it is never a definite no.

    Raises:
        ProviderThrottled, ProviderRefused: Nothing was spent.
    """
    if names_job:
        return
    if reply.status in terms.origin_not_reached:
        detail = words.answer(speaker, reply.status, told)
        raise ProviderRefused(detail, reason=Refusal.UNAVAILABLE)
    if reply.status in REFUSALS:
        raise refusal(speaker, reply, told, status=reply.status)


def refusal(
    speaker: str, reply: Reply, told: str, *, status: int
) -> ProviderRefused | ProviderThrottled:
    """Make the error of a definite no; `status` is HTTP's, or stands for it in the body."""
    detail = words.answer(speaker, status, told)
    if status == TOO_MANY:
        return ProviderThrottled(detail, retry_after_s=retry_after_s(reply))
    return ProviderRefused(detail, reason=_reason(status, told))


def in_doubt(speaker: str, reply: Reply, told: str, *, named: str | None = None) -> ProviderInDoubt:
    """Make the error of an answer that proves nothing; `named` is the job it names, if any."""
    clue = " It names a job." if named else ""
    ref = ProviderRef(named) if named else None
    return ProviderInDoubt(words.answer(speaker, reply.status, told) + clue, ref=ref)


def _reason(status: int, told: str) -> Refusal:
    if status == PAYMENT_REQUIRED or words.speaks_of_credit(told):
        return Refusal.CREDIT
    if status in {UNAUTHORIZED, FORBIDDEN}:
        return Refusal.CREDENTIALS
    if status in {BAD_REQUEST, UNPROCESSABLE} and words.speaks_of_content(told):
        return Refusal.CONTENT
    return Refusal.INVALID
