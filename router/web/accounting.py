"""Providers' billing accounts: money beside the charges, and months that are closed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from router.finance.focus.accounts import Accounts, read_account
from router.finance.focus.export import month_sums
from router.ledger.answers import NotBooked
from router.ledger.commands import Close, Record
from router.ledger.executor import ThreadExecutor
from router.ledger.period_rows import AccountEventRow, PeriodRow, month_bounds
from router.ledger.rows import BEGINNING
from router.ledger.store import Contradiction
from router.model.clock import from_rfc3339, rfc3339
from router.model.errors import Malformed, NotFound
from router.model.money import Money, total
from router.policy.explain import unknown
from router.web.administration import Words, check_amount, check_instant
from router.web.explaining import read_as
from router.web.exporting import accounts_of
from router.web.problems import json_response
from router.web.spending import read_span
from router.web.visit import Visit

SETTLING = timedelta(hours=1)
"""How long after its end a month stays open: what was on its way then is booked."""
# It stands in files that spreadsheets open: it begins as no formula does.
Reference = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z ._/:#-]{0,99}$")]
Month = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]


class EventRequest(BaseModel):
    """The body of `POST /v1/accounts/{provider}/events`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    kind: Literal["topup", "credit"]
    amount: Annotated[str, AfterValidator(check_amount)]
    reference: Reference
    at: Annotated[str, AfterValidator(check_instant)] | None = None
    reason: Words | None = None


class CloseRequest(BaseModel):
    """The body of `POST /v1/periods`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    provider: Words
    month: Month
    leave_open: bool = False
    reason: Words | None = None
    invoice: Reference | None = None


async def record_event(visit: Visit) -> web.Response:
    """`POST /v1/accounts/{provider}/events`: a top-up or a credit, each reference once."""
    services = visit.services
    asked = read_as(EventRequest, await visit.body(), Malformed)
    provider = _known((await accounts_of(visit)), visit.path("provider"))
    now = services.clock.now()
    at = from_rfc3339(asked.at) if asked.at is not None else now
    amount = Money.parse(asked.amount)
    if at > now:
        raise Malformed("`at` is yet to come.")
    if not amount:
        raise Malformed("`amount` is nothing.")
    row = AccountEventRow(
        id=services.ids.job(),
        provider=provider,
        kind=asked.kind,
        amount=amount,
        at=at,
        reference=asked.reference,
        created_at=now,
        who=visit.caller.who,
        reason=asked.reason,
    )
    await _booked(visit, Record(at=now, row=row))
    return json_response(event_body(row), status=201)


async def list_events(visit: Visit) -> web.Response:
    """`GET /v1/accounts/{provider}/events`: what passed there in `[from, to)`, oldest first."""
    query = visit.query("from", "to")
    return await _events(visit, query, _known(await accounts_of(visit), visit.path("provider")))


async def list_all_events(visit: Visit) -> web.Response:
    """`GET /v1/accounts/events`: what passed on all accounts in `[from, to)`, oldest first."""
    return await _events(visit, visit.query("from", "to"), "")


async def _events(visit: Visit, query: dict[str, str], provider: str) -> web.Response:
    since, until = read_span(query)
    rows = await visit.services.ledger.account_events(provider, since, until)
    return json_response(
        {
            "events": [event_body(row) for row in rows],
            "topped_up": _sum(rows, "topup"),
            "credited": _sum(rows, "credit"),
        }
    )


async def close_period(visit: Visit) -> web.Response:
    """`POST /v1/periods`: close a provider's month. What comes later corrects it in its own."""
    asked = read_as(CloseRequest, await visit.body(), Malformed)
    accounts = await accounts_of(visit)
    provider = _known(accounts, asked.provider)
    now = visit.services.clock.now()
    _check_is_over(asked.month, now)
    if accounts.period(provider, asked.month) is not None:
        raise Malformed(f"{asked.month} of {provider} is closed already.")
    if not await _used(visit, [provider], asked.month):
        raise Malformed(
            f"Nothing was ever booked with {provider} before {asked.month} ended: there is nothing "
            "to close."
        )
    count, amount = await _left_open(visit, asked, provider)
    row = await _summed_up(visit, accounts, asked, now)
    row = replace(row, left_open=amount, left_open_attempts=count)
    await _booked(visit, Close(at=now, row=row))
    return json_response(period_body(row), status=201)


async def list_periods(visit: Visit) -> web.Response:
    """`GET /v1/periods`: the months that are closed, oldest first; `?month=` tells who is open."""
    month = visit.query("month").get("month")
    rows = await visit.services.ledger.periods()
    if month is None:
        return json_response({"periods": [period_body(row) for row in rows]})
    _check_month(month)
    accounts = await accounts_of(visit)
    found = [row for row in rows if row.month == month]
    closed = {row.provider for row in found}
    others = [provider for provider in accounts.providers if provider not in closed]
    still_open = await _used(visit, others, month)
    return json_response({"periods": [period_body(row) for row in found], "open": still_open})


def event_body(row: AccountEventRow) -> dict[str, Any]:
    """What passed on an account, for a program."""
    return {
        "id": row.id,
        "provider": row.provider,
        "kind": row.kind,
        "amount": str(row.amount),
        "at": rfc3339(row.at),
        "reference": row.reference,
        "created_at": rfc3339(row.created_at),
        "who": row.who,
        "reason": row.reason,
    }


def period_body(row: PeriodRow) -> dict[str, Any]:
    """A closed month, for a program."""
    account = read_account(row.account)
    return {
        "provider": row.provider,
        "month": row.month,
        "account": account.number,
        "billing": account.billing,
        "invoice": account.invoice,
        "posted": str(row.posted),
        "billed": str(row.billed),
        "topped_up": str(row.topped_up),
        "credited": str(row.credited),
        "left_open": str(row.left_open),
        "left_open_attempts": row.left_open_attempts,
        "rows": row.charge_rows,
        "sha256": {"focus-1.2.csv": row.sha256_focus_1_2, "focus-1.4.csv": row.sha256_focus_1_4},
        "closed_at": rfc3339(row.closed_at),
        "who": row.who,
        "reason": row.reason,
    }


def _known(accounts: Accounts, provider: str) -> str:
    if provider in accounts.providers:
        return provider
    raise NotFound(unknown("The price book has no provider", provider, accounts.providers))


async def _used(visit: Visit, providers: Sequence[str], month: str) -> list[str]:
    """Those with which anything was ever booked before a month ended; what is open counts, too."""
    ledger, (_, end) = visit.services.ledger, month_bounds(month)
    spent = await ledger.spending(BEGINNING, end, cut=None, tags=False)
    events = await ledger.account_events("", BEGINNING, end)
    used = {row.provider for row in spent} | {row.provider for row in events}
    return [provider for provider in providers if provider in used]


def _check_month(month: str) -> None:
    """
    See that it is a month.

    Raises:
        Malformed: It is not one as `2026-11`.
    """
    try:
        month_bounds(month)
    except ValueError:
        raise Malformed("`month` is one as `2026-11`, in UTC.") from None


def _check_is_over(month: str, now: datetime) -> None:
    """
    See that nothing more can be booked in a month.

    Raises:
        Malformed: It can.
    """
    _, end = month_bounds(month)
    if now < end + SETTLING:
        raise Malformed(
            f"{month} can be closed from {rfc3339(end + SETTLING)} on: until then something that "
            "was on its way may be booked in it."
        )


async def _left_open(visit: Visit, asked: CloseRequest, provider: str) -> tuple[int, Money]:
    """
    How many of the month's attempts may still cost something, and how much.

    Raises:
        Malformed: Some may, and nobody has said that it may be closed all the same, and why.
    """
    if asked.leave_open and asked.reason is None:
        raise Malformed("`leave_open` takes a `reason`: it stands beside the month's sums.")
    since, until = month_bounds(asked.month)
    count, amount = await visit.services.ledger.unsettled(provider, since, until)
    if count and not asked.leave_open:
        raise Malformed(
            f"{count} of {provider}'s attempts of {asked.month} are open, in doubt or presumed, "
            f"{amount.usd} in all: settle them first (`farebox settle` lists those in doubt), or "
            "close it with `leave_open` and a `reason`; what they cost is then charged in the "
            "month in which it is known."
        )
    return count, amount


async def _summed_up(
    visit: Visit, accounts: Accounts, asked: CloseRequest, now: datetime
) -> PeriodRow:
    """The month as it will stand, by reading all of it."""
    as_closed = accounts.with_invoice(asked.provider, asked.month, asked.invoice)
    executor = ThreadExecutor("closing")
    try:
        sums = await month_sums(
            visit.services.ledger, executor, as_closed, asked.provider, asked.month
        )
    finally:
        executor.close()
    return PeriodRow(
        provider=asked.provider,
        month=asked.month,
        closed_at=now,
        who=visit.caller.who,
        reason=asked.reason,
        account=as_closed.of(asked.provider, asked.month).as_text(),
        posted=sums.posted,
        billed=sums.billed,
        topped_up=sums.topped_up,
        credited=sums.credited,
        left_open=Money.ZERO,
        left_open_attempts=0,
        charge_rows=sums.charge_rows,
        sha256_focus_1_2=sums.digests["1.2"],
        sha256_focus_1_4=sums.digests["1.4"],
    )


async def _booked(visit: Visit, command: Record | Close) -> None:
    """
    Have it decided.

    Raises:
        Malformed: It cannot be booked, with why.
    """
    try:
        answer = await visit.services.ledger.submit(command)
    except Contradiction:
        raise Malformed("Somebody else has just booked the same.") from None
    if isinstance(answer, NotBooked):
        raise Malformed(answer.why)


def _sum(rows: list[AccountEventRow], kind: str) -> str:
    return str(total([row.amount for row in rows if row.kind == kind]))
