"""
What dashboards are made of: panels as values, and Grafana's own builders for the JSON.

The builders are typed and made from Grafana's schema for 11.6, so that a field that Grafana does
not know is an error here and not an empty panel there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from string import ascii_uppercase

from grafana_foundation_sdk.builders import (
    bargauge,
    dashboard,
    prometheus,
    stat,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders.common import (
    ReduceDataOptions,
    StackingConfig,
    VizLegendOptions,
)
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.common import (
    GraphDrawStyle,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DOLLARS, SHARE, SECONDS, COUNT = "currencyUSD", "percentunit", "s", "short"
PER_SECOND, INSTANT, TIMES = "reqps", "dateTimeFromNow", "none"
SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
COLUMNS = 24
HEIGHT = 8
ROW_HEIGHT = 1

AnyPanel = stat.Panel | timeseries.Panel | bargauge.Panel | table.Panel


class Kind(Enum):
    """How a panel shows its numbers."""

    STAT = "stat"
    LINES = "lines"
    STACKED = "stacked"
    BARS = "bars"
    """Stacked, one for each day."""
    GAUGES = "gauges"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, and what its series are called: `{{label}}` stands for a label's value."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel."""

    title: str
    description: str
    """What it means, on what basis, and what to do about it."""
    queries: Sequence[Query]
    unit: str
    kind: Kind = Kind.LINES
    width: int = 8
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A heading, and what stands below it."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    description: str
    since: str
    """Where its time begins, as `now-6h`."""
    until: str = "now"
    refresh: str
    rows: Sequence[Row]
    has_budgets: bool = False
    """Whether a budget can be chosen, as `$budget`."""


def build(board: Board) -> model.Dashboard:
    """Make Grafana's JSON model of a dashboard; panels flow from left to right."""
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags(["farebox"])
        .readonly()
        .timezone("utc")
        .time(board.since, board.until)
        .refresh(board.refresh)
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .with_variable(
            dashboard.DatasourceVariable("datasource").label("Source").type("prometheus")
        )
    )
    if board.has_budgets:
        made.with_variable(_budgets())
    number, top = 1, 0
    for row in board.rows:
        heading = dashboard.Row(row.title).id(number)
        made.with_row(heading.grid_pos(model.GridPos(x=0, y=top, w=COLUMNS, h=ROW_HEIGHT)))
        number, top, left = number + 1, top + ROW_HEIGHT, 0
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                left, top = 0, top + HEIGHT
            place = model.GridPos(x=left, y=top, w=panel.width, h=HEIGHT)
            made.with_panel(_panel(panel).id(number).grid_pos(place))
            number, left = number + 1, left + panel.width
        top += HEIGHT
    return made.build()


def _budgets() -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable("budget")
        .label("Budget")
        .datasource(SOURCE)
        .query("label_values(farebox_budget_limit_usd, budget)")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
        .current(model.VariableOption(selected=True, text="All", value="$__all"))
    )


def _panel(panel: Panel) -> AnyPanel:
    made = _of_kind(panel.kind)
    made.title(panel.title).description(panel.description).datasource(SOURCE).unit(panel.unit)
    if panel.decimals is not None:
        made.decimals(panel.decimals)
    for letter, query in zip(ascii_uppercase[: len(panel.queries)], panel.queries, strict=True):
        made.with_target(_target(panel.kind, letter, query))
    return made


def _of_kind(kind: Kind) -> AnyPanel:
    match kind:
        case Kind.STAT:
            return stat.Panel().reduce_options(_last())
        case Kind.GAUGES:
            return bargauge.Panel().reduce_options(_last()).orientation(_ACROSS)
        case Kind.TABLE:
            return table.Panel().with_transformation(
                model.DataTransformerConfig(id_val="merge", options={})
            )
        case Kind.LINES:
            return timeseries.Panel().legend(_legend())
        case Kind.STACKED:
            return timeseries.Panel().legend(_legend()).stacking(_STACKED).fill_opacity(25)
        case Kind.BARS:
            bars = timeseries.Panel().legend(_legend()).stacking(_STACKED).fill_opacity(80)
            return bars.draw_style(GraphDrawStyle.BARS).interval("1d")


_ACROSS = common_model.VizOrientation.HORIZONTAL
_STACKED = StackingConfig().mode(StackingMode.NORMAL).group("A")


def _last() -> ReduceDataOptions:
    return ReduceDataOptions().calcs(["lastNotNull"])


def _legend() -> VizLegendOptions:
    legend = VizLegendOptions().display_mode(LegendDisplayMode.LIST)
    return legend.placement(LegendPlacement.BOTTOM).show_legend(show_legend=True)


def _target(kind: Kind, letter: str, query: Query) -> prometheus.Dataquery:
    made = prometheus.Dataquery().expr(query.expr).ref_id(letter).datasource(SOURCE)
    if query.legend:
        made.legend_format(query.legend)
    if kind in {Kind.STAT, Kind.GAUGES, Kind.TABLE}:
        made.instant()
    else:
        made.range()
    if kind is Kind.TABLE:
        made.format(PromQueryFormat.TABLE)
    return made
