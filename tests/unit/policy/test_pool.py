"""Who is taken of the offers for a job, and who would be worth a trial."""

from dataclasses import replace

import pytest

from router.model.ids import JobId
from router.model.latency import Latency
from router.model.offer import Offer, ProviderState
from router.policy.pool import Pool
from router.policy.ruling import ruling
from tests.fakes import a_job, an_offer
from tests.ledger_kit import usd
from tests.policy_files import a_policy

QUICK, SLOW = Latency.stated(7.0, 18.0), Latency.stated(40.0, 70.0)
CHEAP = an_offer(price=usd("0.04"), stated=(8.0, 20.0), latency=SLOW)
DEAR = an_offer(price=usd("0.0875"), provider="runpod", stated=(7.0, 18.0), latency=QUICK)


def pool(*offers: Offer, otherwise: str = "nobody", tried: frozenset[str] = frozenset()) -> Pool:
    """Part offers under a policy that wants them within 30 seconds."""
    policy = a_policy(latency_max={"p95": "30s", "otherwise": otherwise})
    job = a_job(id=JobId("job-14"))
    return Pool(ruling(policy, job, {}), job, offers, tried)


def test_who_is_quick_enough_is_taken_and_who_is_not_says_why() -> None:
    """The order in which they come does not matter."""
    for found in (pool(CHEAP, DEAR), pool(DEAR, CHEAP)):
        assert (found.ordered, found.is_last_resort) == ([DEAR], False)
        assert found.why_not(CHEAP).startswith("is too slow: 95 of 100 jobs take up to 70.0 s")


def test_where_nobody_is_quick_enough_the_fastest_are_a_last_resort() -> None:
    """The fastest first, however dear."""
    slower = replace(CHEAP, latency=Latency.stated(50.0, 90.0))
    found = pool(slower, replace(DEAR, latency=SLOW), otherwise="fastest")

    assert [offer.provider for offer in found.ordered] == ["runpod", "shortapi"]
    assert found.is_last_resort


def test_worth_a_trial_is_who_would_be_first_by_its_price_book() -> None:
    """Not who is first anyway, nor who is set aside."""
    assert pool(CHEAP, DEAR).worth_a_trial() is CHEAP
    assert pool(replace(CHEAP, latency=QUICK), DEAR).worth_a_trial() is None
    assert pool(replace(CHEAP, state=ProviderState.EJECTED), DEAR).worth_a_trial() is None


@pytest.mark.parametrize(("percent", "goes"), [(None, False), (3, True), (10, True)])
def test_of_a_hundred_jobs_so_many_go_to_see(percent: int | None, *, goes: bool) -> None:
    """This one's lot is among the first three."""
    assert (pool(CHEAP, DEAR).trial(percent) is CHEAP) is goes
