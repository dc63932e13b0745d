import random
from decimal import Decimal
from typing import Any

import pytest

from router.sandbox.faults import Kind, Operation
from router.sandbox.rules import Faults, InvalidFault, read_rule
from tests.sandboxes import Stage, body_of


def met(faults: Faults, calls: int, provider: str = "runpod") -> list[str]:
    """Make calls; name the faults they met."""
    rules = [faults.take(provider, Operation.CREATE, Kind.REPLY) for _ in range(calls)]
    return [rule.name if rule else "-" for rule in rules]


def test_scripted_faults_happen_in_order_and_end() -> None:
    """Each call meets the next one; then all is well."""
    faults = Faults(random.Random(1))
    faults.load([{"fault": "ok_html", "times": 2}, {"fault": "truncated"}])

    assert met(faults, 5) == ["ok_html", "ok_html", "truncated", "-", "-"]
    assert faults.rules == ()


def test_a_fault_can_let_calls_pass_first() -> None:
    """`skip` counts only calls that it fits."""
    faults = Faults(random.Random(1))
    faults.inject("ok_html", skip=2, provider="runpod")

    assert met(faults, 1, "shortapi") == ["-"]
    assert met(faults, 4) == ["-", "-", "ok_html", "-"]


def test_chance_is_seeded() -> None:
    """The same seed, the same calls; about as many as asked."""

    def drawn(seed: int) -> list[str]:
        faults = Faults(random.Random(seed))
        faults.inject("ok_html", probability=0.3)
        return met(faults, 400)

    assert drawn(5) == drawn(5)
    assert drawn(5) != drawn(6)
    assert 80 < drawn(5).count("ok_html") < 160


def test_a_rule_fits_its_provider_operation_and_kind() -> None:
    """And nothing else."""
    faults = Faults(random.Random(1))
    faults.inject("ok_html", provider="shortapi", operation="query")

    assert met(faults, 1, "shortapi") == ["-"]
    assert faults.take("runpod", Operation.QUERY, Kind.REPLY) is None
    assert faults.take("shortapi", Operation.QUERY, Kind.VIEW) is None
    assert faults.take("shortapi", Operation.QUERY, Kind.REPLY) is not None


def test_a_call_meets_one_fault_of_each_kind() -> None:
    """A lost reply and a failing job do not exclude each other."""
    faults = Faults(random.Random(1))
    faults.inject("accept_then_reset")
    faults.inject("fail_job")

    reply = faults.take("runpod", Operation.CREATE, Kind.REPLY)
    job = faults.take("runpod", Operation.CREATE, Kind.JOB)

    assert (reply and reply.name, job and job.name) == ("accept_then_reset", "fail_job")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({}, "unknown fault None"),
        (None, "unknown fault"),
        ({"fault": "gremlins"}, "unknown fault 'gremlins'"),
        ({"fault": ["ok_html"]}, "unknown fault"),
        ({"fault": "ok_html", "factor": "2"}, "ok_html takes no factor"),
        ({"fault": "ok_html", "provider": "acme"}, "provider must be one of"),
        ({"fault": "ok_html", "provider": ["runpod"]}, "provider must be one of"),
        ({"fault": "ok_html", "times": 0}, "times must be a whole number, 1 or more"),
        ({"fault": "ok_html", "times": True}, "times must be a whole number"),
        ({"fault": "ok_html", "skip": -1}, "skip must be a whole number, 0 or more"),
        ({"fault": "ok_html", "probability": 1.5}, "probability must be a number from 0 to 1"),
        ({"fault": "ok_html", "probability": "1"}, "probability must be a number"),
        ({"fault": "ok_html", "probability": float("nan")}, "probability must be a number"),
        ({"fault": "ok_html", "probability": 0.5, "times": 2}, "exclude each other"),
        ({"fault": "fail_job", "operation": "query"}, "fail_job can happen at create"),
        ({"fault": "fail_job", "operation": 3}, "fail_job can happen at create"),
        ({"fault": "cost_drift", "factor": "many"}, "factor must be a decimal number"),
        ({"fault": "cost_drift", "factor": 1.5}, "factor must be a decimal number in a string"),
        ({"fault": "cost_drift", "amount": "-1"}, "amount must be a decimal number"),
        ({"fault": "cost_drift", "amount": "1e99"}, "amount must be a decimal number"),
        ({"fault": "cost_garbage", "value": "odd"}, "value must be one of nan"),
        ({"fault": "result_redirect", "location": 1}, "location must be a string"),
        ({"fault": "unknown_status", "operation": "query", "seconds": 3}, "takes no numbers"),
        ({"fault": "callback_late", "seconds": -1}, "seconds must be a number"),
    ],
)
def test_a_wrong_rule_is_refused_with_a_sentence(document: Any, sentence: str) -> None:
    """For the one who wrote it."""
    with pytest.raises(InvalidFault, match=sentence):
        read_rule(document)


def test_options_are_exact() -> None:
    """Factors and amounts never pass through a float."""
    rule = read_rule({"fault": "cost_drift", "factor": "1.1", "amount": "0.0907"})

    assert rule.options.factor == Decimal("1.1")
    assert rule.options.amount_nanos == 90_700_000


async def test_faults_are_set_listed_and_cleared_over_http() -> None:
    """POST adds, GET shows, DELETE clears."""
    stage = Stage()
    rules = [{"fault": "ok_html", "provider": "runpod"}, {"fault": "fail_job", "times": 3}]

    assert body_of(await stage.ask("POST", "/_faults", {"faults": rules})) == {"loaded": 2}
    shown = body_of(await stage.ask("GET", "/_faults"))
    assert [rule["fault"] for rule in shown["rules"]] == ["ok_html", "fail_job"]
    assert shown["known"]["cost_drift"]["options"] == ["amount", "factor"]
    assert shown["known"]["unknown_status"]["operations"] == ["create", "query"]
    await stage.ask("DELETE", "/_faults")
    assert body_of(await stage.ask("GET", "/_faults"))["rules"] == []


async def test_a_list_with_one_wrong_rule_changes_nothing() -> None:
    """All or none, and a 400 that says why."""
    stage = Stage()

    answer = await stage.ask("POST", "/_faults", [{"fault": "ok_html"}, {"fault": "gremlins"}])
    broken = await stage.ask("POST", "/_faults", b"{")

    assert (answer.status, broken.status) == (400, 400)
    assert "gremlins" in body_of(answer)["error"]
    assert stage.sandbox.faults.rules == ()
