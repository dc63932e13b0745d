import asyncio
from pathlib import Path

import pytest

from router.dispatch.resolving import Resolver
from router.ledger.commands import Post
from router.model.errors import InvalidJob, NotFound, ProviderInDoubt, ProviderUnreachable
from router.model.ids import AttemptId, JobId
from router.model.job import AttemptState, JobState
from tests.ledger_kit import usd
from tests.stage import Act, Stage, play


def a_resolver(stage: Stage) -> Resolver:
    """Build a resolver on a stage."""
    return Resolver(stage.clock, stage.ledger, stage.dispatcher, stage.recovery)


async def in_doubt(stage: Stage) -> JobId:
    """Have a job whose first create is in doubt and whose second is void."""
    stage.troupe.acts["shortapi"].append(Act(refuses=ProviderInDoubt("no answer")))
    stage.troupe.acts["runpod"].append(Act(refuses=ProviderUnreachable("no route")))
    job_id = await stage.submit()
    await stage.pause(5)
    assert await stage.books(job_id) == ["shortapi in_doubt 0.04", "runpod voided 0.0875"]
    return job_id


def test_what_a_person_knows_ends_the_job_that_waited_for_it(tmp_path: Path) -> None:
    """With no attempt left that could deliver, it need not wait for its deadline."""

    async def story(stage: Stage) -> None:
        job_id = await in_doubt(stage)
        assert (await stage.see(job_id, 0)).row.state is JobState.RUNNING

        settled = await a_resolver(stage).settle(
            AttemptId(f"{job_id}.1"), usd("0.05"), who="ada", reason="invoice"
        )

        assert (settled.state, settled.posted) == (AttemptState.POSTED, usd("0.05"))
        assert settled.outcome == "provider_in_doubt"
        view = await stage.see(job_id, 0)
        assert (view.row.state, view.row.error_code) == (JobState.FAILED, "provider_failed")
        assert await stage.used() == usd("0.05")
        assert stage.dispatcher.errands == {}

    play(tmp_path, story)


def test_what_was_presumed_leaves_the_budgets_only_by_a_person(tmp_path: Path) -> None:
    """It is adjusted: nothing was charged after all."""

    async def story(stage: Stage) -> None:
        job_id = await in_doubt(stage)
        await stage.pause(6000)
        await stage.sweep.once()
        assert (await stage.books(job_id))[0] == "shortapi posted_presumed 0.04"

        settled = await a_resolver(stage).settle(
            AttemptId(f"{job_id}.1"), None, who="ada", reason="not billed"
        )

        assert settled.state is AttemptState.VOIDED
        assert await stage.used() == usd("0.00")
        assert stage.dispatcher.errands == {}

    play(tmp_path, story)


def test_a_provider_is_no_longer_held_back_by_what_was_settled(tmp_path: Path) -> None:
    """What it had in doubt no longer counts against it."""

    async def story(stage: Stage) -> None:
        job_id = await in_doubt(stage)
        terms = stage.policy.prices.terms("shortapi")
        stage.health.doubted("shortapi", AttemptId("other.1"), terms.in_doubt_max)
        assert "in doubt" in str(stage.health.obstacle("shortapi", terms))

        await a_resolver(stage).settle(AttemptId(f"{job_id}.1"), None, who="ada", reason="r")

        assert stage.health.obstacle("shortapi", terms) is None

    play(tmp_path, story)


def test_what_is_not_in_doubt_is_not_a_persons_to_settle(tmp_path: Path) -> None:
    """Neither an attempt under way, nor one that is settled, nor one that never was."""

    async def story(stage: Stage) -> None:
        resolver = a_resolver(stage)
        job_id = await stage.submit()
        await stage.pause(1)
        attempt = AttemptId(f"{job_id}.1")
        with pytest.raises(InvalidJob, match="The attempt is running"):
            await resolver.settle(attempt, None, who="ada", reason="r")
        await stage.see(job_id)
        with pytest.raises(InvalidJob, match="The attempt is posted"):
            await resolver.settle(attempt, None, who="ada", reason="r")
        with pytest.raises(NotFound):
            await resolver.settle(AttemptId("nobody.1"), None, who="ada", reason="r")
        assert await stage.books(job_id) == ["shortapi posted 0.04"]

    play(tmp_path, story)


def test_evidence_that_comes_first_stands(tmp_path: Path) -> None:
    """Whoever comes second is told what it is now, and changes nothing."""

    async def story(stage: Stage) -> None:
        job_id = await in_doubt(stage)
        attempt = AttemptId(f"{job_id}.1")
        evidence = Post(
            at=stage.clock.now(), attempt_id=attempt, amount=usd("0.06"), outcome="delivered"
        )
        read = stage.ledger.attempt

        async def overtaken(attempt_id: AttemptId) -> object:
            row = await read(attempt_id)
            await stage.ledger.submit(evidence)
            return row

        stage.ledger.attempt = overtaken  # type: ignore[method-assign, assignment]
        with pytest.raises(InvalidJob, match="The attempt is posted"):
            await a_resolver(stage).settle(attempt, usd("0.03"), who="ada", reason="r")
        assert (await stage.books(job_id))[0] == "shortapi posted 0.06"

    play(tmp_path, story)


def test_a_slip_of_the_pen_is_asked_about(tmp_path: Path) -> None:
    """Far more than was held is booked only when it is forced."""

    async def story(stage: Stage) -> None:
        job_id = await in_doubt(stage)
        attempt, resolver = AttemptId(f"{job_id}.1"), a_resolver(stage)

        with pytest.raises(InvalidJob, match=r"\$0.41 is more than 10 times the \$0.04"):
            await resolver.settle(attempt, usd("0.41"), who="ada", reason="invoice")
        assert await stage.used() == usd("0.04")

        settled = await resolver.settle(
            attempt, usd("0.42"), who="ada", reason="invoice", forced=True
        )
        assert settled.posted == await stage.used() == usd("0.42")

    play(tmp_path, story)


def test_what_is_settled_is_corrected_only_when_it_is_forced(tmp_path: Path) -> None:
    """By the difference, as an entry of its own; what was posted says nothing of the price."""

    async def story(stage: Stage) -> None:
        job_id = await in_doubt(stage)
        attempt, resolver = AttemptId(f"{job_id}.1"), a_resolver(stage)
        await resolver.settle(attempt, usd("0.39"), who="ada", reason="invoice")
        with pytest.raises(InvalidJob, match="To correct that, force it"):
            await resolver.settle(attempt, usd("0.03"), who="ada", reason="a slip")

        right = await resolver.settle(attempt, usd("0.03"), who="ada", reason="a slip", forced=True)

        assert (right.state, right.posted) == (AttemptState.POSTED, usd("0.03"))
        assert await stage.used() == usd("0.03")
        none = await resolver.settle(attempt, None, who="ada", reason="credit", forced=True)
        assert none.posted == await stage.used() == usd("0.00")

    play(tmp_path, story)


def test_two_who_correct_at_once_are_one_correction(tmp_path: Path) -> None:
    """One of them is told to look again."""

    async def story(stage: Stage) -> None:
        job_id = await in_doubt(stage)
        attempt, resolver = AttemptId(f"{job_id}.1"), a_resolver(stage)
        await resolver.settle(attempt, usd("0.05"), who="ada", reason="invoice")
        ways = [
            resolver.settle(attempt, usd("0.02"), who=who, reason="r", forced=True)
            for who in ("ada", "bob")
        ]
        answers = await asyncio.gather(*ways, return_exceptions=True)
        assert sorted(type(one).__name__ for one in answers) == ["AttemptRow", "InvalidJob"]
        assert await stage.used() == usd("0.02")

    play(tmp_path, story)
