"""
Results in an object store (S3 and what speaks like it, Google's, Azure's), through obstore.

Credentials, region and endpoint are read as that store's own tools read them: `AWS_ACCESS_KEY_ID`,
`AWS_REGION`, `AWS_ENDPOINT` and so on, or the machine's role.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from router.images.keeping import FolderResults, Kept, NotKept, ResultStore, Worker, is_past

T = TypeVar("T")
SCHEMES = ("file", "s3", "gs", "az")


class BadArchive(Exception):
    """The place for results cannot be meant, or not be used; says what to do."""


def open_results(where: str | None, beside: Path, worker: Worker) -> ResultStore:
    """
    Open the place where results are kept. Nothing is dialled or written yet.

    Args:
        where: `file:///folder`, `s3://bucket/prefix`, `gs://…` or `az://…`; None for a folder
            beside the ledger.
        beside: That folder.
        worker: Runs what touches the disk.

    Raises:
        BadArchive: It is no such address, or obstore is not installed.
    """
    if where is None:
        return FolderResults(beside, worker)
    parts = urlsplit(where)
    if parts.scheme == "file" and not parts.netloc and parts.path.strip("/"):
        return FolderResults(Path(parts.path), worker)
    if parts.scheme not in SCHEMES[1:] or not parts.netloc or parts.username or parts.query:
        raise BadArchive("must be file:///folder or s3://bucket/prefix, without credentials")
    return ObjectResults(where, _store(where))


def _store(where: str) -> Any:
    try:
        from obstore.exceptions import BaseError  # noqa: PLC0415 - an extra, which may be missing.
        from obstore.store import from_url  # noqa: PLC0415
    except ImportError as error:
        raise BadArchive(
            "needs obstore, which is not installed: pip install 'farebox[archive]'"
        ) from error
    try:
        return from_url(where)
    except (BaseError, ValueError) as error:
        raise BadArchive(f"cannot be used: {type(error).__name__}") from error


class ObjectResults:
    """
    Results in an object store.

    In threads, by its blocking functions: of those for asyncio, one that is still under way when
    the process ends aborts it.
    """

    def __init__(self, where: str, store: Any) -> None:
        """
        Args:
            where: For people.
            store: One of `obstore.store`.
        """
        import obstore  # noqa: PLC0415 - an extra: whoever has a store of its, has it.

        self.where = where
        self._store, self._obstore = store, obstore

    async def put(self, key: str, data: bytes) -> None:
        """See `ResultStore`."""
        await self._run(lambda: self._obstore.put(self._store, key, data))

    async def get(self, key: str) -> bytes | None:
        """See `ResultStore`."""
        return await self._run(lambda: self._get(key))

    async def forget(self, now: datetime) -> None:
        """See `ResultStore`."""
        await self._run(lambda: self._forget(now))

    async def all(self) -> list[Kept]:
        """See `ResultStore`."""
        return await self._run(self._all)

    async def _run(self, work: Callable[[], T]) -> T:
        """Their errors quote addresses and answers: only the kind of trouble is told."""
        try:
            return await asyncio.to_thread(work)
        except (self._obstore.exceptions.BaseError, OSError) as error:
            raise NotKept(f"{self.where}: {type(error).__name__}") from error

    def _get(self, key: str) -> bytes | None:
        try:
            return bytes(self._obstore.get(self._store, key).bytes())
        except FileNotFoundError:
            return None

    def _forget(self, now: datetime) -> None:
        for hour in self._obstore.list_with_delimiter(self._store)["common_prefixes"]:
            if is_past(hour.rpartition("/")[2], now):
                for one in self._listed(hour):
                    self._obstore.delete(self._store, one["path"])

    def _all(self) -> list[Kept]:
        found = (
            Kept(key=one["path"], size_bytes=one["size"], at=one["last_modified"])
            for one in self._listed(None)
        )
        return sorted(found, key=lambda one: one.key)

    def _listed(self, prefix: str | None) -> list[Any]:
        return [one for part in self._obstore.list(self._store, prefix=prefix) for one in part]
