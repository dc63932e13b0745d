"""
A month of traffic with all that goes wrong, and afterwards one number, whoever is asked.

It crosses the end of a month in UTC, which is closed in between, and the nights in which the clocks
of Berlin and of Santiago change. Every time that is asked for is asked of everybody.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from router.finance.focus.columns import VERSIONS
from router.model.clock import rfc3339
from router.model.money import Money, total
from router.policy.loader import load_policy
from tests.commands import Commands
from tests.focus_kit import Line, effective, judged, lines_of_parquet, total_of
from tests.ledger_kit import usd
from tests.month import Burst, live
from tests.month_books import BROKEN_DOWN, Books, Key, Metrics, Said, broken_down
from tests.page_kit import posted_in

pytestmark = pytest.mark.slow

POLICIES = Path(__file__).parents[2] / "policies"
POLICY = """\
policy: month
summary: The cheapest, but for one tenant, who takes the other.
prefer: lowest_price
failover: {providers_max: 2, double_spend_max: $3.00 per day}
prices: prices.yaml
rules:
  - {name: quick, when: {tenant: beta}, prefer: {order: [runpod, shortapi]}}
budgets:
  - {name: everyone, who: everyone, limit: $611.00, per: month}
  - {name: berlin, who: everyone, limit: $607.00, per: month, time_zone: Europe/Berlin}
examples:
  - {job: 4k, expect: shortapi at $0.083}
"""
BERLIN, SANTIAGO = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Santiago")
CHANGES = (
    datetime(2027, 3, 28, 1, tzinfo=UTC),  # Berlin's clocks go forward.
    datetime(2027, 4, 4, 3, tzinfo=UTC),  # Santiago's go back.
)
MARCH_ENDS = datetime(2027, 4, 1, tzinfo=UTC)
FAULTS: tuple[dict[str, Any], ...] = (
    {"fault": "fail_job_unrefunded", "provider": "shortapi", "probability": 0.1},
    {"fault": "fail_job", "provider": "runpod", "probability": 0.15},
    {"fault": "cost_drift", "provider": "runpod", "amount": "0.0613", "probability": 0.2},
    {"fault": "cost_drift", "provider": "runpod", "amount": "0.1913", "probability": 0.1},
    {"fault": "502_after_accept", "provider": "shortapi", "probability": 0.05},
    {"fault": "accept_then_reset", "provider": "runpod", "probability": 0.05},
    {"fault": "status_429", "probability": 0.05},
)
LOST: tuple[dict[str, Any], ...] = (
    {"fault": "ok_no_id", "operation": "create", "probability": 0.7},
    {"fault": "callback_lost", "probability": 1.0},
)
EDITS = 9
DAYS_MIN = 28


def a_policy_folder(folder: Path) -> Path:
    """A policy with contracted prices, a provider paid ahead and one that sends invoices."""
    prices = (POLICIES / "prices.yaml").read_text("utf-8")
    prices = prices.replace("title: Runpod", "title: Runpod\n    account: runpod:prod-1")
    before, runpod, after = prices.partition("account: runpod:prod-1")
    after = after.replace("billing: prepaid", "billing: invoiced", 1)
    listed = "per_image: {1k: $0.04, 2k: $0.06, 4k: $0.09}"
    after = after.replace(listed, f"{listed}\n    contracted: {{4k: $0.083}}", 1)
    (folder / "prices.yaml").write_text(before + runpod + after, "utf-8")
    path = folder / "policy.yaml"
    path.write_text(POLICY, "utf-8")
    return path


def midnights() -> list[datetime]:
    """The instants at which days end somewhere, around the changes and the month's end."""
    days = [datetime(2027, 3, day) for day in (28, 29)] + [datetime(2027, 4, day) for day in (4, 5)]  # noqa: DTZ001 - a zone is given below.
    zones = (BERLIN, SANTIAGO, UTC)
    return [day.replace(tzinfo=zone).astimezone(UTC) for day in days for zone in zones]


def bursts(entropy: Random) -> list[Burst]:
    """One a day at any time, and one at every edge."""
    first = datetime(2027, 3, 14, 6, tzinfo=UTC)
    daily = [first + timedelta(days=day, hours=entropy.uniform(0, 12)) for day in range(31)]
    edges = {*CHANGES, MARCH_ENDS, MARCH_ENDS + timedelta(hours=2), *midnights()}
    found = [Burst(at=at, edits=EDITS, faults=FAULTS) for at in {*daily, *edges}]
    lost_at = datetime(2027, 3, 30, 20, tzinfo=UTC)
    found.append(Burst(at=lost_at, edits=EDITS, faults=LOST, up_s=3.2 * 3600))
    found.append(Burst(at=lost_at + timedelta(days=1), edits=EDITS, faults=LOST, up_s=60.0))
    return sorted(found, key=lambda burst: burst.at)


def faces(books: Books, begins: datetime, ends: datetime) -> dict[str, Said]:
    """What was posted and presumed in a time of a zone, by everyone who says so."""
    since, until = begins.astimezone(UTC), ends.astimezone(UTC)
    return {
        **books.told(begins, ends),
        "journal": books.journal(since, until),
        "report": Said.of(books.report(since, until)["total"]),
    }


def times() -> Iterator[tuple[datetime, datetime]]:
    """The whole, each month of each zone, and each day around a change of the clocks."""
    begins, ends = datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 5, 1, tzinfo=UTC)
    yield begins, ends
    for zone in (UTC, BERLIN, SANTIAGO):
        for month in (3, 4):
            start = datetime(2027, month, 1, tzinfo=zone)
            yield start, start.replace(month=month + 1)
    for zone, month, day in ((BERLIN, 3, 28), (SANTIAGO, 4, 3), (SANTIAGO, 4, 4)):
        start = datetime(2027, month, day, tzinfo=zone)
        yield start, start + timedelta(days=1)  # The wall's days: 23, 24 and 25 hours.


def test_everybody_says_the_same_of_a_month(farebox: Commands, tmp_path: Path) -> None:
    """Journal, report, `/v1/spend`, both exports, the page and `/metrics`, to the nano-dollar."""
    path = a_policy_folder(tmp_path)
    policy, found = load_policy(path), bursts(Random(3))
    books = Books(farebox, f"sqlite:///{tmp_path / 'ledger.db'}", path)
    march = [burst for burst in found if burst.at <= MARCH_ENDS + timedelta(hours=3)]

    live(tmp_path, policy, march, seed=3)
    close_march(books)
    live(tmp_path, policy, [burst for burst in found if burst not in march], seed=4)
    bring_a_bill(books)
    change(books, "runpod", "0.0337", since="2027-04-02", until="2027-04-12")

    check_the_ground(books)
    whole = datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 5, 1, tzinfo=UTC)
    for since, until in times():
        said = faces(books, since, until)
        assert len(set(said.values())) == 1, (since, until, said)
        assert said["journal"].posted != Money.ZERO
        for version in VERSIONS:
            lines = books.focus(version, since.astimezone(UTC), until.astimezone(UTC))
            assert effective(lines) == said["journal"].posted, (version, since, until)
    for zone in (UTC, BERLIN, SANTIAGO):
        check_days(books, zone, *whole)
    metrics = books.metrics()
    check_meanings(books, metrics, *whole)
    check_names(books, metrics, *whole)
    check_presumed(books, metrics, *whole)
    check_invoices(books, *whole)
    check_the_file(books, *whole)
    check_closed(books)
    check_forecasts(books)


def close_march(books: Books) -> None:
    """Pay, close the month with what is left open, and correct it afterwards."""
    words = ("--at", "2027-03-20", "--json")
    books.ask(
        "account", "topup", "shortapi", "--amount", "25.03", "--reference", "receipt 1", *words
    )
    words = ("--at", "2027-03-21", "--json")
    books.ask("account", "credit", "runpod", "--amount", "0.17", "--reference", "CN-1", *words)
    change(books, "runpod", "0.0071")
    why = ("--leave-open", "--reason", "they do not answer")
    books.ask("period", "close", "shortapi", "2027-03", *why)
    books.ask("period", "close", "runpod", "2027-03", "--invoice", "INV-2027-03", *why)
    change(books, "shortapi", "0.0291")
    change(books, "runpod", "0")


def change(
    books: Books, provider: str, posted: str, since: str = "2027-03", until: str = "2027-03-30"
) -> None:
    """Correct what one of a provider's attempts cost, which ended between two days."""
    ((attempt,),) = books.rows(
        "SELECT id FROM attempts WHERE provider = ? AND state = 'posted' AND posted > 30000000 "
        "AND ended_at BETWEEN ? AND ? AND outcome = 'delivered' ORDER BY id LIMIT 1",
        *(provider, since, until),
    )
    words = ("--posted", posted, "--force", "--reason", "their letter")
    books.ask("settle", attempt, *words)


def bring_a_bill(books: Books) -> None:
    """Learn by a bill alone that two edits of March were not charged as priced."""
    found = books.rows(
        "SELECT provider_ref, dispatched_at FROM attempts WHERE provider = 'shortapi' "
        "AND state = 'posted' AND posted = quoted AND outcome = 'delivered' "
        "AND ended_at < '2027-03-30' ORDER BY id DESC LIMIT 2"
    )
    lines = [
        f"{ref},{at},{amount}"
        for (ref, at), amount in zip(found, ("0.0947", "0.0173"), strict=True)
    ]
    file = books.farebox.folder / "usage.csv"
    file.write_text("\n".join(["ref,at,amount", *lines]) + "\n", "utf-8")
    before = drifted(books)
    books.ask("reconcile", "shortapi", str(file), "--apply")
    assert drifted(books) == before + 2


def drifted(books: Books) -> int:
    """How many charges the sums have that are not their price."""
    ((count,),) = books.rows("SELECT SUM(drifted) FROM spending WHERE span = 'ever'")
    assert isinstance(count, int)
    return count


def check_meanings(books: Books, metrics: Metrics, since: datetime, until: datetime) -> None:
    """Edits, drift and what was paid twice: as the attempts have them, by everyone who says so."""
    ((edits, deliveries, charges, nanos),) = books.rows(
        "SELECT COUNT(DISTINCT job_id) FILTER (WHERE outcome = 'delivered'), "
        "SUM(outcome = 'delivered'), SUM(charged > 0 AND charged <> quoted), "
        "SUM(CASE WHEN charged > 0 THEN ABS(charged - quoted) ELSE 0 END) "
        "FROM attempts WHERE state = 'posted'"
    )
    assert deliveries > edits
    twice = metrics.all("farebox_double_spend_usd")
    assert twice > Money.ZERO
    for told in (books.report(since, until), books.spend(since, until)):
        drift = told["drift"]
        assert (told["total"]["edits"], drift["charges"]) == (edits, charges)
        assert Money.parse(drift["over"]) + Money.parse(drift["under"]) == Money(nanos)
        assert Money.parse(told["paid_twice"]["amount"]) == twice
    assert metrics.all("farebox_edits") == usd(str(edits))
    assert metrics.all("farebox_price_drift_usd") == Money(nanos)
    assert metrics.all("farebox_price_drift_jobs") == usd(str(charges))


def check_the_ground(books: Books) -> None:
    """The month was as bad as it was meant to be; otherwise it proves nothing."""
    counted = dict(books.rows("SELECT state, COUNT(*) FROM attempts GROUP BY state"))
    assert counted["posted"] > 200
    assert counted["posted_presumed"] > 2
    assert counted["voided"] > 5
    kinds = dict(books.rows("SELECT kind, COUNT(*) FROM entries GROUP BY kind"))
    assert {"overage", "adjust", "presume", "doubt"} <= set(kinds)
    drifted = books.rows("SELECT COUNT(*) FROM attempts WHERE state = 'posted' AND posted < quoted")
    assert drifted[0][0] > 3
    assert len(books.rows("SELECT DISTINCT provider FROM attempts WHERE posted > 0")) == 2
    # Some edits were asked for in one month and charged in the next.
    crossing = books.rows(
        "SELECT COUNT(*) FROM attempts JOIN entries ON attempt_id = id WHERE entries.posted > 0 "
        "AND created_at < '2027-04-01' AND entries.at >= '2027-04-01'"
    )
    assert crossing[0][0] > 1


def check_days(books: Books, zone: tzinfo, since: datetime, until: datetime) -> None:
    """Each day of a zone's walls, by whoever cuts a time into days; an export tells the instant."""
    name = str(zone) if isinstance(zone, ZoneInfo) else "UTC"
    times = ("--from", since.isoformat(), "--to", until.isoformat(), "--json")
    told = json.loads(books.ask("report", "--by", "day", "--time-zone", name, *times))
    reported = {row["day"]: Money.parse(row["posted"]) for row in told["rows"]}
    exported: dict[str, list[Money]] = defaultdict(list)
    for line in books.focus("1.4", since, until):
        if line["ChargeCategory"] == "Usage":
            booked = datetime.fromisoformat(line["x_BookedAt"] or "").astimezone(zone)
            exported[f"{booked:%Y-%m-%d}"].append(Money.parse(line["EffectiveCost"] or ""))
    assert len(exported) > DAYS_MIN
    for day, amounts in exported.items():
        start = datetime.fromisoformat(day).replace(tzinfo=zone)
        journal = books.journal(start, start + timedelta(days=1)).posted
        assert reported[day] == total(amounts) == journal, (name, day)


def check_names(books: Books, metrics: Metrics, since: datetime, until: datetime) -> None:
    """Each provider's, tenant's and resolution's own, and none of another's."""
    journal: dict[str, dict[Key, Money]] = {"posted": {}, "gross": {}, "presumed": {}}
    for *key, posted, gross, presumed in books.rows(
        f"SELECT {', '.join(BROKEN_DOWN)}, SUM(entries.posted), SUM(MAX(entries.posted, 0)), "  # noqa: S608 - columns of ours.
        "SUM(presumed) FROM entries JOIN attempts ON attempts.id = attempt_id GROUP BY 1, 2, 3"
    ):
        for name, nanos in (("posted", posted), ("gross", gross), ("presumed", presumed)):
            if nanos:
                journal[name][tuple(key)] = Money(nanos)
    assert len(journal["posted"]) == 2 * 3 * 3
    by = ",".join(BROKEN_DOWN)
    told = books.report(since, until, by)["rows"]
    assert told == books.spend(since, until, by)["rows"]
    assert broken_down(told, "posted") == journal["posted"]
    assert broken_down(told, "presumed") == journal["presumed"]
    gross = metrics.by("farebox_posted_usd", *BROKEN_DOWN)
    assert broken_down(told, "posted", "refunded") == journal["gross"] == gross
    assert broken_down(told, "edits") == metrics.by("farebox_edits", *BROKEN_DOWN)
    for name in ("refunded", "presumed", "held", "in_doubt", "list_cost", "missed"):
        provided = metrics.by(f"farebox_{name}_usd", "provider")
        assert broken_down(told, name, by=("provider",)) == provided, name
    for version in VERSIONS:
        exported: dict[Key, list[Money]] = defaultdict(list)
        for line in books.focus(version, since, until):
            if line["ChargeCategory"] == "Usage":
                named = (line["InvoiceIssuerName"], line["SubAccountName"], line["x_Resolution"])
                exported[tuple((name or "").lower() for name in named)].append(
                    Money.parse(line["EffectiveCost"] or "")
                )
        assert {key: total(amounts) for key, amounts in exported.items()} == journal["posted"]


def check_presumed(books: Books, metrics: Metrics, since: datetime, until: datetime) -> None:
    """It is a column of its own everywhere, of both providers, and in no row of any export."""
    presumed = books.journal(since, until).presumed
    assert metrics.all("farebox_presumed_usd") == presumed
    assert len(metrics.by("farebox_presumed_usd", "provider")) == 2
    found = books.rows("SELECT id FROM attempts WHERE state = 'posted_presumed'")
    names = {name for (name,) in found}
    for version in VERSIONS:
        lines = books.focus(version, since, until)
        assert not names & {line["x_AttemptId"] for line in lines}
        words = ("--version", version, "--format", "parquet")
        rows = lines_of_parquet(books.file(since, until, *words))
        assert [row["x_EntryId"] for row in rows] == [line["x_EntryId"] for line in lines]
        assert not names & {row["x_AttemptId"] for row in rows}
        for column in ("BilledCost", "EffectiveCost"):
            whole = sum((row[column] for row in rows), Decimal(0))
            assert Money.exact(whole) == total_of(lines, column)


def check_invoices(books: Books, since: datetime, until: datetime) -> None:
    """What is billed is the invoiced provider's charges, receipts and credit notes, each apart."""
    march, april = (of_runpod(books, in_march=in_march) for in_march in (True, False))
    for version in VERSIONS:
        lines = books.focus(version, since, until)
        assert billed_in(lines) == {
            "INV-2027-03": march,
            "provisional:runpod:2027-04": april,
            "provisional:shortapi:2027-03": Money.ZERO,
            "provisional:shortapi:2027-04": Money.ZERO,
            "receipt 1": usd("25.03"),
            "CN-1": usd("-0.17"),
        }


def check_the_file(books: Books, since: datetime, until: datetime) -> None:
    """The file of the month has rows of every kind, passes its judge, and is written so again."""
    files = {version: books.file(since, until, "--version", version) for version in VERSIONS}
    for version in VERSIONS:
        assert files[version].read_bytes() == books.export(version, since, until)
        assert kinds_in(books.focus(version, since, until)) == {
            ("Usage", None, "prepaid", "1"),
            ("Usage", None, "invoiced", "1"),
            ("Usage", None, "invoiced", "-1"),
            ("Usage", "Correction", "prepaid", "1"),
            ("Usage", "Correction", "prepaid", "-1"),
            ("Usage", "Correction", "invoiced", "1"),
            ("Usage", "Correction", "invoiced", "-1"),
            ("Purchase", None, "prepaid", "1"),
            ("Credit", None, "invoiced", None),
        }
    verdict = judged(files["1.4"])
    assert (verdict.returncode, verdict.stderr) == (0, ""), verdict.stdout
    assert "structural+semantic lint OK" in verdict.stdout


def kinds_in(lines: list[Line]) -> set[tuple[str | None, ...]]:
    """Which kinds of rows there are: category, class, how it is paid for, quantity."""
    billing = {"ShortAPI": "prepaid", "Runpod": "invoiced"}
    return {
        (
            line["ChargeCategory"],
            line["ChargeClass"],
            billing[line["InvoiceIssuerName"] or ""],
            line["PricingQuantity"],
        )
        for line in lines
    }


def billed_in(lines: list[Line]) -> dict[str | None, Money]:
    """What each invoice of a file comes to."""
    invoices = {line["InvoiceId"] for line in lines}
    return {one: total_of(lines, "BilledCost", InvoiceId=one) for one in invoices}


def of_runpod(books: Books, *, in_march: bool) -> Money:
    """What the journal has of one provider, before or after the end of March."""
    ((nanos,),) = books.rows(
        "SELECT SUM(entries.posted) FROM entries JOIN attempts ON attempts.id = attempt_id "
        "WHERE provider = 'runpod' AND (at < ?) = ?",
        rfc3339(MARCH_ENDS),
        int(in_march),
    )
    return Money(nanos)


def check_closed(books: Books) -> None:
    """
    The closed month's files are still those of its close, and so are its sums.

    Each of its invoices comes to what the close wrote down.
    """
    since, until = datetime(2027, 3, 1, tzinfo=UTC), MARCH_ENDS
    periods = json.loads(books.ask("period", "list", "--json"))["periods"]
    assert [period["provider"] for period in periods] == ["runpod", "shortapi"]
    assert all(period["left_open_attempts"] > 0 for period in periods)
    for period in periods:
        provider = period["provider"]
        amounts = {
            name: Money.parse(period[name])
            for name in ("posted", "billed", "topped_up", "credited")
        }
        invoices = {
            "runpod": {"INV-2027-03": amounts["posted"], "CN-1": -amounts["credited"]},
            "shortapi": {
                "provisional:shortapi:2027-03": Money.ZERO,
                "receipt 1": amounts["topped_up"],
            },
        }[provider]
        assert total(list(invoices.values())) == amounts["billed"]
        for version in VERSIONS:
            lines = books.focus(version, since, until, "--provider", provider)
            digest = period["sha256"][f"focus-{version}.csv"]
            assert books.digest(version, since, until, provider) == digest
            assert effective(lines) == amounts["posted"]
            assert billed_in(lines) == invoices


def check_forecasts(books: Books) -> None:
    """
    The page and a month's budget of everyone expect the same on top of what each counts.

    And they count the same but for what was held in one month and charged in the next: a budget has
    it where its hold was placed, the page where it was booked.
    """
    zones = (UTC, BERLIN)
    asked = [("/dashboard", {"time_zone": str(zone)}) for zone in zones]
    budgets, *pages = books.answered(("/v1/budgets", {}), *asked)
    lines = json.loads(budgets)["budgets"]
    for name, zone, page in zip(("everyone", "berlin"), zones, pages, strict=True):
        (line,) = [one for one in lines if one["name"] == name]
        told = {key: Money.parse(line["forecast"][key]) for key in ("expected", "high")}
        _, _, tile = page.partition("At the month\N{RIGHT SINGLE QUOTATION MARK}s end")
        expected, _, high = posted_in(tile)[:3]
        april = rfc3339(datetime(2027, 4, 1, tzinfo=zone))
        ((nanos,),) = books.rows(
            "SELECT SUM(entries.posted + entries.presumed) FROM entries JOIN attempts "
            "ON attempts.id = attempt_id WHERE created_at < ? AND entries.at >= ?",
            *(april, april),
        )
        assert line["forecast"]["method"] == "weekday"
        assert Money.parse(line["presumed"]) > Money.ZERO
        assert nanos != 0
        assert expected - told["expected"] == high - told["high"] == Money(nanos), name
