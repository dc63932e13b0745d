from router.finance.backtest.fates import fate
from router.finance.backtest.menus import WHOLE, Bid
from router.finance.backtest.past import Happened
from tests.past_jobs import delivered, tried

SHORTAPI = Bid("shortapi", "1k", 40_000_000, 100_000, (100, 140))
RUNPOD = Bid("runpod", "1k", 87_500_000, 20_000, (90, 130))


def test_a_job_that_stays_is_as_it_was() -> None:
    """Its charge, its failovers and its time are real, not expected."""
    past = delivered(tried("shortapi"), tried("runpod", "0.0875"))

    found = fate((SHORTAPI, RUNPOD), past)

    asked = ("shortapi", "runpod")
    assert found == ((0, 87_500_000), WHOLE, WHOLE, ((90, WHOLE),), (), 160, True, asked)


def test_under_the_policy_that_was_in_force_a_job_is_as_it_was_to_its_end() -> None:
    """Who was asked after the first, and at which price, hung on what was seen at that moment."""
    past = delivered(tried("shortapi", charged_nanos=3_000_000), tried("runpod", "0.093"))

    found = fate((SHORTAPI,), past, is_own=True)

    assert found.charges == (3_000_000, 93_000_000)
    assert found.asked == ("shortapi", "runpod")
    assert (found.delivered, found.failovers, found.is_known) == (WHOLE, WHOLE, True)
    assert not fate((RUNPOD,), past, is_own=True).is_known
    assert not fate((RUNPOD,), Happened(is_denied=True), is_own=True).is_known


def test_a_job_that_would_have_gone_on_less_far_is_not_as_it_was() -> None:
    """It ends with the failure that it had, and without the image that it had in the end."""
    found = fate((SHORTAPI,), delivered(tried("shortapi"), tried("runpod", "0.0875")))

    assert (found.charges, found.delivered, found.is_known) == ((0,), 0, False)


def test_a_failure_costs_what_it_may() -> None:
    """Where failures are not free the price; and where nobody pays twice, it is the last."""
    costly = SHORTAPI._replace(lost=40_000_000)

    assert fate((costly, RUNPOD), None).charges == (40_000_000, 8_575_000)
    last = fate((costly._replace(is_last=True), RUNPOD), None)
    assert (last.charges, last.delivered, last.asked) == ((40_000_000,), 900_000, ("shortapi",))


def test_a_charge_that_was_not_the_price_stays_what_it_was() -> None:
    """Drift is a fact; only another price than was quoted makes another charge."""
    drifted = delivered(tried("shortapi", "0.047", quoted_nanos=40_000_000))
    cheaper = SHORTAPI._replace(nanos=31_000_000)

    assert fate((SHORTAPI,), drifted).charges == (47_000_000,)
    assert fate((cheaper,), drifted).charges == (31_000_000,)
    assert not fate((cheaper,), drifted).is_known
    assert fate((cheaper,), delivered(tried("shortapi", "0.047", quoted_nanos=None))).is_known


def test_another_provider_is_expected() -> None:
    """It fails as often as it was failing, costs its price if not, and is followed by the next."""
    found = fate((RUNPOD, SHORTAPI), Happened(is_denied=True))

    assert found.charges == (85_750_000, 40_000_000 * 18_000 // WHOLE)
    assert found.delivered == 980_000 + 18_000
    assert found.failovers == 20_000
    assert found.paces == (((90, 130), 980_000), ((100, 140), 18_000))
    assert not found.is_known
    assert fate((RUNPOD, SHORTAPI), None) == found


def test_the_next_provider_may_be_one_that_it_was_tried_at() -> None:
    """Then it has the outcome that it had there, and the time of that attempt."""
    found = fate((RUNPOD, SHORTAPI), delivered(tried("shortapi", "0.04")))

    assert found.charges == (85_750_000, 800_000)
    assert (found.delivered, found.took) == (WHOLE, ((80, 20_000),))


def test_somebody_who_was_left_is_asked() -> None:
    """The job failed because nobody else was allowed; this policy allows one more."""
    past = Happened(attempts=(tried("shortapi"),))

    assert fate((SHORTAPI,), past) == ((0,), 0, 0, (), (), 80, True, ("shortapi",))
    found = fate((SHORTAPI, RUNPOD), past)
    assert found.charges == (0, 85_750_000)
    assert found.failovers == WHOLE


def test_money_that_may_be_gone_ends_a_job_as_it_did() -> None:
    """Whether a second charge was risked hung on more than the plan."""
    doubtful = tried("shortapi", charged_nanos=40_000_000)
    ended = Happened(attempts=(doubtful,))
    went_on = delivered(doubtful, tried("runpod", "0.0875"))

    assert fate((SHORTAPI, RUNPOD), ended).charges == (40_000_000,)
    assert fate((SHORTAPI, RUNPOD), went_on).charges == (40_000_000, 87_500_000)


def test_a_job_that_ended_by_its_own_fault_does_so_anywhere() -> None:
    """Both sell the same model: what was charged for it is taken over."""
    refused = Happened(attempts=(tried("shortapi", charged_nanos=3_000_000),), stands=True)

    elsewhere = fate((RUNPOD, SHORTAPI), refused)
    assert elsewhere == ((3_000_000,), 0, 0, (), (), 0, False, ("runpod",))
    assert fate((SHORTAPI, RUNPOD), refused).is_known


def test_another_resolution_is_another_edit() -> None:
    """What a 1k cost and took says nothing of a 2k."""
    found = fate((SHORTAPI._replace(resolution="2k"),), delivered(tried("shortapi", "0.04")))

    assert not found.is_known


def test_a_failure_of_then_leads_to_somebody_new() -> None:
    """Tried in another order, the attempt that failed fails again."""
    past = delivered(tried("shortapi"), tried("other", "0.05"))

    found = fate((SHORTAPI, RUNPOD), past)

    assert (found.charges, found.failovers) == ((0, 85_750_000), WHOLE)


def test_nothing_is_known_of_an_unknown_pace() -> None:
    """Money is expected all the same."""
    assert fate((SHORTAPI._replace(pace=None),), None).paces == ()
    assert (
        fate((SHORTAPI,), Happened(attempts=(tried("shortapi", "0.04", tenths=None),))).took == ()
    )
    other = delivered(tried("runpod"), tried("shortapi", "0.04", tenths=None))
    assert fate((SHORTAPI,), other).took == ()
