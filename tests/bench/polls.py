"""
Polls: how long after its end a job is noticed, times how often it was asked after.

Beside the least lag that any schedule could have with as many polls, which is found by dynamic
programming (`tests/polls.py`), and beside polling once a second and once every five. Ours once
knowing how long such jobs take, and once having learnt it from 500 of them.
"""

import math
import random
from datetime import timedelta

from rich.console import Console
from rich.table import Table

from router.dispatch.latency import Latencies
from router.ledger.views import TimedRow
from router.model.durations import Distribution
from router.model.job import Resolution
from router.upstream.polling import Schedule
from tests.fakes import EPOCH, an_offer
from tests.ledger_kit import usd
from tests.polls import MEDIAN_S, Pause, Polled, fixed_pauses, optimum_of_as_many, tried_by

SIGMAS = (0.2, 0.4, 0.7)
LEARNT_FROM = 500
_P95 = 1.6448536269514722


def measure() -> None:
    """Try each schedule, and print one table."""
    table = Table(title=f"Polls of jobs that take {MEDIAN_S:g} s (lognormal), on average of a job")
    for heading in ("sigma", "polled", "lag, s", "polls", "lag x polls", "optimum", "above it"):
        table.add_column(heading, justify="left" if heading == "polled" else "right")
    for sigma in SIGMAS:
        p95_s = MEDIAN_S * math.exp(_P95 * sigma)
        tried: dict[str, Schedule | Pause] = {
            "ours, knowing": Schedule(Distribution.lognormal(MEDIAN_S, p95_s)),
            f"ours, learnt from {LEARNT_FROM}": Schedule(learnt(sigma)),
            "every second": fixed_pauses(1.0),
            "every 5 seconds": fixed_pauses(5.0),
        }
        for name, schedule in tried.items():
            found = tried_by(schedule, sigma)
            table.add_row(f"{sigma:g}", name, *_figures(found, sigma))
        table.add_section()
    Console().print(table)


def _figures(found: Polled, sigma: float) -> tuple[str, ...]:
    best = optimum_of_as_many(found.polls, sigma)
    above = found.product / best.product - 1
    figures = (found.lag_s, found.polls, found.product, best.product)
    return *(f"{figure:.2f}" for figure in figures), f"{above:+.0%}"


def learnt(sigma: float) -> Distribution:
    """What is known after some jobs, told of as the ledger tells, from a stated latency on."""
    latencies, rng = Latencies(), random.Random(5)
    offer = an_offer(price=usd("0.04"), stated=(6.0, 15.0))
    for number in range(LEARNT_FROM):
        ended_at = EPOCH + timedelta(seconds=6.0 * number)
        took = timedelta(seconds=rng.lognormvariate(math.log(MEDIAN_S), sigma))
        latencies.settled(
            TimedRow(
                provider=offer.provider,
                slug=offer.slug,
                resolution=Resolution.ONE_K,
                outcome="delivered",
                dispatched_at=ended_at - took,
                accepted_at=ended_at - took,
                ended_at=ended_at,
                queue_s=None,
                execution_s=None,
            )
        )
    at = EPOCH + timedelta(seconds=6.0 * LEARNT_FROM)
    latencies.offer(offer, Resolution.ONE_K, at)
    return latencies.ready(offer.provider, offer.slug, Resolution.ONE_K, at)
