"""From offers to tenders: attempts that could be made, and what they must fit."""

import random
from datetime import timedelta

from router.dispatch.tendering import HORIZON_MARGIN_S, horizon, offer_of, tenders
from router.model.ids import Ids
from router.model.job import AttemptState
from router.model.offer import ProviderTerms
from tests.fakes import EPOCH, FakeClock, a_job, an_offer
from tests.ledger_kit import usd
from tests.policy_files import a_policy

OFFERS = (
    an_offer(price=usd("0.04"), aspect_ratio="16:9"),
    an_offer(price=usd("0.0875"), provider="runpod", slug="google-nano-banana-2-edit"),
)
IDS = Ids(FakeClock(), random.Random(3))


def test_each_offer_is_one_attempt_that_could_be_made() -> None:
    """Tenders keep the plan's order, share the attempt's id, and pin price, ratio and horizon."""
    made = tenders(
        a_policy(),
        a_job(),
        OFFERS,
        number=2,
        dearest=usd("0.175"),
        cheapest=usd("0.039"),
        ids=IDS,
        at=EPOCH,
    )
    first, second = (tender.attempt for tender in made)
    assert first.id == second.id == f"{a_job().id}.2"
    assert (first.provider, second.provider) == ("shortapi", "runpod")
    assert (first.quoted, first.dearest, first.aspect_ratio) == (
        usd("0.04"),
        usd("0.175"),
        "16:9",
    )
    assert (second.cheapest, second.key_id) == (usd("0.039"), a_job().key_id)
    assert first.callback_token != second.callback_token
    assert first.state is AttemptState.HELD
    assert first.horizon_at == EPOCH + timedelta(seconds=3600 + 1800 + HORIZON_MARGIN_S)


def test_paying_twice_binds_the_days_limit_as_well() -> None:
    """The double-spend budget is a limit only of attempts beside money that may be gone."""
    plain, twice = (
        tenders(
            a_policy(),
            a_job(),
            OFFERS[:1],
            number=2,
            dearest=usd("0.09"),
            ids=IDS,
            at=EPOCH,
            pays_twice=pays_twice,
        )[0]
        for pays_twice in (False, True)
    )
    assert [limit.budget for limit in plain.limits] == ["monthly"]
    assert [limit.budget for limit in twice.limits] == ["monthly", "double-spend"]


def test_the_budgets_in_force_bind() -> None:
    """Those of a younger policy than the job's; its terms are still the job's."""
    younger = a_policy(budgets=[{"name": "new", "who": "everyone", "limit": "$9", "per": "day"}])
    made = tenders(
        a_policy(),
        a_job(),
        OFFERS[:1],
        number=1,
        dearest=usd("0.09"),
        ids=IDS,
        at=EPOCH,
        in_force=younger,
    )
    assert [limit.budget for limit in made[0].limits] == ["new"]


def test_the_horizon_is_the_jobs_whole_life_there_and_a_margin() -> None:
    """Until its life, its retention and a margin are over, a provider may still tell."""
    terms = ProviderTerms(name="p", job_ttl_s=600.0, retention_s=60.0)
    assert horizon(EPOCH, terms) - EPOCH == timedelta(seconds=660 + HORIZON_MARGIN_S)


def test_an_attempt_knows_the_offer_it_was_made_on() -> None:
    """What is sent after a restart is what was offered before it."""
    [tender] = tenders(
        a_policy(), a_job(), OFFERS[:1], number=1, dearest=usd("0.05"), ids=IDS, at=EPOCH
    )
    assert offer_of(tender.attempt) == OFFERS[0]
