"""The demonstration's one table: edit, provider, charge, what became of the money, and why."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from router.cli.playing import Outcome, bought
from router.cli.show import NONE, table, usd
from router.model.money import Money

_WORDS = {
    "provider_throttled": "answered 429: nothing spent, so the next offer may be tried",
    "delivered": "was next, and delivered",
}
_LOST = "took the job, its answer got lost; its callback told what became of it"


def demo_table(outcomes: list[Outcome]) -> Table:
    """One row for each attempt, the edit's name and time on its first; then the sum."""
    made = table(
        ("edit", "provider", "charged", "money", "why", "seconds"),
        (),
        amounts=("charged", "seconds"),
    )
    for outcome in outcomes:
        scene = outcome.scene
        name = f"{scene.title} ({scene.resolution}, {scene.tenant})"
        seconds = f"{outcome.seconds:.2f}"
        for index, cells in enumerate(attempt_rows(outcome)):
            first = index == 0
            made.add_row(name if first else "", *cells, seconds if first else "")
        made.add_section()
    made.add_row("together", "", bought(outcomes).usd, "", "", "", style="bold")
    return made


def attempt_rows(outcome: Outcome) -> list[tuple[str, str, str, str]]:
    """Provider, charge, money and reason: one row for each attempt, or one for none."""
    if "attempts" not in outcome.reply:
        return [(NONE, Money.ZERO.usd, "nothing held", str(outcome.reply["detail"]))]
    attempts = outcome.reply["attempts"]
    if outcome.replayed:
        why = "the same Idempotency-Key and body: the same job, bought once"
        return [(attempts[0]["provider"], Money.ZERO.usd, "posted before", why)]
    if len(attempts) == 1:
        why = str(outcome.reply["decision"]["candidates"][0]["verdict"])
        return [(attempts[0]["provider"], usd(attempts[0]["charged"]), attempts[0]["money"], why)]
    return [
        (one["provider"], usd(one["charged"]), *_fate(one, was_in_doubt=is_lost(outcome, one)))
        for one in attempts
    ]


def is_lost(outcome: Outcome, attempt: Mapping[str, Any]) -> bool:
    """Whether it is the attempt that was in doubt when the client was answered."""
    return outcome.was_in_doubt and attempt["provider"] in outcome.scene.failing


def _fate(attempt: Mapping[str, Any], *, was_in_doubt: bool) -> tuple[str, str]:
    if was_in_doubt:
        return f"in doubt, then {attempt['money']}", _LOST
    outcome = str(attempt["outcome"])
    return str(attempt["money"]), _WORDS.get(outcome, outcome)
