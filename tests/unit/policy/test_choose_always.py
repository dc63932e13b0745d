"""What holds of every choice: whatever is drawn of policies, jobs and offers."""

import math
from collections import Counter
from dataclasses import dataclass, replace

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from router.model.ids import JobId
from router.model.job import Job, Resolution
from router.model.latency import Latency
from router.model.money import Money
from router.model.offer import Offer, Plan, ProviderState
from router.policy.choose import choose
from router.policy.evidence import Evidence, as_text, read_evidence, replay
from router.policy.latencies import Otherwise
from router.policy.policy import Policy
from router.policy.ruling import Ruling, ruling
from router.policy.stages import Standing
from tests.fakes import a_job, an_offer
from tests.policy_files import a_policy
from tests.policy_stages import standing

EJECTED = ProviderState.EJECTED
QUICK, SLOW = Latency.stated(6.0, 15.0), Latency.stated(12.0, 40.0)
# Few enough cents that prices tie and maxima bite.
CENTS = st.integers(1, 4).map(lambda cents: Money(cents * 10_000_000))
OFFERS = st.lists(
    st.builds(
        lambda provider, price, state, obstacle, stated, latency, failing: an_offer(
            provider=provider,
            price=price,
            state=state,
            obstacle=obstacle,
            stated=stated,
            latency=latency,
            failing=failing,
        ),
        st.sampled_from("abcde"),
        CENTS,
        st.sampled_from(ProviderState),
        st.sampled_from([None, None, "cannot"]),
        st.sampled_from([None, (4.0, 9.0), (12.0, 40.0)]),
        st.sampled_from([None, QUICK, SLOW, Latency.stated(2.0, 60.0)]),
        st.sampled_from([0.0, 0.02, 0.5]),
    ),
    min_size=1,
    unique_by=lambda offer: offer.provider,
)
PREFERENCES = st.sampled_from(
    [
        "lowest_price",
        "lowest_latency",
        {"value_of_second": "$0.002"},
        {"failure_costs": "$0.03"},
        {"value_of_second": "$0.001", "failure_costs": "$0.07"},
        {"weights": {"a": "1", "c": "5", "e": "2"}},
    ]
) | st.lists(st.sampled_from("abcde"), min_size=1, unique=True).map(lambda order: {"order": order})
LIMITS = st.none() | st.builds(
    lambda percentile, limit, over, otherwise: {
        percentile: limit,
        "over": over,
        "otherwise": otherwise,
    },
    st.sampled_from(["p50", "p95", "p99"]),
    st.sampled_from(["15s", "20s", "45s"]),
    st.sampled_from(["15m", "1d"]),
    st.sampled_from(["nobody", "fastest"]),
)
RULES = st.lists(
    st.builds(
        lambda when, prefer, price_max, latency_max, most: {
            "name": f"r{when}",
            "when": {"resolution": ["1k", "2k"]} if when else {"tag": {"team": "ads"}},
            "prefer": prefer,
            "price_max": price_max,
            "latency_max": latency_max,
            "failover": {"providers_max": str(most)},
        },
        st.booleans(),
        st.none() | PREFERENCES,
        st.none() | CENTS,
        LIMITS,
        st.integers(1, 4),
    ),
    max_size=2,
    unique_by=lambda rule: str(rule["name"]),
)
EXPLORER, OTHER = JobId("job-14"), JobId("job-1")
"""Of a hundred ids ten explore at most: the one does then, the other never."""


STAGES = st.lists(
    st.sampled_from(
        [
            {"when": "50% of monthly is used", "prefer": "lowest_latency"},
            {"when": "60% of monthly is used", "prefer": {"order": ["b", "d"]}},
            {"when": "70% of monthly is used", "price_max": "$0.02"},
            {"when": "80% of monthly is used", "resolution_max": "2k"},
            {"when": "95% of monthly is used", "stop": "true"},
        ]
    ),
    max_size=3,
)


@dataclass(frozen=True)
class Choice:
    """What was chosen from, and twice what came of it: of two orders of the offers."""

    policy: Policy
    job: Job
    offers: list[Offer]
    tried: frozenset[str]
    used: Standing
    plan: Plan
    of_shuffled: Plan

    @property
    def by(self) -> Ruling:
        """What of the policy applies."""
        return ruling(self.policy, self.job, self.used)

    @property
    def trial(self) -> Offer | None:
        """Who is asked to see whether it is as quick again, if the job goes to see."""
        first = next(iter(self.plan.decision.candidates), None)
        is_trial = first is not None and first.verdict.startswith("chosen to see")
        return self.plan.offers[0] if is_trial else None

    @property
    def others(self) -> list[Offer]:
        """Those of the plan that are not asked to see."""
        return [offer for offer in self.plan.offers if offer is not self.trial]


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    """Choose twice from the same offers, in two orders of them; half of the jobs may go to see."""
    sees = draw(st.booleans())
    policy = a_policy(
        prefer=draw(PREFERENCES),
        price_max=draw(st.none() | CENTS),
        latency_max=draw(LIMITS),
        explore="10%" if sees else draw(st.sampled_from([None, "10%"])),
        rules=draw(RULES),
        stages=draw(STAGES),
        failover={"providers_max": str(draw(st.integers(1, 4)))},
    )
    resolution = draw(st.sampled_from(Resolution))
    job = a_job(
        id=EXPLORER if sees else OTHER,
        price_max=draw(st.none() | CENTS),
        resolution=resolution,
        tags=draw(st.sampled_from([(), (("team", "ads"),)])),
    )
    used = standing(policy, monthly=str(draw(st.integers(20, 70))))
    tried = draw(st.frozensets(st.sampled_from("abcde"), max_size=0 if sees else 3))
    offers = draw(OFFERS)
    shuffled = draw(st.permutations(offers))
    return Choice(
        *(policy, job, offers, tried, used),
        choose(policy, job, offers, tried=tried, standing=used),
        choose(policy, job, shuffled, tried=tried, standing=used),
    )


def _check_latency(choice: Choice) -> None:
    """Nobody is too slow, unless the fastest will do; then none that serves is quick enough."""
    most, others = choice.by.latency_max and choice.by.latency_max[0], choice.others
    if most is None or not any(most.objection(offer, "policy") for offer in others):
        return
    assert most.otherwise is Otherwise.FASTEST
    losers = [offer for offer in choice.offers if offer not in choice.plan.offers]
    slowest = max(most.seconds(offer) or math.inf for offer in others)
    for offer in losers:
        serves = offer.obstacle is None and offer.state is others[0].state
        verdicts = {one.provider: one.verdict for one in choice.plan.decision.candidates}
        if serves and "not used" in verdicts[offer.provider]:
            assert (most.seconds(offer) or math.inf) >= slowest


def _cases(choice: Choice) -> set[str]:
    """What a choice is a case of, beside the usual."""
    trial, rule = choice.trial, choice.plan.decision.rule
    first = next(iter(choice.plan.offers), None)
    found = {
        "a rule": bool(choice.plan.offers) and rule.startswith("r"),
        "the fastest": first not in {None, trial} and choice.by.too_slow(choice.others[0]),
        "to see": trial is not None,
        "to see who is too slow": trial is not None and choice.by.too_slow(trial),
        "to see by a rule": trial is not None and rule.startswith("r"),
    }
    return {name for name, holds in found.items() if holds}


def test_the_choices_that_are_drawn_come_to_every_case() -> None:
    """What the properties below say, they say of rules, too, and of jobs that go to see."""
    seen: Counter[str] = Counter()

    @settings(max_examples=500, derandomize=True, database=None, phases=[Phase.generate])
    @given(choice=choices())
    def look(choice: Choice) -> None:
        seen.update(_cases(choice))

    look()

    assert len(seen) == 5
    assert min(seen.values()) >= 3, seen


@given(choice=choices())
def test_the_order_of_the_offers_does_not_matter(choice: Choice) -> None:
    """However the survey lists them, plan and reasons are the same."""
    assert choice.plan == choice.of_shuffled


@given(choice=choices())
def test_what_does_not_qualify_is_never_in_the_plan(choice: Choice) -> None:
    """No obstacle, no price above a maximum, nobody whom the policy leaves out, no second try."""
    maxima = [most for most, _ in choice.by.price_maxima]

    for offer in choice.plan.offers:
        assert offer.obstacle is None
        assert all(offer.price <= most for most in maxima)
        assert choice.by.prefer.objection(offer) is None
        assert offer.provider not in choice.tried
        assert choice.by.halt is None
    most = choice.by.failover.providers_max
    assert len(choice.plan.offers) + len(choice.tried) <= max(most, len(choice.tried))
    _check_latency(choice)


@given(choice=choices())
def test_only_who_would_be_first_as_stated_is_asked_to_see(choice: Choice) -> None:
    """A job that may go to see goes to a healthy offer, quick as its price book says, and once."""
    trial = choice.trial
    if trial is None:
        return
    as_stated = replace(trial, latency=trial.stated and Latency.stated(*trial.stated))

    assert (choice.policy.explore, choice.job.id, choice.tried) == (10, EXPLORER, frozenset())
    assert trial.state is not EJECTED
    assert choice.by.too_slow(as_stated) is None
    without = choose(
        choice.policy.model_copy(update={"explore": None}),
        choice.job,
        choice.offers,
        standing=choice.used,
    )
    assert without.offers[:1] != (trial,)
    assert [one for one in without.offers if one != trial][: len(choice.others)] == choice.others


@given(choice=choices())
def test_an_ejected_provider_serves_only_where_nobody_else_can(choice: Choice) -> None:
    """Never beside a healthy one, save who is asked to see, nor while a healthy one qualifies."""
    by = choice.by
    ejected = {offer.state is EJECTED for offer in choice.others}

    assert len(ejected) <= 1
    if True in ejected:
        assert not [
            offer
            for offer in choice.offers
            if offer.state is not EJECTED
            and choose(
                choice.policy, choice.job, [offer], tried=choice.tried, standing=choice.used
            ).offers
            # Who is merely the fastest of those that are too slow gives way to an ejected one.
            and by.too_slow(offer) is None
        ]


@given(choice=choices())
def test_every_offer_has_a_verdict(choice: Choice) -> None:
    """Each offer is a candidate once, the plan's first; and winners' words are winners' alone."""
    candidates, planned = choice.plan.decision.candidates, len(choice.plan.offers)
    names = [candidate.provider for candidate in candidates]

    assert sorted(names) == sorted(offer.provider for offer in choice.offers)
    assert names[:planned] == [offer.provider for offer in choice.plan.offers]
    assert all(candidate.verdict not in {"", "None"} for candidate in candidates)
    won = [one.verdict.startswith("chosen") for one in candidates]
    assert won == [place == 0 and planned > 0 for place in range(len(candidates))]
    comes = [one.verdict.startswith("next if") for one in candidates]
    assert comes == [0 < place < planned for place in range(len(candidates))]


@given(choice=choices())
def test_a_choice_is_the_same_when_it_is_made_of_what_was_stored(choice: Choice) -> None:
    """Evidence goes through its text and back, whatever the policy looks at."""
    seen = Evidence(tuple(choice.offers), choice.used, choice.tried)

    assert replay(choice.policy, choice.job, read_evidence(as_text(seen))) == choice.plan
