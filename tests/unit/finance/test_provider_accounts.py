"""Providers' accounts: terms, what came in, what was drawn, what is left."""

from datetime import datetime

from router.finance.provider_accounts import provider_accounts
from router.ledger.period_rows import AccountEventRow, EventKind
from router.ledger.rows import BEGINNING
from router.ledger.statement_rows import BalanceReadingRow
from router.ledger.views import ChargeRow, SpendingRow
from router.model.money import Money
from tests.fakes import EPOCH
from tests.ledger_kit import DAY, usd
from tests.policy_files import a_policy
from tests.spending_rows import a_row
from tests.statement_kit import READING

TIME = (EPOCH - DAY, EPOCH + DAY)


def an_event(provider: str, kind: EventKind, amount: str) -> AccountEventRow:
    """Something on a provider's account."""
    return AccountEventRow(
        id=amount,
        provider=provider,
        kind=kind,
        amount=usd(amount),
        at=EPOCH,
        reference=amount,
        created_at=EPOCH,
        who="ada",
    )


class Books:
    """What the ledger would say."""

    async def spending(
        self, since: datetime, until: datetime, *, cut: None, tags: bool
    ) -> list[SpendingRow]:
        """A period's, or what was ever posted."""
        assert (cut, tags) == (None, False)
        if since == BEGINNING:
            return [a_row(provider="shortapi", posted=usd("7.13"))]
        assert (since, until) == TIME or until > EPOCH
        return [
            a_row(provider="shortapi", posted=usd("0.51")),
            a_row(provider="shortapi", posted=usd("0.07"), tenant="globex"),
            a_row(provider="gone", posted=usd("0.02")),
        ]

    async def account_events(
        self, provider: str, since: datetime, until: datetime
    ) -> list[AccountEventRow]:
        """Some of each kind."""
        assert (since, until) == TIME
        events = [
            an_event("shortapi", "topup", "20.00"),
            an_event("shortapi", "topup", "5.01"),
            an_event("shortapi", "credit", "0.33"),
            an_event("runpod", "credit", "0.44"),
        ]
        return [one for one in events if provider in {"", one.provider}]

    async def balance_readings(self, provider: str = "") -> list[BalanceReadingRow]:
        """ShortAPI's was read."""
        return [READING] if provider in {"", READING.provider} else []

    async def topped_up(self, provider: str, since: datetime) -> Money:
        """Nothing since."""
        del provider, since
        return Money.ZERO

    async def credited(self, provider: str, since: datetime) -> Money:
        """Nothing of that, either."""
        del provider, since
        return Money.ZERO

    async def booked_late(
        self, provider: str, after: datetime, *, sent_by: datetime, at: datetime
    ) -> Money:
        """Nothing."""
        del provider, after, sent_by, at
        return Money.ZERO

    async def open_since(self, provider: str, sent_after: datetime) -> Money:
        """Nothing either."""
        del provider, sent_after
        return Money.ZERO

    async def charges(self, since: datetime, *, most: int) -> list[ChargeRow]:
        """Asked by nobody here."""
        raise NotImplementedError


async def test_accounts_are_added_up_by_provider() -> None:
    """Over all tenants; who is in the price book no more comes last, without terms."""
    shortapi, runpod, gone = sorted(
        await provider_accounts(Books(), a_policy(), EPOCH, TIME),
        key=lambda one: ["shortapi", "runpod", "gone"].index(one.provider),
    )

    assert (shortapi.posted, shortapi.topped_up) == (usd("0.58"), usd("25.01"))
    assert (shortapi.credited, runpod.credited) == (usd("0.33"), usd("0.44"))
    assert shortapi.credit is not None
    assert shortapi.credit.read == READING.amount
    assert runpod.credit is None
    assert runpod.billing in {"prepaid", "invoiced"}
    assert (gone.title, gone.billing, gone.posted) == ("gone", "", usd("0.02"))


async def test_one_provider_can_be_asked_for() -> None:
    """And of no other is anything told."""
    found = await provider_accounts(Books(), a_policy(), EPOCH, TIME, "runpod")

    assert [one.provider for one in found] == ["runpod"]
