"""The model card's plots, as SVG whose bytes depend on the figures alone."""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from core.contract import Target, Task
from ml.evaluation import Evaluation

# SVG identifiers are random and the file dated unless told otherwise; equal trainings must give equal bytes.
_STYLE: Any = {
    "svg.hashsalt": "slipway", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.color": "#dddddd", "axes.axisbelow": True,
    "font.family": "sans-serif", "text.parse_math": False,
}  # fmt: skip
_DEFAULTS = {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith("backend")}
_INK, _ACCENT = "#20639b", "#c44536"


def draw_plots(evaluation: Evaluation, target: Target) -> dict[str, bytes]:
    """The plots there is data for, by file name, in the order a reader wants them."""
    plots = {}
    if evaluation.reliability:
        plots["card-calibration.svg"] = _svg(_calibration(evaluation))
    plots["card-scores.svg"] = _svg(_scores(evaluation, target))
    if len(evaluation.months) > 1:
        plots["card-months.svg"] = _svg(_months(evaluation, target))
    plots["card-importances.svg"] = _svg(_importances(evaluation))
    return plots


def _svg(draw: Any) -> bytes:
    buffer = io.BytesIO()
    # Not from the reader's own matplotlibrc, or the bytes would be theirs.
    with mpl.rc_context({**_DEFAULTS, **_STYLE}):
        figure = draw()
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _axes(width: float, height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height))
    return figure, figure.subplots()


def _calibration(evaluation: Evaluation) -> Any:
    def draw() -> Figure:
        figure, axes = _axes(4, 3.4)
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle="--", label="perfect")
        axes.plot(
            [point.mean_score for point in evaluation.reliability],
            [point.observed for point in evaluation.reliability],
            marker="o", markersize=4, color=_INK, label="holdout",
        )  # fmt: skip
        axes.set(xlabel="predicted probability", ylabel="how often it happened", xlim=(0, 1), ylim=(0, 1))
        axes.legend(frameon=False)
        return figure

    return draw


def _scores(evaluation: Evaluation, target: Target) -> Any:
    def draw() -> Figure:
        figure, axes = _axes(4, 2.6)
        edges = evaluation.histogram_edges
        axes.stairs(evaluation.histogram_counts, edges, fill=True, color=_INK)
        names = {Task.BINARY: "score", Task.MULTICLASS: "largest class probability", Task.REGRESSION: "predicted value"}
        axes.set(xlabel=names[target.task], ylabel="holdout rows")
        return figure

    return draw


def headline_metric(task: Task) -> str:
    """The figure that is plotted and shown first."""
    return {Task.BINARY: "auc", Task.MULTICLASS: "accuracy", Task.REGRESSION: "mae"}[task]


def _months(evaluation: Evaluation, target: Target) -> Any:
    def draw() -> Figure:
        figure, axes = _axes(4, 2.6)
        metric = headline_metric(target.task)
        for place, group in enumerate(evaluation.months):
            value, low, high = (getattr(group.metrics[metric], key) for key in ("value", "low", "high"))
            # A percentile interval may leave its figure out, where few days decide it.
            errors = None if None in (value, low, high) else [[max(value - low, 0)], [max(high - value, 0)]]
            shown = float("nan") if value is None else value
            axes.errorbar([place], [shown], yerr=errors, fmt="o", capsize=3, color=_INK)
        axes.set(ylabel=f"{metric} with 95 % interval")
        axes.set_xticks(range(len(evaluation.months)), [group.name for group in evaluation.months], rotation=45)
        return figure

    return draw


def _importances(evaluation: Evaluation) -> Any:
    def draw() -> Figure:
        shown = evaluation.importances[:20][::-1]
        figure, axes = _axes(5, 0.6 + 0.22 * len(shown))
        axes.barh([entry.feature for entry in shown], [entry.loss_increase_percent for entry in shown], color=_ACCENT)
        axes.set(xlabel="loss increase when shuffled, %")
        return figure

    return draw
