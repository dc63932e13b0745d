"""Providers' bills and the credit left there: what people import, and what our books say of it."""

from datetime import datetime
from typing import Annotated, Any

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from router.dispatch.drift import PriceWatch
from router.finance.bills import Bill
from router.finance.credit import Since, between, between_document, credit_document
from router.finance.drift import CHARGES_MAX, LOOKED_BACK, drift_document, drifts
from router.finance.early_drift import early_document, early_drifts, remarks
from router.finance.proposing import as_yaml, proposals
from router.finance.statement_csv import FIELDS, BadStatement
from router.finance.statement_report import as_document, statement_document
from router.finance.statements import INSTANT
from router.finance.unread import unread_document, unread_of
from router.finance.watch import charged_before, credits_of, posted_by_provider
from router.ledger.commands import Enter
from router.ledger.rows import BEGINNING
from router.ledger.statement_rows import BalanceReadingRow
from router.model.clock import from_rfc3339
from router.model.errors import InvalidJob, Malformed
from router.model.money import Money
from router.policy.explain import unknown
from router.web.administration import Words, check_amount, check_instant
from router.web.explaining import read_as
from router.web.filtering import check_names, filter_of
from router.web.problems import json_response
from router.web.visit import Visit

FileName = Annotated[str, StringConstraints(pattern=r"^[^/\\\x00-\x1f]{1,200}$")]
_COLUMN = Annotated[str, StringConstraints(min_length=1, max_length=100)]
_PROVIDER = Annotated[str, StringConstraints(min_length=1, max_length=64)]
_CSV_MAX = 16 * 1024 * 1024


def _check_columns(columns: dict[str, str]) -> dict[str, str]:
    unknown = sorted(columns.keys() - set(FIELDS))
    if unknown:
        raise ValueError(f"takes {', '.join(FIELDS)}")
    return columns


class StatementRequest(BaseModel):
    """The body of `POST /v1/statements`: with `from` and `to`, it is complete for that time."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    provider: _PROVIDER
    name: FileName
    csv: Annotated[str, StringConstraints(max_length=_CSV_MAX)] = Field(repr=False)
    columns: Annotated[dict[str, _COLUMN], AfterValidator(_check_columns)] = Field(
        default_factory=dict
    )
    since: Annotated[str, AfterValidator(check_instant)] | None = Field(None, alias="from")
    until: Annotated[str, AfterValidator(check_instant)] | None = Field(None, alias="to")
    apply: bool = False


class WithdrawRequest(BaseModel):
    """The body of `POST /v1/statements/{id}/withdraw`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    reason: Words


class BalanceRequest(BaseModel):
    """The body of `POST /v1/balances`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    provider: _PROVIDER
    balance: Annotated[str, AfterValidator(check_amount)]
    at: Annotated[str, AfterValidator(check_instant)] | None = None


async def create_statement(visit: Visit) -> web.Response:
    """`POST /v1/statements`: hold a provider's bill against the books; settle by it if asked to."""
    asked = read_as(StatementRequest, await visit.body(), Malformed)
    _check_provider(visit, asked.provider)
    if (asked.since is None) != (asked.until is None):
        raise Malformed("Say both `from` and `to`: all that was billed between is in the file.")
    bill = Bill(
        provider=asked.provider,
        name=asked.name,
        text=asked.csv,
        columns=asked.columns,
        since=_instant(asked.since),
        until=_instant(asked.until),
    )
    try:
        done = await visit.services.accounts.reconciler.reconcile(
            bill, who=visit.caller.who, applied=asked.apply
        )
    except BadStatement as error:
        raise Malformed(str(error)) from error
    return json_response(as_document(done))


async def list_statements(visit: Visit) -> web.Response:
    """`GET /v1/statements`: those that were applied, the latest first."""
    visit.query()
    return json_response({"statements": await _statements(visit)})


async def withdraw_statement(visit: Visit) -> web.Response:
    """`POST /v1/statements/{id}/withdraw`: its lines count no more; what it settled stays so."""
    asked = read_as(WithdrawRequest, await visit.body(), Malformed)
    row = await visit.services.accounts.reconciler.withdraw(
        visit.path("id"), who=visit.caller.who, reason=asked.reason
    )
    (found,) = [one for one in await _statements(visit) if one["id"] == row.id]
    return json_response(found)


async def _statements(visit: Visit) -> list[dict[str, Any]]:
    ledger = visit.services.ledger
    withdrawn = {row.statement_id: row for row in await ledger.withdrawals()}
    return [statement_document(row, withdrawn.get(row.id)) for row in await ledger.statements()]


async def create_balance(visit: Visit) -> web.Response:
    """`POST /v1/balances`: record how much credit a provider shows, now or at an instant."""
    services = visit.services
    asked = read_as(BalanceRequest, await visit.body(), Malformed)
    _check_provider(visit, asked.provider)
    now = services.clock.now()
    at = _instant(asked.at) or now
    if at > now:
        raise Malformed("`at` is to come: a balance is read at some time that was.")
    before = await services.ledger.spending(BEGINNING, at + INSTANT, cut=None, tags=False)
    row = BalanceReadingRow(
        provider=asked.provider,
        at=at,
        amount=Money.parse(asked.balance),
        posted_before=posted_by_provider(before).get(asked.provider, Money.ZERO),
        recorded_at=now,
        who=visit.caller.who,
    )
    known = {one.at: one for one in await services.ledger.balance_readings(asked.provider)}
    if at in known and known[at].amount != row.amount:
        raise InvalidJob(f"There is a reading of that instant already: {known[at].amount.usd}.")
    await services.ledger.submit(Enter(at=now, facts=(row,)))
    await services.accounts.watch.once()
    return await _balances(visit, asked.provider, status=201)


async def list_balances(visit: Visit) -> web.Response:
    """`GET /v1/balances`: what is left at each provider, and what its readings say of the books."""
    meant = filter_of(visit, visit.query("provider"))
    await check_names(visit, meant)
    return await _balances(visit, meant.provider or "")


async def _balances(visit: Visit, provider: str, *, status: int = 200) -> web.Response:
    services = visit.services
    ledger, policy, now = services.ledger, services.policy(), services.clock.now()
    readings = await ledger.balance_readings(provider)
    read = sorted({row.provider for row in readings})
    credits_ = await credits_of(ledger, policy, now, provider)
    found = [
        between_document(one)
        for name in read
        for own in [[row for row in readings if row.provider == name]]
        for one in between(own, [await _since(visit, row, now) for row in own])
    ]
    unread = await unread_of(ledger, policy, read, provider)
    told = {
        "balances": [credit_document(one) for one in credits_],
        "unread": [unread_document(one) for one in unread],
        "between": found,
    }
    return json_response(told, status=status)


async def _since(visit: Visit, row: BalanceReadingRow, now: datetime) -> Since:
    ledger, policy = visit.services.ledger, visit.services.policy()
    return Since(
        topped_up=await ledger.topped_up(row.provider, row.at),
        credited=await ledger.credited(row.provider, row.at),
        late=await charged_before(ledger, policy, row, now),
    )


async def list_drift(visit: Visit) -> web.Response:
    """`GET /v1/prices/drift`: what is charged beside the book, and rows for what has changed."""
    visit.query()
    ledger, now = visit.services.ledger, visit.services.clock.now()
    prices, since = visit.services.policy().prices, now - LOOKED_BACK
    # By the books, as after a start: so it is known where no server runs, too.
    watch = PriceWatch()
    watch.seed(await ledger.latest_posted())
    found = drifts(await ledger.charges(since, most=CHARGES_MAX), watch.stopped(prices, now))
    early = early_drifts(await ledger.named_prices(since, most=CHARGES_MAX))
    told = {**drift_document(found), "named": early_document(early)}
    return json_response({**told, "proposal": remarks(early) + as_yaml(proposals(prices, found))})


def _instant(text: str | None) -> datetime | None:
    return None if text is None else from_rfc3339(text)


def _check_provider(visit: Visit, name: str) -> None:
    """Whoever bills us stands in the price book."""
    known = visit.services.policy().prices.provider_names
    if name not in known:
        raise InvalidJob(unknown("The price book has no provider", name, known))
