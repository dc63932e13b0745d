import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.policy.scopes import JobFacts, Scope, account_parts, account_text, read_scope
from tests.fakes import a_job

FACTS = JobFacts(
    tenant="acme",
    key="shop",
    model="nano-banana-2-edit",
    tags=(("brand", "x"), ("team", "ads")),
)


@pytest.mark.parametrize(
    ("who", "account"),
    [
        ("everyone", "everyone"),
        ("each_tenant", "tenant:acme"),
        ("each_key", "tenant:acme,key:shop"),
        ({"tenant": "acme", "key": "shop"}, "tenant:acme,key:shop"),
        ({"tenant": "each", "key": "shop"}, "tenant:acme,key:shop"),
        ({"tenant": "acme", "key": "other"}, None),
        ({"tenant": "zeta", "key": "shop"}, None),
        ({"key": "each"}, "tenant:acme,key:shop"),
        ({"tenant": "zeta", "key": "each"}, None),
        ({"tag": {"team": "ads"}}, "tag:team=ads"),
        ({"tag": {"team": "web"}}, None),
        ({"tag": {"team": "each"}}, "tag:team=ads"),
        ({"tag": {"nobody": "each"}}, None),
        ({"tag": {"team": "ads", "brand": "each"}}, "tag:brand=x,tag:team=ads"),
        ({"model": "nano-banana-2-edit"}, "model:nano-banana-2-edit"),
        ({"model": "each"}, "model:nano-banana-2-edit"),
        ({"model": "other"}, None),
        (
            {"provider": "each", "model": "each", "tag": {"team": "each"}, "tenant": "acme"},
            "tenant:acme,tag:team=ads,model:nano-banana-2-edit,provider:runpod",
        ),
    ],
)
def test_an_attempt_falls_into_one_account_of_a_scope(who: Any, account: str | None) -> None:
    """The parts in one order, however the file has them."""
    scope = read_scope(who)

    assert scope.account(FACTS.parts("runpod")) == account
    if account is not None:
        assert scope.includes(account)


@pytest.mark.parametrize(
    "who",
    [
        "nobody",
        {},
        [],
        {"team": "ads"},
        {"tenant": "each_tenant"},
        {"tenant": ""},
        {"key": ""},
        {"tag": {}},
        {"tag": "ads"},
        {"tag": {"a b": "ads"}},
        {"tag": {"team": ""}},
        {"tag": {"team": "x" * 129}},
    ],
)
def test_what_is_no_scope_is_refused(who: Any) -> None:
    """In words."""
    with pytest.raises(ValueError, match=r"write|name|belongs"):
        read_scope(who)


parts = st.dictionaries(
    st.sampled_from(["tenant", "key", "model", "provider", "tag:team", "tag:a:b"]),
    st.text(min_size=1, max_size=12).filter(lambda text: text != "everyone"),
)


@given(parts)
def test_an_account_is_read_as_it_was_written(said: dict[str, str]) -> None:
    """Whatever stands in a key's name or a tag's value: no two accounts are one."""
    assert account_parts(account_text(said)) == said


def test_an_account_of_another_scope_is_none_of_this_ones() -> None:
    """A budget that was another scope's before has old accounts in the books."""
    scope = read_scope({"tenant": "acme"})

    assert scope.includes("tenant:acme")
    assert not scope.includes("tenant:zeta")
    assert not scope.includes("everyone")
    assert not scope.includes("tenant:acme,provider:runpod")


def test_accounts_are_there_before_anybody_has_spent() -> None:
    """Where names are known, or named."""
    known = {"provider": frozenset({"runpod", "shortapi"})}

    assert list(Scope().accounts(known)) == ["everyone"]
    assert list(read_scope({"tenant": "acme", "provider": "each"}).accounts(known)) == [
        "tenant:acme,provider:runpod",
        "tenant:acme,provider:shortapi",
    ]
    assert list(read_scope("each_tenant").accounts(known)) == []


@pytest.mark.parametrize(
    ("who", "account", "shown"),
    [
        ("everyone", "everyone", True),
        ("each_tenant", "tenant:acme", True),
        ("each_tenant", "tenant:zeta", False),
        ({"provider": "each"}, "provider:runpod", True),
        ({"tag": {"team": "ads"}}, "tag:team=ads", True),
        ({"tag": {"team": "each"}}, "tag:team=secret-project", False),
        ({"tag": {"team": "each"}, "tenant": "each"}, "tenant:acme,tag:team=ads", True),
        (Scope(key="shop"), "key:shop", False),
    ],
)
def test_a_tenant_sees_its_own_and_what_all_share(who: Any, account: str, shown: bool) -> None:  # noqa: FBT001
    """Not what others are called, nor what their keys and tags are."""
    assert read_scope(who).shows(account, "acme") is shown


def test_a_job_without_a_keys_name_goes_by_its_keys_id() -> None:
    """As those do that were accepted before names were kept."""
    job = a_job(key_id="5Xb2rT9q", key_name="", tags=(("team", "ads"),))
    named = JobFacts.of(a_job(key_name="shop", key_budget="$7.00 per day"))

    assert JobFacts.of(job).parts("runpod")["key"] == "5Xb2rT9q"
    assert JobFacts.of(job).parts("runpod")["tag:team"] == "ads"
    assert (named.key, named.key_budget) == ("shop", "$7.00 per day")


def test_a_scope_that_was_read_is_taken_as_it_is() -> None:
    """A policy can be built again from its own values."""
    assert read_scope(Scope(key="shop")) == Scope(key="shop")


def test_a_named_key_is_some_tenants() -> None:
    """Two tenants' keys of one name are two keys, and a budget of the name alone binds neither."""
    with pytest.raises(ValueError, match=re.escape("key it is, as {tenant: acme, key: web shop}")):
        read_scope({"key": "web shop", "model": "each"})
