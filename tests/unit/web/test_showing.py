from pathlib import Path

import pytest

from router.web.auth import Caller
from router.web.keys import Role
from router.web.showing import may_be_named, may_be_shown
from tests.policy_files import a_policy
from tests.web_stage import open_house

BUDGETS = [
    {"name": "teams", "who": {"tag": {"team": "each"}}, "limit": "$0.91", "per": "day"},
    {"name": "own", "who": "each_tenant", "limit": "$7.00", "per": "day"},
    {"name": "all", "who": "everyone", "limit": "$70.00", "per": "day"},
]


@pytest.mark.parametrize(
    ("tenant", "role", "budget", "account", "named", "shown"),
    [
        ("acme", Role.CLIENT, "teams", "tag:team=ads", False, False),
        ("acme", Role.VIEWER, "teams", "tag:team=ads", False, False),
        ("everyone", Role.VIEWER, "teams", "tag:team=ads", True, True),
        ("house", Role.ADMIN, "teams", "tag:team=ads", True, True),
        ("acme", Role.CLIENT, "own", "tenant:acme", True, True),
        ("acme", Role.CLIENT, "own", "tenant:zeta", False, False),
        ("acme", Role.VIEWER, "all", "everyone", True, False),
        ("acme", Role.CLIENT, "all", "everyone", True, False),
        ("everyone", Role.VIEWER, "all", "everyone", True, True),
        ("everyone", Role.CLIENT, "all", "everyone", True, False),
        ("acme", Role.CLIENT, "gone-by-now", "tenant:acme,key:shop", True, True),
        ("acme", Role.CLIENT, "gone-by-now", "tag:team=ads", False, False),
    ],
)
async def test_an_account_is_shown_to_those_whose_it_is(
    tmp_path: Path,
    tenant: str,
    role: Role,
    budget: str,
    account: str,
    named: object,
    shown: object,
) -> None:
    """What all share is named to all, without amounts; of a gone budget only one's own is named."""
    caller = Caller(tenant=tenant, key_id="k", role=role, who="somebody")
    async with open_house(tmp_path, policy=a_policy(budgets=BUDGETS)) as front:
        assert may_be_named(caller, front.services.policy(), budget, account) is named
    assert may_be_shown(caller, account) is shown
