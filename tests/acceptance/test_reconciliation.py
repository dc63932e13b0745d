"""When the bill comes: it is held against the books, and settles what nobody could tell before."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from router.ledger.commands import Presume
from router.ledger.mapping import decode
from router.ledger.rows import AttemptRow
from router.model.clock import from_rfc3339, rfc3339
from router.model.ids import AttemptId
from router.model.job import AttemptState
from router.model.money import Money, total
from tests.billing_kit import Emulators, House, emulators, usage_csv
from tests.ledger_kit import a_sqlite_store, at_once, usd
from tests.observe_kit import series, value
from tests.processes import CLOCK

pytestmark = pytest.mark.slow

COLUMNS = ("--columns", "ref=Job,amount=Cost,at=Created")
STRANGE = {"Job": "somebody-elses", "Kind": "charge", "Cost": "0.0412"}
"""An edit that somebody else has bought with the same account."""


async def bought(house: House, em: Emulators) -> dict[str, AttemptId]:
    """Buy edits of which the books and the bill will say something different, each by its name."""
    jobs = {"same": await house.edit(resolution="1k"), "dropped": await house.edit(resolution="1k")}
    await em.breaks(
        {"fault": "cost_drift", "provider": "shortapi", "amount": "0.0457", "times": 1},
    )
    jobs["dearer"] = await house.edit(resolution="2k")
    await em.breaks({"fault": "reset_before_accept", "provider": "shortapi", "times": 2})
    names = ("never arrived", "lost")
    lost = await asyncio.gather(*(house.edit(resolution="2k", deadline_s=3) for _ in names))
    jobs |= dict(zip(names, lost, strict=True))
    await em.breaks({"fault": "fail_job_unrefunded", "provider": "shortapi", "times": 2})
    jobs["failed"] = await house.edit(resolution="4k")
    jobs["failed long ago"] = await house.edit(resolution="1k")
    return {name: AttemptId(job["attempts"][0]["id"]) for name, job in jobs.items()}


def presumed(database: Path, *attempts: AttemptId) -> datetime:
    """Let the hours pass in which evidence could have come; gives the instant that it is then."""
    store = a_sqlite_store(database)
    found = [at_once(store.fetch("attempt", id=attempt))[0] for attempt in attempts]
    at = max(from_rfc3339(row["horizon_at"]) for row in found) + timedelta(microseconds=1)
    at_once(store.commit([Presume(at=at, attempt_id=attempt) for attempt in attempts]))
    store.close()
    return at


async def test_a_bill_settles_what_nobody_could_tell(tmp_path: Path) -> None:
    """
    One difference of each kind is found; two doubts and two presumptions are settled by it, one of
    each as charged and one as not; and then the books are what was really charged.
    """
    bill = tmp_path / "usage.csv"
    began = CLOCK.now() - timedelta(hours=6)
    async with emulators(tmp_path) as em:
        async with em.router() as house:
            attempts = await bought(house, em)
        long_ago = (attempts["never arrived"], attempts["failed long ago"])
        now = presumed(tmp_path / "farebox.db", *long_ago)
        truth = await em.truth()
        refs = {name: row.provider_ref for name, row in _rows(tmp_path, attempts).items()}
        async with em.router() as house:
            strange = {**STRANGE, "Created": rfc3339(began + timedelta(hours=1))}
            charged = [
                one if one["ref"] != refs["failed long ago"] else {**one, "amount": "0.0431"}
                for one in truth["entries"]
                if one["ref"] != refs["dropped"]
            ]
            bill.write_text(usage_csv({"entries": charged}, "shortapi", strange), "utf-8")
            period = ("--from", rfc3339(began), "--to", rfc3339(now))
            asked = ("reconcile", "shortapi", bill, *COLUMNS, *period, "--json")
            before = json.loads((await house.command(*asked)).out)
            unproved = (await house.get("/v1/spend"))["total"]
            applied = await house.command(*asked, "--apply")
            again = json.loads((await house.command(*asked, "--apply")).out)
            spend = await house.get("/v1/spend")
            metrics = await _text(house, "/metrics")
            listed = (await house.get("/v1/statements"))["statements"]

    one_of_each(before, attempts)
    assert applied.code == 1, applied.err
    done = json.loads(applied.out)
    assert {one["attempt"] for one in done["findings"] if one["applied"]} == {
        attempts[name] for name in attempts if name not in {"same", "dropped"}
    }
    assert _counts(again) == {"matched": 4, "missing_here": 1, "missing_there": 1}
    assert [one["id"] for one in listed] == [before["statement"]["id"]]
    posted = Money.parse(spend["total"]["posted"])
    # By the bill it was dearer than the emulators know.
    assert posted == Money.parse(truth["net"]) + usd("0.0031") == usd("0.2588")
    assert (unproved["presumed"], unproved["in_doubt"]) == ("0.10", "0.15")
    assert (spend["total"]["presumed"], spend["total"]["in_doubt"]) == ("0.00", "0.00")
    assert 'price_drift_usd{direction="under",provider="shortapi"} 0.0143' in metrics
    assert '{direction="over",provider="shortapi"} 0.0031' in metrics
    rows = _rows(tmp_path, attempts)
    assert total([row.posted for row in rows.values()]) == posted
    settled(rows)


async def test_it_is_known_when_a_balance_was_read(tmp_path: Path) -> None:
    """Each prepaid provider has a series: at zero, until somebody says what its balance is."""
    name = "farebox_provider_balance_read_timestamp_seconds"
    at = CLOCK.now() - timedelta(hours=1)
    async with emulators(tmp_path) as em, em.router() as house:
        before = series((await _text(house, "/metrics")).encode())
        read = ("reconcile", "shortapi", "--balance", "41.20", "--at", rfc3339(at))
        assert (await house.command(*read)).code == 0
        after = series((await _text(house, "/metrics")).encode())

    assert [value(before, name, provider=one) for one in ("shortapi", "runpod")] == [0, 0]
    found = value(after, name, provider="shortapi")
    assert found is not None
    assert abs(found - at.timestamp()) < 0.001
    assert value(after, name, provider="runpod") == 0


def one_of_each(before: Mapping[str, Any], attempts: Mapping[str, AttemptId]) -> None:
    """What is found, before anything is settled by it."""
    found = {one["attempt"] or one["ref"]: one for one in before["findings"]}
    assert {
        name: (found[attempt]["kind"], found[attempt]["money"], found[attempt]["action"])
        for name, attempt in attempts.items()
        if attempt in found
    } == {
        "dearer": ("amount_differs", "posted", "adjust"),
        "never arrived": ("absent", "posted_presumed", "void"),
        "lost": ("absent", "in_doubt", "void"),
        "failed": ("billed", "in_doubt", "post"),
        "failed long ago": ("billed", "posted_presumed", "post"),
        "dropped": ("missing_there", "posted", None),
    }
    assert (found["somebody-elses"]["kind"], found["somebody-elses"]["suggested"]) == (
        "missing_here",
        [],
    )
    assert _counts(before) == {
        "matched": 1,
        "amount_differs": 1,
        "absent": 2,
        "billed": 2,
        "missing_here": 1,
        "missing_there": 1,
    }


def settled(rows: Mapping[str, AttemptRow]) -> None:
    """What was in doubt or presumed is posted as billed, or voided."""
    proved = [rows[name] for name in ("failed", "failed long ago")]
    assert {(row.state, row.reported_source) for row in proved} == {
        (AttemptState.POSTED, "statement")
    }
    assert [(row.quoted, row.posted) for row in proved] == [
        (usd("0.09"), usd("0.09")),
        (usd("0.04"), usd("0.0431")),
    ]
    assert {rows[name].state for name in ("never arrived", "lost")} == {AttemptState.VOIDED}


async def _text(house: House, path: str) -> str:
    async with house.session.get(f"{house.url}{path}") as reply:
        return await reply.text()


def _counts(report: Mapping[str, Any]) -> dict[str, int]:
    return {one["kind"]: one["count"] for one in report["sums"] if one["count"]}


def _rows(folder: Path, attempts: Mapping[str, AttemptId]) -> dict[str, AttemptRow]:
    """What the books have, when nobody else has them open."""
    store = a_sqlite_store(folder / "farebox.db")
    found = {name: at_once(store.fetch("attempt", id=one))[0] for name, one in attempts.items()}
    store.close()
    return {name: decode(AttemptRow, columns) for name, columns in found.items()}
