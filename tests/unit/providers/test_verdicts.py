"""What an answer to a create proves: that nothing was taken, or nothing at all."""

import pytest

from router.model.errors import ProviderRefused, ProviderThrottled, Refusal, Spend
from router.model.offer import ProviderTerms
from router.providers.verdicts import in_doubt, names_in_bytes, raise_if_refused, refusal
from router.providers.wire import Reply

TERMS = ProviderTerms(name="runpod", origin_not_reached=frozenset({403, 521}))


def reply(status: int, **headers: str) -> Reply:
    """Build a reply whose body does not matter."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=named, body=b"")


@pytest.mark.parametrize(
    ("status", "told", "reason"),
    [
        (401, "", Refusal.CREDENTIALS),
        (403, "content policy", Refusal.CREDENTIALS),
        (403, "insufficient balance", Refusal.CREDIT),
        (402, "content policy", Refusal.CREDIT),
        (400, "out of credits", Refusal.CREDIT),
        (400, "content policy", Refusal.CONTENT),
        (422, "nsfw", Refusal.CONTENT),
        (400, "images is required", Refusal.INVALID),
        (422, "", Refusal.INVALID),
        (404, "content policy", Refusal.INVALID),
        (405, "", Refusal.INVALID),
        (413, "", Refusal.INVALID),
    ],
)
def test_a_refusal_has_a_reason(status: int, told: str, reason: Refusal) -> None:
    """The status decides, and the words refine it."""
    error = refusal("runpod", reply(status), told, status=status)

    assert isinstance(error, ProviderRefused)
    assert error.reason is reason
    assert error.spend is Spend.NONE
    assert str(error).startswith(f"runpod answered {status}")


def test_a_throttle_says_for_how_long() -> None:
    """The pause that the provider asks for comes along."""
    error = refusal("runpod", reply(429, retry_after="9"), "busy", status=429)

    assert isinstance(error, ProviderThrottled)
    assert error.retry_after_s == 9.0


@pytest.mark.parametrize("status", [403, 521])
def test_a_status_of_the_edge_counts_before_its_usual_meaning(status: int) -> None:
    """What the price book says about an edge's status is more than what HTTP says."""
    with pytest.raises(ProviderRefused) as raised:
        raise_if_refused("runpod", reply(status), TERMS, "", names_job=False)
    assert raised.value.reason is Refusal.UNAVAILABLE


@pytest.mark.parametrize("status", [400, 402, 403, 429, 521])
def test_whatever_names_a_job_is_no_refusal(status: int) -> None:
    """A job that has an id may be billed, whatever the status beside it."""
    raise_if_refused("runpod", reply(status), TERMS, "", names_job=True)


@pytest.mark.parametrize("status", [100, 200, 302, 408, 409, 500, 503, 520])
def test_other_statuses_are_no_refusal(status: int) -> None:
    """They are left to the caller, who is in doubt."""
    raise_if_refused("runpod", reply(status), TERMS, "", names_job=False)


def test_doubt_keeps_the_clue() -> None:
    """The id that an unusable answer names is kept: its job can be asked after."""
    doubt = in_doubt("runpod", reply(500), "oops", named="a-u1")

    assert (str(doubt), doubt.ref) == ("runpod answered 500: oops It names a job.", "a-u1")
    assert str(in_doubt("runpod", reply(500), "")) == "runpod answered 500."
    assert in_doubt("runpod", reply(500), "").ref is None
    assert in_doubt("runpod", reply(500), "").spend is Spend.POSSIBLE


@pytest.mark.parametrize(
    "body", [b'{"id":"a', b'{"id" : "a-u1","id":""}', b'[{"id":7}]', b'{"id":""},{"id":"b"}']
)
def test_an_unreadable_body_may_name_a_job(body: bytes) -> None:
    """What was cut off or is ambiguous is searched for an id all the same."""
    assert names_in_bytes(body, "id")


@pytest.mark.parametrize(
    "body", [b"", b'<p id="a">', b'{"id":""', b'{"id": null,', b'{"job_id":"a"', b'{"id":', b"id:7"]
)
def test_an_unreadable_body_may_name_none(body: bytes) -> None:
    """A placeholder, another field or a page's markup is no job."""
    assert not names_in_bytes(body, "id")
