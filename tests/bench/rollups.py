"""
Rollups: how long a month's report takes of a ledger of a million jobs, read from the sums that are
kept beside the journal, against the same figures by a scan of the attempts. Rounds alternate.

The ledger is generated: 20 tenants with five tags, two providers, three resolutions, spread evenly
over thirty days, so that few jobs share a row of the sums. It is opened as one from before there
were sums, which fills them. What a scrape of the metrics takes is told too, and the check of the
books, which is made every few minutes.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
from rich.console import Console
from rich.table import Table

from router.finance.dimensions import Grain
from router.finance.report import report
from router.finance.snapshot import BooksCheck, money_snapshot
from router.ledger.executor import ThreadExecutor
from router.ledger.ledger import Ledger
from router.ledger.sql import migrations
from router.ledger.sqlite import SqliteStore
from router.ledger.writer import Writer
from router.model.clock import SystemClock
from router.model.money import Money
from tests.fakes import FakeClock
from tests.policy_files import a_policy

JOBS = 1_000_000
ROUNDS = 3
SUMS_SINCE = 10
"""The migration that brought them."""
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=30)
LIMIT_S = 0.5

# Each job has one attempt; one in a hundred failed for nothing, one in a thousand is in doubt.
NUMBERS = """
CREATE TEMP TABLE numbers AS
WITH RECURSIVE counting (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counting WHERE n < :jobs - 1)
SELECT
    n, printf('j%09d', n) AS job,
    strftime('%Y-%m-%dT%H:%M:%S', '2026-11-01', (n * 2592000 / :jobs) || ' seconds')
        || '.000000Z' AS at,
    'tenant-' || (n * 7 % 20) AS tenant,
    '[["team", "team-' || (n * 11 / 20 % 5) || '"]]' AS tags,
    CASE WHEN n * 13 % 10 < 7 THEN 'shortapi' ELSE 'runpod' END AS provider,
    (n * 17 % 3 + 1) || 'k' AS size,
    40000000 + n * 17 % 3 * 20000000 AS price,
    CASE WHEN n % 100 = 7 THEN 'voided' WHEN n % 1000 = 1 THEN 'in_doubt' ELSE 'posted' END AS state
FROM counting
"""
FILL = (
    """
INSERT INTO jobs (
    id, tenant, key_id, model, resolution, tags, request, decision, policy_hash, state,
    created_at, deadline_at, ended_at, error_code, images
)
SELECT job, tenant, 'key-' || tenant, 'nano-banana-2-edit', replace(size, '3k', '4k'), tags,
    '{"prompt": "make the sky green", "images": ["https://images.example/1.png"]}', '{}', '5eed',
    CASE state WHEN 'posted' THEN 'succeeded' ELSE 'failed' END, at, at, at,
    CASE state WHEN 'posted' THEN NULL ELSE 'provider_failed' END, '[]'
FROM numbers
""",
    """
INSERT INTO attempts (
    id, job_id, number, tenant, tags, provider, model, slug, resolution, state, quoted, list_price,
    dearest, price_from, windows, callback_token, created_at, horizon_at, posted, outcome, ended_at
)
SELECT job || '.1', job, 1, tenant, tags, provider, 'nano-banana-2-edit', 'slug',
    replace(size, '3k', '4k'), state, price, price + 3000000, price * 2, '2026-01-01T00:00:00Z',
    '[["daily", "everyone", "' || substr(at, 1, 10) || '", "' || substr(at, 1, 10) || '"]]',
    'token-' || job, at, at, CASE state WHEN 'posted' THEN price ELSE 0 END,
    CASE state WHEN 'posted' THEN 'delivered' ELSE 'provider_failed' END,
    CASE state WHEN 'in_doubt' THEN NULL ELSE at END
FROM numbers
""",
    """
INSERT INTO entries (at, attempt_id, kind, posted, presumed, held, in_doubt, who)
SELECT at, job || '.1', 'hold', 0, 0, price, 0, 'farebox' FROM numbers
""",
    """
INSERT INTO entries (at, attempt_id, kind, posted, presumed, held, in_doubt, who)
SELECT at, job || '.1',
    CASE state WHEN 'posted' THEN 'post' WHEN 'voided' THEN 'void' ELSE 'doubt' END,
    CASE state WHEN 'posted' THEN price ELSE 0 END, 0, -price,
    CASE state WHEN 'in_doubt' THEN price ELSE 0 END, 'farebox'
FROM numbers
""",
)
# By the day of settlement, and by each attempt's present state: the figures of a quiet month.
SCAN = """
SELECT substr(COALESCE(ended_at, created_at), 1, 10) AS day, provider, model, resolution, tenant,
    tags, COUNT(*) AS attempts, SUM(outcome = 'delivered') AS delivered, SUM(posted) AS posted,
    SUM(CASE WHEN outcome = 'delivered' THEN dearest - posted ELSE 0 END) AS avoided,
    SUM(CASE WHEN state = 'in_doubt' THEN quoted ELSE 0 END) AS in_doubt
FROM attempts
WHERE COALESCE(ended_at, created_at) >= '2026-11-01' AND COALESCE(ended_at, created_at) < '2026-12'
GROUP BY 1, 2, 3, 4, 5, 6
"""


def generate(path: Path, jobs: int = JOBS) -> None:
    """Write a ledger's file as it was before there were sums."""
    with closing(apsw.Connection(str(path))) as database:
        database.pragma("journal_mode", "off")
        database.pragma("synchronous", "off")
        with database:
            for number, script in migrations("sqlite"):
                if number < SUMS_SINCE:
                    database.execute(script)
                    database.pragma("user_version", number)
            database.execute(NUMBERS, {"jobs": jobs})
            for statement in FILL:
                database.execute(statement)
            database.execute(
                "INSERT INTO balances SELECT 'daily', 'everyone', substr(created_at, 1, 10),"
                " substr(created_at, 1, 10), SUM(posted), 0, 0,"
                " SUM(CASE WHEN state = 'in_doubt' THEN quoted ELSE 0 END)"
                " FROM attempts GROUP BY substr(created_at, 1, 10)"
            )


class Shelf:
    """A generated ledger that is open, and its file beside it for the scan."""

    def __init__(self, path: Path) -> None:
        began_s = time.perf_counter()
        self.store = SqliteStore(path, ThreadExecutor("writer"), ThreadExecutor("reader"))
        self.filled_s = time.perf_counter() - began_s
        self.ledger = Ledger(
            self.store, Writer(SystemClock(), self.store, lambda *_: None, lambda: None)
        )
        self.beside = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)

    async def scanned(self) -> Money:
        """What was posted, as every attempt says."""
        rows = await asyncio.to_thread(lambda: list(self.beside.execute(SCAN)))
        return Money(sum(posted for *_, posted, _, _ in rows))

    async def reported(self, *by: str, zone: str = "UTC") -> Money:
        """What was posted, as the report says."""
        grain = Grain.of(by)
        rows = await self.ledger.spending(
            SINCE,
            UNTIL,
            zone=zone,
            cut=grain.cut,
            tags=grain.tags,
            keys=grain.keys,
            tenants=grain.tenants,
        )
        return report(rows, by).total.posted

    async def scraped(self, check: BooksCheck) -> Money:
        """What was posted, as the metrics say."""
        snapshot = await money_snapshot(self.ledger, a_policy(), UNTIL, check=check)
        return Money(sum(row.posted.nanos for row in snapshot.spent))

    def close(self) -> None:
        """Close both."""
        self.beside.close()
        self.store.close()


async def timed(what: Callable[[], Awaitable[Money]]) -> tuple[float, Money]:
    """How long a reading took, and what it says."""
    began_s = time.perf_counter()
    said = await what()
    return time.perf_counter() - began_s, said


async def compared(shelf: Shelf) -> None:
    """Time each reading, and print one table."""
    check = BooksCheck(shelf.ledger, FakeClock())
    checked_s, _ = await timed(shelf.ledger.imbalance)
    await check.look()
    readings: dict[str, Callable[[], Awaitable[Money]]] = {
        "a scan of the attempts": shelf.scanned,
        "by provider": lambda: shelf.reported("provider"),
        "by day and tenant": lambda: shelf.reported("day", "tenant"),
        "by day and tag": lambda: shelf.reported("day", "tag:team"),
        "by day and tenant, Berlin": lambda: shelf.reported("day", "tenant", zone="Europe/Berlin"),
        "by day and tenant, New York": lambda: shelf.reported(
            "day", "tenant", zone="America/New_York"
        ),
        "by month, Sydney": lambda: shelf.reported("month", zone="Australia/Sydney"),
        "a scrape": lambda: shelf.scraped(check),
    }
    took: dict[str, list[float]] = {name: [] for name in readings}
    for _ in range(ROUNDS):
        for name, reading in readings.items():
            seconds, said = await timed(reading)
            took[name].append(seconds)
            assert said == await shelf.reported(), name
    _print(took, checked_s, shelf.filled_s)


def _print(took: dict[str, list[float]], checked_s: float, filled_s: float) -> None:
    table = Table(title=f"A month of {JOBS:,} jobs")
    for heading in ("read", "median, s", "highest, s", "a scan takes"):
        table.add_column(heading, justify="left" if heading == "read" else "right")
    (_, scans), *_ = took.items()
    for name, found in took.items():
        ratio = statistics.median(scan / one for scan, one in zip(scans, found, strict=True))
        figures = (f"{statistics.median(found):.3f}", f"{max(found):.3f}", f"{ratio:.1f} times")
        table.add_row(name, *figures)
    Console().print(table)
    Console().print(
        f"Each to be well below {LIMIT_S} s. The sums were filled in {filled_s:.0f} s, once; "
        f"the check of the books takes {checked_s:.1f} s."
    )


def measure() -> None:
    """Generate a ledger, and measure."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "farebox.db"
        generate(path)
        shelf = Shelf(path)
        try:
            asyncio.run(compared(shelf))
        finally:
            shelf.close()
