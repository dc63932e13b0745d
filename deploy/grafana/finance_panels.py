"""
The finance dashboard: what is spent, what it leads to, what is not certain.

Prometheus samples and extrapolates: these are trends. Exact figures are at `/dashboard`, in
`farebox report` and in the exports.
"""

from deploy.grafana.budget_panels import BUDGETS
from deploy.grafana.panels import COUNT, DOLLARS, Board, Kind, Panel, Query, Row

_LABELS = "provider, model, resolution, tenant"


def _spent(window: str, by: str = "", *, offset: str = "") -> str:
    """Charges within a window: the same on every replica, so `max` comes first."""
    shifted = f" offset {offset}" if offset else ""
    each = f"max by ({_LABELS}) (increase(farebox_posted_usd_total[{window}]{shifted}))"
    return f"sum by ({by}) ({each})" if by else f"sum({each})"


def _grown(name: str, window: str = "$__range") -> str:
    """How much a provider's counter has grown within a window, of all providers."""
    return f"sum(max by (provider) (increase({name}[{window}])))"


def _changed(name: str) -> str:
    """The same of what may fall, too."""
    return f"sum(max by (provider) (delta({name}[$__range])))"


_EDITS = f"sum(max by ({_LABELS}) (increase(farebox_edits_total[$__range])))"

_SPEND = Row(
    "Spend",
    (
        Panel(
            title="Spent in this time",
            description="Charged by providers, before refunds, within the time chosen above; and "
            "as long a time 30 days earlier. Basis: posted, UTC, without held money.",
            queries=(
                Query(_spent("$__range"), "this time"),
                Query(_spent("$__range", offset="30d"), "30 days before"),
            ),
            unit=DOLLARS,
            kind=Kind.STAT,
            width=6,
            decimals=2,
        ),
        Panel(
            title="Refunded in this time",
            description="Taken back of what was charged, by later entries.",
            queries=(Query(_grown("farebox_refunded_usd_total"), "refunded"),),
            unit=DOLLARS,
            kind=Kind.STAT,
            width=4,
            decimals=2,
        ),
        Panel(
            title="Average per edit",
            description="What was charged, by the edits that were delivered for it: one that was "
            "paid for twice is one.",
            queries=(Query(f"{_spent('$__range')} / ({_EDITS} > 0)", "per edit"),),
            unit=DOLLARS,
            kind=Kind.STAT,
            width=4,
            decimals=4,
        ),
        Panel(
            title="Saved and missed",
            description="Against always taking the dearest offer that qualified, and what always "
            "taking the cheapest would have saved besides.",
            queries=(
                Query(_changed("farebox_avoided_usd"), "saved"),
                Query(_changed("farebox_missed_usd"), "missed"),
            ),
            unit=DOLLARS,
            kind=Kind.STAT,
            width=5,
            decimals=2,
        ),
        Panel(
            title="List price and charge",
            description="What public prices come to for the same images, beside what was charged: "
            "the difference is what contracts save.",
            queries=(
                Query(_changed("farebox_list_cost_usd"), "list"),
                Query(_spent("$__range"), "charged"),
            ),
            unit=DOLLARS,
            kind=Kind.STAT,
            width=5,
            decimals=2,
        ),
        Panel(
            title="Spend per day by provider",
            description="Charged within each day of UTC.",
            queries=(Query(_spent("1d", "provider"), "{{provider}}"),),
            unit=DOLLARS,
            kind=Kind.BARS,
            width=12,
        ),
        Panel(
            title="Spend per day by resolution",
            description="Charged within each day of UTC.",
            queries=(Query(_spent("1d", "resolution"), "{{resolution}}"),),
            unit=DOLLARS,
            kind=Kind.BARS,
            width=12,
        ),
        Panel(
            title="Tenants",
            description="The ten that spend most, and all others together.",
            queries=(
                Query(f"topk(10, {_spent('$__range', 'tenant')})", "{{tenant}}"),
                Query(
                    f"{_spent('$__range')} - sum(topk(10, {_spent('$__range', 'tenant')}))",
                    "all others",
                ),
            ),
            unit=DOLLARS,
            kind=Kind.GAUGES,
        ),
        Panel(
            title="Models",
            description="Charged within the time chosen above, by model.",
            queries=(Query(_spent("$__range", "model"), "{{model}}"),),
            unit=DOLLARS,
            kind=Kind.GAUGES,
        ),
        Panel(
            title="Tenants, and 30 days before",
            description="The ten that spend most now, with what each spent in as long a time 30 "
            "days earlier: Value A is now, Value B is then.",
            queries=(
                Query(f"topk(10, {_spent('$__range', 'tenant')})"),
                Query(_spent("$__range", "tenant", offset="30d")),
            ),
            unit=DOLLARS,
            kind=Kind.TABLE,
        ),
    ),
)
_UNSURE = Row(
    "Not certain, or not as it should be",
    (
        Panel(
            title="Money of which not all is known",
            description="Held for what is under way; in doubt: sent, outcome unknown; presumed: "
            "no evidence came in time, on no bill that was seen.",
            queries=(
                Query("max by (provider) (farebox_held_usd)", "{{provider}} held"),
                Query("max by (provider) (farebox_in_doubt_usd)", "{{provider}} in doubt"),
                Query("max by (provider) (farebox_presumed_usd)", "{{provider}} presumed"),
            ),
            unit=DOLLARS,
            kind=Kind.STACKED,
        ),
        Panel(
            title="Price drift",
            description="By how much charges were above or below the price that was pinned, less "
            "what a bill took back. "
            "`farebox prices drift` names the offers.",
            queries=(
                Query(
                    "max by (provider, direction) (delta(farebox_price_drift_usd[$__range]))",
                    "{{provider}} {{direction}}",
                ),
            ),
            unit=DOLLARS,
            kind=Kind.GAUGES,
        ),
        Panel(
            title="Denied by budgets",
            description="What the edits would have cost that a budget refused.",
            queries=(
                Query(
                    "max by (budget) (increase(farebox_denied_usd_total[$__range]))", "{{budget}}"
                ),
            ),
            unit=DOLLARS,
            kind=Kind.GAUGES,
        ),
        Panel(
            title="Credit left",
            description="At providers whose balance was ever read: the reading, and top-ups, less "
            "what was posted since.",
            queries=(Query("max by (provider) (farebox_provider_balance_usd)", "{{provider}}"),),
            unit=DOLLARS,
            width=6,
        ),
        Panel(
            title="Paid twice",
            description="Posted for edits beyond the dearest of each one's charges: the price of "
            "outages. `double_spend_max` bounds it.",
            queries=(Query("max(delta(farebox_double_spend_usd[$__range]))", "paid twice"),),
            unit=DOLLARS,
            kind=Kind.STAT,
            width=6,
            decimals=2,
        ),
        Panel(
            title="Thresholds reached",
            description="How often a budget reached what its `alerts` name, by percent and basis.",
            queries=(
                Query(
                    "sum by (budget, basis, percent) (farebox_budget_thresholds_total)",
                    "{{budget}} {{basis}} {{percent}} %",
                ),
            ),
            unit=COUNT,
            kind=Kind.STAT,
            width=6,
        ),
        Panel(
            title="Books",
            description="Journal minus balances, compared every five minutes: anything but zero "
            "means that the books are wrong.",
            queries=(Query("max(abs(farebox_ledger_check_usd))", "difference"),),
            unit=DOLLARS,
            kind=Kind.STAT,
            width=6,
            decimals=9,
        ),
    ),
)

FINANCE = Board(
    uid="farebox-finance",
    title="Farebox: finance",
    description="What edits cost, how budgets stand, what is not certain. Trends by Prometheus; "
    "exact figures are at /dashboard of the router.",
    since="now/M",
    refresh="5m",
    rows=(_SPEND, BUDGETS, _UNSURE),
    has_budgets=True,
)
