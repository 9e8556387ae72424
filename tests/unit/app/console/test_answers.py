"""Answers in words and numbers for people."""

from __future__ import annotations

from app.console.answers import show_answer
from app.novelty import InputWarning
from app.served_model import Answer
from core.contract import Target, Task
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
