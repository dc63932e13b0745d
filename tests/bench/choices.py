"""
Choices: how much of a processor's time a decision takes, for ten offers under fifty rules, of which
the last one matches, and two stages, of which one is reached.

Beside it, a decision of a job that goes to see whether an offer is as quick again; and one where
each rule is asked in turn. Rounds alternate, so that a machine that slows down slows all alike.
"""

import statistics
import time
from collections.abc import Callable

from rich.console import Console

from router.model.durations import Distribution
from router.model.ids import JobId
from router.model.latency import WINDOWS_S, Latency
from router.model.money import Money
from router.model.offer import Offer, Plan
from router.policy.choose import choose
from router.policy.exploring import explores
from router.policy.policy import Policy
from router.policy.rules import Matched
from tests.fakes import a_job, an_offer
from tests.policy_files import a_policy
from tests.policy_stages import standing

OFFERS, RULES = 10, 50
CHOICES, ROUNDS = 300, 15
LIMIT_S = 100e-6
PLAIN, EXPLORING, IN_TURN = "plain", "exploring", "in turn"
OTHER = JobId("job-1")
EXPLORER = next(
    one for one in (JobId(f"job-{number}") for number in range(1_000)) if explores(3, one)
)


class OneByOne:
    """The alternative: asks each rule in turn."""

    def __init__(self, policy: Policy) -> None:
        self._rules = policy.rules

    def place(self, job: Matched) -> int | None:
        """See `RuleIndex.place`."""
        matching = (place for place, one in enumerate(self._rules) if one.when.matches(job))
        return next(matching, None)


def a_long_policy() -> Policy:
    """Fifty rules by tenant and tag; latency is limited, seconds cost, some go to see."""
    return a_policy(
        prefer={"value_of_second": "$0.002", "failure_costs": "$0.10"},
        latency_max={"p95": "20s", "otherwise": "fastest"},
        explore="3%",
        stages=[
            {"when": "50% of monthly is used", "price_max": "$0.30"},
            {"when": "90% of monthly is used", "stop": "true"},
        ],
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
    """Ten providers' offers, each at its own price and pace; of late the cheapest is slow."""
    return [
        an_offer(
            provider=f"provider-{number}",
            price=Money.parse(f"0.{number + 1:02}75"),
            stated=(5.0 + number, 12.0 + number),
            latency=latency_of_late(number),
            failing=number / 100,
        )
        for number in range(OFFERS)
    ]


def latency_of_late(number: int) -> Latency:
    """What was learnt of an offer: about what is stated, but of the first five times as much."""
    times = 5.0 if number == 0 else 1.05
    over = Distribution.lognormal(times * (5.0 + number), times * (12.0 + number))
    return Latency.of([over] * len(WINDOWS_S), samples=100 + number)


def seconds_of(decide: Callable[[], Plan]) -> float:
    """How much of a processor one decision takes, of many: others on the machine do not count."""
    began_s = time.process_time()
    for _ in range(CHOICES):
        decide()
    return (time.process_time() - began_s) / CHOICES


def measured() -> dict[str, list[float]]:
    """How long decisions take, by their kind; by round."""
    indexed, in_turn = a_long_policy(), a_long_policy()
    in_turn._index = OneByOne(in_turn)  # type: ignore[assignment]
    tags, offered = (("team", f"team-{RULES - 1}"),), offers()
    plain, exploring = a_job(id=OTHER, tags=tags), a_job(id=EXPLORER, tags=tags)
    used = standing(indexed, monthly="50")
    decides = {
        PLAIN: lambda: choose(indexed, plain, offered, standing=used),
        EXPLORING: lambda: choose(indexed, exploring, offered, standing=used),
        IN_TURN: lambda: choose(in_turn, plain, offered, standing=used),
    }
    first = decides[PLAIN]()
    assert first == decides[IN_TURN]()
    assert first.offers[0].provider != decides[EXPLORING]().offers[0].provider == "provider-0"
    found: dict[str, list[float]] = {name: [] for name in decides}
    for number in range(ROUNDS):
        for name in decides if number % 2 else reversed(decides):
            found[name].append(seconds_of(decides[name]))
    return found


def measure() -> None:
    """Measure, and print three lines."""
    found, console = measured(), Console(soft_wrap=True)
    told = {PLAIN: "A decision", EXPLORING: "One that goes to see who is quick again,"}
    for name, words in told.items():
        each = found[name]
        console.print(
            f"{words} of {OFFERS} offers under {RULES} rules takes "
            f"{statistics.median(each) * 1e6:.0f} µs (median of {ROUNDS}; "
            f"lowest {min(each) * 1e6:.0f}, highest {max(each) * 1e6:.0f}; "
            f"to be below {LIMIT_S * 1e6:.0f})."
        )
    ratio = statistics.median(
        slow / quick for quick, slow in zip(found[PLAIN], found[IN_TURN], strict=True)
    )
    console.print(f"With each rule asked in turn it takes {ratio:.1f} times as long.")
