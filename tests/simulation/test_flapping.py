"""Providers that fail now and then, in an hour of jobs: set aside seldom, and never to and fro."""

import heapq
import itertools
import random
from collections.abc import Callable

import pytest

from router.dispatch.health import EJECTION_S_MAX, Health
from router.model.errors import Ending, ProviderError, ProviderFailed, ProviderUnreachable
from router.model.ids import AttemptId
from router.model.offer import ProviderState
from tests.fakes import FakeClock

HOUR_S = 3600.0
BROKE = ProviderFailed("it broke", how=Ending.FAILED)
Fate = Callable[[float, random.Random], ProviderError | None]
"""From when a job begins, and chance, to what it ends with."""


def an_hour(fate: Fate, seed: int) -> tuple[list[tuple[float, ProviderState]], list[float]]:
    """
    One job a second for an hour, of ten seconds or so; elsewhere while the provider is set aside.

    Returns:
        The provider's changes with their instants, and when it was given a job.
    """
    clock, entropy, numbers = FakeClock(), random.Random(seed), itertools.count()
    changes: list[tuple[float, ProviderState]] = []
    health = Health(
        clock,
        lambda _, state, __: changes.append((clock.monotonic_s(), state)),
        rng=random.Random(seed + 1),
    )
    ends: list[tuple[float, int, AttemptId, ProviderError | None]] = []
    given: list[float] = []
    for second in range(int(HOUR_S)):
        while ends and ends[0][0] <= second:
            at_s, _, attempt, error = heapq.heappop(ends)
            clock.advance(at_s - clock.monotonic_s())
            if error is None:
                health.succeeded("p", attempt)
            else:
                health.failed("p", attempt, error)
        clock.advance(second - clock.monotonic_s())
        if health.state("p") is ProviderState.EJECTED:
            continue
        attempt = AttemptId(f"{next(numbers)}")
        given.append(float(second))
        health.begin("p", attempt)
        health.started("p", attempt)
        error = fate(float(second), entropy)
        takes_s = 0.2
        if not isinstance(error, ProviderUnreachable):
            health.accepted("p")
            takes_s = 10.0 * entropy.lognormvariate(0.0, 0.4)
        heapq.heappush(ends, (second + takes_s, next(numbers), attempt, error))
    return changes, given


def ejections(changes: list[tuple[float, ProviderState]]) -> list[float]:
    """When it was set aside."""
    return [at_s for at_s, state in changes if state is ProviderState.EJECTED]


@pytest.mark.parametrize("run", range(8))
def test_one_job_in_ten_that_fails_is_no_reason_to_leave(run: int) -> None:
    """Such a provider keeps more than nine of ten of its jobs, and is seldom set aside."""
    changes, given = an_hour(lambda _, chance: BROKE if chance.random() < 0.1 else None, run)

    assert len(ejections(changes)) <= 2
    assert len(given) > HOUR_S * 0.9


@pytest.mark.parametrize("run", range(8))
@pytest.mark.parametrize("failing", [0.5, 0.65, 0.8])
def test_a_provider_that_fails_by_halves_does_not_come_and_go(failing: float, run: int) -> None:
    """Each time it is set aside for longer and must prove more: no more than some times an hour."""
    changes, given = an_hour(lambda _, chance: BROKE if chance.random() < failing else None, run)

    entries = ejections(changes)
    returns = [at_s for at_s, state in changes if state is ProviderState.SERVING]
    assert 1 <= len(entries) <= 10
    assert len(returns) <= 5
    assert len(given) < HOUR_S * 0.1, "and few jobs are lost on it"


@pytest.mark.parametrize("run", range(8))
def test_an_outage_is_one_absence(run: int) -> None:
    """
    Ten minutes down: left within seconds though earlier jobs still arrive, tried now and then by
    one job, and taken back, once, within the longest pause and the proofs.
    """
    begins_s, ends_s = 900.0, 1500.0

    def fate(at_s: float, _: random.Random) -> ProviderError | None:
        return ProviderUnreachable() if begins_s <= at_s < ends_s else None

    changes, given = an_hour(fate, run)

    assert begins_s <= ejections(changes)[0] <= begins_s + 7.0
    assert len([at_s for at_s in given if begins_s + 7.0 < at_s < ends_s]) <= 8, "probes"
    returns = [at_s for at_s, state in changes if state is ProviderState.SERVING]
    assert len(returns) == 1
    assert ends_s < returns[0] <= ends_s + EJECTION_S_MAX * 1.25 + 90.0
