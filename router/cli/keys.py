"""`farebox keys`: who may ask. A key's secret is shown once; the ledger has only its digest."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

import typer

from router.cli.client import DatabaseOption, JsonOption, PolicyOption, UrlOption, Where, reach
from router.cli.loop import run
from router.cli.mistakes import Mistake
from router.cli.show import console, say, show_json, table, warn
from router.model.clock import rfc3339
from router.policy.budgets import key_budget
from router.policy.scalars import read_duration_s

keys = typer.Typer(
    help="Make, list, rotate and revoke API keys.",
    no_args_is_help=True,
    epilog="Example: farebox keys create --tenant acme --name web-shop",
)


@keys.command(
    "create",
    epilog=(
        "Example: farebox keys create --tenant acme --name web-shop --tag team=growth "
        '--budget "20 per month"'
    ),
)
def create(
    tenant: Annotated[str, typer.Option(help="Whose budgets pay.")] = "local",
    role: Annotated[
        Literal["client", "viewer", "admin"],
        typer.Option(help="Buy edits and read one's own; only read; or all of it, for everyone."),
    ] = "client",
    name: Annotated[
        str, typer.Option(help="For people: entries made with it carry it. Default: the tenant's.")
    ] = "",
    tag: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE, on every job asked for with it.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="A day or an RFC 3339 instant. Default: never.")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT per WINDOW",
            help="What keys of this tenant and name may spend together, beside the policy's "
            "budgets: 20 per month, 5 per rolling 30 days; in dollars, windows in UTC.",
        ),
    ] = None,
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Make a key, and show its secret this once."""
    body: dict[str, Any] = {
        "tenant": tenant,
        "role": role,
        "name": name or tenant,
        "tags": read_tags(tag or []),
    }
    if expires:
        body["expires_at"] = instant(expires, "--expires")
    if budget:
        body["budget"] = read_budget(budget)
    where = Where.of(url, database, policy)
    made, is_first = run(_create(where, body))
    if is_first:
        warn(first_key_words(made["role"], url=where.url))
    if as_json:
        show_json(made)
        return
    warn(f"A {made['role']} key of tenant {made['tenant']}, id {made['id']}. It is shown once:")
    say(made["key"])


@keys.command("list", epilog="Example: farebox keys list --json")
def list_keys(
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List the keys, without their secrets."""
    listed = run(_ask(Where.of(url, database, policy), "GET", "/v1/keys"))
    if as_json:
        show_json(listed)
    elif listed["keys"]:
        console().print(keys_table(listed["keys"]))
    else:
        say("There are no keys: only programs on this machine are served, as tenant local.")


@keys.command("rotate", epilog="Example: farebox keys rotate 5Xb2rT9q --grace 7d")
def rotate(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="Of `keys list`; not the secret.")],
    grace: Annotated[
        str, typer.Option(help="For how long the former key still works: 0, 12h, 7d; at most 90d.")
    ] = "7d",
    expires: Annotated[
        str | None,
        typer.Option(help="The new key's end. Default: as long as the former was made for."),
    ] = None,
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Make a key in a key's place, alike in all but its secret; both work until the grace ends."""
    body: dict[str, Any] = {"grace_s": seconds(grace, "--grace")}
    if expires:
        body["expires_at"] = instant(expires, "--expires")
    where = Where.of(url, database, policy)
    made = run(_ask(where, "POST", f"/v1/keys/{quote(key_id, safe='')}/rotate", body))
    if as_json:
        show_json(made)
        return
    former = made["former"]
    lasts = f"until {made['expires_at']}" if made["expires_at"] else "for ever"
    warn(f"{former['id']} ({former['name']}) works until {former['expires_at']}.")
    warn(f"Its successor, id {made['id']}, works {lasts}. It is shown once:")
    say(made["key"])


@keys.command("revoke", epilog="Example: farebox keys revoke 5Xb2rT9q")
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="Of `keys list`; not the secret.")],
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Refuse a key from now on. Its jobs and entries stay."""
    where = Where.of(url, database, policy)
    revoked = run(_ask(where, "DELETE", f"/v1/keys/{quote(key_id, safe='')}"))
    if as_json:
        show_json(revoked)
    else:
        say(f"{revoked['id']} ({revoked['name']}) is refused from now on.")


def read_tags(pairs: list[str]) -> dict[str, str]:
    """
    Read `KEY=VALUE` pairs.

    Raises:
        Mistake: One has no key or no value, or a key is there twice.
    """
    tags: dict[str, str] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        if not key or not value:
            raise Mistake(f"--tag {pair!r} is not KEY=VALUE")
        if key in tags:
            raise Mistake(f"--tag {key} is there twice")
        tags[key] = value
    return tags


def read_budget(text: str) -> str:
    """
    Read `20 per month`, with a dollar sign or without: a shell would eat one.

    Raises:
        Mistake: It is not said like that.
    """
    said = "$" + text.strip().removeprefix("$")
    try:
        key_budget(said)
    except ValueError as error:
        raise Mistake(f'--budget {text!r} is not said as "20 per month": {error}') from error
    return said


def instant(text: str, option: str) -> str:
    """
    Read a day, which is its midnight in UTC, or an instant.

    Raises:
        Mistake: It is neither.
    """
    try:
        read = datetime.fromisoformat(text)
        return rfc3339(read if read.tzinfo else read.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise Mistake(
            f"{option} {text!r} is no day, nor an instant as 2027-01-01T00:00:00Z"
        ) from error


def seconds(text: str, option: str) -> float:
    """
    Read a duration with its unit, or 0.

    Raises:
        Mistake: It is none.
    """
    if text == "0":
        return 0.0
    try:
        return read_duration_s(text)
    except ValueError as error:
        raise Mistake(f"{option}: {error}") from error


async def _ask(
    where: Where,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
) -> Any:
    async with reach(where) as door:
        return await door.ask(method, path, body=body)


async def _create(where: Where, body: dict[str, Any]) -> tuple[Any, bool]:
    """Make a key; with whether it is the first, after which nobody is served without one."""
    async with reach(where, create=True) as door:
        # Whoever comes with a key found the door shut already.
        is_open = where.url is None or where.key is None
        is_first = is_open and not (await door.ask("GET", "/v1/keys"))["keys"]
        return await door.ask("POST", "/v1/keys", body=body), is_first


def first_key_words(role: str, *, url: str | None) -> str:
    """
    What whoever made the first key should know: the door without keys is shut behind it.

    Args:
        role: The key's.
        url: Where the router was asked; None for the socket beside its database.
    """
    said = "This is the first key: from now on every request over HTTP needs one."
    if role == "admin":
        return f"{said} Commands take it from FAREBOX_KEY."
    if url is None:
        return f"{said} Commands go on without, through the socket beside the database."
    return (
        f"{said} Only an admin's key makes and revokes keys, and there is none yet. Make one on "
        "the router's own machine, without --url and FAREBOX_URL: farebox keys create --role admin "
        "--database URL; that asks through the socket beside the database, which needs no key."
    )


def keys_table(listed: list[dict[str, Any]]) -> object:
    """One row for each key."""
    return table(
        ("id", "tenant", "role", "name", "tags", "budget", "made", "state"),
        [
            (
                key["id"],
                key["tenant"],
                key["role"],
                key["name"],
                ", ".join(f"{name}={value}" for name, value in key["tags"].items()),
                key["budget"] or "",
                key["created_at"],
                _state(key),
            )
            for key in listed
        ],
    )


def _state(key: dict[str, Any]) -> str:
    if key["revoked_at"]:
        return f"revoked {key['revoked_at']}"
    return f"until {key['expires_at']}" if key["expires_at"] else "good"
