"""
The policy in force, and what became of the last try to replace it.

A policy is replaced whole or not at all: whoever has taken the former one keeps it, unchanged.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from router.policy.policy import Policy
from router.policy.problems import PolicyError, Problem

FORMER_MAX = 32
"""How many policies that were in force are kept for the jobs that began under them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """The files as they are now are broken, and therefore not in force."""

    at: datetime
    problems: tuple[Problem, ...]
    """At least one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Which policy is in force, and whether its files still say so."""

    policy: Policy
    since: datetime
    """From when on it has been in force, in this process."""
    rejection: Rejection | None = None
    """None when the policy in force is what its files say."""


class Current:
    """Holds the policy in force. Reads nothing, and waits for nothing."""

    def __init__(self, policy: Policy, since: datetime) -> None:
        self._standing = Standing(policy=policy, since=since)
        self._known = {policy.hash: policy}

    @property
    def standing(self) -> Standing:
        """How it stands now: one value, so that no reader sees half a change."""
        return self._standing

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._standing.policy

    def of_job(self, policy_hash: str) -> Policy:
        """The policy that a job began under; if it is no longer known here, the one in force."""
        return self._known.get(policy_hash, self.policy)

    def remember(self, former: Policy) -> None:
        """Have jobs that began under a former policy go on under it. It is not in force again."""
        if former.hash not in self._known:
            self._known = {former.hash: former, **self._known}

    def take(self, policy: Policy, at: datetime) -> bool:
        """
        Put a sound policy in force.

        Returns:
            Whether it says anything else than the one that was. If not, that one stays.
        """
        if policy.hash == self.policy.hash:
            self._standing = replace(self._standing, rejection=None)
            return False
        self._standing = Standing(policy=policy, since=at)
        self._known.pop(policy.hash, None)
        self._known[policy.hash] = policy
        while len(self._known) > FORMER_MAX + 1:
            del self._known[next(iter(self._known))]
        return True

    def reject(self, error: PolicyError, at: datetime) -> None:
        """Note that the files are broken. What is in force stays in force."""
        rejection = Rejection(at=at, problems=error.problems)
        self._standing = replace(self._standing, rejection=rejection)
