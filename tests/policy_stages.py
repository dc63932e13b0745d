"""Budgets as used as a test says, for stages and forecasts."""

from collections.abc import Callable

from router.model.budget import Limit, Usage
from router.model.money import Money
from router.policy.policy import Policy
from router.policy.ruling import standing_of
from router.policy.stages import Standing
from tests.fakes import a_job


def used(**dollars: str) -> Callable[[Limit], Usage]:
    """What is used of each budget, by its name."""

    def usage_of(limit: Limit) -> Usage:
        return Usage(posted=Money.parse(dollars.get(limit.budget, "0")))

    return usage_of


def standing(policy: Policy, **dollars: str) -> Standing:
    """What stages go by, when so much of each budget is used."""
    job = a_job()
    return standing_of(policy, job, job.created_at, used(**dollars))
