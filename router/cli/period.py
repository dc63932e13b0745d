"""`farebox period`: months that are closed, and what they came to."""

from typing import Annotated, Any

import typer

from router.cli.client import DatabaseOption, JsonOption, PolicyOption, UrlOption, Where, reach
from router.cli.loop import run
from router.cli.mistakes import Mistake
from router.cli.show import console, say, show_json, table, usd, warn

CLOSE_S = 1800.0
"""A month of millions of edits is read twice over before it is closed."""
ALL = "all"
_CLOSE = "farebox period close shortapi 2026-11 --invoice INV-2026-11"

period = typer.Typer(
    help="Close a month, so that its exports stay as they are.",
    no_args_is_help=True,
    epilog=f"Example: {_CLOSE}",
)


@period.command("close", epilog=f"Example: {_CLOSE}; or farebox period close all 2026-11")
def close(
    provider: Annotated[str, typer.Argument(help="As in the price book; or `all` of them.")],
    month: Annotated[str, typer.Argument(help="In UTC, as 2026-11; it is over.")],
    invoice: Annotated[
        str | None, typer.Option(help="The invoice's number, for the exports.")
    ] = None,
    *,
    leave_open: Annotated[
        bool,
        typer.Option("--leave-open", help="Close it although some of its attempts are open."),
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Why, for the books.")] = None,
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """
    Close a provider's month: its sums and the digests of its exports are written down.

    Whatever changes one of its charges later is a correction in the month in which it is booked.
    A month with attempts that are open, in doubt or presumed is not closed without --leave-open;
    one that ended before anything was ever booked with the provider is not closed at all.
    """
    if leave_open and reason is None:
        raise Mistake("--leave-open takes a --reason: it stands beside the month's sums")
    if provider == ALL and invoice is not None:
        raise Mistake("--invoice is of one provider: close each with its own")
    given = (("invoice", invoice), ("reason", reason))
    body = {"month": month, "leave_open": leave_open} | {
        name: text for name, text in given if text is not None
    }
    closed = run(_close(Where.of(url, database, policy), provider, body))
    if as_json:
        show_json({"periods": closed})
        return
    for one in closed:
        say(f"{one['month']} of {one['provider']} is closed: {usd(one['posted'])} was charged.")


@period.command("list", epilog="Example: farebox period list --json")
def list_periods(
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """
    List the months that are closed, with what they came to.

    With --json also the SHA-256 of each export, as of
    `farebox export focus --provider PROVIDER --from 2026-11-01 --to 2026-12-01`.
    """
    found = run(_fetch(Where.of(url, database, policy)))
    if as_json:
        show_json(found)
    elif found["periods"]:
        console().print(periods_table(found["periods"]))
    else:
        say("No month is closed.")


AMOUNTS = ("posted", "billed", "topped_up", "credited", "left_open")


def periods_table(periods: list[dict[str, Any]]) -> object:
    """One row for each closed month."""
    headings = [name.replace("_", " ") for name in AMOUNTS]
    return table(
        ("month", "provider", "billing", "invoice", *headings, "closed at", "who", "reason"),
        [
            (
                one["month"],
                one["provider"],
                one["billing"],
                one["invoice"] or "",
                *(usd(one[name]) for name in AMOUNTS),
                one["closed_at"],
                one["who"],
                one["reason"] or "",
            )
            for one in periods
        ],
        amounts=headings,
    )


async def _close(where: Where, provider: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Close it, or each that is open; what was closed before one is refused stays closed."""
    async with reach(where) as door:
        names = [provider]
        if provider == ALL:
            listed = await door.ask("GET", "/v1/periods", query={"month": body["month"]})
            names = list(listed["open"])
            if not names and not listed["periods"]:
                raise Mistake(
                    f"nothing was ever booked before {body['month']} ended: there is nothing to "
                    "close"
                )
            if not names:
                warn(f"{body['month']} is closed already, of all providers.")
        return [
            await door.ask(
                "POST", "/v1/periods", body={**body, "provider": name}, patience_s=CLOSE_S
            )
            for name in names
        ]


async def _fetch(where: Where) -> Any:
    async with reach(where) as door:
        return await door.ask("GET", "/v1/periods")
