"""`farebox account`: money that passes between us and a provider beside its charges."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from router.cli.balance import balance
from router.cli.client import DatabaseOption, JsonOption, PolicyOption, UrlOption, Where, reach
from router.cli.keys import instant
from router.cli.loop import run
from router.cli.mistakes import Mistake
from router.cli.show import console, say, show_json, table, usd
from router.model.money import Money, NotMoney

Provider = Annotated[str, typer.Argument(help="As in the price book.")]
Amount = Annotated[str, typer.Option(metavar="AMOUNT", help="How much, in dollars.")]
Reference = Annotated[str, typer.Option(help="The receipt's or the note's number: booked once.")]
At = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="When: a day in UTC or an instant. Without it, now."),
]
Reason = Annotated[str | None, typer.Option(help="Why, for the books.")]
_TOPUP = 'farebox account topup shortapi --amount 100 --reference "receipt 2026-1107"'
_CREDIT = "farebox account credit runpod --amount 2.50 --reference CN-17 --at 2026-11-20"

account = typer.Typer(
    help="See what credit is left at providers; note what was paid ahead of use, and came back.",
    no_args_is_help=True,
    epilog="Example: farebox account balance",
)
account.command("balance", epilog="Example: farebox account balance shortapi")(balance)


@account.command("topup", epilog=f"Example: {_TOPUP}")
def top_up(
    provider: Provider,
    amount: Amount,
    reference: Reference,
    at: At = None,
    reason: Reason = None,
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """
    Note that a prepaid balance was topped up.

    An export has it as a purchase; what is drawn from the balance is then on no invoice.
    """
    where = Where.of(url, database, policy)
    body = _body("topup", amount, reference, at, reason)
    _told(run(_record(where, provider, body)), as_json=as_json)


@account.command("credit", epilog=f"Example: {_CREDIT}")
def credit(
    provider: Provider,
    amount: Amount,
    reference: Reference,
    at: At = None,
    reason: Reason = None,
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """
    Note that a provider gave money back that is no single attempt's, as by a credit note.

    Of one attempt, correct what it cost: `farebox settle ATTEMPT --posted AMOUNT --force`.
    """
    where = Where.of(url, database, policy)
    body = _body("credit", amount, reference, at, reason)
    _told(run(_record(where, provider, body)), as_json=as_json)


@account.command("list", epilog="Example: farebox account list shortapi --from 2026-11-01")
def list_events(
    provider: Annotated[str | None, typer.Argument(help="Only this one's.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="A day or an RFC 3339 instant, inclusive.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="A day or an instant, exclusive.")
    ] = None,
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List what passed on providers' accounts beside charges, the oldest first."""
    query = {name: text for name, text in (("from", since), ("to", until)) if text}
    found = run(_fetch(Where.of(url, database, policy), provider, query))
    if as_json:
        show_json(found)
    elif found["events"]:
        console().print(events_table(found))
    else:
        whose = "any account" if provider is None else f"the account with {provider}"
        say(f"Nothing was booked on {whose}: {_TOPUP} notes what was paid in.")


def events_table(found: dict[str, Any]) -> object:
    """One row for each event, and what they add up to."""
    columns = ("provider", "at", "what", "amount", "reference", "who", "reason")
    return table(
        columns,
        [
            (
                one["provider"],
                one["at"],
                one["kind"],
                usd(one["amount"]),
                one["reference"],
                one["who"],
                one["reason"] or "",
            )
            for one in found["events"]
        ],
        amounts=["amount"],
        total=(
            "topped up, credited",
            "",
            "",
            f"{usd(found['topped_up'])}, {usd(found['credited'])}",
            "",
            "",
            "",
        ),
    )


def _body(
    kind: str, amount: str, reference: str, at: str | None, reason: str | None
) -> dict[str, str]:
    """
    What is to be booked.

    Raises:
        Mistake: The amount is none, or the date.
    """
    try:
        read = Money.parse(amount)
    except NotMoney as error:
        raise Mistake(f"--amount: {error}") from error
    if read <= Money.ZERO:
        raise Mistake("--amount: an amount is more than nothing")
    body = {"kind": kind, "amount": str(read), "reference": reference}
    if at is not None:
        body["at"] = instant(at, "--at")
    return body | ({"reason": reason} if reason is not None else {})


def _told(made: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(made)
    else:
        what = "topped up by" if made["kind"] == "topup" else "was credited"
        say(f"{made['provider']}: {what} {usd(made['amount'])}, {made['reference']}.")


async def _record(where: Where, provider: str, body: dict[str, str]) -> Any:
    async with reach(where) as door:
        return await door.ask("POST", _path(provider), body=body)


async def _fetch(where: Where, provider: str | None, query: dict[str, str]) -> Any:
    path = "/v1/accounts/events" if provider is None else _path(provider)
    async with reach(where) as door:
        return await door.ask("GET", path, query=query)


def _path(provider: str) -> str:
    return f"/v1/accounts/{quote(provider, safe='')}/events"
