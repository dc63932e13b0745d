from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from router.images.keeping import FolderResults, Kept, NotKept, end_of, is_past, key_of
from router.ledger.executor import InlineExecutor
from tests.fakes import EPOCH

NAME = "0199d6f0-0000-7000-8000-000000000001-1.png"


def a_folder(path: Path) -> FolderResults:
    """Open a folder without threads."""
    return FolderResults(path / "results", InlineExecutor())


def test_a_key_names_hour_tenant_and_result() -> None:
    """In UTC, and whatever a tenant is called it is one part of a path."""
    berlin = EPOCH.astimezone(timezone(timedelta(hours=1)))

    assert key_of("acme", NAME, berlin) == f"2026-11-20T09/acme/{NAME}"
    assert key_of("../a b", NAME, EPOCH) == f"2026-11-20T09/..%2Fa%20b/{NAME}"
    kept = Kept(key=key_of("../a b", NAME, EPOCH), size_bytes=1, at=EPOCH)
    assert kept.tenant == "../a b"


@pytest.mark.parametrize("hour", ["", "acme", "2026-11-20", "2026-11-20T24"])
def test_what_is_no_hour_never_ends(hour: str) -> None:
    """A stranger's folder is left alone."""
    assert end_of(hour) is None
    assert not is_past(hour, EPOCH + timedelta(days=9999))
    assert Kept(key=hour, size_bytes=1, at=EPOCH).tenant == ""


def test_an_hour_is_past_when_all_of_it_is() -> None:
    """So nothing is removed before the instant that its client was told."""
    end = datetime(2026, 11, 20, 10, tzinfo=UTC)

    assert end_of("2026-11-20T09") == end
    assert not is_past("2026-11-20T09", end - timedelta(microseconds=1))
    assert is_past("2026-11-20T09", end)


async def test_a_result_is_kept_and_found(tmp_path: Path) -> None:
    """The last bytes under a key count, and nothing unfinished is left beside them."""
    results, key = a_folder(tmp_path), key_of("acme", NAME, EPOCH)
    await results.put(key, b"first")
    await results.put(key, b"second")

    assert await results.get(key) == b"second"
    assert await results.get(key_of("acme", NAME, EPOCH + timedelta(hours=1))) is None
    assert [(one.key, one.size_bytes) for one in await results.all()] == [(key, 6)]
    assert (tmp_path / "results").stat().st_mode & 0o077 == 0


async def test_what_is_past_its_hour_goes(tmp_path: Path) -> None:
    """With its folder; what is not ours stays, and an archive that is not there yet is empty."""
    results = a_folder(tmp_path)
    await results.forget(EPOCH)
    assert await results.all() == []
    keys = [key_of("acme", NAME, EPOCH + timedelta(hours=hours)) for hours in range(3)]
    for key in keys:
        await results.put(key, b"x")
    (tmp_path / "results" / "lost+found").mkdir()
    await results.forget(EPOCH + timedelta(hours=2))

    assert [one.key for one in await results.all()] == keys[2:]
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == [
        "2026-11-20T11",
        "lost+found",
    ]


async def test_trouble_with_the_disk_is_told_in_words(tmp_path: Path) -> None:
    """With the folder, which is the operator's to mend."""
    (tmp_path / "results").write_text("a file where a folder should be")
    results = a_folder(tmp_path)

    with pytest.raises(NotKept, match=r"results: (File exists|Not a directory)"):
        await results.put(key_of("acme", NAME, EPOCH), b"x")
    with pytest.raises(NotKept, match="Not a directory"):
        await results.get(key_of("acme", NAME, EPOCH))
