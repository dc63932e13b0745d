"""
Which accounts of budgets a caller may be told of, wherever budgets are told of.

What others spend is theirs: of an account that others may fall into too, who has no view of all
tenants learns only whether there is room, and no amount. That is so of an account of everyone's, of
a provider's, of a model's and of a tag's; a tag's values and a key's name are others' as well, so
that such an account is not even named.
"""

from router.model.errors import BudgetExceeded
from router.policy.policy import Policy
from router.policy.scopes import account_parts
from router.web.auth import Caller
from router.web.visit import Visit


def may_be_shown(caller: Caller, account: str) -> bool:
    """
    Whether amounts of a budget's account may be told to the caller: of one that is its own.

    Args:
        caller: Who asks.
        account: The budget's account, as `tenant:acme`.
    """
    return caller.sees_all or account_parts(account).get("tenant") == caller.tenant


def may_be_named(caller: Caller, policy: Policy, budget: str, account: str) -> bool:
    """
    Whether the caller may be told what a budget's account is called.

    Args:
        caller: Who asks.
        policy: Whose budgets.
        budget: The budget's name; of one that the policy no longer has, only what is the caller's
            own is named.
        account: The budget's account.
    """
    if may_be_shown(caller, account):
        return True
    scopes = (one.scope for one in policy.budgets if one.name == budget)
    return any(scope.shows(account, caller.tenant) for scope in scopes)


def hide_others_amounts(visit: Visit, error: BudgetExceeded) -> None:
    """Have a refusal tell only that there is no room, where the caller may not know how much."""
    if may_be_shown(visit.caller, error.limit.scope):
        return
    error.amounts_shown = False
    error.detail = (
        f"The edit costs {error.asked.usd} and the budget '{error.limit.budget}' has no room for "
        f"it{error.because}."
    )
