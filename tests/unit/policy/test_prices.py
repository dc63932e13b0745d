from datetime import UTC, datetime, timedelta

import pytest

from router.model.job import Resolution
from router.model.money import Money
from router.model.offer import Capability, ProviderTerms, Rate
from router.policy.prices import PriceBook, PricedRow, is_about_price
from router.policy.scalars import read_credit_low, read_instant, read_rate
from router.policy.yaml_nodes import plain, read_tree

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
SECOND = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)
BOOK = """\
providers:
  - provider: runpod
    source: a contract
    billing: invoiced
    failed_is_free: true
    cancelled_is_free: true
    amount: charge
    origin_not_reached: [521, 523]
    creates_in_flight_max: 7
    statuses_in_flight_max: 8
    cancels_in_flight_max: 9
    rates: {create: 5 per s, status: 2000 per 10s, cancel: 1 per 2m}
    in_doubt_max: $1.25
    job_ttl: 10m
    retention: 30m
  - {provider: shortapi, source: documents}
offers:
  - provider: shortapi
    model: edit
    slug: their/edit
    from: 2026-12-01T08:30:00Z
    until: 2027-01-01
    source: a mail
    verified: true
    per_image: {1k: $0.05}
  - provider: shortapi
    model: edit
    slug: their/edit
    from: 2026-11-01
    source: a page
    verified: true
    per_image: {1k: $0.04, 2k: $0.06}
    contracted: {2k: $0.055}
    aspect_ratio_required: true
    aspect_ratios: ["1:1", "3:2"]
    output_formats: [png]
    images_max: 3
    data_urls: true
    body_bytes_max: 5000
  - provider: runpod
    model: edit
    slug: edit
    from: 2026-11-01
    source: a page
    verified: false
    per_image: {1k: $0.07}
  - provider: runpod
    model: tried
    slug: tried
    from: 2026-11-01
    source: a page
    verified: false
    switched_on: true
    per_image: {1k: $0.08}
  - provider: shortapi
    model: tried
    slug: stopped
    from: 2026-11-01
    source: a page
    verified: true
    switched_on: false
    per_image: {1k: $0.03}
"""


@pytest.fixture
def book() -> PriceBook:
    """A book with a change of price, a contract, and rows that are off."""
    return PriceBook.model_validate(plain(read_tree("prices.yaml", BOOK).root))


def priced(
    book: PriceBook, provider: str, at: datetime, resolution: str = "1k", model: str = "edit"
) -> PricedRow:
    """The row of one provider."""
    rows = book.offers(model, Resolution(resolution), at)
    return next(row for row in rows if row.row.provider == provider)


@pytest.mark.parametrize(
    ("at", "price", "obstacle"),
    [
        (FIRST - timedelta(microseconds=1), "0.04", "has no price before 2026-11-01"),
        (FIRST, "0.04", None),
        (SECOND - timedelta(microseconds=1), "0.04", None),
        (SECOND, "0.05", None),
        (END - timedelta(microseconds=1), "0.05", None),
        (END, "0.05", "has had no price since 2027-01-01"),
    ],
)
def test_a_price_is_in_force_from_its_instant_to_the_next(
    book: PriceBook, at: datetime, price: str, obstacle: str | None
) -> None:
    """The start is inclusive, the end is not, whatever the order of the file."""
    found = priced(book, "shortapi", at)

    assert (found.price, found.obstacle) == (Money.parse(price), obstacle)


def test_the_contracted_price_is_what_a_job_costs(book: PriceBook) -> None:
    """Where one was negotiated, it wins; the list price is kept beside it."""
    found = priced(book, "shortapi", FIRST, "2k")

    assert (found.price, found.list_price) == (Money.parse("0.055"), Money.parse("0.06"))


def test_a_contract_may_be_for_the_list_price(book: PriceBook) -> None:
    """Nothing was won by it, and nothing is wrong with it."""
    text = BOOK.replace("{2k: $0.055}", "{2k: $0.06}")
    same = PriceBook.model_validate(plain(read_tree("prices.yaml", text).root))

    assert priced(same, "shortapi", FIRST, "2k").price == Money.parse("0.06")
    assert priced(book, "shortapi", FIRST, "2k").price == Money.parse("0.055")


def test_without_a_contract_the_list_price_is_what_a_job_costs(book: PriceBook) -> None:
    """A contract for one resolution says nothing of another."""
    found = priced(book, "shortapi", FIRST, "1k")

    assert (found.price, found.list_price) == (Money.parse("0.04"), Money.parse("0.04"))


def test_a_resolution_without_a_price_cannot_be_bought(book: PriceBook) -> None:
    """An unknown price is an obstacle, never a guess."""
    found = priced(book, "shortapi", FIRST, "4k")

    assert (found.price, found.obstacle) == (None, "has no price for 4k")


@pytest.mark.parametrize(
    ("provider", "model", "obstacle"),
    [
        ("runpod", "edit", "is not verified and not switched on"),
        ("runpod", "tried", None),
        ("shortapi", "tried", "is switched off"),
    ],
)
def test_a_row_is_off_until_verified_or_switched_on(
    book: PriceBook, provider: str, model: str, obstacle: str | None
) -> None:
    """The switch wins over the verification, both ways."""
    assert priced(book, provider, FIRST, model=model).obstacle == obstacle


def test_a_price_that_is_to_come_names_its_hour(book: PriceBook) -> None:
    """Where the change is not at midnight, the reason says when it is."""
    row = book.offers_listed[0]
    later = book.model_copy(update={"offers_listed": (row,)})

    assert (
        priced(later, "shortapi", FIRST).obstacle == "has no price before 2026-12-01 08:30:00 UTC"
    )


def test_terms_are_the_row_of_the_provider(book: PriceBook) -> None:
    """Every key of a provider's row arrives where the rest of Farebox reads it."""
    assert book.terms("runpod") == ProviderTerms(
        name="runpod",
        billing="invoiced",
        failed_is_free=True,
        cancelled_is_free=True,
        amount="charge",
        origin_not_reached=frozenset({521, 523}),
        creates_in_flight_max=7,
        statuses_in_flight_max=8,
        cancels_in_flight_max=9,
        create_rate=Rate(5, 1.0),
        status_rate=Rate(2000, 10.0),
        cancel_rate=Rate(1, 120.0),
        in_doubt_max=Money.parse("1.25"),
        job_ttl_s=600.0,
        retention_s=1800.0,
    )


def test_terms_that_are_not_written_are_the_cautious_ones(book: PriceBook) -> None:
    """What nobody documented is taken to cost money."""
    assert book.terms("shortapi") == ProviderTerms(name="shortapi")


def test_an_unknown_provider_has_no_terms(book: PriceBook) -> None:
    """Terms are never made up."""
    with pytest.raises(KeyError):
        book.terms("nobody")


def test_capability_is_the_row_of_the_offer(book: PriceBook) -> None:
    """Every ability of an offer's row arrives."""
    assert priced(book, "shortapi", FIRST).row.capability == Capability(
        aspect_ratios=("1:1", "3:2"),
        aspect_ratio_required=True,
        output_formats=("png",),
        images_max=3,
        data_urls=True,
        body_bytes_max=5000,
    )


def test_the_book_lists_its_providers_and_models(book: PriceBook) -> None:
    """Providers in the file's order, models sorted, each once."""
    assert (book.provider_names, book.models) == (("runpod", "shortapi"), ("edit", "tried"))


def test_nobody_offers_a_model_that_nobody_sells(book: PriceBook) -> None:
    """There is no row for what the book does not name."""
    assert book.offers("other", Resolution.ONE_K, FIRST) == ()


CHANGES = """
  - {provider: runpod, model: m, slug: m, from: 2026-11-01, source: a page, verified: true,
     per_image: {1k: $0.31}}
  - {provider: runpod, model: m, slug: m, from: 2026-12-01, until: 2027-02-01, source: a page,
     verified: true, per_image: {1k: $0.33}}
"""


@pytest.mark.parametrize(
    ("day", "change", "price"),
    [
        ("2026-10-31", "2026-11-01", "0.31"),
        ("2026-11-01", "2026-12-01", "0.33"),
        ("2026-12-01", "2027-02-01", None),
        ("2027-02-01", None, None),
    ],
)
def test_the_next_change_of_a_price_is_known(
    day: str, change: str | None, price: str | None
) -> None:
    """The row that begins next, or the end of the last one."""
    text = "providers: [{provider: runpod, source: a page}]\noffers:" + CHANGES
    book = PriceBook.model_validate(plain(read_tree("prices.yaml", text).root))

    found = book.next_change("runpod", "m", read_instant(day))

    assert (found[0].date().isoformat() if found else None) == change
    row = found[1] if found else None
    assert (str(row.per_image[Resolution.ONE_K]) if row else None) == price


def test_what_nobody_sells_never_changes() -> None:
    """No row, no change."""
    text = "providers: [{provider: runpod, source: a page}]\noffers:" + CHANGES
    book = PriceBook.model_validate(plain(read_tree("prices.yaml", text).root))

    assert book.next_change("runpod", "other", read_instant("2026-11-20")) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1000", "is no rate such as 1000 per 10s"),
        ("1000 per 10", "is no rate such as 1000 per 10s"),
        ("0 per 10s", "is no whole number from 1"),
        ("10 per 0s", "is not between 1s and 366d"),
        ("-1 per s", "is no rate"),
        (1000, "a rate such as 1000 per 10s belongs here"),
    ],
)
def test_a_rate_is_written_as_calls_per_time(text: object, says: str) -> None:
    """Nothing else is guessed at, and what was read is read again as it is."""
    with pytest.raises(ValueError, match=says):
        read_rate(text)
    assert read_rate(read_rate("7 per m")) == Rate(7, 60.0)


def test_an_obstacle_of_the_books_is_told_from_others() -> None:
    """Another book might not have it; what a provider cannot do stands in any book."""
    mine = ("has no price for 4k", "has had no price since 2026-11-01", "is switched off")
    others = ("takes at most 3 images, and this job has 5", "is set aside: no credit")

    assert [is_about_price(one) for one in (*mine, *others)] == [True] * 3 + [False] * 2


def test_low_credit_is_an_amount_or_a_time() -> None:
    """With a dollar sign or a unit; what it was read as, it is read as again."""
    assert (
        read_credit_low("$20.50") == read_credit_low(Money.parse("20.50")) == Money.parse("20.50")
    )
    assert read_credit_low("36h") == read_credit_low(129_600.0) == 129_600.0
    for wrong in ("20", "20.50", "soon", 7):
        with pytest.raises(ValueError, match=r"such as|with its unit"):
            read_credit_low(wrong)


def test_two_days_of_credit_are_low_unless_the_row_says_otherwise(book: PriceBook) -> None:
    """The default of every provider."""
    assert {row.credit_low for row in book.providers} == {172_800.0}
