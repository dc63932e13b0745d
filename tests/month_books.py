"""A ledger at rest, and whoever tells of it: commands, routes, pages, metrics and exports."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
from prometheus_client.parser import text_string_to_metric_families

from router.cli.client import Where, reach
from router.finance.focus.columns import Version
from router.model.clock import rfc3339
from router.model.money import Money, total
from tests.commands import Commands
from tests.focus_kit import Line, check_file
from tests.page_kit import posted_in

Query = Mapping[str, str]
Key = tuple[str, ...]
BROKEN_DOWN = ("provider", "tenant", "resolution")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody says of a time."""

    posted: Money
    presumed: Money

    @classmethod
    def of(cls, amounts: Mapping[str, Any]) -> "Said":
        """Read it of JSON."""
        return cls(posted=Money.parse(amounts["posted"]), presumed=Money.parse(amounts["presumed"]))


@dataclass
class Books:
    """A ledger at rest, and the commands and answers that tell of it."""

    farebox: Commands
    database: str
    policy: Path
    exports: dict[tuple[str, ...], bytes] = field(default_factory=dict[tuple[str, ...], bytes])

    def ask(self, *words: str) -> str:
        """Run a command on it that goes well; gives what it wrote."""
        ran = self.farebox(*words, "--database", self.database, "--policy", str(self.policy))
        assert ran.code == 0, ran.err
        return ran.out

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read the file itself."""
        path = self.database.removeprefix("sqlite:///")
        with closing(apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)) as database:
            return list(database.execute(sql, values))

    def journal(self, since: datetime, until: datetime) -> Said:
        """What entries of a time come to."""
        ((posted, presumed),) = self.rows(
            "SELECT COALESCE(SUM(posted), 0), COALESCE(SUM(presumed), 0) FROM entries "
            "WHERE at >= ? AND at < ?",
            rfc3339(since),
            rfc3339(until),
        )
        return Said(posted=Money(posted), presumed=Money(presumed))

    def report(self, since: datetime, until: datetime, by: str = "provider") -> dict[str, Any]:
        """What `farebox report` says of a time."""
        words = ("--from", since.isoformat(), "--to", until.isoformat(), "--json")
        told: dict[str, Any] = json.loads(self.ask("report", "--by", by, *words))
        return told

    def spend(self, since: datetime, until: datetime, by: str = "tenant,day") -> dict[str, Any]:
        """What `/v1/spend` says of a time."""
        times = {"from": since.isoformat(), "to": until.isoformat()}
        (text,) = self.answered(("/v1/spend", {"by": by, **times}))
        told: dict[str, Any] = json.loads(text)
        return told

    def file(self, since: datetime, until: datetime, *words: str) -> Path:
        """Export a time, anew."""
        version = words[words.index("--version") + 1]
        file = self.farebox.folder / f"focus {version}"
        times = ("--from", since.isoformat(), "--to", until.isoformat())
        self.ask("export", "focus", *times, "-o", str(file), *words)
        return file

    def export(self, version: Version, since: datetime, until: datetime, *words: str) -> bytes:
        """The bytes of a CSV file; of the same time they are asked for once."""
        key = (version, rfc3339(since), rfc3339(until), *words)
        if key not in self.exports:
            file = self.file(since, until, "--version", version, *words)
            self.exports[key] = file.read_bytes()
        return self.exports[key]

    def focus(self, version: Version, since: datetime, until: datetime, *words: str) -> list[Line]:
        """What an export says of a time; each is held to what is promised of it."""
        return check_file(self.export(version, since, until, *words), version)

    def digest(self, version: Version, since: datetime, until: datetime, provider: str) -> str:
        """The SHA-256 of a provider's export of a time."""
        return hashlib.sha256(
            self.export(version, since, until, "--provider", provider)
        ).hexdigest()

    def answered(self, *asked: tuple[str, Query]) -> list[str]:
        """What a router on it answers, asked one after the other."""
        files = [self.farebox.folder / f"answer {number}" for number in range(len(asked))]

        async def get() -> None:
            async with reach(Where.of(None, self.database, self.policy)) as door:
                for file, (path, query) in zip(files, asked, strict=True):
                    await door.save(path, file, query=query)

        asyncio.run(get())
        return [file.read_text("utf-8") for file in files]

    def told(self, begins: datetime, ends: datetime) -> dict[str, Said]:
        """
        What a router says of whole days of a zone.

        That is `/v1/spend`, and of the page its figure, its table and its download.
        """
        days = {
            "first": begins.date().isoformat(),
            "last": (ends - timedelta(days=1)).date().isoformat(),
            "time_zone": str(begins.tzinfo),
        }
        times = {"by": "tenant,day", "from": begins.isoformat(), "to": ends.isoformat()}
        page, download, spend = self.answered(
            ("/dashboard", days), ("/dashboard/spend.json", days), ("/v1/spend", times)
        )
        return {
            "the page's figure": Said(
                posted=_figure(page, "Posted"), presumed=_figure(page, "Presumed")
            ),
            "the page's total": _footing(page),
            "the page's download": Said.of(json.loads(download)["total"]),
            "/v1/spend": Said.of(json.loads(spend)["total"]),
        }

    def metrics(self) -> "Metrics":
        """Scrape it."""
        (text,) = self.answered(("/metrics", {}))
        return Metrics(text)


def _figure(page: str, name: str) -> Money:
    """One of the period's figures."""
    figures = page.partition('<dl class="figures">')[2].partition("</dl>")[0]
    return posted_in(figures.partition(f"<dt>{name}</dt>")[2])[0]


def _footing(page: str) -> Said:
    """The table's last row, by its headings."""
    head, _, body = page.partition('aria-label="By provider"')[2].partition("</thead>")
    _, *names = [part.rpartition(">")[2] for part in head.split("</th>")[:-1]]
    footing = body.partition('<th scope="row">Total</th>')[2].partition("</tr>")[0]
    cells = dict(zip(names, footing.split("<td")[1:], strict=True))
    return Said(posted=posted_in(cells["Posted"])[0], presumed=posted_in(cells["Presumed"])[0])


class Metrics:
    """A scrape: amounts as exact as their text."""

    def __init__(self, text: str) -> None:
        self._families = {one.name: one for one in text_string_to_metric_families(text)}

    def by(self, name: str, *labels: str) -> dict[Key, Money]:
        """A metric's samples added up by labels; what is zero is left out."""
        family = self._families.get(name)
        found: dict[Key, list[Money]] = {}
        for sample in family.samples if family else []:
            key = tuple(sample.labels[label] for label in labels)
            # A metric is a float; its shortest text is the decimal that it was made from.
            found.setdefault(key, []).append(Money.parse(repr(sample.value)))
        return {key: whole for key, amounts in found.items() if (whole := total(amounts))}

    def all(self, name: str) -> Money:
        """What all of a metric's samples come to."""
        return self.by(name).get((), Money.ZERO)


def broken_down(
    rows: Sequence[Mapping[str, Any]], *names: str, by: Sequence[str] = BROKEN_DOWN
) -> dict[Key, Money]:
    """Add up a report's amounts by what its rows are of; what is zero is left out."""
    found: dict[Key, list[Money]] = {}
    for row in rows:
        amounts = [Money.parse(str(row[name])) for name in names]
        found.setdefault(tuple(row[one] for one in by), []).extend(amounts)
    return {key: whole for key, amounts in found.items() if (whole := total(amounts))}
