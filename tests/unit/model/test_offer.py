"""Terms, capabilities, offers and plans: what they say when the price book says nothing."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from router.model.money import Money
from router.model.offer import Candidate, Capability, Decision, Plan, ProviderState, ProviderTerms
from tests.fakes import an_offer


def test_silent_terms_prove_nothing() -> None:
    """A provider whose row says nothing has no free failures, and its amounts are quotes."""
    terms = ProviderTerms(name="shortapi")

    assert not terms.failed_is_free
    assert not terms.cancelled_is_free
    assert terms.amount == "quote"
    assert terms.origin_not_reached == frozenset()
    assert terms.in_doubt_max == Money.parse("2.00")


def test_silent_capabilities_are_modest() -> None:
    """A model whose row says nothing takes no pictures inside a request, and no wish of format."""
    able = Capability()

    assert not able.data_urls
    assert able.output_formats == ()
    assert able.aspect_ratios == ()
    assert not able.aspect_ratio_required


def test_an_offer_serves_unless_it_says_why_not() -> None:
    """Without an obstacle and with a serving provider, an offer stands at its price."""
    offer = an_offer(price=Money.parse("0.081"), list_price=Money.parse("0.0875"))

    assert offer.obstacle is None
    assert offer.state is ProviderState.SERVING
    assert offer.price < offer.list_price


def test_a_plan_is_a_value() -> None:
    """Plans with the same offers and reasons are equal, hash alike and cannot be changed."""
    offer = an_offer(price=Money.parse("0.04"))
    reason = Candidate(provider="runpod", price=Money.parse("0.0875"), verdict="dearer by $0.0475")

    def plan() -> Plan:
        decision = Decision(
            policy="cheapest-first", policy_hash="ab12", rule="lowest_price", candidates=(reason,)
        )
        return Plan(offers=(offer,), decision=decision)

    first: Any = plan()
    assert first == plan()
    assert len({first, plan()}) == 1
    with pytest.raises(FrozenInstanceError):
        first.offers = ()
