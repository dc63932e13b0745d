"""`farebox settle`: a person has seen the provider's bill, and says what an attempt cost."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from router.cli.client import DatabaseOption, JsonOption, PolicyOption, UrlOption, Where, reach
from router.cli.loop import run
from router.cli.mistakes import Mistake
from router.cli.show import console, say, show_json, table, usd
from router.model.money import Money, NotMoney


def settle(
    attempt: Annotated[
        str | None, typer.Argument(help="Its id. Without one: list the attempts in doubt.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="What it is known by, for the journal.")
    ] = None,
    posted: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="What the provider charged, in dollars.")
    ] = None,
    *,
    voided: Annotated[
        bool, typer.Option("--voided", help="The provider has charged nothing.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Post it even if it is far above what was held, or correct what is settled.",
        ),
    ] = False,
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """
    Settle an attempt that is in doubt, or that was presumed posted.

    It is an entry of the ledger, with your name and the reason; nothing is changed or deleted.
    """
    where = Where.of(url, database, policy)
    if attempt is None:
        if posted is not None or voided:
            raise Mistake("say which ATTEMPT")
        _list(run(_in_doubt(where)), as_json=as_json)
        return
    amount = read_amount(posted, voided=voided)
    if reason is None:
        raise Mistake("say with --reason what it is known by: it goes into the journal")
    body = {"voided": True} if amount is None else {"posted": str(amount)}
    forced = {"force": True} if force else {}
    settled = run(_settle(where, attempt, {**body, "reason": reason, **forced}))
    if as_json:
        show_json(settled)
    elif settled["money"] == "voided":
        say(f"{attempt}: voided. Its hold is free again.")
    else:
        say(f"{attempt}: posted {usd(settled['charged'])}.")


def read_amount(posted: str | None, *, voided: bool) -> Money | None:
    """
    Read what was charged; None for nothing.

    Raises:
        Mistake: Not exactly one of the two was said, or it is no amount.
    """
    if (posted is None) != voided:
        raise Mistake("say either --posted AMOUNT or --voided")
    if posted is None:
        return None
    try:
        amount = Money.parse(posted)
    except NotMoney as error:
        raise Mistake(f"--posted: {error}") from error
    if amount < Money.ZERO:
        raise Mistake("--posted: a charge is not negative")
    return amount


def _list(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(found)
    elif found["attempts"]:
        console().print(doubts_table(found["attempts"]))
    else:
        say("No attempt is in doubt.")


def doubts_table(attempts: list[dict[str, Any]]) -> object:
    """One row for each attempt in doubt."""
    return table(
        ("attempt", "tenant", "provider", "its id there", "in doubt", "since", "why"),
        [
            (
                one["id"],
                one["tenant"],
                one["provider"],
                one["provider_ref"] or "unknown",
                usd(one["quoted"]),
                one["created_at"],
                one["detail"] or one["outcome"],
            )
            for one in attempts
        ],
        amounts=("in doubt",),
    )


async def _in_doubt(where: Where) -> Any:
    async with reach(where) as door:
        return await door.ask("GET", "/v1/attempts", query={"state": "in_doubt"})


async def _settle(where: Where, attempt: str, body: dict[str, Any]) -> Any:
    async with reach(where) as door:
        return await door.ask("POST", f"/v1/attempts/{quote(attempt, safe='')}/settle", body=body)
