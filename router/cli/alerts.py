"""`farebox alerts`: what people were told of budgets, a sample for their receiver, its secret."""

from typing import Annotated, Any

import typer

from router.cli.client import DatabaseOption, JsonOption, PolicyOption, UrlOption, Where, reach
from router.cli.keys import instant
from router.cli.loop import run
from router.cli.show import console, say, show_json, table, usd, warn

alerts = typer.Typer(
    help="See what people were told of budgets, and try where they are told.",
    no_args_is_help=True,
    epilog="Example: farebox alerts list --from 2026-11-01",
)


@alerts.command("list", epilog="Example: farebox alerts list --from 2026-11-01")
def list_alerts(
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
    List what budgets have reached, the newest first, and how far telling it is.

    Where the policy names nobody to tell, it is in the log and here. Of an address only its host is
    shown.
    """
    query = {
        word: instant(text, f"--{word}")
        for word, text in (("from", since), ("to", until))
        if text is not None
    }
    listed = run(_ask(Where.of(url, database, policy), "GET", "/v1/alerts", query))
    if as_json:
        show_json(listed)
    elif listed["alerts"]:
        console().print(alerts_table(listed["alerts"]))
    else:
        say("No budget has reached anything in that time.")


@alerts.command("test", epilog="Example: farebox alerts test")
def send_sample(
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """
    Post a sample to where the policy says, now. Nothing is recorded.

    Exits 1 if the receiver did not take it.
    """
    told = run(_ask(Where.of(url, database, policy), "POST", "/v1/alerts/test"))
    if as_json:
        show_json(told)
    elif told["delivered"]:
        say(f"{told['host']} has taken it: {told['status']}.")
    else:
        warn(f"{told['host']} has not taken it: {told['status'] or told['detail']}")
    if not told["delivered"]:
        raise typer.Exit(1)


@alerts.command("secret", epilog="Example: farebox alerts secret")
def secret(
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show what alerts are signed with: FAREBOX_ALERT_SECRET, or else the ledger's own."""
    found = run(_ask(Where.of(url, database, policy), "GET", "/v1/alerts/secret"))
    if as_json:
        show_json(found)
    else:
        say(found["secret"])


def alerts_table(listed: list[dict[str, Any]]) -> object:
    """One row for each alert."""
    return table(
        ("at", "budget", "scope", "what", "charged", "limit", "told", "tries", "last answer"),
        [
            (
                one["at"],
                one["budget"],
                one["scope"],
                reached_words(one),
                usd(one["charged"]),
                usd(one["limit"]),
                *_told(one["delivery"]),
            )
            for one in listed
        ],
    )


def reached_words(one: dict[str, Any]) -> str:
    """What was reached, in a few words."""
    match one["basis"]:
        case "forecast":
            return f"forecast {one['percent']}%: {usd(one['amount'])}"
        case "burn":
            hours = one["over_s"] // 3600
            return f"{one['percent'] / 100:g} times too fast over {hours} h: {usd(one['amount'])}"
        case _ if one["amount"] is not None:
            return f"used up: {usd(one['amount'])} refused"
        case _:
            return f"{one['percent']}%"


def _told(delivery: dict[str, Any] | None) -> tuple[str, str, str]:
    if delivery is None:
        return "in the log alone", "", ""
    where = f"{delivery['state']} at {delivery['host']}"
    return where, str(delivery["tries"]), str(delivery["last_status"] or "none")


async def _ask(where: Where, method: str, path: str, query: dict[str, str] | None = None) -> Any:
    async with reach(where) as door:
        return await door.ask(method, path, query=query or {})
