"""`farebox callbacks`: who was told of their edits' ends, telling again, and the secret for it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

import typer

from router.cli.client import DatabaseOption, JsonOption, PolicyOption, UrlOption, Where, reach
from router.cli.loop import run
from router.cli.show import console, say, show_json, table, warn

callbacks = typer.Typer(
    help="See who was told of their edits' ends, and tell again.",
    no_args_is_help=True,
    epilog="Example: farebox callbacks list --state failed",
)


@callbacks.command("list", epilog="Example: farebox callbacks list --state failed")
def list_callbacks(
    state: Annotated[
        Literal["waiting", "due", "delivered", "failed", "refused"] | None,
        typer.Option(help="Only those."),
    ] = None,
    after: Annotated[
        str | None, typer.Option(metavar="JOB", help="Only of jobs older than this one.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many, at most.")] = 20,
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List callbacks, those of the newest jobs first. Of an address only its host is shown."""
    query = {"limit": str(limit)}
    query |= {name: it for name, it in (("state", state), ("after", after)) if it is not None}
    where = Where.of(url, database, policy)
    listed = run(_ask(where, "GET", "/v1/callbacks", query))
    if as_json:
        show_json(listed)
    elif listed["callbacks"]:
        console().print(callbacks_table(listed["callbacks"]))
        if listed["after"] is not None:
            warn(f"There may be more: --after {listed['after']}")
    else:
        say("There are no such callbacks.")


@callbacks.command("redeliver", epilog="Example: farebox callbacks redeliver 0199…0001")
def redeliver(
    job: Annotated[str, typer.Argument(metavar="JOB", help="The id of the edit.")],
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """
    Tell a client of its edit's end again, now, with the id that it was told by before.

    Where no server runs, the next one to start tells it.
    """
    path = f"/v1/edits/{quote(job, safe='')}/callback/redeliver"
    told = run(_ask(Where.of(url, database, policy), "POST", path))
    if as_json:
        show_json(told)
    else:
        say(f"{told['id']}: due now.")


@callbacks.command("secret", epilog="Example: farebox callbacks secret --tenant acme")
def secret(
    tenant: Annotated[
        str | None, typer.Option(help="Whose. Without it, the key's own tenant.")
    ] = None,
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show what a tenant's callbacks are signed with, as receivers' libraries take it."""
    query = {"tenant": tenant} if tenant is not None else {}
    found = run(_ask(Where.of(url, database, policy), "GET", "/v1/callbacks/secret", query))
    if as_json:
        show_json(found)
    else:
        say(found["secret"])


def callbacks_table(listed: list[dict[str, Any]]) -> object:
    """One row for each callback."""
    return table(
        ("job", "tenant", "host", "words", "state", "tries", "last answer", "next try"),
        [
            (
                one["id"],
                one["tenant"],
                one["host"] or "forgotten",
                one["dialect"],
                one["callback"]["state"],
                str(one["callback"]["tries"]),
                str(one["callback"]["last_status"] or "none"),
                one["callback"]["next_at"] or "",
            )
            for one in listed
        ],
    )


async def _ask(where: Where, method: str, path: str, query: Mapping[str, str] | None = None) -> Any:
    async with reach(where) as door:
        return await door.ask(method, path, query=query)
