"""What decisions saw, and the policies they were made by, for both of the ledger's back ends."""

from dataclasses import replace

from router.ledger.ledger import Ledger
from router.model.ids import JobId
from tests.fakes import EPOCH
from tests.ledger_kit import DAY, an_accept
from tests.ledger_running import tell


async def test_what_a_decision_saw_stays_with_its_job(ledger: Ledger) -> None:
    """Whatever becomes of the job; of one from before it was kept, it is not known."""
    accept = an_accept("j1", "0.04")
    seen = '{"offers":[]}'
    await ledger.submit(replace(accept, job=replace(accept.job, evidence=seen)))
    await ledger.submit(an_accept("j2", "0.05"))
    await tell(ledger, "void j1.1 end=failed -> voided")

    first, second = await ledger.job(JobId("j1")), await ledger.job(JobId("j2"))

    assert first is not None
    assert second is not None
    assert (first.state, first.evidence, second.evidence) == ("failed", seen, None)


async def test_a_policy_that_was_in_force_is_found_by_its_hash(ledger: Ledger) -> None:
    """It is kept as it was when it came in force first."""
    assert await ledger.policy_bundle("c0ffee") is None
    await ledger.keep_policy("c0ffee", "thrift", EPOCH, '{"thrift.yaml": "…"}')
    await ledger.keep_policy("c0ffee", "thrift", EPOCH + DAY, "{}")
    await ledger.keep_policy("beef", "waste", EPOCH, '{"waste.yaml": "…"}')

    assert await ledger.policy_bundle("c0ffee") == '{"thrift.yaml": "…"}'
    assert await ledger.policy_bundle("beef") == '{"waste.yaml": "…"}'


async def test_policies_of_unsettled_jobs_are_in_use(ledger: Ledger) -> None:
    """Until the job has ended and its money is neither held nor in doubt."""
    for number, policy_hash in enumerate(("done", "open", "doubt", "unused")):
        await ledger.keep_policy(policy_hash, "thrift", EPOCH + number * DAY, f'"{policy_hash}"')
    for name, price in (("done", "0.04"), ("open", "0.05"), ("doubt", "0.06")):
        accept = an_accept(name, price, ready=frozenset({"shortapi"}))
        await ledger.submit(replace(accept, job=replace(accept.job, policy_hash=name)))
    await tell(ledger, "post  done.1 $0.03 end=succeeded -> posted")
    await tell(ledger, "doubt doubt.1 -> in_doubt")
    await tell(ledger, "end   doubt failed -> failed")

    assert await ledger.bundles_in_use() == ['"open"', '"doubt"']
