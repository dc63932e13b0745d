"""Disk space set aside, so that what was bought can still be settled when the disk is full."""

import os
from contextlib import suppress
from pathlib import Path

RESERVE_BYTES = 4 * 1024 * 1024


class Reserve:
    """A ballast file beside the database: released on a full disk, restored afterwards."""

    def __init__(self, path: Path, size_bytes: int = RESERVE_BYTES) -> None:
        self._path = path
        self._size_bytes = size_bytes

    def restore(self) -> bool:
        """Set the space aside; False where there is none."""
        try:
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._size_bytes)
        except OSError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Give the space back to the database."""
        with suppress(FileNotFoundError):
            self._path.unlink()
