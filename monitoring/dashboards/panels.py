"""The kinds of panel that the dashboards are made of."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Final

from grafana_foundation_sdk.builders import bargauge, dashboard, heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import common as options
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    DataTransformerConfig,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from core.drift import Severity

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="prometheus")
# Of a width of 24.
_SIXTH, _HALF = 4, 12
_STAT_HEIGHT, _HEIGHT = 4, 8
_LEAST_STEP: Final = "5m"
# The window of a rate over time, which Grafana makes as long as the step, and a scrape.
WINDOW: Final = "$__rate_interval"
_RED, _YELLOW, _GREEN = "red", "orange", "green"
_COLOURS: Final = {
    Severity.OK: _GREEN,
    Severity.INSUFFICIENT_DATA: "text",
    Severity.INFO: "blue",
    Severity.WARNING: _YELLOW,
    Severity.ERROR: _RED,
    Severity.ALERT: _RED,
    Severity.CRITICAL: "dark-red",
}
SEVERITIES: Final = ValueMap(
    options={
        str(severity.rank): ValueMappingResult(text=str(severity).replace("_", " "), color=_COLOURS[severity])
        for severity in Severity
    }
)

Panel = stat.Panel | timeseries.Panel | heatmap.Panel | bargauge.Panel | table.Panel


def page(uid: str, title: str, rows: Mapping[str, Sequence[Panel]]) -> dashboard.Dashboard:
    """
    A dashboard.

    Args:
        uid: Under which Grafana finds it again.
        title: Of the whole.
        rows: Panels by the title of their row.
    """
    made = (
        dashboard.Dashboard(title)
        .uid(uid)
        .tags(["slipway"])
        .readonly()
        .timezone("utc")
        .refresh("30s")
        .time("now-6h", "now")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("Slipway")
            .type(DashboardLinkType.DASHBOARDS)
            .tags(["slipway"])
            .keep_time(keep_time=True)
        )
    )
    numbers = itertools.count(1)
    for row, panels in rows.items():
        made = made.with_row(dashboard.Row(row).id(next(numbers)))
        for panel in panels:
            made = made.with_panel(panel.id(next(numbers)))
    return made


def _query(expression: str, legend: str) -> prometheus.Dataquery:
    # A window of its own for each point: a fixed one would pass over most of a long range.
    query = prometheus.Dataquery().datasource(SOURCE).expr(expression).legend_format(legend)
    return query.interval(_LEAST_STEP).range()


def _now(expression: str, legend: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().datasource(SOURCE).expr(expression).legend_format(legend).instant()


def _steps(limits: Sequence[float], *, is_least: bool) -> dashboard.ThresholdsConfig:
    """Green, then orange and red from these limits on; where more is better, the other way round."""
    if not limits:
        # Grafana's own would be red from 80 on.
        return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(value=None, color=_GREEN)])
    colours = [_RED, _YELLOW, _GREEN] if is_least else [_GREEN, _YELLOW, _RED]
    if len(limits) == 1:
        colours = [colours[0], colours[-1]]
    values = [None, *limits]
    steps = [Threshold(value=value, color=colour) for value, colour in zip(values, colours, strict=True)]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def figure(
    title: str,
    expression: str,
    unit: str,
    description: str,
    *,
    legend: str = "",
    limits: Sequence[float] = (),
    is_least: bool = False,
    is_severity: bool = False,
) -> stat.Panel:
    """
    A number, or one a series.

    Args:
        title: What it is.
        expression: Of Prometheus.
        unit: As Grafana calls it.
        description: What it means, and what is usual.
        legend: What tells several series apart.
        limits: From where on it is orange, then red; of one alone, red.
        is_least: Whether the limits are those below which it is so.
        is_severity: Whether the number stands for one of a drift report's words.
    """
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .no_value("nothing yet")
        .with_target(_now(expression, legend))
        .graph_mode(common.BigValueGraphMode.NONE)
        .thresholds(_steps(limits, is_least=is_least))
        .span(_SIXTH)
        .height(_STAT_HEIGHT)
    )
    return panel.mappings([SEVERITIES]) if is_severity else panel


def lines(
    title: str,
    expressions: Mapping[str, str],
    unit: str,
    description: str,
    *,
    limits: Sequence[float] = (),
    is_severity: bool = False,
    is_signed: bool = False,
) -> timeseries.Panel:
    """
    Numbers over time.

    Args:
        title: What they are.
        expressions: Of Prometheus, by what tells their series apart.
        unit: As Grafana calls it.
        description: What they mean, and what is usual.
        limits: Drawn as lines, from where on they are bad.
        is_severity: Whether the number stands for one of a drift report's words.
        is_signed: Whether they may be below nothing.
    """
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .fill_opacity(8)
        .show_points(common.VisibilityMode.NEVER)
        .legend(
            options.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(show_legend=True)
        )
        .span(_HALF)
        .height(_HEIGHT)
    )
    if not is_signed:
        panel = panel.min(0)
    for letter, (legend, expression) in zip(ascii_uppercase, expressions.items(), strict=False):
        panel = panel.with_target(_query(expression, legend).ref_id(letter))
    if limits:
        style = options.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.LINE)
        panel = panel.thresholds(_steps(limits, is_least=False)).thresholds_style(style)
    return panel.mappings([SEVERITIES]) if is_severity else panel


def spread(title: str, expression: str, unit: str, description: str) -> heatmap.Panel:
    """A histogram over time."""
    target = _query(expression, "{{le}}").format(PromQueryFormat.HEATMAP)
    return (
        heatmap.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .y_axis(heatmap.YAxisConfig().unit(unit))
        .calculate(calculate=False)
        .with_target(target)
        .span(_HALF)
        .height(_HEIGHT)
    )


def bars(
    title: str, expression: str, unit: str, description: str, *, legend: str, is_severity: bool = False
) -> bargauge.Panel:
    """Numbers beside each other, as they are now."""
    panel = (
        bargauge.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .min(0)
        .orientation(common.VizOrientation.HORIZONTAL)
        .thresholds(_steps((), is_least=False))
        .with_target(_now(expression, legend))
        .span(_HALF)
        .height(_HEIGHT)
    )
    return panel.mappings([SEVERITIES]).max(len(Severity) - 1) if is_severity else panel


def facts(title: str, expression: str, description: str, *, left_out: Sequence[str]) -> table.Panel:
    """The labels of a metric that is 1 for each of its series."""
    dropped = dict.fromkeys(("Time", "Value", "__name__", *left_out), True)
    return (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .with_target(_now(expression, "").format(PromQueryFormat.TABLE))
        .with_transformation(DataTransformerConfig(id_val="organize", options={"excludeByName": dropped}))
        .span(_HALF)
        .height(_HEIGHT)
    )
