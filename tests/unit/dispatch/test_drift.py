"""Prices that proved wrong."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from router.dispatch.drift import Above, PriceWatch
from router.model.errors import NobodyQualifies
from router.model.job import AttemptState, JobState, Resolution
from router.policy.policy import Policy
from router.policy.price_rows import OfferRow
from tests.fakes import an_offer
from tests.ledger_kit import an_attempt_row, usd
from tests.policy_files import a_policy
from tests.stage import Act, Stage, play, reported

OFFER = an_offer(price=usd("0.04"))
ONLY_RUNPOD: Policy = a_policy(prefer={"order": ["runpod"]})


def charged(amount: str, told: list[Above] | None = None) -> PriceWatch:
    """A watch that saw one charge for a quote of four cents, and who it tells."""
    watch = PriceWatch() if told is None else PriceWatch(told.append)
    see(watch, amount)
    return watch


def see(watch: PriceWatch, amount: str, row: OfferRow | None = None) -> None:
    """Show it a posting, of a row of the price book."""
    attempt = an_attempt_row(
        price=usd("0.04"),
        provider=OFFER.provider,
        slug=OFFER.slug if row is None else row.slug,
        price_from=OFFER.price_from if row is None else row.starts,
        state=AttemptState.POSTED,
        posted=min(usd(amount), usd("0.40")),
        reported_amount=usd(amount),
    )
    watch.settled(attempt)


def test_one_charge_above_the_price_may_be_a_slip() -> None:
    """The offer still sells."""
    assert charged("0.05").obstacle(OFFER, Resolution.ONE_K) is None


def test_a_second_one_in_a_row_stops_the_offer() -> None:
    """It says what to do about it."""
    watch = charged("0.05")
    see(watch, "0.06")

    told = watch.obstacle(OFFER, Resolution.ONE_K)

    assert told == "charged more than $0.04 2 times in a row: the price book needs a newer row"


def test_a_charge_at_the_price_or_below_starts_the_count_anew() -> None:
    """Only charges in a row prove a price wrong."""
    watch = charged("0.05")
    see(watch, "0.03")
    see(watch, "0.07")

    assert watch.obstacle(OFFER, Resolution.ONE_K) is None


def test_another_resolution_or_a_newer_price_is_another_offer() -> None:
    """A correction in the price book lets the offer sell again."""
    watch = charged("0.05")
    see(watch, "0.06")
    newer = replace(OFFER, price_from=OFFER.price_from.replace(year=2031))

    assert watch.obstacle(OFFER, Resolution.TWO_K) is None
    assert watch.obstacle(newer, Resolution.ONE_K) is None


def test_people_are_told_in_the_moment_that_an_offer_is_stopped() -> None:
    """Once, and again when it is stopped again; with what it was and what helps."""
    told: list[Above] = []
    watch = charged("0.05", told)
    assert told == []
    for amount in ("0.06", "0.07", "0.03", "0.08"):
        see(watch, amount)
    (one,) = told
    assert one.words == (
        "shortapi is not asked for nano-banana-2-edit at 1k any more: "
        "charged more than $0.04 2 times in a row: the price book needs a newer row; "
        "farebox prices propose writes it"
    )
    assert [str(charge.reported_amount) for charge in one.charges] == ["0.06", "0.05"]
    see(watch, "0.09")

    assert [one.times for one in told] == [2, 2]


def test_what_is_stopped_is_shown_until_the_price_book_has_a_newer_row() -> None:
    """Or sells it no more; a provider of the book without any is counted, too."""
    watch, prices = charged("0.05"), a_policy().prices
    (row,) = (one for one in prices.offers_listed if one.provider == OFFER.provider)
    at = row.starts + timedelta(days=1)
    see(watch, "0.06", row)
    assert watch.stopped(prices, at) == ()
    see(watch, "0.07", row)

    (stopped,) = watch.stopped(prices, at)

    assert (stopped.provider, stopped.resolution, stopped.price, stopped.times) == (
        *(OFFER.provider, Resolution.ONE_K, usd("0.04")),
        2,
    )
    assert watch.count_stopped(prices, at) == {OFFER.provider: 1, "runpod": 0}
    rows = [one for one in prices.offers_listed if one is not row]
    newer = (row, row.model_copy(update={"starts": at}))
    off = (row.model_copy(update={"switched_on": False}),)
    for own in (newer, off):
        book = prices.model_copy(update={"offers_listed": (*rows, *own)})
        assert watch.stopped(book, at) == ()


def test_what_is_not_posted_says_nothing_of_a_price() -> None:
    """A void is no cheap charge."""
    watch = charged("0.05")
    watch.settled(an_attempt_row(price=usd("0.04"), state=AttemptState.VOIDED))
    see(watch, "0.06")

    assert watch.obstacle(OFFER, Resolution.ONE_K) is not None


def test_what_nobody_was_told_says_nothing_of_a_price() -> None:
    """Neither a price that was assumed, nor what a person has posted from a bill."""
    watch = charged("0.05")
    by_hand = an_attempt_row(price=usd("0.04"), state=AttemptState.POSTED, posted=usd("0.39"))
    watch.settled(by_hand)
    assert watch.obstacle(OFFER, Resolution.ONE_K) is None
    see(watch, "0.06")

    assert watch.obstacle(OFFER, Resolution.ONE_K) is not None


def test_an_amount_that_nobody_believes_stops_the_offer_as_well(tmp_path: Path) -> None:
    """The price is posted, people are told at once, and the second one is the last."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["runpod"] = [Act(charge=reported(one)) for one in ("5.00", "6.00")]
        for _ in range(2):
            await stage.see(await stage.submit())
        assert await stage.used() == usd("0.175")
        assert sorted(stage.audience.alarms) == [*["charge_not_believed"] * 2, "offer_stopped"]
        await _is_stopped(stage)

    play(tmp_path, story, policy=ONLY_RUNPOD)


def test_an_offer_that_overcharges_is_stopped_even_if_it_is_the_last(tmp_path: Path) -> None:
    """Two bills above the price, both booked in full; then nothing is bought there any more."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["runpod"] = [Act(charge=reported(one)) for one in ("0.091", "0.093")]
        for _ in range(2):
            view = await stage.see(await stage.submit())
            assert view.row.state is JobState.SUCCEEDED
        assert await stage.used() == usd("0.184")
        assert stage.audience.alarms == ["offer_stopped"]
        await _is_stopped(stage)

        await stage.restart()

        await _is_stopped(stage)
        assert stage.audience.alarms == ["offer_stopped"], "nobody is told again"
        two_k = await stage.see(await stage.submit(resolution=Resolution.TWO_K))
        assert two_k.charged == usd("0.13")

    play(tmp_path, story, policy=ONLY_RUNPOD)


async def _is_stopped(stage: Stage) -> None:
    with pytest.raises(NobodyQualifies, match="the price book needs a newer row"):
        await stage.submit()
