from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router.finance.backtest.menus import WHOLE, Menu, Size, menu, pace_of, thresholds
from router.finance.backtest.offers import book_offers
from router.finance.backtest.scenarios import Scenario, scenarios
from router.model.budget import Limit, Usage
from router.model.job import Job, Resolution
from router.model.latency import Latency
from router.model.money import Money
from router.model.offer import Offer, ProviderState
from router.policy.choose import choose
from router.policy.downshift import at_each_resolution
from router.policy.policy import Policy
from router.policy.scopes import JobFacts
from router.policy.stages import Used
from tests.fakes import EPOCH, a_job, an_offer
from tests.ledger_kit import usd
from tests.policy_files import PRICES, a_policy

STAGES = [
    {"when": "50% of monthly is used", "prefer": {"order": ["runpod", "shortapi"]}},
    {"when": "80% of monthly is used", "price_max": "$0.10"},
    {"when": "80% of daily is used", "resolution_max": "1k"},
    {"when": "95% of monthly is used", "stop": True},
]
BUDGETS = [
    {"name": "monthly", "who": "everyone", "limit": "$70.00", "per": "month"},
    {
        "name": "daily",
        "who": {"tenant": "acme"},
        "limit": "$8.00",
        "per": "day",
        "on_limit": "downshift",
    },
]


def staged() -> Policy:
    """A policy with stages on two budgets, one of which downshifts."""
    return a_policy(stages=STAGES, budgets=BUDGETS)


def menu_of(policy: Policy, job: Job, place: int = 0) -> Menu:
    """What a scenario could choose, of the price book alone."""
    limits = policy.staging_limits(JobFacts.of(job), EPOCH)
    return menu(scenarios(policy)[place], job, offers_of(policy, job), limits)


def offers_of(policy: Policy, job: Job) -> Mapping[Resolution, Sequence[Offer]]:
    """The price book's, at each resolution."""
    return {one.resolution: book_offers(policy.prices, one) for one in at_each_resolution(job)}


def test_without_stages_there_is_one_choice() -> None:
    """In the plan's order, with all that it takes to go on from there."""
    policy, job = a_policy(), a_job()
    latency = Latency.stated(7.0, 20.0)
    offers = [
        an_offer(price=usd("0.04"), failing=0.0123, latency=latency),
        an_offer(price=usd("0.0875"), provider="runpod"),
    ]

    found = menu(Scenario("thrift", policy), job, {Resolution.ONE_K: offers}, {})

    (size,) = found.at(())
    assert [bid[:4] for bid in size.bids] == [
        ("shortapi", "1k", 40_000_000, 12_300),
        ("runpod", "1k", 87_500_000, 0),
    ]
    assert [bid.pace for bid in size.bids] == [pace_of(latency), None]
    assert WHOLE == 1_000_000


def test_a_failover_is_chosen_for_again() -> None:
    """Who was set aside, and so stood in no plan, is the last resort; it is taken to fail too."""
    job = a_job()
    down = an_offer(price=usd("0.04"), state=ProviderState.EJECTED, failing=0.03)
    offers = {Resolution.ONE_K: [down, an_offer(price=usd("0.0875"), provider="runpod")]}

    def size_of(**keys: Any) -> Size:
        return menu(Scenario("thrift", a_policy(**keys)), job, offers, {}).at(())[0]

    assert [bid.provider for bid in size_of().bids] == ["runpod"]
    assert [(bid.provider, bid.failing) for bid in size_of().then] == [("shortapi", WHOLE)]
    assert size_of(failover={"providers_max": 1}).then == ()
    assert size_of(prefer={"order": ["runpod"]}).then == ()


def test_a_failure_costs_the_price_where_nobody_says_that_it_is_free() -> None:
    """And is the last where nobody pays twice; who is set aside charges nothing."""
    offers = [an_offer(price=usd("0.04")), an_offer(price=usd("0.0875"), provider="runpod")]
    down = [replace(one, state=ProviderState.EJECTED) for one in offers]

    def lost(seen: list[Offer], double_spend_max: str) -> list[tuple[int, bool]]:
        failover = {"providers_max": 2, "double_spend_max": double_spend_max}
        scenario = Scenario("thrift", a_policy(failover=failover))
        (size,) = menu(scenario, a_job(), {Resolution.ONE_K: seen}, {}).at(())
        return [(bid.lost, bid.is_last) for bid in size.bids]

    assert lost(offers, "$2.00 per day") == [(40_000_000, False), (0, False)]
    assert lost(offers, "$0") == [(40_000_000, True), (0, False)]
    assert lost(down, "$0") == [(0, False), (0, False)]


def test_thresholds_are_those_that_stages_name() -> None:
    """Each once, the lowest first."""
    assert thresholds(staged()) == {"daily": (80,), "monthly": (50, 80, 95)}
    assert thresholds(a_policy()) == {}


def test_every_state_of_the_stages_has_its_choice() -> None:
    """Two thresholds of one budget and four of another, at each resolution."""
    found = menu_of(staged(), a_job(resolution=Resolution.TWO_K))

    assert found.staged == ("daily", "monthly")
    assert {levels for levels, _ in found.choices} == {(d, m) for d in (0, 1) for m in range(4)}
    first = {levels: sizes[0] for levels, sizes in found.choices}
    assert [bid.provider for bid in first[0, 0].bids] == ["shortapi", "runpod"]
    assert [bid.provider for bid in first[0, 1].bids] == ["runpod", "shortapi"]
    assert [bid.provider for bid in first[0, 2].bids] == ["shortapi"]
    assert (first[1, 0].bids, first[1, 0].budget, first[1, 0].goes_on) == ((), "daily", True)
    assert (first[0, 3].budget, first[0, 3].goes_on) == ("monthly", False)
    assert first[1, 0].nanos == 60_000_000
    assert [bid.resolution for bid in found.at((1, 0))[1].bids] == ["1k", "1k"]


def test_a_budget_that_does_not_bind_reaches_nothing() -> None:
    """Another tenant's day has no stages."""
    assert menu_of(staged(), a_job(tenant="zeta")).staged == ("monthly",)


def test_nobody_has_a_reason() -> None:
    """By provider; a model that nobody sells has nobody to tell of."""
    (size,) = menu_of(a_policy(), a_job(price_max=usd("0.01"))).at(())
    (unsold,) = menu_of(a_policy(), a_job(model="other")).at(())

    assert size.why.startswith("runpod costs $0.0875, above this job's maximum of $0.01; shortapi")
    assert (unsold.why, unsold.budget) == ("nobody sells it", None)


def test_a_provider_alone_has_no_stages() -> None:
    """Its sizes are still those that a budget may shrink to."""
    found = menu_of(staged(), a_job(resolution=Resolution.FOUR_K), place=1)

    assert found.staged == ()
    assert [[bid.provider for bid in size.bids] for size in found.at(())] == [["runpod"]] * 3


@given(
    used=st.tuples(st.integers(0, 8_000_000_000), st.integers(0, 70_000_000_000)),
    resolution=st.sampled_from(list(Resolution)),
)
def test_what_was_found_beforehand_is_what_is_chosen_then(
    used: tuple[int, int], resolution: Resolution
) -> None:
    """Whatever is used of the budgets, the real choice is the one that stands in the menu."""
    policy, job = staged(), a_job(resolution=resolution)
    limits = policy.staging_limits(JobFacts.of(job), EPOCH)
    standing = {
        name: Used(limits[name], Usage(posted=Money(nanos)))
        for name, nanos in zip(("daily", "monthly"), used, strict=True)
    }
    found = menu_of(policy, job)

    levels = tuple(
        sum(standing[name].reaches(percent) for percent in thresholds(policy)[name])
        for name in found.staged
    )
    sizes = dict(zip(at_each_resolution(job), found.at(levels), strict=True))
    for one, size in sizes.items():
        plan = choose(policy, one, offers_of(policy, job)[one.resolution], standing=standing)
        assert [(bid.provider, bid.nanos) for bid in size.bids] == [
            (offer.provider, offer.price.nanos) for offer in plan.offers
        ]


OFFERS = st.tuples(
    *(
        st.builds(
            an_offer,
            provider=st.just(name),
            price=st.sampled_from([usd("0.03"), usd("0.05"), usd("0.09")]),
            state=st.sampled_from(list(ProviderState)),
            stated=st.sampled_from([None, (5.0, 11.0)]),
            latency=st.sampled_from([None, Latency.stated(5.0, 11.0), Latency.stated(20.0, 61.0)]),
            obstacle=st.sampled_from([None, None, None, "is too busy"]),
        )
        for name in ("runpod", "shortapi", "third")
    )
)


@given(
    offers=OFFERS,
    providers_max=st.integers(1, 4),
    otherwise=st.sampled_from(["fastest", "nobody"]),
    number=st.integers(0, 30),
)
def test_failovers_go_where_choosing_again_after_each_sends_them(
    offers: Sequence[Offer], providers_max: int, otherwise: str, number: int
) -> None:
    """One after the other, without who was tried; also for a job that explores."""
    policy = a_policy(
        prices=PRICES.replace("offers:", "  - {provider: third, source: its page}\noffers:"),
        failover={"providers_max": providers_max},
        latency_max={"p95": "30s", "over": "1h", "otherwise": otherwise},
        explore="10%",
    )
    job = a_job(id=f"job-{number}")
    (size,) = menu(Scenario("thrift", policy), job, {job.resolution: offers}, {}).at(())

    tried: list[str] = []
    while plan := choose(policy, job, offers, tried=frozenset(tried)).offers:
        tried.append(plan[0].provider)
    assert [bid.provider for bid in (*size.bids[:1], *size.then)] == tried


def test_a_limit_of_nothing_is_used_up() -> None:
    """The synthetic limit behind a menu has nothing to do with the real one's size."""
    limit = Limit(
        budget="monthly", scope="everyone", window_start=None, window_end=None, limit=Money.ZERO
    )
    job = a_job(tenant="zeta")

    found = menu(scenarios(staged())[0], job, offers_of(staged(), job), {"monthly": limit})

    assert len(found.choices) == 4
