"""`farebox budget`: what each budget allows, what of it is used, and what is left."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from router.cli.alerts import reached_words
from router.cli.client import DatabaseOption, JsonOption, PolicyOption, UrlOption, Where, reach
from router.cli.keys import instant
from router.cli.loop import run
from router.cli.mistakes import Mistake
from router.cli.show import console, minute, say, show_json, table, usd
from router.model.money import Money, NotMoney

_WHOSE = "budget, scope"
AMOUNTS = ("limit", "posted", "presumed", "held", "in_doubt", "available")

budget = typer.Typer(
    help="See what budgets allow and what of it is used, and raise a limit for a while.",
    no_args_is_help=True,
    epilog="Example: farebox budget list --json",
)


@budget.command("list", epilog="Example: farebox budget list --json")
def list_budgets(
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """
    List every budget's window as it stands: posted, presumed, held and in doubt all count.

    A budget of each tenant has a line for each one that has spent in its window. A window that
    rolls has no end: an hour's money is free again once all of the hour is outside. The forecast
    is what the window will have been charged at its end, with the band that eight in ten ends lie
    in; where there is none, too little is known, and --json says what. At the present pace the
    limit is reached when the budget runs out. Of budgets that other tenants share, a key that sees
    one tenant is told whether anything is available, and no amount.
    """
    document = run(_fetch(Where.of(url, database, policy), "/v1/budgets"))
    if as_json:
        show_json(document)
    elif document["budgets"]:
        show_budgets(document["budgets"])
    else:
        say("The policy has no budgets: nothing limits what is spent.")


@budget.command(
    "raise",
    epilog=(
        "Example: farebox budget raise everyone-monthly --by 100 --until 2026-12-01 "
        '--reason "the winter sale"; or farebox budget raise --end ID --reason "a nought too much"'
    ),
)
def raise_budget(
    reason: Annotated[str, typer.Option(help="Why, for the ledger.")],
    name: Annotated[
        str | None, typer.Argument(help="The budget's name, as `budget list` shows it.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="By how much, in dollars, in each window until then."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="A day in UTC or an instant: not in force then."),
    ] = None,
    scope: Annotated[
        str | None,
        typer.Option(help="Only this account of the budget, as `budget list` shows it."),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(metavar="ID", help="End this raise now; `budget list` shows its id."),
    ] = None,
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """
    Raise a budget's limit for a while, or end a raise. Both are entries of the ledger.

    They have your name. No file is changed: on that date the limit is the file's again. The limit
    is higher in each window until then: of a budget per day, AMOUNT more every day. Of a budget of
    each tenant, the limit of each is raised, unless --scope names one. To correct a raise, end it
    and make another; what is held when it ends stays held.
    """
    where = Where.of(url, database, policy)
    if end is not None:
        if (name, by, until, scope) != (None, None, None, None):
            raise Mistake("--end takes the raise's id and --reason, and nothing else")
        made = run(_ask(where, f"/v1/raises/{quote(end, safe='')}/end", {"reason": reason}))
        told = f"{made['budget']}: {usd(made['by'])} less from now on."
    else:
        if name is None or by is None or until is None:
            raise Mistake("name the budget, --by how much and --until when; or the raise to --end")
        body = {"by": read_by(by), "until": instant(until, "--until"), "reason": reason}
        if scope is not None:
            body["scope"] = scope
        made = run(_ask(where, f"/v1/budgets/{quote(name, safe='')}/raise", body))
        told = f"{made['budget']}: {usd(made['by'])} more in each window until {made['until']}."
    if as_json:
        show_json(made)
    else:
        say(told)


@budget.command("history", epilog="Example: farebox budget history --from 2026-11-01")
def show_history(
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="Without it, the last 30 days."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="A day in UTC or an instant.")
    ] = None,
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """
    Show what became of budgets' limits, the newest first: raises, their ends, thresholds reached.

    Past windows are shown as well.
    """
    query = {
        word: instant(text, f"--{word}")
        for word, text in (("from", since), ("to", until))
        if text is not None
    }
    document = run(_fetch(Where.of(url, database, policy), "/v1/budgets/history", query))
    if as_json:
        show_json(document)
    elif document["history"]:
        console().print(history_table(document["history"]))
    else:
        say("No limit was raised in that time, and no threshold reached.")


def read_by(text: str) -> str:
    """
    Read by how much: dollars, more than none.

    Raises:
        Mistake: It is no such amount.
    """
    try:
        amount = Money.parse(text)
    except NotMoney as error:
        raise Mistake(f"--by: {error}") from error
    if amount <= Money.ZERO:
        raise Mistake("--by: a limit is raised by more than nothing")
    return str(amount)


async def _ask(where: Where, path: str, body: dict[str, str]) -> Any:
    async with reach(where) as door:
        return await door.ask("POST", path, body=body)


async def _fetch(where: Where, path: str, query: dict[str, str] | None = None) -> Any:
    async with reach(where) as door:
        return await door.ask("GET", path, query=query or {})


def show_budgets(lines: list[dict[str, Any]]) -> None:
    """Print what each window allows, how it goes on, and by what its limit is raised."""
    console().print(budget_table(lines))
    console().print(outlook_table(lines))
    for line in lines:
        for one in line["raises"]:
            say(f"{line['name']}, {line['scope']}: raised by {_raised(one)}.")


def budget_table(lines: list[dict[str, Any]]) -> object:
    """One row for each budget's window of each scope: its money."""
    headings = [name.replace("_", " ") for name in AMOUNTS]
    return table(
        (_WHOSE, *headings),
        [(_whose(line), *(_amount(line, name) for name in AMOUNTS)) for line in lines],
        amounts=headings,
        whole=(_WHOSE,),
    )


def outlook_table(lines: list[dict[str, Any]]) -> object:
    """One row for each likewise: until when it is, and what is to come of it."""
    return table(
        (_WHOSE, "until", "forecast", "runs out", "reached"),
        [
            (
                _whose(line),
                _until(line),
                _forecast(line),
                minute(line["exhausted_at"] or ""),
                _reached(line["thresholds"]),
            )
            for line in lines
        ],
        whole=(_WHOSE, "until", "runs out", "reached"),
    )


def _whose(line: dict[str, Any]) -> str:
    """The budget's name and, below it, whose money it is: neither is broken."""
    return "\n".join((line["name"], *(f"  {part}" for part in line["scope"].split(","))))


def history_table(history: list[dict[str, Any]]) -> object:
    """One row for each raise, end of a raise, and threshold."""
    return table(
        ("at", "budget", "scope", "what", "who", "reason"),
        [
            (
                minute(one["at"]),
                one["budget"],
                one["scope"] or "all of its accounts",
                _happened(one),
                one.get("who", ""),
                one.get("reason", ""),
            )
            for one in history
        ],
    )


def _happened(one: dict[str, Any]) -> str:
    match one["what"]:
        case "raised":
            return f"{usd(one['by'])} more until {minute(one['until'])}"
        case "raise_ended":
            return f"{usd(one['by'])} no more"
        case _:
            used = f"{usd(one['charged'])} of {usd(one['limit'])}"
            return f"{reached_words(one)}{':' if one['amount'] is None else ','} {used}"


def _amount(line: dict[str, Any], name: str) -> str:
    """Of what other tenants share there is only whether there is room."""
    if name == "available" and line[name] is None:
        return "some" if line["has_room"] else "nothing"
    return usd(line[name])


def _forecast(line: dict[str, Any]) -> str:
    found = line["forecast"]
    if found is None:
        return ""
    return f"{usd(found['expected'])}\n{usd(found['low'])} to {usd(found['high'])}"


def _until(line: dict[str, Any]) -> str:
    if line["rolls"] or line["window_end"] is None:
        return "rolls" if line["rolls"] else "for ever"
    own, end = line["time_zone"], minute(line["window_end"])
    return end if own == "UTC" else f"{end}\ndays of {own}"


def _raised(one: dict[str, str]) -> str:
    text = f"{usd(one['by'])} until {minute(one['until'])}"
    return f"{text} ({one['id']})" if "id" in one else text


def _reached(thresholds: list[dict[str, Any]]) -> str:
    """The highest threshold that was told of, or the lowest, if none was."""
    reached = [one for one in thresholds if one["reached_at"] is not None]
    if reached:
        return f"{reached[-1]['percent']}% on\n{minute(reached[-1]['reached_at'])}"
    return f"not yet {thresholds[0]['percent']}%" if thresholds else ""
