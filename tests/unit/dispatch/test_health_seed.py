"""What health knows after a start."""

from datetime import timedelta
from pathlib import Path

import pytest

from router.dispatch.health import FAILURES_MAX, Health
from router.ledger.views import TimedRow
from router.model.errors import Ending, ProviderFailed, ProviderInDoubt, ProviderUnreachable
from router.model.ids import AttemptId
from router.model.job import Resolution
from router.model.offer import ProviderState
from tests.fakes import EPOCH, FakeClock
from tests.stage import Act, Stage, play

UNREACHABLE, FAILED, IN_DOUBT = ProviderUnreachable.code, ProviderFailed.code, ProviderInDoubt.code


def past(
    outcome: str | None, ago_s: float, *, accepted: bool = True, took_s: float = 5
) -> TimedRow:
    """Build an attempt that began so long ago."""
    began_at = EPOCH - timedelta(seconds=ago_s)
    return TimedRow(
        provider="p",
        slug="s",
        resolution=Resolution.ONE_K,
        outcome=outcome,
        dispatched_at=began_at,
        accepted_at=began_at if accepted else None,
        ended_at=None if outcome is None else began_at + timedelta(seconds=took_s),
        queue_s=None,
        execution_s=None,
    )


def seeded(*rows: TimedRow) -> Health:
    """Health that was just started, with what is in the books."""
    health = Health(FakeClock(), lambda *_: None)
    health.seed({"p": rows})
    return health


def state_after(health: Health, *errors: ProviderUnreachable | ProviderFailed) -> ProviderState:
    """What the provider is after a few more failures."""
    for number, error in enumerate(errors):
        health.started("p", AttemptId(f"a{number}"))
        health.failed("p", AttemptId(f"a{number}"), error)
    return health.state("p")


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (past(UNREACHABLE, 60, accepted=False), ProviderUnreachable("no route")),
        (past(FAILED, 60), ProviderFailed("it broke", how=Ending.FAILED)),
    ],
)
def test_failures_in_a_row_count_on(
    row: TimedRow, error: ProviderUnreachable | ProviderFailed
) -> None:
    """Nobody is set aside by the books alone; one more failure is enough where it was before."""
    assert state_after(seeded(*[row] * (FAILURES_MAX - 2)), error) is ProviderState.SERVING
    enough = seeded(*[row] * (FAILURES_MAX - 1))
    assert state_after(enough) is ProviderState.SERVING

    assert state_after(enough, error) is ProviderState.EJECTED


def test_what_went_well_since_ends_a_row() -> None:
    """By when it ended: creates that were answered, and jobs that were delivered."""
    unreachable = [past(UNREACHABLE, 90, accepted=False)] * FAILURES_MAX
    failed = [past(FAILED, 80)] * FAILURES_MAX
    well = past("delivered", 95, took_s=60)
    enough = [past("delivered", 100)] * 20

    health = seeded(*enough, well, *unreachable, *failed)

    assert state_after(health, ProviderUnreachable("x")) is ProviderState.SERVING
    assert state_after(seeded(*enough, *unreachable), ProviderUnreachable("x")) is (
        ProviderState.EJECTED
    )


def test_the_share_of_the_last_minutes_counts_on() -> None:
    """From when each attempt began; older ones are forgotten, at the start or soon after."""
    rows = [past("delivered" if one % 2 else FAILED, 299 - 20 * one) for one in range(12)]
    older = past(FAILED, 301, took_s=200)

    share = seeded(older, *rows).condition("p").share

    assert (share.started, share.failed) == (12, 6)


def test_what_is_not_proved_to_be_the_providers_doing_does_not_count() -> None:
    """Doubt may come of our own end; what still runs, or was called off, says nothing."""
    rows = (past(IN_DOUBT, 60, accepted=False), past(None, 60), past("cancelled", 60))

    share = seeded(*rows * FAILURES_MAX).condition("p").share

    assert (share.started, share.failed) == (0, 0)


def test_a_start_reads_the_books(tmp_path: Path) -> None:
    """A provider that nobody reached before the restart is left with its next failure."""

    async def story(stage: Stage) -> None:
        stage.troupe.always["shortapi"] = Act(refuses=ProviderUnreachable("no route"))
        for _ in range(FAILURES_MAX - 1):
            await stage.see(await stage.submit())
        assert stage.health.state("shortapi") is ProviderState.SERVING

        await stage.restart()

        assert stage.health.state("shortapi") is ProviderState.SERVING
        await stage.see(await stage.submit())
        assert stage.health.state("shortapi") is ProviderState.EJECTED

    play(tmp_path, story)
