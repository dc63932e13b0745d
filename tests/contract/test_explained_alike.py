"""One edit explained three times: by `farebox quote`, `POST /v1/quotes`, and when it is bought."""

import json
import os
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from router.model.errors import ProviderUnreachable
from router.model.ids import AttemptId
from router.policy.policy import Policy
from router.web.keys import Role
from tests.policy_files import PRICES, a_policy
from tests.web_stage import Front, an_edit, open_front

STATED = PRICES.replace("images_max: 3", "images_max: 3\n    latency: {p50: 6s, p95: 15s}")
THIRD = """\
  - provider: third
    model: nano-banana-2-edit
    slug: third/edit
    from: 2026-11-01
    source: its page
    verified: true
    per_image: {1k: $0.021}
"""
PRICE_BOOK = STATED.replace("providers:\n", "providers:\n  - {provider: third, source: none}\n")
EVERYTHING: dict[str, Any] = {
    "prices": PRICE_BOOK + THIRD,
    "failover": {"providers_max": "3"},
    "budgets": [
        {"name": "tight", "who": {"provider": "shortapi"}, "limit": "$0.05", "per": "day"},
        {"name": "team", "who": "everyone", "limit": "$0.30", "per": "month"},
    ],
    "rules": [{"name": "shop", "when": {"tag": {"for": "shop"}}, "prefer": "lowest_latency"}],
    "stages": [{"when": "10% of team is used", "prefer": "lowest_price"}],
}
POLICIES = {
    "price": a_policy(prices=PRICE_BOOK + THIRD),
    "a budget without room, a rule and a stage": a_policy(**EVERYTHING),
    "latency": a_policy(prices=STATED, latency_max={"p95": "14s", "otherwise": "fastest"}),
    "balance": a_policy(prefer={"value_of_second": "$0.002", "failure_costs": "$0.05"}),
}


async def farebox_quote(front: Front, key: str, *options: str) -> tuple[str, str]:
    """Run `farebox quote` against the server, for people and for programs."""
    assert front.client is not None
    url = str(front.client.make_url("")).rstrip("/")
    given = ("--aspect-ratio", "16:9", "--tag", "for=shop", "--tenant", "acme", "--url", url)
    process = await create_subprocess_exec(
        *(sys.executable, "-m", "router", "quote", *given, *options),
        env={**os.environ, "FAREBOX_KEY": key},
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    return out.decode(), err.decode()


async def disturb(front: Front) -> None:
    """Buy something, so that latencies are learnt and budgets used; or have a provider fail."""
    await front.edit()
    failures = 0 if front.stage.policy.stages else 8
    for number in range(failures):
        attempt = AttemptId(f"a{number}")
        front.stage.health.begin("runpod", attempt)
        front.stage.health.failed("runpod", attempt, ProviderUnreachable())


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
async def test_quote_command_and_purchase_tell_the_same(tmp_path: Path, policy: Policy) -> None:
    """Candidates, prices, latencies, health, verdicts and rule: field by field, and in print."""
    wish = an_edit(tags={"for": "shop"})
    async with open_front(tmp_path, policy=policy) as front:
        await disturb(front)
        _, admin = await front.mint("acme", Role.ADMIN)
        quoted = (await front.ask("POST", "/v1/quotes?tenant=acme", wish, key=admin)).json
        commanded = json.loads((await farebox_quote(front, admin, "--json"))[0])
        printed, _ = await farebox_quote(front, admin)
        bought = (await front.ask("POST", "/v1/edits", wish)).json
        stored = (await front.ask("GET", f"/v1/edits/{bought['id']}", key=admin)).json

    words = json.dumps(stored["decision"])
    assert ("passed over" in words, "is used" in words) == (bool(policy.stages),) * 2
    assert ('"ejected"' in words) == (not policy.stages)
    assert commanded == quoted
    assert _common(quoted) == _common(stored)
    assert (quoted["chosen"], quoted["price"]) == (stored["provider"], stored["quoted"])
    _is_printed(printed, quoted)


def _common(document: dict[str, Any]) -> dict[str, Any]:
    """All that a quote and an edit both tell of a decision."""
    decision = document["decision"]
    assert decision.keys() == {"policy", "policy_hash", "rule", "candidates"}
    told = {"provider", "price", "verdict", "latency", "failing", "state"}
    # Why and until when it is so now is a quote's alone: the evidence of a decision is its state.
    now = {"state_reason", "state_since", "state_until"}
    for one in decision["candidates"]:
        assert one.keys() - now == told
    return {
        **decision,
        "candidates": [
            {name: one[name] for name in sorted(told)} for one in decision["candidates"]
        ],
    }


def _is_printed(printed: str, quoted: dict[str, Any]) -> None:
    """A person reads the same: winner, price, rule, and of every provider the price and why."""
    words = " ".join(printed.replace("│", " ").replace("┃", " ").split())
    assert f"goes to {quoted['chosen']} at ${quoted['price']}" in words
    assert f"The rule: {quoted['decision']['rule']}." in words
    for one in quoted["decision"]["candidates"]:
        assert f"{one['provider']} ${one['price']}" in words
        assert one["state"] in words
        for word in one["verdict"].split():
            assert word in words
