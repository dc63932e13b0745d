"""Budgets as used as a test says, for stages and forecasts."""

from collections.abc import Callable

from router.model.budget import Limit, Usage
from router.model.money import Money
from router.policy.policy import Policy
from router.policy.ruling import standing_of
from router.policy.stages import Standing, Used
from tests.fakes import a_job


def used(**dollars: str) -> Callable[[Limit], Used]:
    """What is used of each budget, by its name."""

    def used_of(limit: Limit) -> Used:
        return Used(limit, Usage(posted=Money.parse(dollars.get(limit.budget, "0"))))

    return used_of


def standing(policy: Policy, **dollars: str) -> Standing:
    """What stages go by, when so much of each budget is used."""
    job = a_job()
    return standing_of(policy, job, job.created_at, used(**dollars))
