import json
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from router.finance.backtest.books import Books
from router.finance.backtest.digesting import Digester
from router.finance.backtest.document import document_of
from router.finance.backtest.past import PastJob
from router.finance.backtest.replaying import Digest
from router.finance.backtest.running import HAPPENED, Checked, backtest, processors
from router.finance.backtest.scenarios import scenarios
from router.finance.backtest.traces import Trace
from router.ledger.history import History
from router.ledger.rows import BEGINNING, END
from router.policy.loader import load_policy, shipped_policy_path
from tests.fakes import EPOCH
from tests.past_jobs import (
    Given,
    a_past,
    delivered,
    roomy,
    tried,
    write_ledger,
    write_long_ledger,
    write_trace,
)
from tests.policy_files import PRICES, a_policy

POLICY = a_policy(prices=PRICES.replace("    aspect_ratio_required: true\n", ""))


def jobs(count: int) -> tuple[PastJob, ...]:
    """Jobs a minute apart; every third one's end is not known."""
    return tuple(
        a_past(
            delivered(tried("runpod", "0.0875")) if number % 3 else None,
            created_at=EPOCH + timedelta(minutes=number),
        )
        for number in range(count)
    )


def test_every_job_is_replayed_under_every_policy() -> None:
    """And what happened is of those whose end is known."""
    told: list[tuple[int, int]] = []

    found = backtest(Given(jobs(7)), POLICY, workers=1, progress=lambda *now: told.append(now))

    assert (found.jobs, found.unnoted) == (7, 3)
    assert [(one.name, one.total().jobs) for one in found.tallies] == [
        (HAPPENED, 4), ("thrift", 7), ("always runpod", 7), ("always shortapi", 7),
    ]  # fmt: skip
    assert (found.first_at, found.last_at) == (EPOCH, EPOCH + timedelta(minutes=6))
    assert told == [(0, 7), (3, 7), (6, 7), (7, 7)]


def test_a_limit_takes_the_oldest() -> None:
    """So many and no more, wherever pages end."""
    found = backtest(Given(jobs(9)), POLICY, workers=1, jobs_max=4)

    assert found.jobs == 4
    assert found.last_at == EPOCH + timedelta(minutes=3)


def test_where_nothing_is_known_nothing_happened() -> None:
    """Then there is nothing to compare with but the others."""
    source = Given(tuple(replace(one, happened=None) for one in jobs(2)))

    assert backtest(source, POLICY, workers=1).tallies[0].name == "thrift"
    assert backtest(Given(()), POLICY, workers=1).jobs == 0


def test_only_the_first_that_differ_are_named() -> None:
    """The others are counted."""
    checked = Checked()
    digest = backtest_digest()
    for number in range(12):
        checked.take(digest._replace(job=f"j{number}", is_same=False))
    checked.take(digest._replace(is_same=True))
    checked.take(digest)

    assert (checked.compared, checked.differing, len(checked.jobs)) == (13, 12, 10)


def backtest_digest() -> Digest:
    """Any digest."""
    return Digester(scenarios(POLICY)).digest(a_past())


@pytest.mark.slow
def test_a_long_ledger_under_its_own_policy_gives_what_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Job by job, of which some explore: the first were made, the others copied to later days."""
    monkeypatch.setattr("tests.past_jobs.MADE_MAX", 1_900)
    policy = roomy(load_policy(shipped_policy_path("cheapest-within-slo.yaml")))
    write_long_ledger(tmp_path / "ledger.db", policy, 4_300)

    found = backtest(Books(tmp_path / "ledger.db", BEGINNING, END), policy, workers=1)

    assert (found.jobs, found.checked.compared, found.checked.differing) == (4_300, 4_300, 0)
    assert found.first_at is not None
    assert found.last_at is not None
    assert found.last_at - found.first_at > timedelta(days=2)
    then, now = found.happened.total(), found.replayed[0].total()
    assert (now.nanos, now.delivered, now.failovers, now.known) == (
        then.nanos, then.delivered, then.failovers, 4_300,
    )  # fmt: skip
    with closing(History(tmp_path / "ledger.db")) as history:
        (*_, span) = history.spans(4_300)
        rows = history.jobs(span, BEGINNING, END)
    words = "chosen to see whether it is as quick again"
    assert sum(words in row.decision for row in rows), "nobody explored"


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing(tmp_path: Path) -> None:
    """Byte for byte: of a ledger and of a trace, of several pages each."""
    policy = load_policy(shipped_policy_path("month-end-guard.yaml"))
    write_ledger(tmp_path / "ledger.db", policy, 4_300)
    write_trace(tmp_path / "jobs.csv", policy, 4_300)
    assert processors() >= 1

    for source in (
        Books(tmp_path / "ledger.db", BEGINNING, END),
        Trace(tmp_path / "jobs.csv", BEGINNING, END),
    ):
        alone, together = (
            json.dumps(document_of(backtest(source, policy, workers=workers))) for workers in (1, 2)
        )
        assert alone == together
        assert json.loads(alone)["jobs"] == 4_300
