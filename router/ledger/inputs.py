"""
Large inputs, kept beside the ledger under the digest of their bytes.

A job may be accepted only once its inputs are durable here: whatever the books say was bought can
be sent again after a crash.
"""

import hashlib
import os
import re
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from router.ledger.executor import Executor
from router.model.errors import LedgerUnavailable

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Inputs:
    """A folder of files named by the SHA-256 of what they hold: `ab/ab12…`."""

    def __init__(self, folder: Path, executor: Executor) -> None:
        """
        Args:
            folder: Made when the first input comes. Of one process.
            executor: Runs everything that touches the disk, one piece at a time.
        """
        self._folder, self._executor = folder, executor
        self._new: dict[str, int] = {}
        """Of what came anew and nothing refers to yet: how many have put it."""

    async def put(self, data: bytes, at: datetime) -> str:
        """
        Keep bytes, durable when this returns; the same bytes are kept once.

        Args:
            data: Whatever.
            at: When: `forget` goes by the last time that the same bytes came.

        Returns:
            Their SHA-256 in hex. Follow with `keep` once something refers to it, or `take_back`.

        Raises:
            LedgerUnavailable: They cannot be kept, so nothing may be bought with them.
        """
        try:
            return await self._executor.run(lambda: self._put(data, at))
        except OSError as error:
            raise LedgerUnavailable("The job's images cannot be kept.") from error

    async def get(self, sha256: str) -> bytes | None:
        """The bytes of a digest; None when they are not here, or not what they were."""
        return await self._executor.run(lambda: self._get(sha256))

    async def remove(self, sha256: str) -> None:
        """Forget the bytes of a digest, if they are here."""
        if _DIGEST.fullmatch(sha256):
            await self._executor.run(lambda: self._path(sha256).unlink(missing_ok=True))

    async def forget(self, before: datetime, *, but: frozenset[str] = frozenset()) -> None:
        """Remove what nobody has put since an instant, but for these digests."""
        await self._executor.run(lambda: self._forget(before.timestamp(), but))

    async def keep(self, sha256: str) -> None:
        """Note that something now refers to bytes that were put: no `take_back` removes them."""
        await self._executor.run(lambda: self._new.pop(sha256, None))

    async def take_back(self, sha256: str) -> None:
        """Undo one `put`: the bytes go if they came with it, and nobody else needs them."""
        await self._executor.run(lambda: self._take_back(sha256))

    def _take_back(self, sha256: str) -> None:
        if sha256 not in self._new:
            return
        self._new[sha256] -= 1
        if not self._new[sha256]:
            del self._new[sha256]
            # What cannot be removed stays, as after a crash; whoever put it has other worries.
            with suppress(OSError):
                self._path(sha256).unlink(missing_ok=True)

    def _forget(self, before_s: float, but: frozenset[str]) -> None:
        for path in self._folder.glob("*/*"):
            if path.name not in but and path.stat().st_mtime < before_s:
                path.unlink(missing_ok=True)

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _get(self, sha256: str) -> bytes | None:
        # A digest may come from a client, and is part of a path.
        if not _DIGEST.fullmatch(sha256):
            return None
        try:
            data = self._path(sha256).read_bytes()
        except FileNotFoundError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def _put(self, data: bytes, at: datetime) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_new = self._get(sha256) is None
        if is_new:
            unfinished = path.with_suffix(".part")
            with unfinished.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        os.utime(path, (at.timestamp(), at.timestamp()))
        # Also when the file was there: whoever put it may have died before its name was durable.
        for folder in (path.parent, self._folder, self._folder.parent):
            _sync_folder(folder)
        if is_new or sha256 in self._new:
            self._new[sha256] = self._new.get(sha256, 0) + 1
        return sha256


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
