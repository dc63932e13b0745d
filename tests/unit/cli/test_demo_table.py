from dataclasses import replace
from typing import Any

import pytest

from router.cli.demo_table import attempt_rows, demo_table
from router.cli.playing import Outcome
from router.cli.scenes import SCENES
from router.cli.show import console

LOST = next(scene for scene in SCENES if scene.loses_answer)


def an_attempt(provider: str, charged: str, money: str, outcome: str) -> dict[str, str]:
    """Build an attempt as a reply has it."""
    return {"provider": provider, "charged": charged, "money": money, "outcome": outcome}


def an_outcome(*attempts: dict[str, str], **overrides: Any) -> Outcome:
    """Build what came of the scene with the lost answer."""
    reply = {
        "charged": "0.13",
        "provider": "runpod",
        "attempts": list(attempts),
        "decision": {"candidates": [{"verdict": "chosen by lowest price"}]},
    }
    outcome = Outcome(
        scene=LOST, status=200, reply=reply, seconds=1.25, replayed=False, was_in_doubt=False
    )
    return replace(outcome, **overrides)


def test_each_attempt_has_its_row(capsys: pytest.CaptureFixture[str]) -> None:
    """The edit's name and time stand once; the sum is of what was bought."""
    first = an_attempt("shortapi", "0.00", "voided", "provider_throttled")
    second = an_attempt("runpod", "0.13", "posted", "delivered")
    console().print(demo_table([an_outcome(first, second)]))

    out = capsys.readouterr().out
    assert out.count(LOST.title) == 1
    assert out.count("1.25") == 1
    assert "answered 429" in out
    assert "$0.13" in next(line for line in out.splitlines() if "together" in line)


def test_an_attempt_that_was_in_doubt_is_told() -> None:
    """Also when it is settled by the time that the table is shown."""
    lost = an_attempt("shortapi", "0.04", "posted", "delivered")
    paid = an_attempt("runpod", "0.09", "posted", "delivered")

    rows = attempt_rows(an_outcome(lost, paid, was_in_doubt=True))

    assert [row[2] for row in rows] == ["in doubt, then posted", "posted"]
    assert rows[0][1] == "$0.04"


def test_one_attempt_is_explained_by_the_decision() -> None:
    """In the policy's own words."""
    one = an_attempt("shortapi", "0.05", "posted", "delivered")

    assert attempt_rows(an_outcome(one)) == [
        ("shortapi", "$0.05", "posted", "chosen by lowest price")
    ]


def test_a_replay_and_a_refusal_cost_nothing() -> None:
    """A refusal has no attempt, and its reason is the budget's."""
    one = an_attempt("shortapi", "0.05", "posted", "delivered")
    refused = an_outcome(reply={"detail": "It does not fit."}, status=402)

    assert attempt_rows(an_outcome(one, replayed=True))[0][1:3] == ("$0.00", "posted before")
    assert attempt_rows(refused) == [("-", "$0.00", "nothing held", "It does not fit.")]
