"""From the first byte to the last cent: posted, voided, doubted, presumed, corrected."""

import pytest

from router.ledger.rows import AttemptRow, JobRow
from router.model.job import JobState
from tests.fakes import EPOCH
from tests.ledger_kit import usd
from tests.ledger_story import tell


def test_a_charge_above_its_hold_is_still_a_fact() -> None:
    """The provider billed more than it quoted: it counts in full, past the limit too."""
    tell("""
        limit    team  $0.10
        place    j1    $0.09 ready=shortapi -> placed dispatching at shortapi
        post     j1.1  $0.14   -> posted
        used     team          -> posted $0.14
        place    j2    $0.01   -> refused by team, -$0.04 left
    """)


def test_a_void_frees_the_whole_hold() -> None:
    """On proof that nothing was billed, all of it is there again."""
    tell("""
        limit    team  $0.05
        place    j1    $0.04   -> placed held at shortapi
        void     j1.1          -> voided
        used     team          -> nothing
        place    j2    $0.05   -> placed held at shortapi
    """)


def test_proof_that_nothing_was_sent_holds_only_for_what_was_not() -> None:
    """An attempt that was dispatched meanwhile keeps its hold, and so does one in doubt."""
    tell("""
        limit    team  $0.20
        place    j1    $0.04                -> placed held at shortapi
        place    j2    $0.05 ready=shortapi -> placed dispatching at shortapi
        place    j3    $0.06 ready=shortapi -> placed dispatching at shortapi
        doubt    j3.1                       -> in_doubt
        void     j1.1  unsent=yes           -> voided
        void     j2.1  unsent=yes           -> stale
        void     j3.1  unsent=yes           -> stale
        used     team                       -> held $0.05 in_doubt $0.06
    """)


def test_money_in_doubt_stays_taken_until_evidence() -> None:
    """In doubt counts as held does; evidence later posts or voids it."""
    tell("""
        limit    team  $0.10
        place    j1    $0.04 ready=shortapi -> placed dispatching at shortapi
        place    j2    $0.05 ready=shortapi -> placed dispatching at shortapi
        doubt    j1.1          -> in_doubt
        doubt    j2.1          -> in_doubt
        used     team          -> in_doubt $0.09
        place    j3    $0.02   -> refused by team, $0.01 left
        run      j1.1  $0.039 ref=late -> in_doubt
        post     j1.1  $0.06   -> posted
        void     j2.1          -> voided
        used     team          -> posted $0.06
    """)


def test_doubt_is_presumed_only_after_the_horizon() -> None:
    """Until then the provider may still tell; afterwards the money counts as presumed."""
    tell("""
        limit    team  $0.10
        place    j1    $0.04 ready=shortapi -> placed dispatching at shortapi
        presume  j1.1          -> stale
        doubt    j1.1          -> in_doubt
        presume  j1.1          -> stale
        wait     2h
        presume  j1.1          -> posted_presumed
        used     team          -> presumed $0.04
        place    j2    $0.07   -> refused by team, $0.06 left
    """)


@pytest.mark.parametrize(
    ("evidence", "left"),
    [("post j1.1 $0.03 -> posted", "posted $0.03"), ("void j1.1 -> voided", "nothing")],
)
def test_evidence_still_counts_after_a_presumption(evidence: str, left: str) -> None:
    """A bill or a proof that comes late replaces what was presumed."""
    tell(f"""
        limit    team  $0.10
        place    j1    $0.04 ready=shortapi -> placed dispatching at shortapi
        doubt    j1.1          -> in_doubt
        wait     2h
        presume  j1.1          -> posted_presumed
        {evidence}
        used     team          -> {left}
    """)


def test_settling_twice_changes_nothing() -> None:
    """A command that comes too late, or again, is answered stale."""
    tell("""
        limit    team  $0.20
        place    j1    $0.04   -> placed held at shortapi
        post     j1.1  $0.05   -> stale
        doubt    j1.1          -> stale
        run      j1.1  $0.041 ref=r1 -> stale
        dispatch j1.1          -> dispatching
        dispatch j1.1          -> stale
        run      j1.1  $0.042 ref=r1 -> running
        run      j1.1  $0.043 ref=r2 -> stale
        post     j1.1  $0.05   -> posted
        post     j1.1  $0.06   -> stale
        void     j1.1          -> stale
        doubt    j1.1          -> stale
        used     team          -> posted $0.05
    """)


def test_an_adjustment_corrects_what_is_settled() -> None:
    """A later bill or credit moves posted money; before settlement there is nothing to correct."""
    tell("""
        limit    team  $0.20
        place    j1    $0.04 ready=shortapi -> placed dispatching at shortapi
        adjust   j1.1  $0.01   -> stale
        post     j1.1  $0.05   -> posted
        adjust   j1.1  -$0.02  -> posted
        used     team          -> posted $0.03
        place    j2    $0.06   -> placed held at shortapi
        void     j2.1          -> voided
        adjust   j2.1  $0.07   -> posted
        used     team          -> posted $0.10
    """)


def test_a_settlement_may_end_its_job() -> None:
    """Both are one change, and an end that is behind us stays."""
    books = tell("""
        limit    team  $0.30
        place    j1    $0.04 ready=shortapi -> placed dispatching at shortapi
        place    j2    $0.05 ready=shortapi -> placed dispatching at shortapi
        post     j1.1  $0.06 end=succeeded  -> posted
        end      j1    failed               -> stale
        void     j2.1        end=failed     -> voided
        end      j3    failed               -> stale
    """)

    job = books.page.get(JobRow, "j1")
    assert job is not None
    assert (job.state, job.delivered_by, job.ended_at) == (JobState.SUCCEEDED, "j1.1", EPOCH)
    failed = books.page.get(JobRow, "j2")
    assert failed is not None
    assert (failed.state, failed.error_code) == (JobState.FAILED, "provider_failed")


def test_a_late_result_turns_a_failed_job_succeeded_once() -> None:
    """It is already paid; after that, nothing ends the job again."""
    books = tell("""
        limit    team  $0.30
        place    j1    $0.04 ready=shortapi -> placed dispatching at shortapi
        place    j2    $0.05 ready=shortapi -> placed dispatching at shortapi
        end      j1    failed               -> failed
        post     j1.1  $0.06 end=succeeded  -> posted
        end      j2    cancelled            -> cancelled
        post     j2.1  $0.07 end=succeeded  -> posted
    """)

    states = [books.page.get(JobRow, name) for name in ("j1", "j2")]
    assert [job.state for job in states if job] == [JobState.SUCCEEDED, JobState.CANCELLED]
    assert states[0] is not None
    assert states[0].error_code is None


def test_what_the_provider_says_is_kept_beside_what_is_booked() -> None:
    """The quote at create and the charge at the end stand apart from hold and posting."""
    books = tell("""
        place    j1    $0.04 ready=shortapi  -> placed dispatching at shortapi
        run      j1.1  $0.039 ref=r1         -> running
        post     j1.1  $0.06                 -> posted
        place    j2    $0.05 ready=shortapi  -> placed dispatching at shortapi
        post     j2.1  $0.07 silent=yes      -> posted
    """)

    told = books.page.get(AttemptRow, "j1.1")
    silent = books.page.get(AttemptRow, "j2.1")
    assert told is not None
    assert silent is not None
    assert (told.quote_raw, told.provider_ref, told.reported_raw) == ("$0.039", "r1", "0.06")
    assert (told.reported_source, told.reported_amount) == ("output.cost", usd("0.06"))
    assert told.reported_at == EPOCH
    assert (silent.reported_raw, silent.reported_at, silent.posted) == (None, None, usd("0.07"))
