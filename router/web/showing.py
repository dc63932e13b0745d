"""
Which accounts of budgets a caller may be told of, wherever budgets are told of.

A tag's values, a key's name and what others spend are others': of an account that several tenants
share without all of them sharing it, who has no view of all tenants learns only whether there is
room.
"""

from router.model.errors import BudgetExceeded
from router.policy.policy import Policy
from router.policy.scopes import account_parts
from router.web.auth import Caller
from router.web.visit import Visit


def may_be_shown(caller: Caller, policy: Policy, budget: str, account: str) -> bool:
    """
    Whether amounts of a budget's account may be told to the caller.

    Args:
        caller: Who asks.
        policy: Whose budgets.
        budget: The budget's name; of one that the policy no longer has, only what names the
            caller's own tenant is shown.
        account: The budget's account, as `tenant:acme`.
    """
    if caller.sees_all:
        return True
    for one in policy.budgets:
        if one.name == budget:
            return one.scope.shows(account, caller.tenant)
    return account_parts(account).get("tenant") == caller.tenant


def hide_others_amounts(visit: Visit, error: BudgetExceeded) -> None:
    """Have a refusal tell only that there is no room, where the caller may not know how much."""
    policy = visit.services.policy()
    if may_be_shown(visit.caller, policy, error.limit.budget, error.limit.scope):
        return
    error.amounts_shown = False
    budget, price = error.limit.budget, error.asked.usd
    error.detail = f"The edit costs {price} and the budget '{budget}' has no room for it."
