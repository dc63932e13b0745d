"""The reserve: space that is really taken, and really given back."""

from pathlib import Path

from router.ledger.reserve import Reserve


def test_space_is_set_aside_and_given_back(tmp_path: Path) -> None:
    """The blocks are allocated, not only promised; releasing twice is no error."""
    path = tmp_path / "farebox.db.reserve"
    reserve = Reserve(path, size_bytes=65_536)

    assert reserve.restore()
    assert path.stat().st_blocks * 512 >= 65_536
    reserve.release()
    reserve.release()
    assert not path.exists()


def test_where_there_is_no_space_nothing_is_left_behind(tmp_path: Path) -> None:
    """Half a reserve would only make the full disk fuller."""
    reserve = Reserve(tmp_path / "farebox.db.reserve", size_bytes=2**62)

    assert not reserve.restore()
    assert list(tmp_path.iterdir()) == []
