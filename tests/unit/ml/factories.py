"""Small tables, splits and evaluations for the tests of `ml`."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from core.bundle import CARD_NAME, CARD_PAGE_NAME, GOLDEN_NAME, REFERENCE_NAME, Bundle
from core.contract import Task
from core.documents import to_json
from core.manifest import Calibration, Window
from core.scorer import Scorer
from ml.candidate import choose_golden, write_candidate
from ml.dataset import Dataset, RawData, fit_to_contract
from ml.evaluation import Evaluation, evaluate
from ml.reference import build_reference
from ml.split import Share, Split, split
from tests.factories import GRAPH_NAME, INTERVALS, TARGETS, make_contract, make_graph, make_manifest

START = datetime(2025, 1, 1)


def make_raw(frame: pl.DataFrame) -> RawData:
    """A loader's answer around a table."""
    return RawData(frame=frame, sha256="1" * 64, source="a table")


def make_frame(task: Task = Task.BINARY, rows: int = 400, *, seed: int = 0) -> pl.DataFrame:
    """Age (a tenth missing), city, a time every six hours, and an outcome that both features help to tell."""
    random = np.random.default_rng(seed)
    age, city = random.uniform(18, 90, rows).round(1), random.choice(["Oslo", "Rome"], rows)
    drive = (age - 54) / 12 + (city == "Rome") + random.logistic(size=rows)
    target = TARGETS[task]
    outcome: pl.Series
    if task is Task.REGRESSION:
        outcome = pl.Series(drive * 1000)
    elif task is Task.BINARY:
        outcome = pl.Series(np.array(target.classes)[(drive > 0).astype(int)])
    else:
        outcome = pl.Series(np.array(target.classes)[np.digitize(drive, [-1, 2])])
    return pl.DataFrame(
        {
            "at": [START + timedelta(hours=6 * number) for number in range(rows)],
            "age": pl.Series(age).set(pl.Series(random.random(rows) < 0.1), None),
            "city": city,
            target.name: outcome,
        }
    )


def make_dataset(task: Task = Task.BINARY, rows: int = 400, *, seed: int = 0, timed: bool = True) -> Dataset:
    """The table above, fitted to the contract of `tests.factories`."""
    return fit_to_contract(
        make_raw(make_frame(task, rows, seed=seed)),
        make_contract(task),
        time_column="at" if timed else None,
        max_faulty_share=0,
    )


def make_split(task: Task = Task.BINARY, rows: int = 800, *, seed: int = 0, timed: bool = True) -> Split:
    """Three parts of such a data set: three fifths, a fifth, a fifth."""
    data = make_dataset(task, rows, seed=seed, timed=timed)
    return split(data, validation=Share.parse("20%"), holdout=Share.parse("20%"), task=task)


def make_scorer(task: Task = Task.BINARY) -> Scorer:
    """A scorer of one linear graph."""
    return Scorer([make_graph(task)], [1.0], Calibration(method="identity"), task)


@cache
def make_evaluation(task: Task = Task.BINARY) -> Evaluation:
    """The linear graph's evaluation on 1,000 holdout rows, which span nine months."""
    return evaluate(
        make_scorer(task),
        ("linear",),
        make_split(task, 5000),
        make_contract(task),
        segments=("city",),
        threshold=0.6,
        seed=0,
        intervals=INTERVALS if task is Task.REGRESSION else None,
    )


def make_candidate(directory: Path, task: Task = Task.BINARY, tag: str = "model-v1.0.0", **changes: Any) -> Bundle:
    """A candidate of the linear graph and its holdout; `changes` replace fields of its manifest."""
    parts, scorer, contract = make_split(task), make_scorer(task), make_contract(task)
    manifest = make_manifest(contract, tag, **changes)
    lineage = msgspec.structs.replace(manifest.lineage, holdout=Window(rows=len(parts.holdout)))
    files = {
        GRAPH_NAME: make_graph(task),
        GOLDEN_NAME: to_json(choose_golden(parts.holdout, scorer)),
        REFERENCE_NAME: to_json(build_reference(parts, scorer.opinions, contract, {})),
        CARD_NAME: b"# card\n",
        CARD_PAGE_NAME: b"<!doctype html>",
    }
    return write_candidate(
        directory,
        msgspec.structs.replace(manifest, lineage=lineage),
        files,
        holdout=parts.holdout,
        trained_scores=scorer.score(parts.holdout.matrix),
    )
