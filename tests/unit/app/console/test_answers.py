"""Answers and figures in words and numbers for people."""

from __future__ import annotations

import pytest

from app.console.answers import figures_of, number, rows_of, show_answer, what_is_predicted
from app.novelty import InputWarning
from app.served_model import Answer
from core.contract import Target, Task
from core.manifest import Metric, Window
from tests.factories import TARGETS, make_contract, make_manifest

MANIFESTS = {task: make_manifest(make_contract(task)) for task in Task}


def test_a_binary_answer_has_its_label_and_the_positive_class_as_a_bar() -> None:
    warning = InputWarning(field="city", code="unseen_category", message="training saw no city 'Bern'")
    answer = Answer(label="no", score=0.123, warnings=[warning])
    shown = show_answer(answer, TARGETS[Task.BINARY], MANIFESTS[Task.BINARY])
    assert (shown.headline, shown.note) == ("no", "The answer is yes from 60.0% on.")
    assert [(bar.name, bar.share, bar.text) for bar in shown.bars] == [("yes", 0.123, "12.3%")]
    assert shown.warnings == ("training saw no city 'Bern'",)


def test_classes_are_shown_from_the_likeliest_on() -> None:
    target = Target(name="kind", task=Task.MULTICLASS, classes=tuple(f"c{place}" for place in range(30)))
    scores = {name: place / 435 for place, name in enumerate(target.classes)}
    shown = show_answer(Answer(label="c29", scores=scores, warnings=[]), target, MANIFESTS[Task.MULTICLASS])
    assert (shown.headline, shown.bars[0].name, len(shown.bars), shown.omitted) == ("c29", "c29", 20, 10)


def test_a_value_has_its_unit() -> None:
    manifest = make_manifest(make_contract(Task.REGRESSION), intervals=None)
    shown = show_answer(Answer(value=1953.28, warnings=[]), TARGETS[Task.REGRESSION], manifest)
    assert (shown.headline, shown.note, shown.bars) == ("1,953.28 EUR", "", ())


def test_a_value_has_its_interval_and_how_often_that_holds() -> None:
    answer = Answer(value=1953.28, low=1800.5, high=2100, warnings=[])
    note = show_answer(answer, TARGETS[Task.REGRESSION], MANIFESTS[Task.REGRESSION]).note
    assert note == "In 90 % of rows like those of training, price lies between 1,800.5 and 2,100 EUR."


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.0, "0"), (12.5, "12.5"), (1234567.8, "1,234,568"), (0.000123456, "0.000123456"),
     (3e-7, "3e-07"), (-2e20, "-2e+20"), (99.99999, "100")],
)  # fmt: skip
def test_a_number_has_six_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_target_is_told_in_a_sentence() -> None:
    assert [what_is_predicted(TARGETS[task]) for task in Task] == [
        "Predicts whether churn is yes, and how probable that is.",
        "Predicts which of 3 classes plan is, and how probable each of them is.",
        "Predicts price in EUR.",
    ]


def test_the_headline_figures_have_their_intervals() -> None:
    metrics = {"r2": Metric(value=None), "mae": Metric(value=12.0, low=11.0, high=13.5), "rmse": Metric(value=0.0001),
               "coverage": Metric(value=0.91), "interval_width": Metric(value=40.0)}  # fmt: skip
    manifest = make_manifest(make_contract(Task.REGRESSION), metrics=metrics)
    found = [(each.name, each.value, each.interval) for each in figures_of(manifest, TARGETS[Task.REGRESSION])]
    assert found == [
        ("Mean absolute error", "12.0000 EUR", "11.0000 to 13.5000"),
        ("Root mean squared error", "0.0001 EUR", ""),
        ("R²", "not defined", ""),
        ("Held by the interval", "0.9100", ""),
        ("Mean width of the interval", "40.0000 EUR", ""),
    ]


def test_a_window_has_its_days_if_there_are_any() -> None:
    assert rows_of(Window(rows=1200)) == "1,200 rows"
    assert rows_of(Window(rows=5, start="2026-01-01T00:00:00", end="2026-03-01T00:00:00")) == (
        "5 rows, 2026-01-01 to 2026-03-01"
    )
