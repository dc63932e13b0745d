"""
Choices: how much of a processor's time a decision takes, for ten offers under fifty rules, of which
the last one matches.

Against the same decision where each rule is asked in turn; rounds alternate, so that a machine that
slows down slows both.
"""

import statistics
import time
from collections.abc import Callable

from rich.console import Console

from router.model.latency import Latency
from router.model.money import Money
from router.model.offer import Offer, Plan
from router.policy.choose import choose
from router.policy.policy import Policy
from router.policy.rules import Matched
from tests.fakes import a_job, an_offer
from tests.policy_files import a_policy

OFFERS, RULES = 10, 50
CHOICES, ROUNDS = 300, 15
LIMIT_S = 100e-6


class OneByOne:
    """The alternative: asks each rule in turn."""

    def __init__(self, policy: Policy) -> None:
        self._rules = policy.rules

    def place(self, job: Matched) -> int | None:
        """See `RuleIndex.place`."""
        matching = (place for place, one in enumerate(self._rules) if one.when.matches(job))
        return next(matching, None)


def a_long_policy() -> Policy:
    """Fifty rules by tenant and tag; latency is limited, and seconds and failures cost."""
    return a_policy(
        prefer={"value_of_second": "$0.002", "failure_costs": "$0.10"},
        latency_max={"p95": "20s"},
        rules=[
            {
                "name": f"r{number}",
                "when": {"tenant": ["acme", f"t{number}"], "tag": {"team": f"team-{number}"}},
                "price_max": "$0.40",
            }
            for number in range(RULES)
        ],
    )


def offers() -> list[Offer]:
    """Ten providers' offers, each at its own price and its own pace."""
    return [
        an_offer(
            provider=f"provider-{number}",
            price=Money.parse(f"0.0{number + 1}"[:4]),
            latency=Latency.stated(5.0 + number, 12.0 + number),
            failing=number / 100,
        )
        for number in range(OFFERS)
    ]


def seconds_of(decide: Callable[[], Plan]) -> float:
    """How much of a processor one decision takes, of many: others on the machine do not count."""
    began_s = time.process_time()
    for _ in range(CHOICES):
        decide()
    return (time.process_time() - began_s) / CHOICES


def measured() -> tuple[list[float], list[float]]:
    """How long decisions take with the rules indexed, and with each asked in turn; by round."""
    indexed, in_turn = a_long_policy(), a_long_policy()
    in_turn._index = OneByOne(in_turn)  # type: ignore[assignment]
    job, offered = a_job(tags=(("team", f"team-{RULES - 1}"),)), offers()
    decides = [lambda: choose(indexed, job, offered), lambda: choose(in_turn, job, offered)]
    assert decides[0]() == decides[1]()
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS):
        for place in (0, 1) if number % 2 else (1, 0):
            found[place].append(seconds_of(decides[place]))
    return found


def measure() -> None:
    """Measure, and print two lines."""
    indexed, in_turn = measured()
    median_s = statistics.median(indexed)
    ratio = statistics.median(slow / quick for quick, slow in zip(indexed, in_turn, strict=True))
    Console().print(
        f"A decision of {OFFERS} offers under {RULES} rules takes {median_s * 1e6:.0f} µs "
        f"(median of {ROUNDS}; lowest {min(indexed) * 1e6:.0f}, highest {max(indexed) * 1e6:.0f}; "
        f"to be below {LIMIT_S * 1e6:.0f})."
    )
    Console().print(f"With each rule asked in turn it takes {ratio:.1f} times as long.")
