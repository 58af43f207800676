"""What the dashboards are made of: panels with a title, a description and a unit, over queries that the check
can run.

Every query selects by the same four variables. `{}` stands for that selection; `{partition="0"}` and the like go
after a comma: `onefill_intents_total{verdict="REJECTED",}`.
"""

from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import common, dashboard, heatmap, prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode, GraphDrawStyle, HeatmapCellLayout, LegendDisplayMode, LegendPlacement, StackingMode,
    TooltipDisplayMode, VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync, DataSourceRef, DynamicConfigValue, FieldColorModeId, MappingType, Threshold, ThresholdsMode,
    ValueMap, ValueMappingResult, VariableRefresh,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = DataSourceRef(type_val="prometheus", uid="$datasource")
SELECT = 'namespace=~"$namespace",job=~"$job",pod=~"$pod"'


@dataclass
class Query:
    """An expression, how its series are called, and whether a router under load may have nothing to say."""

    expr: str
    legend: str = ""
    # Why there may be no data although all is well; the check then asks only that Prometheus takes the query.
    quiet: str | None = None

    def promql(self) -> str:
        return self.expr.replace(",}", "," + SELECT + "}").replace("{}", "{" + SELECT + "}")


@dataclass
class Panel:
    """A panel; `kind` says how it is drawn, `width` of 24, `steps` are thresholds from green on."""

    title: str
    description: str
    unit: str
    queries: list[Query]
    kind: str = "series"
    width: int = 8
    height: int = 7
    stacked: bool = False
    decimals: float | None = None
    steps: list[tuple[float, str]] = field(default_factory=list)
    states: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass
class Row:
    title: str
    panels: list[Panel]


@dataclass
class Board:
    """A dashboard: its file, title, what it answers, its rows."""

    file: str
    title: str
    description: str
    rows: list[Row]


def query(one: Query, index: int, kind: str) -> prometheus.Dataquery:
    built = prometheus.Dataquery().expr(one.promql()).legend_format(one.legend or "__auto")
    built = built.ref_id(chr(ord("A") + index)).datasource(SOURCE)
    built = built.format(PromQueryFormat.HEATMAP if kind == "heatmap" else PromQueryFormat.TIME_SERIES)
    return built.range()


def thresholds(steps: list[tuple[float, str]]) -> dashboard.ThresholdsConfig:
    all_steps = [Threshold(value=None, color="green"), *(Threshold(value=value, color=color) for value, color in steps)]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(all_steps)


def mapping(states: dict[str, tuple[str, str]]) -> ValueMap:
    options = {
        value: ValueMappingResult(text=text, color=color, index=index)
        for index, (value, (text, color)) in enumerate(states.items())
    }
    return ValueMap(options=options)


def panel(one: Panel):
    if one.kind == "stat":
        built = stat.Panel().graph_mode(BigValueGraphMode.AREA).reduce_options(
            common.ReduceDataOptions().calcs(["lastNotNull"]))
        if one.steps:
            built = built.color_scheme(dashboard.FieldColor().mode(FieldColorModeId.THRESHOLDS))
            built = built.thresholds(thresholds(one.steps))
    elif one.kind == "heatmap":
        built = heatmap.Panel().calculate(False).show_legend().cell_gap(1)
    elif one.kind == "timeline":
        built = statetimeline.Panel().mappings([mapping(one.states)]).show_value(VisibilityMode.NEVER).row_height(0.9)
        built = built.legend(common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).show_legend(True)
                             .placement(LegendPlacement.BOTTOM).calcs([]))
    else:
        built = timeseries.Panel().line_width(1).fill_opacity(25 if one.stacked else 8)
        built = built.tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        built = built.legend(common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).show_legend(True)
                             .placement(LegendPlacement.BOTTOM).calcs([]))
        if one.unit != "dateTimeFromNow":
            built = built.min(0)
        if one.stacked:
            built = built.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    built = built.title(one.title).description(one.description).unit(one.unit).datasource(SOURCE)
    if one.decimals is not None:
        built = built.decimals(one.decimals)
    for index, each in enumerate(one.queries):
        built = built.with_target(query(each, index, one.kind))
    return built.span(one.width).height(one.height)


def variable(name: str, label: str, asked: str) -> dashboard.QueryVariable:
    built = dashboard.QueryVariable(name).label(label).datasource(SOURCE).query(asked)
    built = built.include_all(True).multi(True).all_value(".*").refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    return built


def build(board: Board):
    built = dashboard.Dashboard(board.title).uid("onefill-" + board.file).description(board.description)
    built = built.tags(["onefill"]).refresh("10s").time("now-30m", "now").timezone("browser").readonly()
    built = built.tooltip(DashboardCursorSync.CROSSHAIR)
    built = built.link(dashboard.DashboardLink("onefill").type("dashboards").tags(["onefill"]).keep_time(True)
                       .include_vars(True).as_dropdown(True))
    built = built.with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    # Where there is no Kubernetes these labels are absent: "All" matches that, too.
    built = built.with_variable(variable("namespace", "Namespace", "label_values(onefill_build_info, namespace)"))
    built = built.with_variable(variable("job", "Job", 'label_values(onefill_build_info{namespace=~"$namespace"}, job)'))
    built = built.with_variable(
        variable("pod", "Pod", 'label_values(onefill_build_info{namespace=~"$namespace",job=~"$job"}, pod)'))
    for row in board.rows:
        built = built.with_row(dashboard.Row(row.title))
        for one in row.panels:
            built = built.with_panel(panel(one))
    return built.build()
