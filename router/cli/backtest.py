"""`farebox backtest`: what another policy would have made of the jobs that were."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from router.cli.backtest_table import tell, told_of_check
from router.cli.client import DatabaseOption, JsonOption
from router.cli.mistakes import NO, Mistake
from router.cli.progress import Progress
from router.cli.serve import chosen
from router.cli.show import show_json, warn
from router.finance.backtest.books import Books
from router.finance.backtest.document import document_of
from router.finance.backtest.page import page_of
from router.finance.backtest.running import Backtest
from router.finance.backtest.running import backtest as run
from router.finance.backtest.sources import Source
from router.finance.backtest.traces import BadLine, Trace
from router.ledger.history import CannotBeRead
from router.ledger.rows import BEGINNING, END
from router.model.clock import from_rfc3339
from router.policy.loader import load_policy
from router.settings import read_settings

TRACES = (".csv", ".jsonl")


def backtest(
    policy: Annotated[Path, typer.Argument(help="The policy to be tested.", show_default=False)],
    database: DatabaseOption = None,
    trace: Annotated[
        Path | None,
        typer.Option(help="Replay a .csv or .jsonl file of jobs instead of the ledger's."),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="A day or an RFC 3339 instant, inclusive.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="A day or an instant, exclusive.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with pictures to this file as well.")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="How many processes; 0: one for each processor.")
    ] = 0,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Replay only so many jobs, the oldest.")
    ] = None,
    *,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Make every recorded decision again, under the policy it was made by."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """
    Replay recorded jobs under another policy: what they would have cost, who would have been asked,
    what would have been denied, and about how long they would have taken.

    Compared with what happened, and with always one provider. Reads the ledger only, beside a
    running server. What nobody can know is an estimate, and said to be one.

    Decisions that this policy itself has made are made again and compared: exit code 1 when one
    differs, and with --check also when there is none to compare.

    A trace has the columns created_at, tenant, model, resolution, and if need be tags, key,
    aspect_ratio, output_format, price_max, provider, charged, seconds, outcome.
    """
    tested = load_policy(policy)
    source = _source(database, trace, _instant("--from", since), _instant("--to", until))
    try:
        with Progress("replaying") as progress:
            found = run(
                source,
                tested,
                workers=workers,
                jobs_max=limit,
                checks_all=check,
                progress=progress.show,
            )
    except (BadLine, CannotBeRead) as error:
        raise Mistake(str(error)) from error
    document = document_of(found)
    if html is not None:
        html.write_text(page_of(document), encoding="utf-8")
        warn(f"The page is at {html}.")
    if as_json:
        show_json(document)
    else:
        tell(document)
    _judge(found, told_of_check(document["checked"]), is_asked=check)


def _source(
    database: str | None, trace: Path | None, since: datetime | None, until: datetime | None
) -> Source:
    if trace is None:
        settings = chosen(read_settings(os.environ), database=database)
        path = settings.database_path
        if not path.exists():
            raise Mistake(f"there is no ledger at {path}: say where with --database, or --trace")
        return Books(path, since or BEGINNING, until or END)
    if database is not None:
        raise Mistake("--database and --trace: say one of them")
    if trace.suffix not in TRACES:
        raise Mistake(f"--trace {trace}: its name ends with {' or '.join(TRACES)}")
    return Trace(trace, since or BEGINNING, until or END)


def _instant(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return from_rfc3339(text if "T" in text else f"{text}T00:00:00Z")
    except (ValueError, OverflowError) as error:
        raise Mistake(
            f"{option} {text!r} is no day and no instant, as 2026-11-20T09:00:00Z"
        ) from error


def _judge(found: Backtest, told: str, *, is_asked: bool) -> None:
    if found.checked.differing or (is_asked and not found.checked.compared):
        raise Mistake(told, exit_code=NO)
