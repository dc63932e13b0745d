"""
A decision as it is told: by the budgets, too, and to whoever may know how much of it.

`choose` does not know what the budgets have left; the hold does. Of the offers that it planned, the
first that every budget has room for is bought, and the verdicts say so then.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from router.policy.obstacles import withheld

NO_ROOM = "no_room"
"""Under this a stored decision has, by provider, the budget that had no room for its offer."""
_REASON = "state_reason"
_TOLD = ("policy", "policy_hash", "rule", "candidates")
_NEXT = "next if "
_SECONDS_DIGITS, _SHARE_DIGITS = 1, 2


def told(decision: Mapping[str, Any], policy_hash: str, *, whole: bool) -> dict[str, Any]:
    """
    A decision as replies tell it; quotes and edits alike.

    Args:
        decision: As it is stored, or would be.
        policy_hash: Of the policy that it was made by.
        whole: Its reader sees all tenants. To others, how often a provider fails and how long it
            takes is told less exactly, and not from how many edits that is known: it is learnt from
            all tenants' edits, and how many edits others buy is nobody's business. Nor why a
            provider is set aside, what is in doubt there, and how many wait.
    """
    candidates = cast("list[dict[str, Any]]", decision.get("candidates", []))
    candidates = _with_budgets(candidates, decision.get(NO_ROOM, {}))
    if not whole:
        candidates = [_blurred(one) for one in candidates]
    found = {**decision, "policy_hash": policy_hash, "candidates": candidates}
    return {name: found[name] for name in _TOLD if name in found}


def _with_budgets(
    candidates: Sequence[dict[str, Any]], no_room: Mapping[str, str]
) -> list[dict[str, Any]]:
    """
    The verdicts as they are once the budgets have spoken.

    Args:
        candidates: In the order of the plan.
        no_room: By provider, which budget had none: of the first offers of the plan.
    """
    found: list[dict[str, Any]] = []
    for place, one in enumerate(candidates):
        budget, verdict = no_room.get(one["provider"]), str(one["verdict"])
        if budget is not None:
            verdict = f"passed over: the budget '{budget}' has no room for it"
        elif 0 < place == len(no_room) and verdict.startswith(_NEXT):
            _, separator, compared = verdict.partition("; ")
            verdict = f"chosen: the next one that the budgets have room for{separator}{compared}"
        found.append({**one, "verdict": verdict})
    return found


def _blurred(candidate: dict[str, Any]) -> dict[str, Any]:
    found, latency = dict(candidate), candidate.get("latency")
    found["verdict"] = withheld(str(candidate["verdict"]))
    if _REASON in found:
        found[_REASON] = None
    if "failing" in found:
        found["failing"] = round(found["failing"], _SHARE_DIGITS)
    if latency is not None:
        blurred = {
            name: round(value, _SECONDS_DIGITS) if isinstance(value, float) else value
            for name, value in latency.items()
        }
        # That something is only stated is no secret: the price book says it.
        found["latency"] = {**blurred, "samples": 0 if latency["samples"] == 0 else None}
    return found
