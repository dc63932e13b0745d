"""
The commands: each in a module of its own, registered here.

Exit codes: 0 success, 1 "the answer is no", 2 it cannot be done as it was asked for. Diagnostics go
to stderr, and nobody sees a traceback for a mistake of their own.
"""

import os
import sys
from collections.abc import Sequence

import typer

from router.cli.account import account
from router.cli.alerts import alerts
from router.cli.archive import archive
from router.cli.backtest import backtest
from router.cli.balance import balance
from router.cli.budget import budget
from router.cli.callbacks import callbacks
from router.cli.check import check
from router.cli.claims import claims
from router.cli.demo import demo
from router.cli.export import export
from router.cli.keys import keys
from router.cli.mistakes import explain
from router.cli.period import period
from router.cli.prices import prices
from router.cli.quote import quote
from router.cli.reconcile import reconcile
from router.cli.report import report
from router.cli.sandbox import sandbox
from router.cli.serve import serve
from router.cli.settle import settle
from router.cli.show import warn
from router.cli.statements import statements

RUNNING, POLICIES = "Run it", "Policies and decisions"
MONEY = "What was spent, and what may be"
BILLS = "When the bill comes, and when a month ends"
KEEPING = "Keys, clients and results"

app = typer.Typer(
    name="farebox",
    help="A proxy that buys image edits: cheapest provider per edit, under budgets that hold.",
    epilog="For finance: begin with `farebox report` and `farebox budget list`; when a bill comes, "
    "`farebox reconcile`; at a month's end, `farebox export focus` and `farebox period close`. "
    "They ask the server beside the ledger, or the one that FAREBOX_URL and FAREBOX_KEY name.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(epilog="Example: farebox demo --once", rich_help_panel=RUNNING)(demo)
app.command(epilog="Example: farebox serve --sandbox --port 8080", rich_help_panel=RUNNING)(serve)
app.command(epilog="Example: farebox sandbox --port 8700 --speed 8", rich_help_panel=RUNNING)(
    sandbox
)
app.command(
    epilog="Example: farebox report --by provider --tag team=ads --from 2026-11-01",
    rich_help_panel=MONEY,
)(report)
app.add_typer(budget, name="budget", rich_help_panel=MONEY)
app.add_typer(account, name="account", rich_help_panel=MONEY)
app.add_typer(alerts, name="alerts", rich_help_panel=MONEY)
app.add_typer(prices, name="prices", rich_help_panel=MONEY)
app.command(
    epilog="Example: farebox claims --provider shortapi --csv > claim.csv", rich_help_panel=MONEY
)(claims)
# What it was called before there was `account`.
app.command(epilog="Example: farebox balance shortapi", hidden=True)(balance)
app.command(
    epilog="Example: farebox reconcile shortapi usage.csv --columns ref=job_id,amount=cost,at=time "
    "--from 2026-11-01 --to 2026-12-01; then the same with --apply",
    rich_help_panel=BILLS,
)(reconcile)
app.add_typer(statements, name="statements", rich_help_panel=BILLS)
app.command(
    epilog='Example: farebox settle 0199…0001.1 --posted 0.04 --reason "invoice of November"',
    rich_help_panel=BILLS,
)(settle)
app.add_typer(export, name="export", rich_help_panel=BILLS)
app.add_typer(period, name="period", rich_help_panel=BILLS)
app.command(epilog="Example: farebox check policies/*.yaml", rich_help_panel=POLICIES)(check)
app.command(
    epilog="Example: farebox quote --resolution 4k --tenant acme", rich_help_panel=POLICIES
)(quote)
app.command(
    epilog="Example: farebox backtest policies/balanced.yaml --from 2026-11-01 "
    "--html balanced.html",
    rich_help_panel=POLICIES,
)(backtest)
app.add_typer(keys, name="keys", rich_help_panel=KEEPING)
app.add_typer(callbacks, name="callbacks", rich_help_panel=KEEPING)
app.command(epilog="Example: farebox archive --json", rich_help_panel=KEEPING)(archive)


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Run a command and end the process with its exit code.

    Args:
        arguments: Without the program's name; None takes the process's own.
    """
    # The ledger has prompts in it: whatever is made here is its owner's alone.
    os.umask(0o077)
    try:
        app(args=None if arguments is None else list(arguments), prog_name="farebox")
    except Exception as error:
        mistake = explain(error)
        if mistake is None:
            raise
        warn(f"farebox: {mistake}")
        sys.exit(mistake.exit_code)
