"""The card's plots: SVG that every reader can show, equal bytes for equal figures."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import msgspec
import pytest

from core.contract import Task
from core.manifest import Metric
from ml.evaluation import Evaluation, Group, Importance
from ml.metrics import UNDEFINED
from ml.plots import draw_plots, headline_metric
from tests.factories import TARGETS
from tests.unit.ml.factories import make_evaluation


def _draw(evaluation: Evaluation, task: Task = Task.BINARY) -> dict[str, bytes]:
    return draw_plots(evaluation, TARGETS[task])


def _named(*features: str) -> Evaluation:
    importances = tuple(Importance(feature=name, loss_increase_percent=1.0) for name in features)
    return msgspec.structs.replace(make_evaluation(), importances=importances)


def _texts(svg: bytes) -> str:
    root = ET.fromstring(svg)  # noqa: S314  # our own file
    return "\n".join(text for element in root.iter() if (text := element.text) and element.tag.endswith("text"))


@pytest.mark.parametrize("task", Task)
def test_every_plot_is_svg(task: Task) -> None:
    for content in _draw(make_evaluation(task), task).values():
        assert ET.fromstring(content).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314  # our own file


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
def test_classes_have_four_plots(task: Task) -> None:
    assert list(_draw(make_evaluation(task), task)) == [
        "card-calibration.svg", "card-scores.svg", "card-months.svg", "card-importances.svg",
    ]  # fmt: skip


def test_values_have_no_calibration_plot() -> None:
    assert "card-calibration.svg" not in _draw(make_evaluation(Task.REGRESSION), Task.REGRESSION)


@pytest.mark.parametrize("months", [0, 1])
def test_a_single_month_is_no_plot(months: int) -> None:
    evaluation = make_evaluation()
    short = msgspec.structs.replace(evaluation, months=evaluation.months[:months])
    assert "card-months.svg" not in _draw(short)


@pytest.mark.parametrize("task", Task)
def test_equal_figures_give_equal_bytes(task: Task) -> None:
    assert _draw(make_evaluation(task), task) == _draw(make_evaluation(task), task)


@pytest.mark.parametrize("task", Task)
def test_the_months_are_plotted_by_the_figure_that_is_shown_first(task: Task) -> None:
    plots = _draw(make_evaluation(task), task)
    assert f"{headline_metric(task)} with 95 % interval" in _texts(plots["card-months.svg"])


@pytest.mark.parametrize("name", ["price ($) per $", "$\\frac$", "a & b", "<script>", "a_b^c", "100 %"])
def test_a_feature_s_name_is_shown_as_it_is(name: str) -> None:
    assert name in _texts(_draw(_named(name, "other"))["card-importances.svg"])


def test_no_more_than_twenty_features_are_shown() -> None:
    texts = _texts(_draw(_named(*(f"feature {number:02}" for number in range(30))))["card-importances.svg"])
    assert "feature 19" in texts
    assert "feature 20" not in texts


@pytest.mark.parametrize(
    "metric", [UNDEFINED, Metric(value=1), Metric(value=1, low=1, high=1), Metric(value=0.5, low=0.6, high=0.7)]
)
def test_an_odd_month_does_not_stop_the_plot(metric: Metric) -> None:
    evaluation = make_evaluation()
    odd = Group(name="2026-01", rows=100, metrics=evaluation.metrics | {"auc": metric})
    assert "2026-01" in _texts(
        _draw(msgspec.structs.replace(evaluation, months=(*evaluation.months, odd)))["card-months.svg"]
    )
