"""
The ledger's past, read beside whoever has it open: nothing is written, migrated or locked.

Rows come as plain tuples of what a backtest needs, in pages by the jobs' ids, which sort by time.
Prompts and pictures are not read.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, cast

import apsw

from router.ledger.limit_rows import RaiseRow
from router.ledger.mapping import decode, to_column
from router.ledger.rows import RefusalRow
from router.ledger.sql import queries

Span = tuple[str, str]
"""Jobs after the first id, up to the second."""
_BUSY_MS = 5000


class CannotBeRead(Exception):
    """A file that is no ledger, or an older one; the text names it and says what to do."""


class PastJobRow(NamedTuple):
    """A job that was asked for, as its columns are."""

    id: str
    tenant: str
    key_id: str
    model: str
    resolution: str
    tags: str
    aspect_ratio: str | None
    output_format: str | None
    price_max: str | None
    key_name: str | None
    key_budget: str | None
    images: int
    decision: str
    evidence: str | None
    policy_hash: str
    state: str
    created_at: str
    ended_at: str | None
    error_code: str | None
    batch: str | None


class PastAttemptRow(NamedTuple):
    """One of its attempts, as its columns are."""

    job_id: str
    provider: str
    resolution: str
    state: str
    quoted: int
    posted: int
    outcome: str | None
    created_at: str
    ended_at: str | None


class History:
    """One ledger's file, open for reading."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            CannotBeRead: It is not there, is no ledger, or of an older version.
        """
        self._queries = queries("sqlite")
        try:
            self._database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
            self._database.set_busy_timeout(_BUSY_MS)
            columns = {row[1] for row in self._database.execute("PRAGMA table_info(jobs)")}
        except apsw.Error as error:
            raise CannotBeRead(f"{path} cannot be read as a ledger: {error}") from error
        if "evidence" not in columns:
            self._database.close()
            found = "is a ledger of an earlier version: start this version's server on it once"
            raise CannotBeRead(f"{path} {found}" if columns else f"{path} is no ledger")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def count(self, since: datetime, until: datetime) -> int:
        """How many jobs were admitted within `[since, until)`."""
        ((jobs,),) = self._run("past_jobs_count", since=since, until=until)
        return int(jobs)

    def spans(self, most: int) -> Iterator[Span]:
        """Part all jobs that there are now into spans of at most so many, the oldest first."""
        ((last,),) = self._run("last_job")
        after = ""
        while last is not None and after < last:
            found = self._run("job_after", after=after, skipped=most - 1)
            upto = min(found[0][0], last) if found else last
            yield after, upto
            after = upto

    def jobs(self, span: Span, since: datetime, until: datetime) -> list[PastJobRow]:
        """A span's jobs that were admitted within `[since, until)`, by their ids."""
        rows = self._run("past_jobs", after=span[0], upto=span[1], since=since, until=until)
        return [PastJobRow._make(row) for row in rows]

    def attempts(self, span: Span) -> dict[str, list[PastAttemptRow]]:
        """A span's attempts by their jobs, each job's in their order."""
        found: dict[str, list[PastAttemptRow]] = {}
        for row in self._run("past_attempts", after=span[0], upto=span[1]):
            attempt = PastAttemptRow._make(row)
            found.setdefault(attempt.job_id, []).append(attempt)
        return found

    def bundle(self, policy_hash: str) -> str | None:
        """The files of a policy that was in force; None when they were not kept."""
        rows = self._run("policy", hash=policy_hash)
        return rows[0][0] if rows else None

    def raises(self, since: datetime, until: datetime) -> list[RaiseRow]:
        """The raises and the ends of raises that were made within `[since, until)`."""
        return [decode(RaiseRow, row) for row in self._named("raises_between", since, until)]

    def refusals(self, since: datetime, until: datetime) -> list[RefusalRow]:
        """What budgets refused in the hours that begin within `[since, until)`."""
        return [decode(RefusalRow, row) for row in self._named("refusals_between", since, until)]

    def _named(self, query: str, since: datetime, until: datetime) -> list[dict[str, Any]]:
        columns = {"since": to_column(since), "until": to_column(until)}
        found: list[dict[str, Any]] = []
        cursor = self._database.execute(self._queries[query], columns)
        for row in cursor:
            names = [str(column[0]) for column in cursor.get_description()]
            found.append(dict(zip(names, cast("tuple[Any, ...]", row), strict=True)))
        return found

    def _run(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        columns = {name: to_column(value) for name, value in parameters.items()}
        cursor = self._database.execute(self._queries[query], columns)
        return cast("list[tuple[Any, ...]]", cursor.fetchall())
