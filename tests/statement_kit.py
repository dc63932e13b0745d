"""Builders of bills' lines and rows, and of attempts as a bill is compared with them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from router.dispatch.drift import Above
from router.finance.statement_csv import Line
from router.ledger.statement_rows import (
    BalanceReadingRow,
    StatementLineRow,
    StatementOutcomeRow,
    StatementRow,
    StatementWithdrawalRow,
)
from router.ledger.views import BilledRow, ChargeRow
from router.model.ids import AttemptId, ProviderRef
from router.model.job import AttemptState, Resolution
from router.model.money import Money
from tests.fakes import EPOCH
from tests.ledger_kit import HOUR, usd

STATEMENT = StatementRow(
    id="s1",
    provider="shortapi",
    name="usage.csv",
    since=EPOCH - HOUR,
    until=EPOCH,
    complete=1,
    line_count=2,
    total=usd("0.11"),
    recorded_at=EPOCH,
    who="ada",
)
LINE = StatementLineRow(
    id="l1",
    statement_id="s1",
    number=2,
    provider="shortapi",
    provider_ref=ProviderRef("r1"),
    amount=usd("0.04"),
    billed_at=EPOCH - HOUR,
)
OUTCOME = StatementOutcomeRow(
    statement_id="s1",
    subject="line 2",
    kind="missing_here",
    attempt_id=None,
    billed=usd("0.04"),
    posted=usd("0.00"),
    applied=0,
    recorded_at=EPOCH,
    who="ada",
)
WITHDRAWAL = StatementWithdrawalRow(
    statement_id="s1", reason="the wrong column", recorded_at=EPOCH, who="bob"
)
READING = BalanceReadingRow(
    provider="shortapi",
    at=EPOCH,
    amount=usd("41.20"),
    posted_before=usd("0.07"),
    recorded_at=EPOCH,
    who="ada",
)


def a_line(number: int, amount: str, ref: str | None = None, **overrides: Any) -> Line:
    """Build a line of a bill, billed at the epoch and as many seconds as its number."""
    line = Line(
        number=number,
        ref=None if ref is None else ProviderRef(ref),
        amount=usd(amount),
        at=EPOCH + timedelta(seconds=number),
        raw=amount,
        id=f"line-{number}-{ref}-{amount}",
    )
    return replace(line, **overrides)


def a_sent(
    name: str,
    state: AttemptState,
    quoted: str,
    *,
    ref: str | None = None,
    posted: str = "0.00",
    **overrides: Any,
) -> BilledRow:
    """Build an attempt that was sent at the epoch, and ended 10 s later if it did."""
    is_settled = state in {AttemptState.POSTED, AttemptState.VOIDED}
    row = BilledRow(
        id=AttemptId(name),
        provider_ref=None if ref is None else ProviderRef(ref),
        resolution=Resolution.ONE_K,
        state=state,
        quoted=usd(quoted),
        posted=Money.parse(posted),
        dispatched_at=EPOCH,
        ended_at=EPOCH + timedelta(seconds=10) if is_settled else None,
        horizon_at=EPOCH + 2 * HOUR,
    )
    return replace(row, **overrides)


def a_stop(*charges: ChargeRow) -> Above:
    """Build the stop of an offer by charges above its price, the newest first."""
    return Above(
        provider=charges[0].provider,
        slug=charges[0].slug,
        model=charges[0].model,
        resolution=charges[0].resolution,
        price_from=EPOCH - timedelta(days=19),
        price=charges[0].quoted,
        times=len(charges),
        charges=charges,
    )


def a_charge(number: int, quoted: str, reported: str, **overrides: object) -> ChargeRow:
    """Build a charge, sent so many minutes after the epoch."""
    values: dict[str, object] = {
        "id": AttemptId(f"j{number}.1"),
        "provider": "runpod",
        "model": "nano-banana-2-edit",
        "slug": "google-nano-banana-2-edit",
        "resolution": Resolution.ONE_K,
        "quoted": usd(quoted),
        "quote_amount": None,
        "reported_amount": usd(reported),
        "reported_source": "output.cost",
        "posted": usd(reported),
        "dispatched_at": EPOCH + timedelta(minutes=number),
        **overrides,
    }
    return ChargeRow(**values)  # type: ignore[arg-type]  # They are what they are called.
