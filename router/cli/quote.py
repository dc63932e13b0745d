"""`farebox quote`: why an edit would go where it would go. Spends nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from router.cli.client import DatabaseOption, JsonOption, UrlOption, Where, is_server_beside, reach
from router.cli.keys import read_tags
from router.cli.loop import run
from router.cli.mistakes import NO, Mistake
from router.cli.show import console, say, show_json, table, usd, warn
from router.dispatch.latency_windows import LEANS
from router.model.clock import SystemClock
from router.model.errors import BudgetExceeded, NobodyQualifies, Overloaded
from router.model.ids import JobId
from router.model.job import Job, Resolution
from router.model.money import Money, NotMoney
from router.policy.choose import choose
from router.policy.examples import basic_offers
from router.policy.explain import closest
from router.policy.loader import load_policy, shipped_policy_path
from router.policy.lots import by_lot
from router.policy.policy import Policy
from router.policy.rules import NO_RULE, told_rule
from router.policy.verdicts import told

A_PICTURE = "https://example.com/picture.png"
"""It is not fetched: a quote without a picture is for a square one."""
UNSERVED = "No server runs: whether providers are up is not known."
REFUSED = {
    BudgetExceeded.code: "a budget has no room for it",
    NobodyQualifies.code: "no provider may do it",
    Overloaded.code: "so much waits everywhere that it would be late",
}
"""Why an edit would be refused, by the code of its refusal, for people."""
UNKNOWN_HEALTH = dict.fromkeys(("state", "state_reason", "state_since", "state_until"))
_WHOLE = 100
_COLUMNS = 110
ALONE = "Of the policy alone: whether providers are up and budgets have room is not known."


def quote(
    resolution: Annotated[Literal["1k", "2k", "4k"], typer.Option()] = "1k",
    model: Annotated[str, typer.Option(help="As in the price book.")] = "nano-banana-2-edit",
    tenant: Annotated[str | None, typer.Option(help="Whose budgets pay.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="KEY=VALUE.")] = None,
    image: Annotated[
        str | None, typer.Option(help="Its https URL, where the shape matters.")
    ] = None,
    aspect_ratio: Annotated[str | None, typer.Option(help="As 16:9.")] = None,
    price_max: Annotated[str | None, typer.Option(help="In dollars, as 0.10.")] = None,
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: Annotated[
        Path | None, typer.Option(help="Ask this policy instead of a running server's.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """
    Explain a decision without spending: who is asked first, at which price, and why the others not.

    Exit code 1 when nobody qualifies.
    """
    where = Where.of(url, database, policy)
    body: dict[str, Any] = {
        "prompt": "a quote",
        "images": [image or A_PICTURE],
        "model": model,
        "resolution": resolution,
        "tags": read_tags(tag or []),
    }
    shape = aspect_ratio or (None if image else "1:1")
    optional = {"aspect_ratio": shape, "price_max": price_max}
    body |= {name: value for name, value in optional.items() if value is not None}
    document = run(_quote(where, body, tenant, is_policy_given=policy is not None))
    if as_json:
        show_json(document)
    else:
        _tell(document)
    if document["chosen"] is None:
        raise typer.Exit(NO)


async def _quote(
    where: Where, body: dict[str, Any], tenant: str | None, *, is_policy_given: bool
) -> Any:
    """Ask the server; where none runs, the policy and the ledger; without a ledger, the policy."""
    if where.url is not None and is_policy_given:
        raise Mistake("--url asks a server by its own policy, --policy a file: say one of them")
    is_served = where.url is not None or await is_server_beside(where)
    has_books = not is_served and where.settings.database_path.exists()
    # The ledger of a server that runs is open in that server alone.
    if not has_books and (is_policy_given or not is_served):
        warn(ALONE)
        return explain_alone(where.settings.policy, body, tenant or "local")
    query = {"tenant": tenant} if tenant is not None else {}
    async with reach(_as_if_connected(where) if has_books else where) as door:
        document = await door.ask("POST", "/v1/quotes", body=body, query=query)
    if has_books:
        warn(UNSERVED)
        for candidate in document["decision"]["candidates"]:
            candidate.update(UNKNOWN_HEALTH)
    return document


def _as_if_connected(where: Where) -> Where:
    """With a key for each provider: the server has them, and nothing is sent from here."""
    providers = {
        name: replace(one, key=one.key or "none") for name, one in where.settings.providers.items()
    }
    return replace(where, settings=replace(where.settings, providers=providers))


def explain_alone(path: Path | None, body: Mapping[str, Any], tenant: str) -> dict[str, Any]:
    """
    What a policy alone says of an edit, as a router writes it; budgets and health are null.

    Raises:
        PolicyError: The policy cannot be used.
        Mistake: The edit asks for something that does not exist.
    """
    policy = load_policy(path or shipped_policy_path())
    if body["model"] not in policy.prices.models:
        hint = closest(body["model"], policy.prices.models)
        raise Mistake(f"--model: nobody sells {body['model']!r}{hint}")
    job = _job(policy, body, tenant)
    offers = basic_offers(policy, job, job.created_at)
    plan = choose(policy, job, offers)
    chosen = plan.offers[0] if plan.offers else None
    decision = told(plan.decision.shown, policy.hash, whole=True)
    for candidate in decision["candidates"]:
        candidate.update(UNKNOWN_HEALTH)
    return {
        "model": job.model,
        "resolution": job.resolution.value,
        "downshifted": None,
        "tenant": tenant,
        "chosen": chosen.provider if chosen else None,
        "price": str(chosen.price) if chosen else None,
        "error": None if chosen else NobodyQualifies.code,
        "decision": decision,
        "budgets": None,
        "by_lot": by_lot(policy, job, offers, {}),
    }


def _job(policy: Policy, body: Mapping[str, Any], tenant: str) -> Job:
    at = SystemClock().now()
    try:
        price_max = Money.parse(body["price_max"]) if "price_max" in body else None
    except NotMoney as error:
        raise Mistake(f"--price-max: {error}") from error
    return Job(
        id=JobId("quote"),
        tenant=tenant,
        key_id="quote",
        model=body["model"],
        prompt=body["prompt"],
        images=tuple(body["images"]),
        resolution=Resolution(body["resolution"]),
        aspect_ratio=body.get("aspect_ratio"),
        output_format=None,
        tags=tuple(sorted(body["tags"].items())),
        created_at=at,
        deadline_at=at + timedelta(seconds=policy.deadline_s),
        price_max=price_max,
    )


def _tell(document: Mapping[str, Any]) -> None:
    decision = document["decision"]
    what = f"A {document['resolution']} {document['model']} of tenant {document['tenant']}"
    by = f"{decision['policy']} ({decision['policy_hash']})"
    shift = document["downshifted"]
    if shift is not None:
        say(
            f"The budget '{shift['budget']}' has no room for a {shift['from']}, "
            f"so a {shift['to']} is bought."
        )
    if document["chosen"] is not None:
        say(f"{what} goes to {document['chosen']} at {usd(document['price'])}, by {by}.")
    else:
        code = document["error"]
        say(f"{what} would be refused by {by}: {REFUSED.get(code, 'see below')} ({code}).")
    if document.get("by_lot"):
        say(_lots(document["by_lot"]))
    rule = told_rule(decision["rule"])
    say(f"The rule: {rule}." if not rule.startswith(NO_RULE) else f"{rule[0].upper()}{rule[1:]}.")
    screen = console(columns=_COLUMNS)
    screen.print(candidates_table(decision["candidates"]))
    for line in notes(decision["candidates"]):
        screen.print(line, markup=False)
    if document["budgets"]:
        screen.print(headroom_table(document["budgets"]))


def _lots(shares: Mapping[str, float]) -> str:
    """How many of a hundred such edits go to whom, where each draws its own lot."""
    going = " and ".join(f"{share:g} go to {name}" for name, share in shares.items())
    rest = round(_WHOLE - sum(shares.values()), 1)
    nobody = f"; the other {rest:g} find nobody" if rest >= 1 else ""
    return f"Each edit draws its lot: of 100 like this one, {going}{nobody}."


def candidates_table(candidates: list[dict[str, Any]]) -> object:
    """One row for each provider, in the order they would be tried."""
    return table(
        ("provider", "price", "half within", "95 % within", "known from", "health", "why"),
        [
            (
                one["provider"],
                usd(one["price"]),
                *_expected(one["latency"]),
                str(one["state"] or "unknown"),
                one["verdict"],
            )
            for one in candidates
        ],
        amounts=("price", "half within", "95 % within"),
        whole=("provider", "price", "known from", "health"),
    )


def notes(candidates: list[dict[str, Any]]) -> Iterator[str]:
    """What stands under the table: whose health is why as it is, and what its seconds are."""
    for one in candidates:
        told = f"{one['provider']} is {one['state'] or 'unknown'}"
        reason, until = one["state_reason"], one["state_until"]
        why = f": {reason}, since {one['state_since']}" if reason else ""
        if reason or until:
            yield f"{told}{why}{f', until {until}' if until else ''}."
    if any(one["latency"] and one["latency"]["samples"] != 0 for one in candidates):
        yield (
            "How long edits take is an estimate: of the jobs that were seen and, where the price "
            f"book states it, of that as if it were {LEANS:g} more."
        )


def _expected(latency: Mapping[str, Any] | None) -> tuple[str, str, str]:
    """How long an offer is expected to take, and how that is known."""
    if latency is None:
        return "unknown", "unknown", ""
    samples = latency["samples"]
    known_from = "the price book" if samples == 0 else "jobs of late"
    if samples:
        known_from = f"{samples} job{'s' * (samples != 1)}"
    return f"{latency['p50_s']:.1f} s", f"{latency['p95_s']:.1f} s", known_from


def headroom_table(budgets: list[dict[str, Any]]) -> object:
    """One row for each budget that an offer must fit."""
    return table(
        ("offer of", "budget", "scope", "limit", "available", "fits"),
        [
            (
                one["provider"],
                one["budget"],
                one["scope"] or "of others",
                usd(one["limit"]) if one["limit"] else "",
                usd(one["available"]) if one["available"] else "",
                "yes" if one["fits"] else "no",
            )
            for one in budgets
        ],
        amounts=("limit", "available"),
    )
