"""`farebox reconcile`: a provider's bill, or the credit that it shows, held against the books."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from router.cli.balance import say_balances
from router.cli.client import DatabaseOption, JsonOption, PolicyOption, UrlOption, Where, reach
from router.cli.keys import instant
from router.cli.loop import run
from router.cli.mistakes import NO, Mistake
from router.cli.settle import read_amount
from router.cli.show import NONE, console, counted, say, show_json, table, usd
from router.finance.statement_csv import FIELDS, BadStatement, read_statement

KINDS: Mapping[str, str] = {
    "matched": "agrees",
    "billed": "in doubt here, billed there",
    "absent": "in doubt here, not billed there",
    "amount_differs": "amount differs",
    "missing_here": "billed, not known here",
    "missing_there": "posted, not billed",
    "undecided": "still in doubt",
    "under_way": "still running here",
}
"""How a bill and the books stand to each other, for people."""
PATIENCE_S = 600.0
"""For a bill of a hundred thousand lines: half a minute or so."""
REPEATED_SHOWN = 10
ACTIONS: Mapping[str, str] = {"post": "posted", "void": "voided", "adjust": "adjusted"}


def reconcile(
    provider: Annotated[str, typer.Argument(help="Whose bill it is.")],
    file: Annotated[Path | None, typer.Argument(help="Its usage, as CSV.")] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="ref=…,amount=…,at=…", help="What these columns are called in the file."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--from", help="With --to: all that was billed then is in the file."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="A day or an instant, exclusive; not to come.")
    ] = None,
    balance: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="Instead of a file: the credit that it shows."),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="When the credit was read; now, if not said.")
    ] = None,
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    apply: Annotated[
        bool, typer.Option("--apply", help="Settle what the bill proves, and keep it.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """
    Hold a provider's bill against the books, and with --apply settle what it proves.

    Without --apply nothing is written. With it, attempts in doubt or presumed that are billed are
    posted, those that a complete bill does not have are voided, and differing amounts are adjusted:
    each an entry with your name and the bill's line. What is missing on either side is only told.

    A file has a heading and the columns ref (the provider's id), amount (dollars; a refund is
    negative) and at (an instant, of UTC if it names no zone). Each line counts; one that repeats
    another to the letter settles nothing by itself. Exit 1: something is left to see to.
    """
    where = Where.of(url, database, policy)
    if (file is None) == (balance is None):
        raise Mistake("name the provider's FILE, or say with --balance what credit it shows")
    if balance is not None:
        amount = read_amount(balance, voided=False)
        read_at = {} if at is None else {"at": instant(at, "--at")}
        body = {"provider": provider, "balance": str(amount), **read_at}
        say_balances(run(_ask(where, "POST", "/v1/balances", body)), as_json=as_json)
        return
    assert file is not None
    body = _statement(provider, file, read_columns(columns), since, until, applied=apply)
    done = run(_ask(where, "POST", "/v1/statements", body))
    if as_json:
        show_json(done)
    else:
        _show(done)
    if not done["agrees"]:
        raise typer.Exit(NO)


def read_columns(text: str | None) -> dict[str, str]:
    """
    Read `ref=Job ID,amount=Cost`.

    Raises:
        Mistake: It says something else.
    """
    pairs = [part.partition("=") for part in text.split(",")] if text else []
    found = {name.strip(): column.strip() for name, _, column in pairs}
    if len(found) < len(pairs) or not found.keys() <= set(FIELDS) or not all(found.values()):
        raise Mistake(f"--columns: write {', '.join(FIELDS)} as --columns ref='Job ID',amount=Cost")
    return found


def _statement(
    provider: str,
    file: Path,
    columns: Mapping[str, str],
    since: str | None,
    until: str | None,
    *,
    applied: bool,
) -> dict[str, Any]:
    if (since is None) != (until is None):
        raise Mistake("--from and --to: say both, if the file has all that was billed between")
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Mistake(f"{file}: this is not text in UTF-8") from error
    try:
        # Here as well, so that mistakes are told by the file's own path and none is sent.
        read_statement(provider, str(file), text, columns)
    except BadStatement as error:
        raise Mistake(str(error)) from error
    period = _period(since, until)
    return {
        "provider": provider,
        "name": file.name,
        "csv": text,
        "columns": dict(columns),
        **period,
        "apply": applied,
    }


def _period(since: str | None, until: str | None) -> dict[str, str]:
    if since is None or until is None:
        return {}
    return {"from": instant(since, "--from"), "to": instant(until, "--to")}


async def _ask(where: Where, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    async with reach(where) as door:
        return await door.ask(method, path, body=body, patience_s=PATIENCE_S)


def _show(done: dict[str, Any]) -> None:
    statement = done["statement"]
    how = "complete" if statement["complete"] else "not said to be complete"
    say(
        f"{statement['provider']}, {statement['name']}: {counted(statement['lines'], 'line')}, "
        f"{usd(statement['total'])}, {statement['from']} to {statement['to']} ({how})"
    )
    if done["repeated"]:
        say(_repeated(done["repeated"]))
    console().print(sums_table(done["sums"]))
    if done["findings"]:
        console().print(findings_table(done["findings"]))
    for finding in done["findings"]:
        if finding["why"]:
            say(f"{_subject(finding)}: {finding['why']}.")
    if done["outside"]:
        say(f"Lines of another time, which were not looked at: {done['outside']}.")
    if done["recent"]:
        say(f"Charges too recent to be missed on it: {done['recent']}.")
    provable = any(one["action"] for one in done["findings"])
    if provable and not done["applied"]:
        say("Nothing was written. With --apply, what the bill proves is settled by it.")
    elif done["agrees"]:
        say("The books agree with the bill.")


def _repeated(repeated: Sequence[Mapping[str, int]]) -> str:
    """Loudly: each is money that the export may have in it once too often."""
    some = [f"{one['line']} (as {one['same_as']})" for one in repeated[:REPEATED_SHOWN]]
    more = len(repeated) - len(some)
    others = f" and {more} more" if more else ""
    return (
        f"REPEATED to the letter: {counted(len(repeated), 'line')}, {', '.join(some)}{others}. "
        "Each counts in the sum; a further charge, or a mistake of the export: a person decides."
    )


def sums_table(sums: Sequence[Mapping[str, Any]]) -> object:
    """How many findings of each kind there are, and their money; kinds without any are left out."""
    return table(
        ("", "count", "billed", "posted", "difference"),
        [
            (
                KINDS[one["kind"]],
                str(one["count"]),
                *(usd(one[name]) for name in ("billed", "posted", "difference")),
            )
            for one in sums
            if one["count"]
        ],
        amounts=("count", "billed", "posted", "difference"),
    )


def findings_table(findings: Sequence[Mapping[str, Any]]) -> object:
    """A row for each attempt, or each line, that does not just agree."""
    return table(
        ("what", "attempt or line", "its id there", "held", "billed", "posted", "so"),
        [
            (
                KINDS[one["kind"]],
                _subject(one),
                one["ref"] or NONE,
                usd(one["held"]),
                usd(one["billed"]),
                usd(one["posted"]),
                _done(one),
            )
            for one in findings
        ],
        amounts=("held", "billed", "posted"),
    )


def _subject(finding: Mapping[str, Any]) -> str:
    return str(finding["attempt"] or f"line {finding['lines'][0]}")


def _done(finding: Mapping[str, Any]) -> str:
    action = finding["action"]
    if action is None:
        return "see below"
    if finding["applied"]:
        return ACTIONS[action]
    return "not done" if finding["why"] else f"to be {ACTIONS[action]}"
