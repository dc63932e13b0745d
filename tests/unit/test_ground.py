import asyncio
import threading
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from router.ground import guard_of, lay_ground, open_rooms
from router.ledger.ledger import Ledger
from router.policy.problems import PolicyError
from router.settings import BadSetting, read_settings
from tests.fakes import FakeClock
from tests.policy_files import POLICY, write_policy


async def test_the_ground_is_laid_on_a_policy(tmp_path: Path) -> None:
    """Which is in force from then on; what was opened for it ends with the stack."""
    path = write_policy(tmp_path)
    async with AsyncExitStack() as stack:
        ground = lay_ground(stack, read_settings({"FAREBOX_POLICY": str(path)}), ())

        assert ground.current.policy.name == "thrift"
        assert ground.policy_path == path
        assert not ground.broken.is_set()


async def test_nothing_is_laid_on_a_broken_policy(tmp_path: Path) -> None:
    """Its problems are told."""
    path = write_policy(tmp_path, policy=POLICY.replace("prefer:", "perfer:"))
    async with AsyncExitStack() as stack:
        with pytest.raises(PolicyError):
            lay_ground(stack, read_settings({"FAREBOX_POLICY": str(path)}), ())


class NewLedger(Ledger):
    """Has a secret, and nothing else."""

    def __init__(self) -> None:
        """Open nothing."""

    async def secret(self, name: str) -> bytes:
        """See `Readings`."""
        return name.encode()


async def test_images_are_decoded_side_by_side(tmp_path: Path) -> None:
    """One large result does not keep the others waiting."""
    settings = read_settings({"FAREBOX_DATABASE": f"sqlite:///{tmp_path}/ledger.db"})
    async with AsyncExitStack() as stack:
        rooms = await open_rooms(stack, settings, NewLedger(), FakeClock())
        meeting = threading.Barrier(2)
        works = (rooms.darkroom.run(lambda: meeting.wait(timeout=5)) for _ in "ab")

        assert sorted(await asyncio.gather(*works)) == [0, 1]


def test_what_may_be_dialled_is_said_by_its_variable() -> None:
    """A mistake in it names it."""
    guard = guard_of(read_settings({"FAREBOX_FETCH_ALLOW": "127.0.0.1"}))

    assert str(guard.check_url("http://127.0.0.1:8700/a.png")) == "http://127.0.0.1:8700/a.png"
    with pytest.raises(BadSetting, match="FAREBOX_FETCH_ALLOW: "):
        guard_of(read_settings({"FAREBOX_FETCH_ALLOW": "not a host"}))
