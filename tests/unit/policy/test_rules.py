from typing import Any

import pytest
from pydantic import ValidationError

from router.model.job import Job, Resolution
from router.policy.rules import When, told_rule
from tests.fakes import a_job
from tests.policy_files import a_policy

JOB = a_job(
    tenant="acme",
    resolution=Resolution.TWO_K,
    tags=(("campaign", "spring"), ("team", "ads")),
)


def when(**said: Any) -> When:
    """Read what a rule is for."""
    return When.model_validate(said)


@pytest.mark.parametrize(
    ("said", "matches"),
    [
        ({"tenant": "acme"}, True),
        ({"tenant": "other"}, False),
        ({"tenant": ["other", "acme"]}, True),
        ({"resolution": "2k"}, True),
        ({"resolution": ["1k", "4k"]}, False),
        ({"model": "nano-banana-2-edit"}, True),
        ({"model": "nano-banana-edit"}, False),
        ({"tag": {"team": "ads"}}, True),
        ({"tag": {"team": "ads", "campaign": "spring"}}, True),
        ({"tag": {"team": "ads", "campaign": "autumn"}}, False),
        ({"tag": {"colour": "ads"}}, False),
        ({"tenant": "acme", "resolution": "1k"}, False),
        ({"tenant": "acme", "resolution": "2k", "tag": {"team": "ads"}}, True),
    ],
)
def test_a_rule_is_for_jobs_that_are_all_it_names(said: dict[str, Any], *, matches: bool) -> None:
    """Of a list one value is enough; of several keys each must be so."""
    assert when(**said).matches(JOB) is matches


@pytest.mark.parametrize(
    ("outer", "inner", "covers"),
    [
        ({"tenant": "a"}, {"tenant": "a"}, True),
        ({"tenant": ["a", "b"]}, {"tenant": "b", "resolution": "1k"}, True),
        ({"tenant": "a"}, {"tenant": ["a", "b"]}, False),
        ({"tenant": "a"}, {"resolution": "1k"}, False),
        ({"tag": {"x": "1"}}, {"tag": {"x": "1", "y": "2"}}, True),
        ({"tag": {"x": "1", "y": "2"}}, {"tag": {"x": "1"}}, False),
        ({"model": "m"}, {"model": "m", "tag": {"x": "1"}}, True),
    ],
)
def test_a_rule_covers_another_whose_jobs_it_takes_all(
    outer: dict[str, Any], inner: dict[str, Any], *, covers: bool
) -> None:
    """Then the other one, below it, would never win."""
    assert when(**outer).covers(when(**inner)) is covers


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, "names nothing"),
        ({"tenant": []}, "at least one entry"),
        ({"resolution": "8k"}, "'8k' is not '1k', '2k' or '4k'"),
        ({"tag": {}}, "write tags by their names"),
        ({"tag": ["team"]}, "write tags by their names"),
        ({"tag": {"team": ["ads"]}}, "write tags by their names"),
        ({"tag": {"t" * 65: "ads"}}, "no tag is longer than 64"),
    ],
)
def test_what_a_rule_is_for_is_written_out(said: dict[str, Any], message: str) -> None:
    """A rule for every job would be the policy itself."""
    with pytest.raises(ValidationError, match=message):
        when(**said)


def a_job_of(tenant: str) -> Job:
    """Build a job of a tenant."""
    return a_job(tenant=tenant)


def test_the_first_rule_that_matches_wins() -> None:
    """The order of the file is the order of the rules, and what no rule matches is the policy."""
    rules = [
        {"name": "hurried", "when": {"tenant": "acme"}, "deadline": "60s"},
        {"name": "small", "when": {"tenant": ["acme", "bee"]}, "deadline": "90s"},
        {"name": "dear", "when": {"tenant": "cat"}, "failover": {"providers_max": "1"}},
    ]
    policy = a_policy(rules=rules)

    assert [policy.deadline_for(a_job_of(who)) for who in ("acme", "bee", "cat", "dog")] == [
        60,
        90,
        200,
        200,
    ]
    assert [policy.failover_for(a_job_of(who)).providers_max for who in ("acme", "cat")] == [2, 1]


def test_a_rule_lowers_what_may_be_spent_twice_for_its_jobs() -> None:
    """It is one budget for all: the rule only stops its own jobs earlier."""
    rules = [{"name": "never", "when": {"tenant": "acme"}, "failover": {"double_spend_max": "$0"}}]
    policy = a_policy(rules=rules)
    at = JOB.created_at

    assert str(policy.double_spend_limit(at, JOB).limit) == "0.00"
    assert str(policy.double_spend_limit(at, a_job_of("bee")).limit) == "3.00"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("ads", "ads"),
        ("ads; 80% of B is used", "ads; 80% of B is used"),
        ("otherwise", "no rule matched: the policy's own"),
        ("otherwise; 80% of B is used", "no rule matched: the policy's own; 80% of B is used"),
    ],
)
def test_what_no_rule_matches_is_told_as_that(rule: str, words: str) -> None:
    """The word that is stored says little to people; stages that are reached are told with it."""
    assert told_rule(rule) == words
