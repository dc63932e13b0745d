"""
Results that are kept: under the hour in which they end, their tenant, and their name.

`2026-12-21T09/acme/0199….-1.png`. So what is past its time is found without the ledger, and how
much is kept, and whose it is, is told by the names.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import quote, unquote

T = TypeVar("T")
HOUR = timedelta(hours=1)
_HOUR_FORMAT = "%Y-%m-%dT%H"


class NotKept(Exception):
    """The place where results are kept cannot be written or read now; says why, for people."""


class Worker(Protocol):
    """Runs blocking work elsewhere than on the event loop."""

    async def run(self, work: Callable[[], T]) -> T:
        """Run and give the result."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One result that is kept."""

    key: str
    size_bytes: int
    at: datetime
    """Since when."""

    @property
    def tenant(self) -> str:
        """Whose it is; empty for what is none of ours."""
        parts = self.key.split("/")
        return unquote(parts[1]) if len(parts) > 1 else ""

    @property
    def removed_at(self) -> datetime | None:
        """From when on it is removed; None for what is none of ours."""
        return end_of(self.key.partition("/")[0])


class ResultStore(Protocol):
    """Where results are kept: a folder, or an object store."""

    where: str
    """For people; without credentials."""

    async def put(self, key: str, data: bytes) -> None:
        """
        Keep bytes under a key, durable when this returns; what was there is replaced.

        Raises:
            NotKept: They are not.
        """
        ...

    async def get(self, key: str) -> bytes | None:
        """
        What is kept under a key; None when nothing is.

        Raises:
            NotKept: It cannot be read now.
        """
        ...

    async def forget(self, now: datetime) -> None:
        """
        Remove what is past its hour.

        Raises:
            NotKept: Not all of it is removed; the next time finds it.
        """
        ...

    async def all(self) -> list[Kept]:
        """
        Everything that is kept.

        Raises:
            NotKept: It cannot be read now.
        """
        ...


def key_of(tenant: str, name: str, expires_at: datetime) -> str:
    """The key of a result that is kept until an instant."""
    return f"{expires_at.astimezone(UTC):{_HOUR_FORMAT}}/{quote(tenant, safe='')}/{name}"


def end_of(hour: str) -> datetime | None:
    """From when on what stands under an hour is removed; None when it is no hour."""
    try:
        return datetime.strptime(hour, _HOUR_FORMAT).replace(tzinfo=UTC) + HOUR
    except ValueError:
        return None


def is_past(hour: str, now: datetime) -> bool:
    """Whether all that stands under an hour is past its time."""
    end = end_of(hour)
    return end is not None and end <= now


class FolderResults:
    """Results in a folder of this machine's."""

    def __init__(self, folder: Path, worker: Worker) -> None:
        """
        Args:
            folder: Made when the first result comes.
            worker: Runs everything that touches the disk.
        """
        self.where = str(folder)
        self._folder, self._worker = folder, worker

    async def put(self, key: str, data: bytes) -> None:
        """See `ResultStore`."""
        await self._run(lambda: self._put(self._folder / key, data))

    async def get(self, key: str) -> bytes | None:
        """See `ResultStore`."""
        return await self._run(lambda: _read(self._folder / key))

    async def forget(self, now: datetime) -> None:
        """See `ResultStore`."""
        await self._run(lambda: self._forget(now))

    async def all(self) -> list[Kept]:
        """See `ResultStore`."""
        return await self._run(self._all)

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await self._worker.run(work)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise NotKept(f"{self.where}: {why}") from error

    def _put(self, path: Path, data: bytes) -> None:
        # Results are as private as prompts are.
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + ".part")
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        # A name is durable once its folder is, and a folder once the one that it stands in is.
        for folder in (path.parent, path.parent.parent, self._folder, self._folder.parent):
            _sync_folder(folder)

    def _forget(self, now: datetime) -> None:
        if not self._folder.is_dir():
            return
        for hour in self._folder.iterdir():
            if is_past(hour.name, now):
                shutil.rmtree(hour)

    def _all(self) -> list[Kept]:
        return [
            Kept(
                key=path.relative_to(self._folder).as_posix(),
                size_bytes=(seen := path.stat()).st_size,
                at=datetime.fromtimestamp(seen.st_mtime, UTC),
            )
            for path in sorted(self._folder.glob("*/*/*"))
        ]


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
