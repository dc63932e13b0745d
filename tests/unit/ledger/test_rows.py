"""Rows are values with a key, and windows are never without ends."""

from dataclasses import replace
from datetime import timedelta as delta

from router.ledger.alert_rows import AlertLetterRow, AlertRow
from router.ledger.flow_rows import SUMS
from router.ledger.key_rows import KeyRow
from router.ledger.limit_rows import BudgetHourRow, RaiseRow
from router.ledger.outbox_rows import OutboxRow
from router.ledger.period_rows import AccountEventRow, PeriodRow
from router.ledger.rows import (
    BEGINNING,
    END,
    ROW_TYPES,
    BalanceRow,
    EntryRow,
    IdempotencyRow,
    JobRow,
    RefusalRow,
    Row,
    Window,
)
from router.ledger.statement_rows import ACCOUNT_FACTS
from tests.fakes import EPOCH
from tests.ledger_kit import a_job_row, a_lifetime_limit, a_limit, an_attempt_row, usd


def test_a_lifetime_budgets_window_has_ends_all_the_same() -> None:
    """So that every balance has a key without nulls, and every instant lies in it."""
    window = Window.of(a_lifetime_limit("all", "5.00"))

    assert (window.start, window.end) == (BEGINNING, END)
    assert window.start < EPOCH < window.end
    assert Window.of(a_limit()).end - Window.of(a_limit()).start == delta(days=1)


def test_a_key_is_its_columns() -> None:
    """What `get_…` asks by is what the row says of itself; an entry has none."""
    job, attempt = a_job_row(), an_attempt_row(price=usd("0.05"))
    balance = BalanceRow(budget="b", scope="s", window_start=EPOCH, window_end=EPOCH)
    promise = IdempotencyRow(
        tenant="acme", idempotency_key="k", fingerprint="f", job_id=job.id, created_at=EPOCH
    )
    refusal = RefusalRow(budget="b", scope="s", hour=EPOCH)
    key = KeyRow(id="k1", digest="d", tenant="acme", role="client", name="n", created_at=EPOCH)
    entry = EntryRow(at=EPOCH, attempt_id=attempt.id, kind="hold")

    hour = BudgetHourRow(budget="b", scope="s", hour=EPOCH, charged=usd("0.07"))
    everything: tuple[Row, ...] = (job, attempt, balance, hour, promise, refusal, key, entry)
    for row in everything:
        assert row.key == tuple(getattr(row, name) for name in type(row).key_columns)
    # What is looked up together has no key of its own; a callback's is its job's.
    others = {RaiseRow, AlertRow, AlertLetterRow, OutboxRow, AccountEventRow, PeriodRow}
    others |= {*SUMS, *ACCOUNT_FACTS}
    assert {type(row) for row in everything} == set(ROW_TYPES) - others
    assert replace(balance, held=usd("0.01")).key == balance.key
    assert JobRow.table == "jobs"
