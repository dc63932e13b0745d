"""Errors, as OpenAI's clients read them."""

import json
from typing import Any, cast

import pytest
from aiohttp import web

from router.model import errors
from router.model.errors import RouterError
from router.model.ids import JobId
from router.web.dialects.openai.refusing import OPENAI, refused, under_way, unforeseen
from router.web.openapi.document import example_of
from router.web.openapi.refusals import REFUSALS

RESENT = {408, 409, 429, *range(500, 600)}
"""What the packages send again for, unless they are told not to."""
JOB = JobId("0199d6f0-0000-7000-8000-000000000001")


def told(response: web.Response) -> dict[str, Any]:
    """Read an error's body."""
    body: dict[str, Any] = json.loads(cast("bytes", response.body))
    return body


TABLE = {
    errors.Malformed: (400, "invalid_request_error", "malformed", "false"),
    errors.TooLarge: (413, "invalid_request_error", "too_large", "false"),
    errors.InvalidJob: (400, "invalid_request_error", "invalid_value", "false"),
    errors.ContentRefused: (400, "image_generation_user_error", "moderation_blocked", "false"),
    errors.IdempotencyConflict: (400, "invalid_request_error", "idempotency_conflict", "false"),
    errors.Unauthorized: (401, "invalid_request_error", "invalid_api_key", "false"),
    errors.Forbidden: (403, "invalid_request_error", "forbidden", "false"),
    errors.BudgetExceeded: (429, "insufficient_quota", "insufficient_quota", "false"),
    errors.NotFound: (404, "invalid_request_error", "model_not_found", "false"),
    errors.RequestTimeout: (408, "invalid_request_error", "request_timeout", "true"),
    errors.JobInProgress: (409, "invalid_request_error", "in_progress", "true"),
    errors.RateLimited: (429, "requests", "rate_limit_exceeded", "true"),
    errors.AllProvidersFailed: (502, "server_error", "provider_failed", "false"),
    errors.NobodyQualifies: (503, "server_error", "no_provider_qualifies", "true"),
    errors.Overloaded: (503, "server_error", "overloaded", "true"),
    errors.LedgerUnavailable: (503, "server_error", "ledger_unavailable", "true"),
}


def test_the_table_has_every_refusal() -> None:
    """Who adds one says here what OpenAI's clients are told."""
    assert set(TABLE) == set(REFUSALS)


@pytest.mark.parametrize("kind", TABLE, ids=lambda kind: kind.code)
def test_a_refusal_has_its_status_type_and_code(kind: type[RouterError]) -> None:
    """And says whether it is worth sending again."""
    response = refused(example_of(kind))
    status, type_, code, again = TABLE[kind]

    assert (response.status, response.headers["x-should-retry"]) == (status, again)
    assert told(response) == {
        "error": {
            "message": example_of(kind).detail,
            "type": type_,
            "param": None,
            "code": code,
        }
    }
    assert response.headers["x-request-id"].startswith("req_")


def test_what_may_pass_says_when() -> None:
    """Where it will not pass by itself, clients are told not to wait for it."""
    futile = errors.NobodyQualifies("nobody sells it")
    futile.retry_after_s = None

    assert refused(errors.Overloaded()).headers["Retry-After"] == "2"
    assert refused(errors.RateLimited(retry_after_s=2.4)).headers["Retry-After"] == "3"
    assert (refused(futile).status, refused(futile).headers["x-should-retry"]) == (400, "false")
    assert "Retry-After" not in refused(futile).headers


def test_a_field_is_named_apart() -> None:
    """When the sentence begins with it, and is about the request."""
    assert told(refused(errors.InvalidJob("`images.0` is no URL.")))["error"]["param"] == "images"
    assert told(refused(errors.NotFound("`model` is not sold.")))["error"]["param"] == "model"
    assert told(refused(errors.Malformed("The form ends.")))["error"]["param"] is None


def test_a_refusal_for_money_tells_what_is_left() -> None:
    """Only to who may know it."""
    known = example_of(errors.BudgetExceeded)
    assert isinstance(known, errors.BudgetExceeded)
    shown = refused(known)
    known.amounts_shown = False

    assert shown.headers["Farebox-Budget-Remaining-USD"] == "0.03"
    assert "Farebox-Budget-Remaining-USD" not in refused(known).headers


def test_what_nobody_foresaw_is_not_sent_again() -> None:
    """It would most likely happen again."""
    response = unforeseen()

    assert (response.status, response.headers["x-should-retry"]) == (500, "false")
    assert told(response)["error"]["code"] == "internal_error"


def test_what_is_under_way_is_no_success_and_not_sent_again() -> None:
    """By status alone, for clients that read no header."""
    response = under_way(JOB, "running")

    assert response.status == 424
    assert response.status not in RESENT
    assert response.headers["x-should-retry"] == "false"
    assert response.headers["Location"] == f"/v1/edits/{JOB}"
    assert response.headers["x-request-id"] == JOB
    assert told(response) == {
        "error": {
            "message": (
                f"The edit is running, and may be charged. Look for it at GET /v1/edits/{JOB}."
            ),
            "type": "server_error",
            "param": None,
            "code": "edit_under_way",
        }
    }


def test_the_dialect_is_these_three() -> None:
    """The routes name it, and everything that goes wrong on them is told by it."""
    assert (OPENAI.refused, OPENAI.unforeseen, OPENAI.under_way) == (refused, unforeseen, under_way)
