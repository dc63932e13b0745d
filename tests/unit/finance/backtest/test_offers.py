from dataclasses import replace
from datetime import timedelta

from router.finance.backtest.offers import Epochs, book_offers, facts, offers_seen
from router.model.job import Resolution
from router.model.latency import Latency
from router.model.offer import Offer, ProviderState
from router.policy.evidence import Evidence
from tests.fakes import EPOCH, a_job, an_offer
from tests.ledger_kit import usd
from tests.past_jobs import a_past
from tests.policy_files import PRICES, a_policy

BOOK = a_policy().prices
SLOW = Latency.stated(21.0, 60.0)


def seen_with(*seen: Offer, resolution: Resolution = Resolution.ONE_K) -> dict[str, Offer]:
    """The offers for a 1k that saw these, at a resolution; by provider."""
    past = replace(a_past(), evidence=Evidence(seen))
    listed = book_offers(BOOK, replace(past.job, resolution=resolution))
    return {one.provider: one for one in offers_seen(listed, past, resolution)}


def shortapi(**fields: object) -> Offer:
    """What was seen of ShortAPI, at a price of its own."""
    return an_offer(price=usd("0.037"), latency=SLOW, failing=0.25, **fields)


def test_prices_are_the_tested_books() -> None:
    """What was seen of the provider is of then: latency, failures, health."""
    found = seen_with(shortapi(state=ProviderState.EJECTED, aspect_ratio="16:9"))["shortapi"]

    assert found.price == usd("0.04")
    assert (found.latency, found.failing, found.aspect_ratio) == (SLOW, 0.25, "16:9")
    assert found.state is ProviderState.EJECTED


def test_what_stood_in_the_way_still_does() -> None:
    """And what did not, does not: the picture was at hand then, and is not now."""
    assert seen_with(shortapi(obstacle="is set aside"))["shortapi"].obstacle == "is set aside"

    past = replace(a_past(images=("",) * 5), evidence=Evidence((shortapi(),)))
    listed = book_offers(BOOK, past.job)
    assert "at most 3 images" in str(listed[1].obstacle)
    assert offers_seen(listed, past, Resolution.ONE_K)[1].obstacle is None


def test_a_price_that_was_missing_may_be_there_in_another_book() -> None:
    """And one that is missing now is missing, whatever was seen."""
    off = shortapi(obstacle="is not verified and not switched on")
    assert seen_with(off)["shortapi"].obstacle is None

    four_k = seen_with(shortapi(), resolution=Resolution.FOUR_K)
    assert four_k["shortapi"].obstacle == "has no price for 4k"


def test_another_resolution_takes_what_is_stated() -> None:
    """How long a 2k took says nothing of a 1k; health is the provider's."""
    found = seen_with(
        shortapi(state=ProviderState.PROBING, busy_s=4.0), resolution=Resolution.TWO_K
    )["shortapi"]

    assert (found.price, found.latency, found.failing) == (usd("0.06"), None, 0.25)
    assert (found.state, found.busy_s) == (ProviderState.PROBING, None)


def test_nobody_seen_is_as_if_just_begun() -> None:
    """A trace has no evidence, nor has evidence a provider that is new in the book."""
    without = offers_seen(book_offers(BOOK, a_job()), a_past(), Resolution.ONE_K)
    new = seen_with(shortapi())["runpod"]

    assert [one.failing for one in (*without, new)] == [0.02] * 3
    assert all(one.obstacle is None for one in without)


def test_time_is_parted_where_prices_change() -> None:
    """Within a part, equal jobs have equal offers."""
    ending = PRICES.replace(
        "    from: 2026-11-01\n", "    from: 2026-11-01\n    until: 2026-12-01\n"
    )
    epochs = Epochs([a_policy(prices=ending).prices])

    days = (EPOCH - timedelta(days=60), EPOCH, EPOCH + timedelta(days=60))
    assert [epochs.of(day) for day in days] == [0, 1, 2]


def test_equal_jobs_of_two_tenants_have_equal_offers() -> None:
    """Whose it is does not matter; how many pictures does."""
    assert facts(a_job()) == facts(a_job(tenant="zeta"))
    assert facts(a_job()) != facts(a_job(images=("", "")))
