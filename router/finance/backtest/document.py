"""A backtest as a document: what the table, the page and `--json` tell is all read from this."""

from typing import Any

from router.finance.backtest.comparing import counted
from router.finance.backtest.lasting import percentile_s
from router.finance.backtest.menus import WHOLE
from router.finance.backtest.running import HAPPENED, Backtest
from router.finance.backtest.tallies import Cell, Tally
from router.model.clock import rfc3339
from router.model.money import Money

TENANT, RESOLUTION = 0, 1
REASONS_MAX = 5
_KNOWN = (
    "Where a job goes where it really went, at the same price, its real charge and its real time "
    "are used. Everything else is an estimate: what a provider would have done that was not asked, "
    "nobody knows."
)
_EXPECTED = (
    "An estimate takes the price of the tested policy's price book at the job's instant, and the "
    "latency and the share of failures that were known of that provider at that moment, or what "
    "the price book states. Who was set aside then after failures is taken to fail, at no charge. "
    "Any other failure is taken to cost nothing where the price book says that failures are free, "
    "and the price where it does not. Then the next provider is chosen: after a failure that costs "
    "only if the policy pays twice for an edit, whatever its limit for that."
)
_BUDGETS = (
    "Budgets are replayed in the order of the jobs, from nothing used: a hold at the price, then "
    "the charge, in the window of the hold. What clients would have done after a refusal, and "
    "providers under another load, is not replayed."
)
_ALWAYS = (_KNOWN, _EXPECTED, _BUDGETS)


def document_of(found: Backtest) -> dict[str, Any]:
    """Money is decimal text in dollars; shares are from 0 to 1; durations are seconds."""
    return {
        "policy": found.policy.name,
        "policy_hash": found.policy.hash,
        "summary": found.policy.summary,
        "jobs": found.jobs,
        "from": rfc3339(found.first_at) if found.first_at is not None else None,
        "to": rfc3339(found.last_at) if found.last_at is not None else None,
        "left_out": {"unfinished": found.unfinished, "refused_then": found.refused},
        "not_noted": found.unnoted,
        "checked": {
            "compared": found.checked.compared,
            "differing": found.checked.differing,
            "jobs": found.checked.jobs,
        },
        "scenarios": [_scenario(one) for one in found.tallies],
        "notes": notes_of(found),
    }


def notes_of(found: Backtest) -> list[str]:
    """What the figures rest on, in sentences."""
    notes: list[str] = [*_ALWAYS]
    if found.refused:
        notes.append(
            f"Refused at the time: {counted(found.refused, 'hold')}. The ledger keeps only their "
            "count and sum, so they are not replayed: under more generous budgets there would be "
            "more jobs than these."
        )
    if found.unfinished:
        notes.append(f"Not ended yet, and left out: {counted(found.unfinished, 'job')}.")
    if found.unnoted:
        notes.append(
            f"Without a note of what became of it: {counted(found.unnoted, 'job')}. "
            f"'{HAPPENED}' leaves that out."
        )
    return notes


def _scenario(tally: Tally) -> dict[str, Any]:
    return {
        "name": tally.name,
        "is_estimate": tally.name != HAPPENED,
        "total": amounts_of(tally.total()),
        "by_resolution": _named(tally, RESOLUTION),
        "by_tenant": _named(tally, TENANT),
        "denied_by": dict(sorted(tally.by_budget.items())),
        "not_served_because": dict(tally.by_reason.most_common(REASONS_MAX)),
    }


def _named(tally: Tally, place: int) -> list[dict[str, Any]]:
    return [{"name": name, **amounts_of(cell)} for name, cell in tally.by(place).items()]


def amounts_of(cell: Cell) -> dict[str, Any]:
    """One cell, as JSON."""
    return {
        "jobs": cell.jobs,
        "bought": cell.bought,
        "spend": str(Money(cell.nanos)),
        "spend_known": str(Money(cell.known_nanos)),
        "bought_as_it_was": cell.known,
        "per_delivered": _per_delivered(cell),
        "delivered": cell.delivered / WHOLE,
        "denied": cell.denied,
        "denied_amount": str(Money(cell.denied_nanos)),
        "not_served": cell.unserved,
        "smaller": cell.smaller,
        "failovers": cell.failovers / WHOLE,
        "p50_s": percentile_s(50, cell.took, cell.paces),
        "p95_s": percentile_s(95, cell.took, cell.paces),
    }


def _per_delivered(cell: Cell) -> str | None:
    """What an edit that is delivered costs, to a hundred-thousandth of a dollar."""
    if not cell.delivered:
        return None
    step = 10_000
    nanos = cell.nanos * WHOLE // cell.delivered
    return str(Money((nanos + step // 2) // step * step))
