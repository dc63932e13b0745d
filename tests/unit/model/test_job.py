"""Jobs are values, and their states say which are final and whose money is still held."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from router.model.job import OPEN_STATES, AttemptState, JobState, Resolution
from tests.fakes import a_job


@pytest.mark.parametrize(
    ("resolution", "pixels"),
    [(Resolution.ONE_K, 1024), (Resolution.TWO_K, 2048), (Resolution.FOUR_K, 4096)],
)
def test_a_resolution_is_a_number_of_pixels(resolution: Resolution, pixels: int) -> None:
    """1k is 1024 pixels on the long side, 2k and 4k are its multiples."""
    assert resolution.long_side_px == pixels


def test_a_job_ends_in_three_ways() -> None:
    """Succeeded, failed and cancelled are ends; queued and running are not."""
    assert [state.value for state in JobState if state.is_final] == [
        "succeeded",
        "failed",
        "cancelled",
    ]


def test_money_is_held_until_it_is_resolved() -> None:
    """Every state but the three resolved ones holds the attempt's money."""
    resolved = {AttemptState.POSTED, AttemptState.VOIDED, AttemptState.POSTED_PRESUMED}

    assert set(AttemptState) - resolved == OPEN_STATES
    assert all(state.is_open == (state not in resolved) for state in AttemptState)


def test_a_job_never_changes() -> None:
    """An admitted job is the same for ever."""
    job: Any = a_job()
    with pytest.raises(FrozenInstanceError):
        job.prompt = "make it a dog"


def test_a_job_keeps_prompt_and_pictures_out_of_logs() -> None:
    """What a person wrote or showed never stands in a `repr`."""
    job = a_job(prompt="my secret face", images=("https://private.example/me.png",))

    assert "secret" not in repr(job)
    assert "private" not in repr(job)
    assert job.id in repr(job)
