from pathlib import Path

from router.finance.standing import read_accounts
from router.ledger.commands import Raise
from router.ledger.limit_rows import RaiseRow
from router.ledger.usage import read_balances
from router.model.budget import Usage
from router.policy.scopes import JobFacts
from tests.fakes import EPOCH
from tests.finance_kit import a_shop
from tests.ledger_kit import DAY, HOUR, at_once, usd
from tests.policy_files import a_policy

BUDGETS = [
    {"name": "daily", "who": "each_tenant", "limit": "$2.00", "per": "day"},
    {"name": "rolling", "who": "each_tenant", "limit": "$3.00", "per": "rolling 7 days"},
]


def test_what_stands_is_what_a_hold_would_find(tmp_path: Path) -> None:
    """Of windows that roll, all of their hours; with what people have raised."""
    policy = a_policy(budgets=BUDGETS)
    with a_shop(policy, tmp_path) as shop:
        shop.buy("j1", "0.04", at=EPOCH - 2 * DAY)
        shop.buy("j2", "0.06")
        raise_ = RaiseRow(
            id="r1",
            budget="rolling",
            scope="tenant:acme",
            amount=usd("0.50"),
            created_at=EPOCH,
            until=EPOCH + HOUR,
            who="ada",
            reason="the sale",
        )
        shop.told(Raise(at=EPOCH, row=raise_))
        daily, rolling = policy.limits(JobFacts(tenant="acme"), "shortapi", EPOCH)
        now = at_once(read_balances(shop.ledger, EPOCH, [daily, rolling]))
        bare = at_once(read_balances(shop.ledger, EPOCH))
        all_of_them = at_once(read_accounts(shop.ledger, EPOCH, policy.budgets))
        later = at_once(read_balances(shop.ledger, EPOCH + HOUR, [rolling]))

    assert (now.usage(daily), now.usage(rolling)) == (
        Usage(held=usd("0.06")),
        Usage(held=usd("0.10")),
    )
    assert (now.available(daily), now.available(rolling)) == (usd("1.94"), usd("3.40"))
    assert now.raises_of(rolling) == (raise_,)
    assert now.raises_of(daily) == ()
    assert later.available(rolling) == usd("2.90")
    assert bare.usage(rolling) == Usage()
    assert all_of_them.usage(rolling) == now.usage(rolling)
    assert all_of_them.accounts("rolling") == {"tenant:acme"}


def test_an_account_that_was_not_used_has_all_of_it(tmp_path: Path) -> None:
    """In either kind of window."""
    policy = a_policy(budgets=BUDGETS)
    with a_shop(policy, tmp_path) as shop:
        daily, rolling = policy.limits(JobFacts(tenant="zeta"), "shortapi", EPOCH)
        now = at_once(read_accounts(shop.ledger, EPOCH, policy.budgets))

    assert (now.available(daily), now.available(rolling)) == (usd("2.00"), usd("3.00"))
    assert now.accounts("rolling") == frozenset()
