"""Inputs beside the ledger: the same bytes once, under their digest, and durable."""

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from router.ledger.executor import InlineExecutor
from router.ledger.inputs import Inputs
from router.model.errors import LedgerUnavailable
from tests.ledger_kit import at_once

PICTURE = b"\x89PNG a picture"
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
DIGEST = hashlib.sha256(PICTURE).hexdigest()


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    return tmp_path / "farebox.db.inputs"


@pytest.fixture(name="inputs")
def _inputs(folder: Path) -> Inputs:
    return Inputs(folder, InlineExecutor())


def test_what_is_put_comes_back_under_its_digest(inputs: Inputs, folder: Path) -> None:
    """The digest is the name, in a folder of its first two digits, and nothing else is left."""
    assert at_once(inputs.put(PICTURE, AT)) == DIGEST
    assert at_once(inputs.get(DIGEST)) == PICTURE
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files == [folder / DIGEST[:2] / DIGEST]


def test_the_same_bytes_are_kept_once(inputs: Inputs, folder: Path) -> None:
    """A second put writes nothing over the first."""
    at_once(inputs.put(PICTURE, AT))
    before = (folder / DIGEST[:2] / DIGEST).stat()

    assert at_once(inputs.put(PICTURE, AT)) == DIGEST
    after = (folder / DIGEST[:2] / DIGEST).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_bytes_that_are_not_what_they_were_are_not_given_out(inputs: Inputs, folder: Path) -> None:
    """A damaged file is as good as none, and the next put mends it."""
    at_once(inputs.put(PICTURE, AT))
    (folder / DIGEST[:2] / DIGEST).write_bytes(PICTURE[:-1])

    assert at_once(inputs.get(DIGEST)) is None
    at_once(inputs.put(PICTURE, AT))
    assert at_once(inputs.get(DIGEST)) == PICTURE


def test_what_is_removed_is_gone(inputs: Inputs) -> None:
    """Removing twice, or what never was, is no error."""
    at_once(inputs.put(PICTURE, AT))

    at_once(inputs.remove(DIGEST))
    at_once(inputs.remove(DIGEST))
    assert at_once(inputs.get(DIGEST)) is None


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "ab", DIGEST.upper(), DIGEST + "\n"])
def test_only_a_digest_is_ever_part_of_a_path(inputs: Inputs, tmp_path: Path, name: str) -> None:
    """It may come from a client, who must reach no other file."""
    canary = tmp_path / "etc" / "passwd"
    canary.parent.mkdir()
    canary.write_text("canary")

    assert at_once(inputs.get(name)) is None
    at_once(inputs.remove(name))
    assert canary.exists()


def test_a_put_is_durable_before_it_is_answered(
    inputs: Inputs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is synced before it has its name, and every folder on its path after."""
    synced: list[Path] = []
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    at_once(inputs.put(PICTURE, AT))
    at_once(inputs.put(PICTURE, AT))

    shelf = folder / DIGEST[:2]
    folders = [shelf, folder, folder.parent]
    assert synced == [(shelf / DIGEST).with_suffix(".part"), *folders, *folders]


def test_a_disk_that_takes_nothing_stops_the_purchase(inputs: Inputs, folder: Path) -> None:
    """What cannot be kept may not be bought with."""
    folder.write_text("a file where the folder should be")

    with pytest.raises(LedgerUnavailable):
        at_once(inputs.put(PICTURE, AT))


def test_what_nobody_has_put_for_long_is_forgotten(inputs: Inputs, folder: Path) -> None:
    """By the last time that the same bytes came; where nothing was ever put there is no folder."""
    at_once(inputs.forget(AT))
    at_once(inputs.put(PICTURE, AT))
    at_once(inputs.put(b"another", AT))
    at_once(inputs.put(PICTURE, AT + timedelta(days=1)))

    at_once(inputs.forget(AT + timedelta(days=1)))

    assert [path.name for path in folder.glob("*/*")] == [DIGEST]
    assert at_once(inputs.get(DIGEST)) == PICTURE


def test_what_is_taken_back_goes_if_nothing_needs_it(inputs: Inputs, folder: Path) -> None:
    """It goes with the last who put it, and not at all once something refers to it."""
    path = folder / DIGEST[:2] / DIGEST
    for _ in range(2):
        at_once(inputs.put(PICTURE, AT))
    at_once(inputs.take_back(DIGEST))
    assert path.exists()
    at_once(inputs.take_back(DIGEST))
    assert not path.exists()

    at_once(inputs.put(PICTURE, AT))
    at_once(inputs.put(PICTURE, AT))
    at_once(inputs.keep(DIGEST))
    for _ in range(2):
        at_once(inputs.take_back(DIGEST))
    at_once(inputs.put(PICTURE, AT))
    at_once(inputs.take_back(DIGEST))
    assert path.exists()


def test_what_is_needed_is_not_forgotten(inputs: Inputs) -> None:
    """Whatever its age."""
    at_once(inputs.put(PICTURE, AT))
    later = AT + timedelta(days=1)

    at_once(inputs.forget(later, but=frozenset({DIGEST})))
    assert at_once(inputs.get(DIGEST)) == PICTURE
    at_once(inputs.forget(later))
    assert at_once(inputs.get(DIGEST)) is None
