from typing import Any

import pytest

from router.model.job import Resolution
from router.model.money import Money
from router.policy.downshift import Forecast, at_each_resolution, foresee, smallest
from router.policy.examples import basic_offers
from router.policy.policy import Policy
from tests.fakes import a_job
from tests.policy_files import PRICES, a_policy
from tests.policy_stages import standing, used

ALL_SIZES = PRICES.replace("{1k: $0.04, 2k: $0.06}", "{1k: $0.04, 2k: $0.06, 4k: $0.09}")


def shrinking(on_limit: str = "downshift", **more: Any) -> Policy:
    """Build a policy with a daily budget that does so when it has no room."""
    daily = {"name": "daily", "who": "everyone", "limit": "$7", "per": "day", "on_limit": on_limit}
    return a_policy(prices=ALL_SIZES, budgets=[daily], **more)


def with_a_strict_one(**more: Any) -> Policy:
    """Build a policy with a budget that shrinks and one that rejects."""
    budgets = [
        {"name": name, "who": "everyone", "limit": "$7", "per": "day", "on_limit": on_limit}
        for name, on_limit in (("daily", "downshift"), ("strict", "reject"))
    ]
    return a_policy(prices=ALL_SIZES, budgets=budgets, **more)


def foreseen(
    policy: Policy, dollars: str, size: str = "4k", strict: str = "0", **job: Any
) -> Forecast:
    """What becomes of a job when so much is used."""
    asked = a_job(resolution=Resolution(size), **job)
    return foresee(
        policy,
        asked,
        lambda one: basic_offers(policy, one, one.created_at),
        standing(policy, daily=dollars, strict=strict),
        used(daily=dollars, strict=strict),
    )


@pytest.mark.parametrize(
    ("dollars", "bought"),
    [
        ("6.91", "4k shortapi 0.09"),
        ("6.911", "2k shortapi 0.06"),
        ("6.94", "2k shortapi 0.06"),
        ("6.95", "1k shortapi 0.04"),
        ("6.97", "nobody"),
    ],
)
def test_a_budget_without_room_buys_what_still_fits(dollars: str, bought: str) -> None:
    """The largest edit that fits; the last nano-dollar may be spent."""
    found = foreseen(shrinking(), dollars)
    told = [f"{found.job.resolution} {one.provider} {one.price}" for one in found.offers[:1]]

    assert (told or ["nobody"]) == [bought]


def test_a_downshift_says_from_what_to_what_and_why() -> None:
    """However many steps it took."""
    assert foreseen(shrinking(), "6.95").downshifted == (
        Resolution.FOUR_K,
        Resolution.ONE_K,
        "daily",
    )
    assert foreseen(shrinking(), "1").downshifted is None


def test_a_budget_that_rejects_does_not_shrink() -> None:
    """That is what a budget does which says nothing."""
    found = foreseen(shrinking("reject"), "6.95")

    assert (found.offers, found.job.resolution, found.downshifted) == ((), Resolution.FOUR_K, None)
    assert found.stopped_by is not None
    assert found.stopped_by.budget == "daily"


@pytest.mark.parametrize(("dollars", "strict"), [("6.95", "6.97"), ("6.97", "6.95")])
def test_of_two_budgets_without_room_the_one_that_rejects_has_the_word(
    dollars: str, strict: str
) -> None:
    """Whichever of them has less left."""
    found = foreseen(with_a_strict_one(), dollars, strict=strict)

    assert (found.offers, found.job.resolution) == ((), Resolution.FOUR_K)
    assert found.stopped_by is not None
    assert found.stopped_by.budget == "strict"


def test_of_the_smallest_edit_the_tightest_budget_is_told() -> None:
    """Nothing smaller is left to be tried, so no refusal weighs more than another."""
    found = foreseen(with_a_strict_one(), "6.98", size="1k", strict="6.97")

    assert found.stopped_by is not None
    assert found.stopped_by.budget == "daily"


CAP = [{"when": "80% of daily is used", "resolution_max": "1k"}]
STOP = [{"when": "80% of daily is used", "stop": "true"}]


def test_a_stages_cap_shrinks_where_its_budget_does() -> None:
    """Down to the cap, though the budget still had room."""
    found = foreseen(shrinking(stages=CAP), "6")
    kept = foreseen(shrinking("reject", stages=CAP), "6")

    assert (found.job.resolution, found.downshifted) == (
        Resolution.ONE_K,
        (Resolution.FOUR_K, Resolution.ONE_K, "daily"),
    )
    assert (kept.offers, kept.job.resolution) == ((), Resolution.FOUR_K)
    assert kept.stopped_by is not None


def test_a_stage_that_stops_is_the_end() -> None:
    """No smaller edit is tried."""
    found = foreseen(shrinking(stages=STOP), "6")

    assert (found.offers, found.after) == ((), None)
    assert "nothing is bought from then on" in found.plan.decision.candidates[0].verdict


THRIFT = [{"when": "80% of daily is used", "price_max": "$0.10"}]
RUNPOD_FIRST = {"order": ["runpod"]}


def test_a_price_that_a_stage_forbids_shrinks_where_its_budget_does() -> None:
    """Down to what somebody sells for so little; where the budget rejects, it is a refusal."""
    found = foreseen(shrinking(stages=THRIFT, prefer=RUNPOD_FIRST), "6")
    kept = foreseen(shrinking("reject", stages=THRIFT, prefer=RUNPOD_FIRST), "6")

    assert found.downshifted == (Resolution.FOUR_K, Resolution.ONE_K, "daily")
    assert [one.price.usd for one in found.offers] == ["$0.0875"]
    assert (kept.offers, kept.job.resolution) == ((), Resolution.FOUR_K)
    assert kept.halt is not None
    assert kept.halt.why == "80% of daily is used, and nothing above $0.10 is bought from then on"


def test_a_price_that_the_job_forbids_itself_is_not_a_stages_doing() -> None:
    """What the client would not pay is not made smaller, however much is used."""
    found = foreseen(shrinking(stages=THRIFT), "6", price_max=Money.parse("0.08"))

    assert (found.offers, found.stopped_by) == ((), None)


@pytest.mark.parametrize("reverse", [False, True])
def test_of_two_stages_the_one_whose_budget_rejects_has_the_word(*, reverse: bool) -> None:
    """Wherever it stands in the file, and though the other one would let a smaller edit be."""
    stages = [*CAP, {"when": "50% of strict is used", "price_max": "$0.08"}]
    policy = with_a_strict_one(stages=stages[::-1] if reverse else stages)

    found = foreseen(policy, "6", strict="6")

    assert (found.offers, found.job.resolution) == ((), Resolution.FOUR_K)
    assert found.stopped_by is not None
    assert found.stopped_by.budget == "strict"


def test_what_nobody_sells_is_not_a_budgets_doing() -> None:
    """A job that nobody serves as it is asked for is not made smaller."""
    found = foreseen(shrinking(stages=CAP), "6", model="unheard-of")

    assert (found.offers, found.stopped_by) == ((), None)


def test_a_size_that_nobody_makes_is_stepped_over() -> None:
    """On the way down, the next lower one is tried."""
    gap = ALL_SIZES.replace("2k: $0.06, ", "").replace("2k: $0.13, ", "")
    daily = {"name": "daily", "who": "everyone", "limit": "$7", "per": "day"}
    policy = a_policy(prices=gap, budgets=[{**daily, "on_limit": "downshift"}])

    found = foreseen(policy, "6.95")

    assert found.downshifted == (Resolution.FOUR_K, Resolution.ONE_K, "daily")


def test_a_job_is_never_made_larger() -> None:
    """From its own resolution downwards."""
    sizes = [one.resolution for one in at_each_resolution(a_job(resolution=Resolution.TWO_K))]

    assert sizes == [Resolution.TWO_K, Resolution.ONE_K]
    assert smallest() is Resolution.ONE_K
