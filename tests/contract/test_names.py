"""Names that anything stands in the books under, on every back end."""

from datetime import timedelta

import pytest

from router.ledger.commands import Accept, Enter, Post, Record, Tender, Void
from router.ledger.ledger import Ledger
from router.ledger.period_rows import AccountEventRow
from router.ledger.statement_rows import BalanceReadingRow
from router.ledger.views import Names
from router.model.ids import AttemptId
from tests.fakes import EPOCH
from tests.ledger_kit import a_job_row, an_attempt_row, usd


async def bought(ledger: Ledger, job: str, provider: str, model: str, tenant: str) -> AttemptId:
    """An edit that is under way."""
    shared = {"tenant": tenant, "model": model, "created_at": EPOCH}
    row = a_job_row(job, deadline_at=EPOCH + timedelta(seconds=300), **shared)
    attempt = an_attempt_row(f"{job}.1", price=usd("0.0417"), provider=provider, **shared)
    tender = Tender(attempt=attempt, limits=())
    await ledger.submit(Accept(at=EPOCH, job=row, tenders=(tender,), ready=frozenset({provider})))
    return attempt.id


async def every_use(ledger: Ledger) -> None:
    """Under names of their own: something held, posted and voided, a top-up, and a reading."""
    await bought(ledger, "j1", "holds", "m-held", "acme")
    posted = await bought(ledger, "j2", "posts", "m-posted", "acme")
    await ledger.submit(
        Post(at=EPOCH, attempt_id=posted, amount=usd("0.0413"), outcome="delivered")
    )
    voided = await bought(ledger, "j3", "voids", "m-voided", "beta")
    await ledger.submit(Void(at=EPOCH, attempt_id=voided, outcome="provider_refused"))
    event = AccountEventRow(
        id="e1",
        provider="topped",
        kind="topup",
        amount=usd("7.03"),
        at=EPOCH,
        reference="r1",
        created_at=EPOCH,
        who="ada",
        reason=None,
    )
    await ledger.submit(Record(at=EPOCH, row=event))
    reading = BalanceReadingRow(
        provider="read",
        at=EPOCH,
        amount=usd("9.07"),
        posted_before=usd("0.00"),
        recorded_at=EPOCH,
        who="ada",
    )
    await ledger.submit(Enter(at=EPOCH, facts=(reading,)))


@pytest.mark.parametrize(
    ("tenant", "providers", "models"),
    [
        (None, {"holds", "posts", "voids", "topped", "read"}, {"m-held", "m-posted", "m-voided"}),
        ("acme", {"holds", "posts"}, {"m-held", "m-posted"}),
        ("beta", {"voids"}, {"m-voided"}),
        ("nobody", set[str](), set[str]()),
    ],
)
async def test_names_are_known_by_whatever_became_of_the_money(
    ledger: Ledger, tenant: str | None, providers: set[str], models: set[str]
) -> None:
    """Of one tenant by its own alone: neither others' edits nor providers' accounts are its."""
    await every_use(ledger)

    assert await ledger.names(tenant=tenant) == Names(
        providers=frozenset(providers), models=frozenset(models)
    )


async def test_an_empty_ledger_knows_no_name(ledger: Ledger) -> None:
    """For nobody."""
    assert await ledger.names() == Names()
