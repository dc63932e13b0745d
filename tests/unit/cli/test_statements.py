"""How bills are shown that were applied."""

import io

from rich.console import Console
from rich.table import Table

from router.cli.statements import statements_table
from tests.commands import Commands

BILL = {
    "id": "5eed",
    "provider": "shortapi",
    "name": "usage.csv",
    "from": "2026-11-01T00:00:00.000000Z",
    "to": "2026-12-01T00:00:00.000000Z",
    "lines": 7,
    "total": "0.37",
    "who": "ada",
    "withdrawn": None,
}


def test_a_bill_has_a_row() -> None:
    """With what it came to, and who took it back if anybody did."""
    taken = {**BILL, "id": "f00d", "withdrawn": {"who": "bob", "reason": "a wrong file"}}
    made = statements_table([BILL, taken])
    assert isinstance(made, Table)
    out = io.StringIO()
    Console(file=out, width=160).print(made)

    assert all(text in out.getvalue() for text in ("5eed", "$0.37", "ada", "bob: a wrong file"))


def test_a_bill_that_is_not_there_is_not_taken_back(farebox: Commands) -> None:
    """Nor is one where there is no ledger."""
    ran = farebox("statements", "withdraw", "5eed", "--reason", "r")

    assert ran.code == 2
    assert "there is no ledger" in ran.err
