import json
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.model.budget import Limit, Usage
from router.model.latency import PERCENTILES, WINDOWS_S, Latency
from router.model.money import Money
from router.model.offer import Offer, ProviderState
from router.policy.choose import choose
from router.policy.evidence import Evidence, as_text, read_evidence, replay
from router.policy.stages import Used
from tests.fakes import EPOCH, a_job, an_offer
from tests.policy_files import a_policy

LEARNT = Latency(
    percentiles_s=tuple(
        tuple(round(4.125 + row + place / 7, 3) for place in range(len(PERCENTILES)))
        for row in range(len(WINDOWS_S))
    ),
    mean_s=6.789,
    samples=41,
    queue_s=0.512,
    execution_s=5.017,
    likely_s=(5.731, 9.064),
)
WHOLE = an_offer(
    price=Money.parse("0.081"),
    list_price=Money.parse("0.0875"),
    state=ProviderState.PROBING,
    aspect_ratio="16:9",
    obstacle="has 7 waiting, so that this job would wait about 21 s and be late",
    busy_s=20.000000000000004,
    stated=(6.0, 15.0),
    latency=LEARNT,
    failing=0.0213,
)
"""Every field is otherwise than by default."""
DAILY = Limit(
    budget="daily",
    scope="tenant:acme",
    window_start=EPOCH,
    window_end=EPOCH + timedelta(days=1),
    limit=Money.parse("12.5"),
    bucket_start=EPOCH + timedelta(hours=3),
    alerts=(80, 100),
)
LIFETIME = Limit(
    budget="ever",
    scope="everyone",
    window_start=None,
    window_end=None,
    limit=Money.parse("99"),
)
USAGE = Usage(
    posted=Money.parse("1.25"),
    presumed=Money.parse("0.175"),
    held=Money.parse("0.08"),
    in_doubt=Money.parse("0.0875"),
)
SECONDS = st.floats(0, 4096).map(lambda found: round(found, 3))
MONEY = st.integers(0, 10**12).map(Money)
TEXTS = st.text(min_size=1, max_size=9)
LATENCIES = st.builds(
    Latency,
    percentiles_s=st.lists(
        st.lists(SECONDS, min_size=len(PERCENTILES), max_size=len(PERCENTILES)).map(tuple),
        min_size=len(WINDOWS_S),
        max_size=len(WINDOWS_S),
    ).map(tuple)
    | st.just(Latency.stated(6.0, 15.0).percentiles_s),
    mean_s=SECONDS,
    samples=st.integers(0, 10_000),
    queue_s=st.none() | SECONDS,
    execution_s=st.none() | SECONDS,
)
OFFERS = st.builds(
    Offer,
    provider=TEXTS,
    model=TEXTS,
    slug=TEXTS,
    price=MONEY,
    list_price=MONEY,
    price_from=st.datetimes().map(lambda at: at.replace(tzinfo=EPOCH.tzinfo)),
    state=st.sampled_from(ProviderState),
    aspect_ratio=st.none() | TEXTS,
    obstacle=st.none() | st.text(),
    busy_s=st.none() | st.floats(0, 1e6),
    stated=st.none() | st.tuples(SECONDS, SECONDS),
    latency=st.none() | LATENCIES,
    failing=st.floats(0, 1).map(lambda share: round(share, 4)),
)


@given(offers=st.lists(OFFERS, max_size=4).map(tuple), tried=st.frozensets(TEXTS, max_size=3))
def test_offers_read_back_are_the_offers(offers: tuple[Offer, ...], tried: frozenset[str]) -> None:
    """To the last digit, whatever they are."""
    evidence = Evidence(offers, tried=tried)

    assert read_evidence(as_text(evidence)) == evidence


@pytest.mark.parametrize("name", [field.name for field in fields(Offer)])
def test_no_field_of_an_offer_is_left_out(name: str) -> None:
    """What differs in one field alone reads back so: a new field must be written, too."""
    plain = Offer(
        provider="runpod",
        model="other",
        slug="its-own",
        price=Money.parse("0.04"),
        list_price=Money.parse("0.05"),
        price_from=EPOCH,
    )
    bent = replace(plain, **{name: getattr(WHOLE, name)})

    (found,) = read_evidence(as_text(Evidence((bent,)))).offers

    assert bent != plain
    assert found == bent


@pytest.mark.parametrize("limit", [DAILY, LIFETIME])
def test_what_was_used_of_budgets_reads_back(limit: Limit) -> None:
    """The limit as it was in force, and each amount of its own kind."""
    evidence = Evidence((WHOLE,), {limit.budget: Used(limit, USAGE)})

    assert read_evidence(as_text(evidence)) == evidence


def test_the_text_is_short_where_little_is_known() -> None:
    """What is as by default is not written, and what is the same over every window but once."""
    stated = Latency.stated(6.0, 15.0)
    offer = an_offer(price=Money.parse("0.04"), latency=stated, stated=(6.0, 15.0))

    written = json.loads(as_text(Evidence((offer,))))

    assert written == {
        "offers": [
            {
                "provider": "shortapi",
                "slug": "google/nano-banana-2/edit",
                "price": "0.04",
                "from": "2026-10-21T09:00:00Z",
                "stated": [6.0, 15.0],
                "latency": [list(stated.percentiles_s[0]), stated.mean_s],
            }
        ],
        "model": "nano-banana-2-edit",
    }


def test_the_text_holds_nothing_of_the_job() -> None:
    """Two providers' offers in full fit into fourteen hundred bytes."""
    evidence = Evidence((WHOLE, replace(WHOLE, provider="runpod")), {"daily": Used(DAILY, USAGE)})

    text = as_text(evidence)

    assert text.isascii()
    assert a_job().prompt not in text
    assert len(text) < 1_400


def test_a_choice_is_made_again_from_what_it_saw() -> None:
    """All that `choose` is told goes through the text."""
    policy, job = a_policy(), a_job()
    offers = (replace(WHOLE, obstacle=None), replace(WHOLE, provider="runpod", obstacle=None))
    chosen = choose(policy, job, offers, tried=frozenset({"shortapi"}))

    seen = Evidence(offers, tried=frozenset({"shortapi"}))

    assert replay(policy, job, read_evidence(as_text(seen))) == chosen
