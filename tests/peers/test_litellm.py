"""What went wrong in LiteLLM, by the number of the issue or pull request; and what happens here."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from router.finance.snapshot import money_snapshot
from router.ledger.answers import Answer
from router.ledger.commands import Command
from router.ledger.rows import BEGINNING, END
from router.ledger.store import Contradiction, StoreFull
from router.model.errors import (
    BudgetExceeded,
    LedgerUnavailable,
    NobodyQualifies,
    ProviderInDoubt,
    ProviderRefused,
    ProviderThrottled,
    ProviderUnreachable,
    Refusal,
)
from router.model.ids import JobId
from router.model.job import JobState, Resolution
from router.model.money import Money, total
from router.observe.metrics import Metrics
from tests.ledger_kit import usd
from tests.policy_files import a_policy
from tests.stage import Act, Stage, failed, play, reported
from tests.virtual_time import VirtualClock
from tests.web_stage import open_front

SOLE = {"providers_max": 1}
"""No second provider: what is bought is what was asked for first."""
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)


def a_budget(limit: str, per: str = "day") -> list[dict[str, str]]:
    """Write one budget for everyone."""
    return [{"name": "cap", "who": "everyone", "limit": limit, "per": per}]


async def admitted(stage: Stage, count: int, **job: Any) -> tuple[list[JobId], int]:
    """Ask for edits all at once; gives those that were taken, and how many were refused."""
    asked = [stage.submit(**job) for _ in range(count)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    taken = [answer for answer in answers if isinstance(answer, str)]
    refused = [answer for answer in answers if isinstance(answer, BudgetExceeded)]
    assert len(taken) + len(refused) == count, answers
    return [JobId(one) for one in taken], len(refused)


def test_litellm_34732_of_a_hundred_at_once_only_those_that_fit_are_taken(tmp_path: Path) -> None:
    """
    There, the budget was read before the call and written after it, so that all concurrent requests
    passed; here, the check and the hold are one: room for seven takes seven, whoever asks at once.
    """

    async def story(stage: Stage) -> None:
        taken, refused = await admitted(stage, 100)
        assert (len(taken), refused) == (7, 93)
        assert await stage.used("cap") == usd("0.28")
        for job_id in taken:
            await stage.see(job_id)
        assert len(stage.troupe.sent) == 7
        assert await stage.used("cap") == usd("0.28")

    play(tmp_path, story, policy=a_policy(budgets=a_budget("$0.31"), failover=SOLE))


def test_litellm_40002_a_hold_is_the_price_of_the_resolution_that_is_asked_for(
    tmp_path: Path,
) -> None:
    """
    There, an image request reserved nothing or one flat price, and $0.60 were spent under a cap of
    $0.45; here, each hold is the exact price of its resolution, so two 4k edits fit and no third.
    """

    async def story(stage: Stage) -> None:
        taken, refused = await admitted(stage, 5, resolution=Resolution.FOUR_K)
        assert (len(taken), refused) == (2, 3)
        assert await stage.used("cap") == usd("0.35")
        small = await stage.submit(resolution=Resolution.TWO_K)
        assert await stage.used("cap") == usd("0.41")
        for job_id in (*taken, small):
            await stage.see(job_id)
        held = [(await stage.books(job_id))[0] for job_id in (*taken, small)]
        assert held == ["runpod posted 0.175", "runpod posted 0.175", "shortapi posted 0.06"]

    play(tmp_path, story, policy=a_policy(budgets=a_budget("$0.45")))


@pytest.mark.parametrize(
    ("written", "charged"), [("1k", "0.04"), ("2K", "0.06"), ("4k", "0.175"), ("4K", "0.175")]
)
async def test_litellm_37738_a_resolution_costs_the_same_however_it_is_written(
    tmp_path: Path, written: str, charged: str
) -> None:
    """
    There, `4K` cost $0.16, `4k` fell back to $0.08, and an alias cost nothing at all; here, the
    spelling does not matter, and what has no price is refused and not sold at zero.
    """
    async with open_front(tmp_path) as front:
        bought = await front.edit(resolution=written)
        alias = await front.edit(resolution=written, model="google/nano-banana-2/edit")

        assert (bought.json["charged"], bought.json["quoted"]) == (charged, charged)
        assert (alias.status, alias.json["code"]) == (422, "invalid_job")
        assert len(front.stage.troupe.sent) == 1


ENDS = {
    "delivered": (Act(charge=reported("0.0391")), "0.0391"),
    "charged less than quoted": (Act(charge=reported("0.0007")), "0.0007"),
    "not reached": (Act(refuses=ProviderUnreachable()), "0"),
    "throttled": (Act(refuses=ProviderThrottled()), "0"),
    "refused": (Act(refuses=ProviderRefused(reason=Refusal.INVALID)), "0"),
    "refused for its content": (Act(refuses=ProviderRefused(reason=Refusal.CONTENT)), "0"),
    "failed for free": (Act(ends=failed(proves_free=True)), "0"),
    "failed and billed": (Act(ends=failed(reported=reported("0.0123"))), "0.0123"),
}


@pytest.mark.parametrize(("act", "cost"), ENDS.values(), ids=ENDS.keys())
def test_litellm_27639_no_hold_outlives_its_attempt(tmp_path: Path, act: Act, cost: str) -> None:
    """
    There, some ends of a call never gave back what was reserved, and keys were blocked at $0 of
    real spend; here, after every kind of end the budget holds what was charged, and nothing else.
    """

    async def story(stage: Stage) -> None:
        for _ in range(2):
            stage.troupe.acts["shortapi"] = [act]
            stage.health._records.clear()
            await stage.see(await stage.submit())
            await stage.pause(1)
        (balance,) = [
            row for row in await stage.ledger.balances_at(stage.clock.now()) if row.budget == "cap"
        ]
        assert balance.usage.used == balance.usage.posted == usd(cost) * 2
        assert await stage.ledger.open_attempts() == []

    play(tmp_path, story, policy=a_policy(budgets=a_budget("$0.09"), failover=SOLE))


def test_litellm_27639_a_cancelled_edit_gives_its_hold_back(tmp_path: Path) -> None:
    """
    There, a cancelled call could leave its reservation behind; here, an edit that is cancelled
    before it is sent frees its whole hold, and the next one fits.
    """

    async def story(stage: Stage) -> None:
        first = await stage.submit()
        second = await stage.submit()
        assert await stage.used("cap") == usd("0.08")
        await stage.dispatcher.cancel(second)
        assert (await stage.see(second)).row.state is JobState.CANCELLED
        assert await stage.used("cap") == usd("0.04")
        third = await stage.submit()
        for job_id in (first, third):
            assert await _posted(stage, job_id)

    policy = a_policy(budgets=a_budget("$0.09"), failover=SOLE)
    play(tmp_path, story, policy=policy, slots=1)


async def _posted(stage: Stage, job_id: JobId) -> bool:
    await stage.see(job_id)
    return await stage.books(job_id) == ["shortapi posted 0.04"]


def test_litellm_26611_what_is_scraped_does_not_begin_anew(tmp_path: Path) -> None:
    """
    There, spend was counted in memory, so that Grafana began at zero after each restart and never
    agreed with the books; here, a new process scrapes the same sums, because it reads the ledger.
    """

    async def story(stage: Stage) -> None:
        for charge in ("0.041", "0.0387"):
            stage.troupe.acts["shortapi"] = [Act(charge=reported(charge))]
            await stage.see(await stage.submit())
        stage.troupe.acts["shortapi"] = [Act(refuses=ProviderInDoubt("no answer"))]
        await stage.see(await stage.submit(resolution=Resolution.TWO_K))
        before = await _scraped(stage)
        await stage.restart()
        assert before == await _scraped(stage)
        assert before["farebox_posted_usd_total"] == usd("0.0797")
        assert before["farebox_in_doubt_usd"] == usd("0.06")

    play(tmp_path, story, policy=a_policy(failover=SOLE), callbacks=False)


async def _scraped(stage: Stage) -> dict[str, Money]:
    """Sum up each series of money, as a process that has only just started shows it."""
    metrics = Metrics(stage.clock, providers=("shortapi", "runpod"))
    metrics.read_with(lambda: money_snapshot(stage.ledger, stage.policy, stage.clock.now()))
    snapshot = await metrics._snapshot()
    text = metrics._write(snapshot, 0.0, {}).decode()
    return {
        family.name + "_total" * (family.type == "counter"): total(
            [Money.parse(f"{sample.value:.9f}") for sample in family.samples]
        )
        for family in text_string_to_metric_families(text)
        if family.name.endswith(("_usd", "_usd_total"))
    }


def test_litellm_34733_no_spend_is_lost_where_one_window_follows_another(tmp_path: Path) -> None:
    """
    There, a budget's reset wrote over what was being recorded at that moment; here, windows are
    never reset: a charge counts in the window its hold was placed in, however late it comes.
    """

    async def story(stage: Stage) -> None:
        early = [await stage.submit() for _ in range(3)]
        await stage.pause(4)
        late = [await stage.submit(), await stage.submit(resolution=Resolution.TWO_K)]
        for job_id in (*early, *late):
            await stage.see(job_id)
        before, after = [
            [row.usage for row in await stage.ledger.balances_at(at) if row.budget == "cap"]
            for at in (MIDNIGHT - timedelta(seconds=1), MIDNIGHT)
        ]
        assert [usage.posted for usage in before] == [usd("0.12")]
        assert [usage.posted for usage in after] == [usd("0.10")]
        spent = await stage.ledger.spending(BEGINNING, END)
        assert total([row.posted for row in spent]) == usd("0.22")

    clock = VirtualClock(MIDNIGHT - timedelta(seconds=3))
    play(tmp_path, story, clock=clock, policy=a_policy(budgets=a_budget("$0.13"), failover=SOLE))


def test_litellm_33923_what_cannot_be_written_down_is_not_bought(tmp_path: Path) -> None:
    """
    There, a reservation that could not be written let the request through, even when told to fail
    closed; here, the edit is refused before a byte leaves, until the ledger can be written again.
    """

    async def story(stage: Stage) -> None:
        commit = stage.store.commit
        full = Full()
        stage.store.commit = full.commit  # type: ignore[method-assign]
        for _ in range(3):
            with pytest.raises(LedgerUnavailable):
                await stage.submit()
        stage.store.commit = commit  # type: ignore[method-assign]
        assert full.asked >= 1
        assert stage.troupe.sent == []
        assert await stage.ledger.jobs_of("acme") == []

    play(tmp_path, story)


class Full:
    """A disk on which there is no room."""

    def __init__(self) -> None:
        self.asked = 0

    async def commit(self, commands: Sequence[Command]) -> list[Answer | Contradiction]:
        """Fail."""
        del commands
        self.asked += 1
        raise StoreFull("no room")


def test_litellm_35524_what_has_no_price_is_not_bought(tmp_path: Path) -> None:
    """
    There, a call whose cost could not be estimated was let through without a reservation; here, a
    provider without a price for the resolution does not qualify, and where none has one, nobody.
    """

    async def story(stage: Stage) -> None:
        elsewhere = await stage.submit(resolution=Resolution.FOUR_K)
        await stage.see(elsewhere)
        assert await stage.books(elsewhere) == ["runpod posted 0.175"]
        stage.policy = a_policy(prefer={"order": ["shortapi"]})
        with pytest.raises(NobodyQualifies):
            await stage.submit(resolution=Resolution.FOUR_K)
        assert [(sent.provider, sent.offer.price) for sent in stage.troupe.sent] == [
            ("runpod", usd("0.175"))
        ]

    play(tmp_path, story)
