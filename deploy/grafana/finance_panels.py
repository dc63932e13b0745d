"""
The finance dashboard: what is spent, what it leads to, what is not certain.

What was spent within a time is the ledger's own sum at its end less that at its beginning, as they
were scraped. What an invoice is held against is at `/dashboard`, in `farebox report` and in the
exports.
"""

from deploy.grafana.budget_panels import BUDGETS
from deploy.grafana.panels import COUNT, DOLLARS, SECONDS, Board, Kind, Panel, Query, Row
from deploy.grafana.stopped import STOPPED
from deploy.grafana.windows import BASIS, BASIS_OF_DAYS, Sum

_LABELS = "provider, model, resolution, tenant"
_SPENT = Sum("farebox_spent_usd", _LABELS)
_EDITS = Sum("farebox_edits_total", _LABELS)
_REFUNDED = Sum("farebox_refunded_usd_total", "provider")
_AVOIDED = Sum("farebox_avoided_usd", "provider")
_MISSED = Sum("farebox_missed_usd", "provider")
_LISTED = Sum("farebox_list_cost_usd", "provider")
_DRIFT = Sum("farebox_price_drift_usd", "provider, direction")
_DENIED = Sum("farebox_denied_usd_total", "budget")
_TWICE = Sum("farebox_double_spend_usd")
_BY_TENANT = _SPENT.within_range("tenant")

_SPEND = Row(
    "Spend",
    (
        Panel(
            title="Spent in this time",
            description="Charged by providers less what they refunded, within the time chosen "
            f"above; and as long a time 30 days earlier. Posted, without held money. {BASIS}",
            queries=(
                Query(_SPENT.within_range(), "this time"),
                Query(_SPENT.within_range(earlier="30d"), "30 days before"),
            ),
            unit=DOLLARS,
            kind=Kind.STAT,
            width=6,
            decimals=2,
        ),
        Panel(
            title="Refunded in this time",
            description="Taken back of what was charged, whenever that was, by entries within the "
            f"time chosen above: it is within what was spent already. {BASIS}",
            queries=(Query(_REFUNDED.within_range(), "refunded"),),
            unit=DOLLARS,
            kind=Kind.STAT,
            width=4,
            decimals=2,
        ),
        Panel(
            title="Average per edit",
            description="What was charged less what was refunded, by the edits that were delivered "
            f"within the time: one that was paid for twice is one. {BASIS}",
            queries=(
                Query(f"{_SPENT.within_range()} / ({_EDITS.within_range()} > 0)", "per edit"),
            ),
            unit=DOLLARS,
            kind=Kind.STAT,
            width=4,
            decimals=4,
        ),
        Panel(
            title="Saved and missed",
            description="Against always taking the dearest offer that qualified, and what always "
            f"taking the cheapest would have saved besides. {BASIS}",
            queries=(
                Query(_AVOIDED.within_range(), "saved"),
                Query(_MISSED.within_range(), "missed"),
            ),
            unit=DOLLARS,
            kind=Kind.STAT,
            width=5,
            decimals=2,
        ),
        Panel(
            title="List price and charge",
            description="What public prices come to for the same images, beside what was charged, "
            "both less what was refunded. The difference is what contracts save, and besides what "
            "was not charged as it was priced, and refunds of a part of a charge, whose image "
            f"still has its list price. {BASIS}",
            queries=(
                Query(_LISTED.within_range(), "list"),
                Query(_SPENT.within_range(), "charged"),
            ),
            unit=DOLLARS,
            kind=Kind.STAT,
            width=5,
            decimals=2,
        ),
        Panel(
            title="Spend per day by provider",
            description=f"Charged less refunded within each day. {BASIS_OF_DAYS}",
            queries=(Query(_SPENT.within_day("provider"), "{{provider}}"),),
            unit=DOLLARS,
            kind=Kind.BARS,
            width=12,
        ),
        Panel(
            title="Spend per day by resolution",
            description=f"Charged less refunded within each day. {BASIS_OF_DAYS}",
            queries=(Query(_SPENT.within_day("resolution"), "{{resolution}}"),),
            unit=DOLLARS,
            kind=Kind.BARS,
            width=12,
        ),
        Panel(
            title="Tenants",
            description="The ten that spend most, and all others together: charged less refunded. "
            f"{BASIS}",
            queries=(
                Query(f"topk(10, {_BY_TENANT})", "{{tenant}}"),
                Query(f"{_SPENT.within_range()} - sum(topk(10, {_BY_TENANT}))", "all others"),
            ),
            unit=DOLLARS,
            kind=Kind.GAUGES,
        ),
        Panel(
            title="Models",
            description=f"Charged less refunded within the time chosen above, by model. {BASIS}",
            queries=(Query(_SPENT.within_range("model"), "{{model}}"),),
            unit=DOLLARS,
            kind=Kind.GAUGES,
        ),
        Panel(
            title="Tenants, and 30 days before",
            description="The ten that spend most now, with what each spent in as long a time 30 "
            f"days earlier: Value A is now, Value B is then. Charged less refunded. {BASIS}",
            queries=(
                Query(f"topk(10, {_BY_TENANT})"),
                Query(_SPENT.within_range("tenant", earlier="30d")),
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
            f"`farebox prices drift` names the offers. {BASIS}",
            queries=(
                Query(_DRIFT.within_range("provider, direction"), "{{provider}} {{direction}}"),
            ),
            unit=DOLLARS,
            kind=Kind.GAUGES,
        ),
        Panel(
            title="Denied by budgets",
            description=f"What the edits would have cost that a budget refused. {BASIS}",
            queries=(Query(_DENIED.within_range("budget"), "{{budget}}"),),
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
            title="Balance last read",
            description="How long ago, of prepaid providers; one whose balance was never read is "
            "not shown. `farebox reconcile PROVIDER --balance AMOUNT` records what a provider "
            "shows: without it nobody is told when credit runs out.",
            queries=(
                Query(
                    "time() - (max by (provider) "
                    "(farebox_provider_balance_read_timestamp_seconds) > 0)",
                    "{{provider}}",
                ),
            ),
            unit=SECONDS,
            kind=Kind.STAT,
            width=6,
        ),
        Panel(
            title="Paid twice",
            description="Posted for edits beyond the dearest of each one's charges: the price of "
            "outages. The budget `double-spend` has another sum, which `double_spend_max` bounds: "
            f"the whole price of second attempts beside one in doubt. {BASIS}",
            queries=(Query(_TWICE.within_range(), "paid twice"),),
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
        STOPPED,
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
    description="What edits cost, how budgets stand, what is not certain: sums of the ledger as "
    "they were scraped. What an invoice is held against is at /dashboard of the router.",
    since="now/M",
    refresh="5m",
    rows=(_SPEND, BUDGETS, _UNSURE),
    has_budgets=True,
)
