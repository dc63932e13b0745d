from pathlib import Path
from typing import Any

import pytest

from router.policy.examples import evaluate
from router.policy.loader import load_policy
from router.policy.problems import PolicyError
from router.policy.windows import Window
from tests.policy_files import POLICY, PRICES, a_policy, write_policy


def outcome(prices: str = PRICES, **example: Any) -> list[str]:
    """Try one example; returns what is said of it."""
    policy = a_policy(prices=prices, examples=[example])
    return [problem.message for problem in evaluate(policy)]


@pytest.mark.parametrize(
    "example",
    [
        {"job": "1k", "expect": "shortapi at $0.04"},
        {"job": "1k", "expect": "shortapi at $0.04", "then": "runpod at $0.0875"},
        {"job": "4k", "expect": "runpod at $0.175", "then": "nobody"},
        {"job": "2k", "down": ["shortapi"], "expect": "runpod at $0.13"},
        {"job": "2k", "down": ["shortapi", "runpod"], "expect": "nobody"},
        {"job": "1k", "aspect_ratio": "8:1", "expect": "runpod at $0.0875"},
        {"job": "1k", "output_format": "jpeg", "expect": "shortapi at $0.04"},
        {"job": "2k", "price_max": "$0.05", "expect": "nobody"},
        {"job": "1k", "tenant": "acme", "expect": "shortapi at $0.04"},
        {"job": "1k", "at": "2026-10-31", "expect": "nobody"},
    ],
)
def test_a_promise_that_holds_is_no_problem(example: dict[str, Any]) -> None:
    """Each key of an example bends the job or the world as it says."""
    assert outcome(**example) == []


@pytest.mark.parametrize(
    ("example", "message"),
    [
        (
            {"job": "1k", "expect": "runpod at $0.0875"},
            (
                "expected runpod at $0.0875, and it is shortapi at $0.04: shortapi chosen by "
                "lowest price; runpod next if shortapi does not deliver; $0.0475 "
                "dearer than shortapi"
            ),
        ),
        (
            {"job": "1k", "expect": "shortapi at $0.05"},
            (
                "expected shortapi at $0.05, and it is shortapi at $0.04: shortapi chosen by "
                "lowest price; runpod next if shortapi does not deliver; $0.0475 "
                "dearer than shortapi"
            ),
        ),
        (
            {"job": "4k", "down": ["runpod"], "expect": "runpod at $0.175"},
            (
                "expected runpod at $0.175, and it is nobody: runpod is down; "
                "shortapi has no price for 4k"
            ),
        ),
        (
            {"job": "4k", "down": ["shortapi"], "expect": "nobody"},
            (
                "expected nobody, and it is runpod at $0.175: runpod chosen by lowest price; "
                "shortapi has no price for 4k"
            ),
        ),
        (
            {"job": "4k", "expect": "runpod at $0.175", "then": "shortapi at $0.09"},
            (
                "then expected shortapi at $0.09, and it is nobody: runpod chosen by lowest price; "
                "shortapi has no price for 4k"
            ),
        ),
    ],
)
def test_a_broken_promise_is_told_with_what_happens_instead(
    example: dict[str, Any], message: str
) -> None:
    """Whoever reads it sees each provider's reason."""
    assert outcome(**example) == [message]


def test_a_broken_promise_is_told_at_its_line(tmp_path: Path) -> None:
    """`farebox check` can be read like a compiler's messages."""
    second = "  - {job: 2k, expect: shortapi at $0.061}\n"

    with pytest.raises(PolicyError) as caught:
        load_policy(write_policy(tmp_path, policy=POLICY + second))

    (problem,) = caught.value.problems
    assert str(problem).splitlines()[1:] == [f"    {second.rstrip()}", "        ^"]
    assert (Path(problem.file).name, problem.line, problem.column) == ("policy.yaml", 12, 5)


def test_examples_are_tried_when_the_newest_price_is_in_force() -> None:
    """A price that is written today for next month makes today's promises fail today."""
    prices = PRICES + PRICES[PRICES.index("  - provider: shortapi\n") :].split("  - provider: run")[
        0
    ].replace("2026-11-01", "2026-12-01").replace("$0.04", "$0.045")

    assert outcome(prices, job="1k", expect="shortapi at $0.045") == []
    assert outcome(prices, job="1k", at="2026-11-30", expect="shortapi at $0.04") == []


@pytest.mark.parametrize("at", ["2000-01-01T00:00:00Z", "2199-12-31T23:59:59.999999Z"])
@pytest.mark.parametrize("per", [*Window, "rolling 366 days"])
def test_every_window_has_an_example_at_the_ends_of_the_calendar(per: str, at: str) -> None:
    """The first and the last instant that can be written lie in a window of every kind."""
    budgets = [
        {"name": zone.replace("/", "."), "who": "everyone", "limit": "$8", "per": per}
        | ({"time_zone": zone} if per in set(Window) - {Window.LIFETIME} else {})
        for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago")
    ]
    example = {"job": "1k", "at": at, "expect": "nobody" if at < "2026" else "shortapi at $0.04"}

    assert evaluate(a_policy(budgets=budgets, examples=[example])) == []
