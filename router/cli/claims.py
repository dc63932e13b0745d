"""`farebox claims`: what providers billed and did not deliver, ready to be sent to them."""

from typing import Annotated, Any

import typer

from router.cli.client import DatabaseOption, JsonOption, PolicyOption, UrlOption, Where, reach
from router.cli.filtering import filters
from router.cli.loop import run
from router.cli.mistakes import Mistake
from router.cli.show import console, say, show_json, table, usd
from router.finance.claims import Claim, as_csv


def claims(
    provider: Annotated[str | None, typer.Option(help="Only what this one billed.")] = None,
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
    csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet, or the claim.")] = False,
    as_json: JsonOption = False,
) -> None:
    """
    List what providers billed and did not deliver: send it to them, and ask for the money.

    What is in doubt is not in it: `farebox settle` lists that.
    """
    if csv and as_json:
        raise Mistake("--json and --csv: say one of them")
    query = {name: text for name, text in (("from", since), ("to", until)) if text}
    query |= filters({"provider": provider})
    found = run(_fetch(Where.of(url, database, policy), query))
    if as_json:
        show_json(found)
    elif csv:
        # As it was written: a CSV's lines end in their own way.
        typer.echo(as_csv([Claim(**one) for one in found["claims"]]), nl=False)
    elif found["claims"]:
        console().print(claims_table(found))
    else:
        say("Nothing was billed that was not delivered.")


async def _fetch(where: Where, query: dict[str, str]) -> Any:
    async with reach(where) as door:
        return await door.ask("GET", "/v1/claims", query=query)


def claims_table(found: dict[str, Any]) -> object:
    """One row for each claim, and what they add up to; an attempt's id begins with its job's."""
    columns = ("provider", "provider_ref", "attempt", "at", "resolution", "amount", "why")
    return table(
        [name.replace("_", " ") for name in columns],
        [
            [usd(one[name]) if name == "amount" else one[name] for name in columns]
            for one in found["claims"]
        ],
        amounts=["amount"],
        total=["total", "", "", "", "", usd(found["total"]), ""],
    )
