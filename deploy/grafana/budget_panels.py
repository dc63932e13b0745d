"""Budgets on the finance dashboard: what is used, what is left, where it leads."""

from deploy.grafana.panels import DOLLARS, SECONDS, SHARE, Kind, Panel, Query, Row

_BUDGET = '{budget=~"$budget"}'


def _of_budget(name: str) -> str:
    return f"max by (budget, scope) (farebox_budget_{name}{_BUDGET})"


_WHOSE = "{{budget}} {{scope}}"
BUDGETS = Row(
    "Budgets",
    (
        Panel(
            title="Used",
            description="Share of the limit that no further hold may take: posted, presumed, held "
            "and in doubt.",
            queries=(Query(f"budget:farebox_used:ratio{_BUDGET}", _WHOSE),),
            unit=SHARE,
            kind=Kind.GAUGES,
        ),
        Panel(
            title="Posted, held, limit",
            description="Each budget's window as it stands.",
            queries=(
                Query(_of_budget("posted_usd"), f"{_WHOSE} posted"),
                Query(_of_budget("presumed_usd"), f"{_WHOSE} presumed"),
                Query(_of_budget("held_usd"), f"{_WHOSE} held"),
                Query(_of_budget("in_doubt_usd"), f"{_WHOSE} in doubt"),
                Query(_of_budget("limit_usd"), f"{_WHOSE} limit"),
            ),
            unit=DOLLARS,
            kind=Kind.GAUGES,
        ),
        Panel(
            title="Forecast and limit",
            description="What the window is expected to be charged by its end. None where too "
            "little is known, of lifetimes, and of windows that roll.",
            queries=(
                Query(_of_budget("forecast_usd"), f"{_WHOSE} forecast"),
                Query(_of_budget("limit_usd"), f"{_WHOSE} limit"),
            ),
            unit=DOLLARS,
            kind=Kind.GAUGES,
        ),
        Panel(
            title="Burn-down",
            description="What is left of each limit, beside what would be left if it were used "
            "evenly. Below the even line it is used too fast.",
            queries=(
                Query(
                    f"{_of_budget('limit_usd')} * (1 - budget:farebox_charged:ratio)",
                    f"{_WHOSE} left",
                ),
                Query(
                    f"{_of_budget('limit_usd')} * (1 - budget:farebox_window_elapsed:ratio)",
                    f"{_WHOSE} even",
                ),
            ),
            unit=DOLLARS,
            width=12,
        ),
        Panel(
            title="Time left at this pace",
            description="Until a limit is reached. A budget that lasts to its window's end is not "
            "shown.",
            queries=(Query(f"{_of_budget('exhausted_timestamp_seconds')} - time()", _WHOSE),),
            unit=SECONDS,
            kind=Kind.GAUGES,
            width=6,
        ),
        Panel(
            title="Burn rate",
            description="At 1 a limit lasts just to its window's end. Over one hour, six hours and "
            "three days.",
            queries=(
                Query(f"budget:farebox_burn:rate1h{_BUDGET}", f"{_WHOSE} 1 h"),
                Query(f"budget:farebox_burn:rate6h{_BUDGET}", f"{_WHOSE} 6 h"),
                Query(f"budget:farebox_burn:rate3d{_BUDGET}", f"{_WHOSE} 3 d"),
            ),
            unit="none",
            width=6,
        ),
    ),
)
