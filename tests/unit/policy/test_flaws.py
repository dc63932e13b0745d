from typing import Any

import pytest

from router.policy.flaws import flaws
from tests.policy_files import a_policy

RULE = {"name": "one", "when": {"tenant": "acme"}}
STAGE = {"when": "60% of monthly is used", "stop": "true"}


@pytest.mark.parametrize(
    ("keys", "path", "message"),
    [
        (
            {"rules": [RULE, {**RULE, "name": "two"}]},
            ("rules", 1, "when"),
            "this rule never wins: 'one' above it takes all of these jobs",
        ),
        (
            {"rules": [{**RULE, "deadline": "901s"}]},
            ("rules", 0, "deadline"),
            "'deadline' (901s) is longer than 'deadline_max' (900s)",
        ),
        (
            {"rules": [{**RULE, "failover": {"double_spend_max": "$3.01 per day"}}]},
            ("rules", 0, "failover", "double_spend_max"),
            "$3.01 is above the policy's own 'double_spend_max' of $3.00, which is one for all",
        ),
        (
            {"stages": [STAGE, STAGE]},
            ("stages", 1, "when"),
            "stages of 'monthly' go upwards, and 60% stands above",
        ),
        (
            {"keep": {"images": "899s"}},
            ("keep", "images"),
            "'images' (899s) is shorter than 'deadline_max' (900s)",
        ),
    ],
)
def test_parts_that_contradict_each_other_are_told_where(
    keys: dict[str, Any], path: tuple[str | int, ...], message: str
) -> None:
    """Each with the keys and indices that lead to it. The rest is in the table of mistakes."""
    assert [(flaw.path, flaw.message) for flaw in flaws(a_policy(**keys))] == [(path, message)]


def test_a_sound_policy_has_none() -> None:
    """With rules, stages and retention that agree."""
    keys: dict[str, Any] = {
        "rules": [RULE, {"name": "two", "when": {"tenant": ["acme", "bee"]}}],
        "stages": [{**STAGE, "when": "50% of monthly is used"}, STAGE],
        "keep": {"prompts": "900s", "images": "30d"},
    }

    assert list(flaws(a_policy(**keys))) == []
