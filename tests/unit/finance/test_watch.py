"""Somebody is told before the credit is gone, and when a price has changed: once."""

from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from router.finance.watch import PRICES_EVERY, AccountWatch, credits_of, sent_by
from router.ledger.rows import BEGINNING
from router.ledger.statement_rows import BalanceReadingRow
from router.ledger.views import ChargeRow, SpendingRow
from router.model.errors import LedgerUnavailable
from router.model.job import Resolution
from router.model.money import Money
from router.policy.policy import Policy
from tests.fakes import EPOCH, FakeClock
from tests.ledger_kit import DAY, at_once, usd
from tests.policy_files import PRICES, a_policy
from tests.statement_kit import READING, a_charge


@dataclass
class Books:
    """What the ledger would say."""

    readings: list[BalanceReadingRow] = field(default_factory=list)
    posted: str = "0.07"
    """Since ever."""
    of_a_day: str = "0.00"
    refunded: str = "0.00"
    """Of that day."""
    topped: str = "0.00"
    credit: str = "0.00"
    late: str = "0.00"
    open: str = "0.00"
    charged: list[ChargeRow] = field(default_factory=list)
    failing: list[Exception] = field(default_factory=list)
    asked: int = 0

    async def spending(
        self, since: datetime, until: datetime, *, cut: None, tags: bool
    ) -> list[SpendingRow]:
        """Everything that was posted, or a day's, in two rows."""
        assert (since < until, cut, tags) == (True, None, False)
        posted = usd(self.posted if since == BEGINNING else self.of_a_day)
        row = SpendingRow(
            day="2026-11-20",
            provider="shortapi",
            model="nano-banana-2-edit",
            resolution=Resolution.ONE_K,
            tenant="acme",
            tags=(),
            key_id="",
            attempts=1,
            delivered=1,
            posted=posted - usd("0.01"),
            presumed=usd("0.55"),
            held=usd("0.66"),
            in_doubt=usd("0.77"),
            in_doubt_attempts=1,
            list_cost=usd("0.88"),
            avoided=Money.ZERO,
            missed=Money.ZERO,
            refunded=usd(self.refunded),
            over=Money.ZERO,
            under=Money.ZERO,
            drifted=0,
        )
        return [row, replace(row, tenant="zeta", posted=usd("0.01"), refunded=Money.ZERO)]

    async def balance_readings(self, provider: str = "") -> list[BalanceReadingRow]:
        """All of them, or one provider's."""
        if self.failing:
            raise self.failing.pop()
        return [row for row in self.readings if provider in {"", row.provider}]

    async def topped_up(self, provider: str, since: datetime) -> Money:
        """As much as is said."""
        assert (provider, since) in {(row.provider, row.at) for row in self.readings}
        return usd(self.topped)

    async def credited(self, provider: str, since: datetime) -> Money:
        """As much as is said."""
        assert (provider, since) in {(row.provider, row.at) for row in self.readings}
        return usd(self.credit)

    async def booked_late(
        self, provider: str, after: datetime, *, sent_by: datetime, at: datetime
    ) -> Money:
        """As much as is said."""
        assert (provider, after) in {(row.provider, row.at) for row in self.readings}
        assert (sent_by <= after, at.tzinfo is not None) == (True, True)
        return usd(self.late)

    async def open_since(self, provider: str, sent_after: datetime) -> Money:
        """As much as is said."""
        assert (provider, sent_after.tzinfo is not None) == ("shortapi", True)
        return usd(self.open)

    async def charges(self, since: datetime, *, most: int) -> list[ChargeRow]:
        """What was charged of late."""
        self.asked += 1
        assert (since.tzinfo is not None, most) == (True, 3)
        return self.charged


class Watched:
    """A watch with what it told."""

    def __init__(self, books: Books, policy: Policy | None = None) -> None:
        self.clock = FakeClock()
        self.told: list[tuple[str, str]] = []
        self.policy = policy or a_policy()
        self.watch = AccountWatch(
            self.clock, books, lambda *alarm: self.told.append(alarm), lambda: self.policy
        )

    def look(self) -> list[tuple[str, str]]:
        """Look once; gives what is new."""
        before = len(self.told)
        at_once(self.watch.once())
        return self.told[before:]


def test_what_is_left_is_known_after_a_look() -> None:
    """Of providers whose credit was ever read."""
    books = Books([READING], posted="1.27", of_a_day="1.20", topped="5.00")
    watched = Watched(books)
    assert watched.watch.credit("shortapi") is None

    assert watched.look() == []

    credit = watched.watch.credit("shortapi")
    assert credit is not None
    assert (credit.left, credit.pace) == (usd("45.00"), usd("1.20"))
    assert watched.watch.credit("runpod") is None
    assert at_once(credits_of(books, watched.policy, EPOCH, "runpod")) == []


def test_what_was_charged_before_a_reading_is_in_it() -> None:
    """However late it was booked; what is open since stands beside what is left."""
    books = Books([READING], posted="1.27", late="0.17", open="0.31")

    (credit,) = at_once(credits_of(books, a_policy(), EPOCH))

    assert (credit.posted, credit.left, credit.open) == (usd("1.03"), usd("40.17"), usd("0.31"))


def test_a_reading_has_in_it_what_was_sent_by_then() -> None:
    """Long enough before, where a provider charges at the end; of who is unknown, all of it."""
    terms = "provider: shortapi, source: documents"
    policy = a_policy(prices=PRICES.replace(terms, f"{terms}, charged: at_create"))

    assert sent_by(policy, READING) == EPOCH
    assert sent_by(policy, replace(READING, provider="runpod")) == EPOCH - timedelta(hours=1)
    assert sent_by(policy, replace(READING, provider="gone")) == EPOCH


def test_low_credit_is_told_once() -> None:
    """And again when somebody has read it anew and it is still low, or when it was topped up."""
    books = Books([READING], posted="1.27", of_a_day="20.01")
    watched = Watched(books)

    (told,) = watched.look()
    assert told[0] == "credit_low"
    assert told[1].startswith("shortapi: $40.00 left, gone at 2026-11-22T")
    assert watched.look() == []
    books.readings.append(replace(READING, at=EPOCH + DAY, amount=usd("39.20")))
    assert [what for what, _ in watched.look()] == ["credit_low"]
    books.topped = "100.00"
    assert watched.look() == []
    books.topped = "0.00"
    assert [what for what, _ in watched.look()] == ["credit_low"]


def test_a_refund_does_not_silence_the_alarm() -> None:
    """The pace is what was charged in the day, whatever was given back or put right then."""
    books = Books([READING], posted="1.27", of_a_day="-3.30", refunded="23.31")

    (credit,) = at_once(credits_of(books, a_policy(), EPOCH))

    assert credit.pace == usd("20.01")
    assert [what for what, _ in Watched(books).look()] == ["credit_low"]


def test_what_was_credited_is_left_and_stands_apart() -> None:
    """A credit note has its own instant; it is no top-up."""
    books = Books([READING], posted="1.27", topped="5.00", credit="0.30")

    (credit,) = at_once(credits_of(books, a_policy(), EPOCH))

    assert (credit.topped_up, credit.credited, credit.left) == (
        *(usd("5.00"), usd("0.30"), usd("45.30")),
    )


def test_how_low_is_low_stands_in_the_price_book() -> None:
    """An amount, where it says one; of a provider that it does not know, nothing."""
    policy = a_policy()
    rows = [row.model_copy(update={"credit_low": usd("40.50")}) for row in policy.prices.providers]
    prices = policy.prices.model_copy(update={"providers": tuple(rows)})
    policy = policy.model_copy(update={"prices": prices})
    books = Books([READING], posted="0.77")

    assert [what for what, _ in Watched(books, policy).look()] == ["credit_low"]
    stranger = prices.model_copy(update={"providers": ()})
    assert Watched(books, policy.model_copy(update={"prices": stranger})).look() == []


def test_a_changed_price_is_told_once() -> None:
    """It is looked for every five minutes; another amount is told again."""
    books = Books(charged=[a_charge(number, "0.0875", "0.0913") for number in (3, 2, 1)])
    watched = Watched(books)

    (told,) = watched.look()
    assert (told[0], told[1][:60]) == (
        "price_changed",
        "runpod nano-banana-2-edit 1k: price changed to $0.0913 from ",
    )
    assert watched.look() == []
    assert books.asked == 1
    watched.clock.advance(PRICES_EVERY.total_seconds())
    assert (watched.look(), books.asked) == ([], 2)
    books.charged = [a_charge(number, "0.0875", "0.0914") for number in (6, 5, 4)]
    watched.clock.advance(PRICES_EVERY.total_seconds())
    assert [what for what, _ in watched.look()] == ["price_changed"]


def test_it_goes_on_whatever_happens() -> None:
    """Books that cannot be read are told, and so is what nobody foresaw."""

    class Ended(Exception):
        """The test's own end of what never ends."""

    class Clock(FakeClock):
        """Ends after three looks."""

        looks = 0

        async def sleep_s(self, seconds: float) -> None:
            """Count."""
            self.looks += 1
            self.advance(seconds)
            if self.looks > 2:
                raise Ended

    books = Books(failing=[KeyError("a secret"), LedgerUnavailable("The ledger cannot be read.")])
    watched = Watched(books)
    watched.watch = AccountWatch(
        Clock(), books, lambda *alarm: watched.told.append(alarm), lambda: watched.policy
    )
    try:
        at_once(_run(watched.watch.run()))
    except Ended:
        pass
    else:
        raise AssertionError("it ended by itself")

    assert watched.told[0] == ("accounts_unread", "The ledger cannot be read.")
    what, detail = watched.told[1]
    assert (what, "KeyError" in detail, "secret" in detail) == ("crashed", True, False)
    assert timedelta(seconds=60) <= PRICES_EVERY


async def _run(work: Coroutine[Any, Any, None]) -> None:
    await work
