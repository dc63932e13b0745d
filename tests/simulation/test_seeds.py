"""Seeds: the whole house in virtual time, with every fault there is, judged at every tick."""

from pathlib import Path

from tests.simulation.seeded_house import live
from tests.virtual_time import run


def test_the_money_is_right_whatever_happens(tmp_path: Path, seed: int) -> None:
    """Under any faults, kills and clients, every rule of the money holds at every tick."""
    try:
        world = run(live(tmp_path, seed), seed)
    except BaseException as error:
        again = f"pytest tests/simulation/test_seeds.py --first-seed {seed} --seeds 1"
        error.add_note(f"seed {seed}; again: {again}")
        raise
    assert world.judge.checks > 10
