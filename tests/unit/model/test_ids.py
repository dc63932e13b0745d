"""Ids are made by us: unique, sorted by time, and reproducible when chance is given."""

import random
import uuid
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from router.model.ids import AttemptId, Ids, JobId, attempt_id, job_of
from tests.fakes import EPOCH, FakeClock


@given(st.integers(), st.integers(0, 10**9))
def test_a_job_id_is_a_uuid_of_version_seven(seed: int, seconds: int) -> None:
    """Version 7, the RFC's variant, and the clock's milliseconds in the first 48 bits."""
    clock = FakeClock()
    clock.advance(seconds)
    made = uuid.UUID(Ids(clock, random.Random(seed)).job())

    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == int(EPOCH.timestamp() + seconds) * 1000


def test_job_ids_sort_by_time() -> None:
    """A later millisecond makes a greater id, as text too."""
    clock = FakeClock()
    ids = Ids(clock)
    made = []
    for _ in range(100):
        made.append(ids.job())
        clock.advance(0.002)

    assert made == sorted(made)
    assert clock.now() == EPOCH + timedelta(seconds=0.2)


def test_ids_of_one_millisecond_differ() -> None:
    """A burst of jobs within one instant gets as many ids and as many tokens."""
    ids = Ids(FakeClock())

    assert len({ids.job() for _ in range(1000)}) == 1000
    assert len({ids.callback_token() for _ in range(1000)}) == 1000


def test_given_chance_makes_given_ids() -> None:
    """The simulation replays ids from its seed."""
    one, same, other = (Ids(FakeClock(), random.Random(seed)) for seed in (1, 1, 2))
    first = one.job(), one.callback_token()

    assert first == (same.job(), same.callback_token())
    assert first != (other.job(), other.callback_token())


def test_a_callback_token_is_128_bits_in_hex() -> None:
    """Always 32 digits, leading zeros too: nobody guesses one, as nobody signs a callback."""
    ids = Ids(FakeClock(), random.Random(4))
    tokens = [ids.callback_token() for _ in range(200)]

    assert {len(token) for token in tokens} == {32}
    assert all(int(token, 16) < 2**128 for token in tokens)
    assert any(token.startswith("0") for token in tokens)


def test_an_attempt_belongs_to_its_job() -> None:
    """An attempt's id is its job's and a number, and leads back."""
    job = JobId("0199d6f0-0000-7000-8000-000000000001")

    assert attempt_id(job, 2) == AttemptId(f"{job}.2")
    assert job_of(attempt_id(job, 12)) == job
