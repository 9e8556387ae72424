"""Drift, quality and experiments: what the daily checks found."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.dashboards.panels import WINDOW, Panel, bars, figure, lines, page


def drift() -> Dashboard:
    """What somebody looks at when an issue says that something has changed."""
    return page(
        "slipway-drift",
        "Slipway: drift and experiments",
        {
            "Now": _now(),
            "Drift": _drift(),
            "Quality": _quality(),
            "Experiment": _experiment(),
        },
    )


def _now() -> list[Panel]:
    return [
        figure(
            "Worst that was found",
            "max(slipway_drift_severity)",
            "none",
            "Of the last check; an issue comes from alert on.",
            is_severity=True,
        ),
        figure(
            "Last check",
            "time() - (max(slipway_drift_last_check_timestamp_seconds) > 0)",
            "s",
            "How long ago.",
            limits=[2 * 86_400],
        ),
        figure(
            "Quality",
            "max(slipway_quality_severity)",
            "none",
            "How the newest window whose outcomes are known compares with the holdout.",
            is_severity=True,
        ),
        figure(
            "Experiment",
            "max(slipway_experiment_share)",
            "percentunit",
            "Of the subjects, that a challenger answers; 0 where there is none.",
        ),
        figure(
            "Gain",
            "max(slipway_experiment_gain)",
            "none",
            "What the challenger loses less a row; better or worse only once both bounds are on one side of 0.",
        ),
        figure(
            "Last readout",
            "time() - (max(slipway_experiment_last_readout_timestamp_seconds) > 0)"
            " and on () max(slipway_experiment_running) == 1",
            "s",
            "How long ago, of an experiment that runs.",
            limits=[2 * 86_400],
        ),
    ]


def _drift() -> list[Panel]:
    return [
        lines(
            "Columns by what was found",
            {"{{severity}}": "max by (severity) (slipway_drift_columns)"},
            "none",
            "One of several windows counts once, by its worst.",
        ),
        bars(
            "Columns",
            "topk(20, max by (column) (slipway_drift_column_severity))",
            "none",
            "The worst; python -m drift explain COLUMN says everything about one.",
            legend="{{column}}",
            is_severity=True,
        ),
    ]


def _quality() -> list[Panel]:
    return [
        lines(
            "Figures",
            {"{{figure}}": "max by (figure) (slipway_quality)"},
            "none",
            "Of the newest window whose outcomes are known.",
        ),
        lines(
            "Beside the holdout",
            {"severity": "max(slipway_quality_severity)"},
            "none",
            "From alert on an issue says so.",
            is_severity=True,
        ),
    ]


def _experiment() -> list[Panel]:
    return [
        lines(
            "Gain",
            {
                "gain": "max(slipway_experiment_gain)",
                "low": "max(slipway_experiment_gain_low)",
                "high": "max(slipway_experiment_gain_high)",
            },
            "none",
            "Of the challenger, with bounds that hold however often one looks.",
            is_signed=True,
        ),
        lines(
            "Shadow",
            {"{{result}}": f"sum by (result) (rate(slipway_shadow_rows_total[{WINDOW}]))"},
            "rowsps",
            "Rows that it scored, was not shown, or failed at.",
        ),
    ]
