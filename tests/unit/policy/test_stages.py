from typing import Any

import pytest
from pydantic import ValidationError

from router.model.job import Resolution
from router.policy.stages import Stage, halt, reached
from tests.policy_files import a_policy
from tests.policy_stages import standing

STAGES = [
    {"when": "50% of monthly is used", "price_max": "$0.13"},
    {"when": "80% of monthly is used", "resolution_max": "2k"},
    {"when": "100% of monthly is used", "stop": "true"},
]
POLICY = a_policy(stages=STAGES)


@pytest.mark.parametrize(
    ("dollars", "count"),
    [("0", 0), ("34.999999999", 0), ("35", 1), ("56", 2), ("70", 3), ("70.01", 3)],
)
def test_a_stage_is_reached_when_its_share_is_used(dollars: str, count: int) -> None:
    """To the nano-dollar: its own percentage counts, and what is above."""
    assert reached(POLICY.stages, standing(POLICY, monthly=dollars)) == POLICY.stages[:count]


def test_of_a_budget_of_nothing_everything_is_used() -> None:
    """A limit of zero has reached every stage."""
    budgets = [{"name": "monthly", "who": "everyone", "limit": "$0", "per": "month"}]
    policy = a_policy(stages=STAGES, budgets=budgets)

    assert reached(policy.stages, standing(policy)) == policy.stages


def test_a_budget_that_does_not_bind_the_job_has_no_stage() -> None:
    """Another tenant's spending changes nothing."""
    budgets = [{"name": "monthly", "who": {"tenant": "other"}, "limit": "$6", "per": "month"}]
    policy = a_policy(stages=STAGES, budgets=budgets)

    assert reached(policy.stages, standing(policy, monthly="6")) == ()


@pytest.mark.parametrize(
    ("dollars", "resolution", "why", "is_final"),
    [
        ("40", "4k", None, None),
        ("60", "2k", None, None),
        (
            "60",
            "4k",
            "80% of monthly is used, and nothing above 2k is bought from then on",
            False,
        ),
        ("70", "4k", "100% of monthly is used, and nothing is bought from then on", True),
        ("70", "1k", "100% of monthly is used, and nothing is bought from then on", True),
    ],
)
def test_a_stage_may_cap_or_stop(
    dollars: str, resolution: str, why: str | None, *, is_final: bool | None
) -> None:
    """One that stops everything is told before one that only caps."""
    stands = standing(POLICY, monthly=dollars)
    found = halt(reached(POLICY.stages, stands), stands, Resolution(resolution))

    told = (found.why, found.is_final) if found is not None else (None, None)
    assert told == (why, is_final)


@pytest.mark.parametrize(
    "said",
    [
        "80% of monthly",
        "0% of monthly is used",
        "101% of monthly is used",
        "80 % of monthly is used",
        "most of monthly is used",
        ["80%"],
    ],
)
def test_when_a_stage_begins_is_one_sentence(said: Any) -> None:
    """With a whole percentage from 1 to 100."""
    with pytest.raises(ValidationError, match="write how much of which budget"):
        Stage.model_validate({"when": said, "stop": "true"})


def test_a_stage_says_something_and_only_one_thing_when_it_stops() -> None:
    """What buys nothing prefers nobody."""
    with pytest.raises(ValidationError, match="changes nothing"):
        Stage.model_validate({"when": "8% of monthly is used"})
    with pytest.raises(ValidationError, match="buys nothing"):
        Stage.model_validate({"when": "8% of x is used", "stop": "true", "price_max": "$1"})
