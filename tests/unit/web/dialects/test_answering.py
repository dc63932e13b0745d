from pathlib import Path

import pytest

from router.dispatch.watching import JobView
from router.model.errors import (
    BudgetExceeded,
    IdempotencyConflict,
    InvalidJob,
    NobodyQualifies,
    Overloaded,
    RouterError,
    Unauthorized,
)
from router.model.job import AttemptState, JobState
from router.web.dialects.answering import quoted, refusal, status_of, why_failed
from router.web.openapi.document import example_of
from tests.dialects import SLUG, runpod_body
from tests.ledger_kit import a_job_row, an_attempt_row, usd
from tests.policy_files import a_policy
from tests.web_stage import open_front

OWN = [{"name": "own", "who": "each_tenant", "limit": "$70.00", "per": "month"}]
"""A tenant is told what is left of what is its own alone."""


@pytest.mark.parametrize(
    ("error", "status"), [(InvalidJob(), 400), (IdempotencyConflict(), 422), (Overloaded(), 503)]
)
def test_what_is_wrong_with_a_job_is_a_bad_request(error: RouterError, status: int) -> None:
    """The dialects know one status for that; all else is as it is natively."""
    assert status_of(error) == status


def test_what_no_provider_can_do_is_a_bad_request() -> None:
    """Sent again it would be refused again; what may pass keeps its status."""
    futile, passing = NobodyQualifies(), NobodyQualifies()
    futile.retry_after_s = None

    assert (status_of(futile), status_of(passing)) == (400, 503)
    assert "Retry-After" not in refusal(futile, {}).headers


def test_a_refusal_has_the_headers_that_it_has_natively() -> None:
    """Those that a client acts upon; the body is the dialect's."""
    answers = [
        refusal(error, {"error": "no"})
        for error in (Overloaded(), Unauthorized(), example_of(BudgetExceeded))
    ]
    told = [
        {name: text for name, text in answer.headers.items() if not name.startswith("Content")}
        for answer in answers
    ]

    assert [answer.status for answer in answers] == [503, 401, 402]
    assert told == [
        {"Retry-After": "2"},
        {"WWW-Authenticate": 'Bearer realm="farebox"'},
        {"Farebox-Budget-Remaining-USD": "0.03"},
    ]
    assert {answer.text for answer in answers} == {'{"error":"no"}'}


def test_a_failure_is_told_by_its_code_and_in_words() -> None:
    """A program looks for the code; what was cancelled has none."""
    failed = a_job_row(state=JobState.FAILED, error_code="provider_failed", error_detail="broke")
    cancelled = a_job_row(state=JobState.CANCELLED)

    assert why_failed(JobView(failed, ())) == "provider_failed: broke"
    assert why_failed(JobView(cancelled, ())) == "cancelled"


def test_the_quote_is_the_last_attempts() -> None:
    """After a failover it is another one's price; before an attempt there is none."""
    attempts = (
        an_attempt_row("j1.1", price=usd("0.04"), state=AttemptState.VOIDED),
        an_attempt_row("j1.2", price=usd("0.0875"), state=AttemptState.RUNNING),
    )

    assert quoted(JobView(a_job_row(), attempts)) == usd("0.0875")
    assert quoted(JobView(a_job_row(), ())) is None


async def test_what_is_left_is_told_with_every_job(tmp_path: Path) -> None:
    """And whose it is, who makes it, and what it has cost until now."""
    async with open_front(tmp_path, policy=a_policy(budgets=OWN)) as front:
        answer = await front.ask("POST", f"/v2/{SLUG}/runsync", runpod_body())

    told = {name: it for name, it in answer.headers.items() if name.startswith("Farebox-")}
    assert told == {
        "Farebox-Job": answer.json["id"],
        "Farebox-Provider": "shortapi",
        "Farebox-Charged-USD": "0.04",
        "Farebox-Budget-Remaining-USD": "69.96",
    }
