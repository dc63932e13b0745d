import json
import random
from pathlib import Path

import apsw
import pytest

from router.finance.backtest.books import Books, past_of
from router.finance.backtest.running import Backtest, backtest
from router.ledger.history import PastAttemptRow, PastJobRow
from router.ledger.rows import BEGINNING, END
from router.model.errors import (
    BudgetExceeded,
    ContentRefused,
    ProviderRefused,
    ProviderUnreachable,
    Refusal,
)
from router.model.job import Resolution
from router.policy.loader import read_policy, shipped_policy_path
from router.policy.policy import Policy
from tests.policy_files import BUDGETS, INCLUDING, PRICES, write_policy
from tests.stage import Act, Stage, failed, play, reported

ROW = PastJobRow(
    id="j1",
    tenant="acme",
    key_id="key-1",
    model="nano-banana-2-edit",
    resolution="1k",
    tags='[["team", "ads"]]',
    aspect_ratio="16:9",
    output_format=None,
    price_max="0.09",
    key_name=None,
    key_budget="$20.00 per month",
    images=2,
    decision="{}",
    evidence=None,
    policy_hash="5eed",
    state="succeeded",
    created_at="2026-11-20T09:00:00.000000Z",
    ended_at="2026-11-20T09:00:07.250000Z",
    error_code=None,
    batch="j0",
)
ATTEMPT = PastAttemptRow(
    job_id="j1",
    provider="shortapi",
    resolution="1k",
    state="posted",
    quoted=40_000_000,
    posted=41_000_000,
    outcome="delivered",
    created_at="2026-11-20T09:00:00.000000Z",
    ended_at="2026-11-20T09:00:07.000000Z",
)


def test_a_row_becomes_the_job_that_it_was() -> None:
    """As far as rules and budgets look at it; of its pictures only how many there were."""
    past = past_of(ROW, [ATTEMPT], None)

    job = past.job
    assert (job.tags, job.batch, job.key_budget) == ((("team", "ads"),), "j0", "$20.00 per month")
    assert (len(job.images), job.prompt, str(job.price_max)) == (2, "", "0.09")
    assert past.happened is not None
    assert (past.happened.tenths, past.happened.attempts[0].tenths) == (72, 70)
    assert past.happened.charged_nanos == 41_000_000


def test_a_job_that_was_shrunk_was_asked_for_larger() -> None:
    """It is replayed as its client asked for it; its evidence is of what was bought."""
    decision = '{"rule": "r", "downshifted": {"from": "4k", "to": "1k", "budget": "own"}}'

    past = past_of(ROW._replace(decision=decision), [ATTEMPT], None)

    assert (past.job.resolution, past.bought) == (Resolution.FOUR_K, Resolution.ONE_K)


@pytest.mark.parametrize(
    ("state", "charged"),
    [("voided", 0), ("posted", 41), ("posted_presumed", 40), ("in_doubt", 40), ("running", 40)],
)
def test_what_may_be_charged_counts_as_charged(state: str, charged: int) -> None:
    """As it does in the budgets, until evidence says otherwise."""
    posted = 41_000_000 if state == "posted" else 0
    row = ATTEMPT._replace(state=state, posted=posted, ended_at=None)

    past = past_of(ROW, [row], None)

    assert past.happened is not None
    assert past.happened.attempts[0].charged_nanos == charged * 1_000_000
    assert past.happened.attempts[0].tenths is None


def test_some_ends_are_the_jobs_own() -> None:
    """Its client called it off, or a provider refused what is in it."""
    for fields in ({"state": "cancelled"}, {"state": "failed", "error_code": "content_refused"}):
        past = past_of(ROW._replace(**fields), [], None)  # type: ignore[arg-type]  # Words.
        assert past.happened is not None
        assert (past.happened.stands, past.happened.is_delivered) == (True, False)
    assert ContentRefused.code == "content_refused"


async def trade(stage: Stage) -> None:
    """Buy in all weathers: failures, doubt, a charge of its own, and a budget that is full."""
    rng = random.Random(5)
    acts = [
        Act(),
        Act(charge=reported("0.031")),
        Act(refuses=ProviderUnreachable()),
        Act(ends=failed()),
        Act(refuses=ProviderRefused(reason=Refusal.CONTENT)),
    ]
    for _ in range(60):
        stage.troupe.always = {"shortapi": rng.choice(acts), "runpod": Act()}
        try:
            job_id = await stage.submit(
                tenant=rng.choice(["acme", "shop"]), resolution=rng.choice(list(Resolution))
            )
        except BudgetExceeded:
            continue
        await stage.see(job_id)
        await stage.pause(rng.choice([5, 200]))
    # The last one has not ended.
    stage.troupe.always = {}
    await stage.submit(tenant="zeta")


def traded(folder: Path, policy: Policy) -> Books:
    """A ledger that the real dispatcher has written."""
    play(folder, trade, policy=policy)
    return Books(folder / "ledger.db", BEGINNING, END)


def bought(found: Backtest) -> list[tuple[int, int, int, int]]:
    """Of what happened and of the policy itself: jobs, money, failovers, deliveries."""
    return [
        (one.bought, one.nanos, one.failovers, one.delivered)
        for one in (tally.total() for tally in found.tallies[:2])
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["cheapest-first", "balanced", "two-sources", "cheapest-within-slo"]
)
def test_the_policy_that_was_in_force_decides_again_as_it_did(name: str, tmp_path: Path) -> None:
    """Every decision, and with it every charge and every failover, to the nano-dollar."""
    policy = read_policy(shipped_policy_path(f"{name}.yaml")).outcome
    assert isinstance(policy, Policy)

    found = backtest(traded(tmp_path, policy), policy, workers=1)

    assert found.jobs > 40
    assert found.unfinished == 1
    assert (found.checked.compared, found.checked.differing) == (found.jobs, 0)
    happened, own = bought(found)
    assert own == happened
    assert happened[2] > 0


@pytest.mark.slow
def test_what_was_shrunk_and_refused_comes_out_again(tmp_path: Path) -> None:
    """Under the same budgets the same jobs are shrunk; refusals are told, and not replayed."""
    (tmp_path / "budgets.yaml").write_text(BUDGETS.replace("$8,", "$0.85,"), encoding="utf-8")
    files = write_policy(tmp_path, policy=INCLUDING, prices=PRICES)
    policy = read_policy(files).outcome
    assert isinstance(policy, Policy)

    found = backtest(traded(tmp_path, policy), policy, workers=1)

    happened, own = bought(found)
    assert own == happened
    past, tested = (tally.total() for tally in found.tallies[:2])
    assert past.smaller == tested.smaller > 0
    assert (past.denied, tested.denied) == (found.refused, 0)
    assert found.refused > 0
    assert found.happened.by(0)["acme"].denied > 0
    assert found.checked.differing == 0


@pytest.mark.slow
def test_a_decision_that_was_changed_is_found(tmp_path: Path) -> None:
    """By its job's id; decisions of another policy are compared where it is asked for."""
    reading = read_policy(shipped_policy_path())
    policy, other = reading.outcome, read_policy(shipped_policy_path("balanced.yaml")).outcome
    assert isinstance(policy, Policy)
    assert isinstance(other, Policy)
    books = traded(tmp_path, policy)
    database = apsw.Connection(str(books.path))
    ((job, decision),) = database.execute("SELECT id, decision FROM jobs ORDER BY id LIMIT 1")
    wrong = json.dumps({**json.loads(decision), "rule": "another"})
    database.execute("UPDATE jobs SET decision = ? WHERE id = ?", (wrong, job))
    bundle = (policy.hash, "cheapest-first", "2026-11-20T09:00:00.000000Z", reading.bundle)
    database.execute("INSERT INTO policies (hash, name, at, bundle) VALUES (?, ?, ?, ?)", bundle)
    database.close()

    own = backtest(books, policy, workers=1).checked
    unasked = backtest(books, other, workers=1).checked
    asked = backtest(books, other, workers=1, checks_all=True).checked

    assert (own.differing, own.jobs) == (1, [job])
    assert unasked.compared == 0
    assert (asked.compared, asked.differing) == (own.compared, 1)
    assert books.reader().policy("gone") is None


def test_a_bundle_that_can_no_longer_be_read_is_none(tmp_path: Path) -> None:
    """A later version may read files otherwise: then nothing is compared."""

    async def story(stage: Stage) -> None:
        await stage.ledger.keep_policy("5eed", "x", stage.clock.now(), '{"policy.yaml": "x: 1"}')

    play(tmp_path, story)

    assert Books(tmp_path / "ledger.db", BEGINNING, END).reader().policy("5eed") is None
