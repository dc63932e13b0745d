"""When the bill comes: it is held against the books, and settles what nobody could tell before."""

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
    await em.breaks({"fault": "reset_before_accept", "provider": "shortapi", "times": 1})
    jobs["never arrived"] = await house.edit(resolution="2k", deadline_s=3)
    await em.breaks({"fault": "fail_job_unrefunded", "provider": "shortapi", "times": 1})
    jobs["failed"] = await house.edit(resolution="4k")
    return {name: AttemptId(job["attempts"][0]["id"]) for name, job in jobs.items()}


def presumed(database: Path, attempt: AttemptId) -> datetime:
    """Let the hours pass in which evidence could have come; gives the instant that it is then."""
    store = a_sqlite_store(database)
    (columns,) = at_once(store.fetch("attempt", id=attempt))
    at = from_rfc3339(columns["horizon_at"]) + timedelta(microseconds=1)
    at_once(store.commit([Presume(at=at, attempt_id=attempt)]))
    store.close()
    return at


async def test_a_bill_settles_what_nobody_could_tell(tmp_path: Path) -> None:
    """
    One difference of each kind is found; a doubt and a presumption are settled by it; and then the
    books are what was really charged.
    """
    bill = tmp_path / "usage.csv"
    began = CLOCK.now() - timedelta(hours=6)
    async with emulators(tmp_path) as em:
        async with em.router() as house:
            attempts = await bought(house, em)
        now = presumed(tmp_path / "farebox.db", attempts["never arrived"])
        truth = await em.truth()
        charged = [one for one in truth["entries"] if one["provider"] == "shortapi"]
        dropped = _rows(tmp_path, attempts)["dropped"].provider_ref
        async with em.router() as house:
            strange = {**STRANGE, "Created": rfc3339(began + timedelta(hours=1))}
            kept = [one for one in charged if one["ref"] != dropped]
            bill.write_text(usage_csv({"entries": kept}, "shortapi", strange), "utf-8")
            period = ("--from", rfc3339(began), "--to", rfc3339(now))
            asked = ("reconcile", "shortapi", bill, *COLUMNS, *period, "--json")
            before = json.loads((await house.command(*asked)).out)
            applied = await house.command(*asked, "--apply")
            again = json.loads((await house.command(*asked, "--apply")).out)
            spend = await house.get("/v1/spend")
            metrics = await _text(house, "/metrics")
            listed = (await house.get("/v1/statements"))["statements"]

    found = {one["attempt"] or one["ref"]: one for one in before["findings"]}
    assert {
        name: (found[attempt]["kind"], found[attempt]["money"], found[attempt]["action"])
        for name, attempt in attempts.items()
        if attempt in found
    } == {
        "dearer": ("amount_differs", "posted", "adjust"),
        "never arrived": ("absent", "posted_presumed", "void"),
        "failed": ("billed", "in_doubt", "post"),
        "dropped": ("missing_there", "posted", None),
    }
    assert (found["somebody-elses"]["kind"], found["somebody-elses"]["suggested"]) == (
        "missing_here",
        [],
    )
    assert _counts(before) == {
        "matched": 1,
        "amount_differs": 1,
        "absent": 1,
        "billed": 1,
        "missing_here": 1,
        "missing_there": 1,
    }
    assert applied.code == 1, applied.err
    done = json.loads(applied.out)
    assert {one["attempt"] for one in done["findings"] if one["applied"]} == {
        attempts[name] for name in ("dearer", "never arrived", "failed")
    }
    assert _counts(again) == {"matched": 3, "missing_here": 1, "missing_there": 1}
    assert [one["id"] for one in listed] == [before["statement"]["id"]]
    posted = Money.parse(spend["total"]["posted"])
    assert posted == Money.parse(truth["net"]) == usd("0.2157")
    assert (spend["total"]["presumed"], spend["total"]["in_doubt"]) == ("0.00", "0.00")
    assert 'price_drift_usd{direction="under",provider="shortapi"} 0.0143' in metrics
    rows = _rows(tmp_path, attempts)
    failed = rows["failed"]
    assert (failed.state, failed.reported_source) == (AttemptState.POSTED, "statement")
    assert rows["never arrived"].state is AttemptState.VOIDED
    assert total([row.posted for row in rows.values()]) == posted


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
