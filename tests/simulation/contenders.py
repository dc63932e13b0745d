"""Who is compared: the shipped policies, fixed choices, and an oracle who knows what will be."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from router.model.money import Money, total
from router.policy.policy import Policy
from router.policy.yaml_nodes import plain, read_tree
from tests.fakes import EPOCH
from tests.simulation.market import Bought, Played
from tests.simulation.workloads import LIMIT_S, PRICES, Fate, Fates, Workload

FOLDER = Path(__file__).parents[2] / "policies"
MODEL = "nano-banana-2-edit"
SHIPPED = ("cheapest-first", "cheapest-within-slo", "fast-previews", "balanced", "month-end-guard")
FIXED: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "always ShortAPI": {"prefer": {"order": ["shortapi"]}},
        "always Runpod": {"prefer": {"order": ["runpod"]}},
        "random": {"prefer": {"weights": {"shortapi": 50, "runpod": 50}}},
    }
)
"""By what they prefer; all else is as in `cheapest-first`. At random means: with a second try."""
ORACLES: Mapping[str, float | None] = MappingProxyType(
    {"oracle": None, f"oracle within {LIMIT_S:g} s": LIMIT_S}
)
CONTENDERS = (*SHIPPED, *FIXED, *ORACLES)


def policy_of(name: str, fates: Fates) -> Policy:
    """
    Build a contender's policy, with the price book that the workload says.

    The month's money of `month-end-guard` is a tenth less than Runpod alone would take for all of
    the jobs, so that all of its stages are seen.
    """
    said = deepcopy(_read(f"{name if name in SHIPPED else SHIPPED[0]}.yaml"))
    said |= {"policy": name.replace(" ", "-").lower(), **FIXED.get(name, {})}
    said["prices"] = _price_book(fates.workload)
    if name == "month-end-guard":
        whole = total([PRICES["runpod"][one.resolution] for one in fates.asked])
        said["budgets"][0]["limit"] = f"${whole.nanos * 9 // 10 / 1e9:.2f}"
    return Policy.model_validate(said)


def _price_book(workload: Workload) -> dict[str, Any]:
    """The shipped prices, with a row for each price that a workload changes."""
    said = deepcopy(_read("prices.yaml"))
    for provider, trouble in workload.troubles.items():
        if trouble.prices is None:
            continue
        (row,) = (
            one for one in said["offers"] if (one["provider"], one["model"]) == (provider, MODEL)
        )
        begins = EPOCH + timedelta(minutes=trouble.begins_min)
        prices = {str(one): f"${price}" for one, price in trouble.prices.items()}
        said["offers"].append({**row, "from": begins, "per_image": prices})
    return said


@cache
def _read(name: str) -> dict[str, Any]:
    said = plain(read_tree(name, (FOLDER / name).read_text(encoding="utf-8")).root)
    assert isinstance(said, dict)
    return cast("dict[str, Any]", said)


def foretell(fates: Fates, limit_s: float | None) -> Played:
    """
    Buy each job as who knows its fate everywhere: once, at the cheapest who delivers it.

    Args:
        fates: What he knows.
        limit_s: The cheapest of those who take no longer, and the fastest where all do; None: the
            cheapest.

    Returns:
        What it comes to, without any time on the wire.
    """
    bought: list[Bought] = []
    for asked in fates.asked:
        offers = {
            provider: fates.of(asked.number, provider, asked.resolution, asked.at_s)
            for provider in PRICES
        }
        able = {name: one for name, one in offers.items() if one.is_up and one.delivers}
        if not able:
            bought.append(Bought(asked, delivered=False, seconds=0.0))
            continue
        rank = _by_price if limit_s is None else _within(limit_s)
        name = min(able, key=lambda one: rank(able[one]))
        bought.append(
            Bought(
                asked,
                delivered=True,
                seconds=able[name].seconds,
                providers=(name,),
                cost=able[name].price,
            )
        )
    return Played(tuple(bought))


def _by_price(fate: Fate) -> tuple[float, Money]:
    return 0.0, fate.price


def _within(limit_s: float) -> Callable[[Fate], tuple[float, Money]]:
    def rank(fate: Fate) -> tuple[float, Money]:
        return (fate.seconds if fate.seconds > limit_s else 0.0), fate.price

    return rank
