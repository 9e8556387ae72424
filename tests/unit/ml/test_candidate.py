"""A candidate on disk: whole or absent, with golden rows that span the scores."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from core.bundle import CARD_NAME, CARD_PAGE_NAME, GOLDEN_NAME, REFERENCE_NAME, Bundle
from core.contract import Task
from core.documents import to_json
from core.errors import BundleRefused, CorruptArtifact, DatasetError
from core.golden import GOLDEN_COUNT
from core.manifest import Window
from core.scorer import check_golden, load_scorer
from ml.candidate import (
    HOLDOUT_NAME,
    build_reference,
    check_parity,
    choose_golden,
    read_candidate,
    write_candidate,
)
from tests.factories import GRAPH_NAME, make_contract, make_graph, make_manifest
from tests.unit.ml.factories import make_dataset, make_scorer, make_split


def _files(task: Task = Task.BINARY) -> dict[str, bytes]:
    parts = make_split(task)
    reference = build_reference(parts.train, make_scorer(task), parts.validation, make_contract(task))
    return {
        GRAPH_NAME: make_graph(task),
        GOLDEN_NAME: to_json(choose_golden(parts.holdout, make_scorer(task))),
        REFERENCE_NAME: to_json(reference),
        CARD_NAME: b"# card\n",
        CARD_PAGE_NAME: b"<!doctype html>",
    }


def _write(directory: Path, task: Task = Task.BINARY, tag: str = "model-v1.0.0") -> Bundle:
    holdout = make_split(task).holdout
    manifest = make_manifest(make_contract(task), tag)
    lineage = msgspec.structs.replace(manifest.lineage, holdout=Window(rows=len(holdout)))
    return write_candidate(
        directory,
        msgspec.structs.replace(manifest, lineage=lineage),
        _files(task),
        holdout=holdout,
        trained_scores=make_scorer(task).score(holdout.matrix),
    )


@pytest.mark.parametrize("task", Task)
def test_golden_rows_run_from_the_lowest_to_the_highest_score(task: Task) -> None:
    holdout, scorer = make_dataset(task), make_scorer(task)
    golden = np.array([entry.score for entry in choose_golden(holdout, scorer).rows])
    scores = scorer.score(holdout.matrix)[:, 0]
    assert len(golden) == GOLDEN_COUNT
    assert golden[:, 0].min() == pytest.approx(scores.min(), abs=1e-9)
    assert golden[:, 0].max() == pytest.approx(scores.max(), abs=1e-9)


def test_golden_rows_are_spread_evenly_over_the_ranks() -> None:
    holdout, scorer = make_dataset(), make_scorer()
    golden = sorted(entry.score[0] for entry in choose_golden(holdout, scorer).rows)
    expected = np.quantile(scorer.score(holdout.matrix), np.linspace(0, 1, GOLDEN_COUNT), method="lower")
    np.testing.assert_allclose(golden, expected, atol=1e-6)


def test_golden_rows_are_rows_as_a_caller_would_send_them() -> None:
    for entry in choose_golden(make_dataset(), make_scorer()).rows:
        assert set(entry.row) == {"age", "city"}


def test_a_small_holdout_gives_as_many_golden_rows() -> None:
    assert len(choose_golden(make_dataset(rows=100).take(np.arange(20)), make_scorer()).rows) == GOLDEN_COUNT


def test_the_reference_counts_training_columns_and_validation_scores() -> None:
    parts = make_split(Task.MULTICLASS)
    contract = make_contract(Task.MULTICLASS)
    reference = build_reference(parts.train, make_scorer(Task.MULTICLASS), parts.validation, contract)
    assert reference.numeric["age"].count == len(parts.train)
    assert reference.numeric["age"].missing == parts.train.rows["age"].null_count()
    assert reference.numeric["age"].high == parts.train.rows["age"].max()
    assert sum(reference.categorical["city"].counts.values()) == len(parts.train)
    assert [column.count for column in reference.scores] == [len(parts.validation)] * 3


@pytest.mark.parametrize("task", Task)
def test_a_candidate_holds_a_bundle_and_its_holdout(task: Task, tmp_path: Path) -> None:
    bundle = _write(tmp_path / "deep" / "candidate", task)
    assert sorted(path.name for path in (tmp_path / "deep" / "candidate").iterdir()) == ["bundle", HOLDOUT_NAME]
    check_golden(bundle, load_scorer(bundle))
    assert check_parity(tmp_path / "deep" / "candidate", bundle) <= 1e-6


def test_a_candidate_replaces_the_previous_one_whole(tmp_path: Path) -> None:
    _write(tmp_path / "candidate")
    (tmp_path / "candidate" / "bundle" / "left over").write_text("")
    _write(tmp_path / "candidate", tag="model-v1.1.0")
    assert str(read_candidate(tmp_path / "candidate").manifest.tag) == "model-v1.1.0"
    assert not (tmp_path / "candidate" / "bundle" / "left over").exists()


def test_a_candidate_that_cannot_be_written_leaves_the_previous_one(tmp_path: Path) -> None:
    _write(tmp_path / "candidate")
    holdout = make_split().holdout
    with pytest.raises(FileNotFoundError):
        write_candidate(
            tmp_path / "candidate",
            make_manifest(make_contract(), "model-v1.1.0"),
            {"no/such/folder": b""},
            holdout=holdout,
            trained_scores=np.zeros((len(holdout), 1)),
        )
    assert str(read_candidate(tmp_path / "candidate").manifest.tag) == "model-v1.0.0"
    assert [path.name for path in tmp_path.iterdir()] == ["candidate"]


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no candidate; run scripts/train first"):
        read_candidate(tmp_path / "candidate")


def test_a_candidate_that_was_touched_is_not_read(tmp_path: Path) -> None:
    _write(tmp_path / "candidate")
    (tmp_path / "candidate" / "bundle" / CARD_NAME).write_text("# other\n")
    with pytest.raises(CorruptArtifact, match=CARD_NAME):
        read_candidate(tmp_path / "candidate")


@pytest.mark.parametrize("damage", ["missing", "garbage", "columns"])
def test_a_holdout_that_cannot_be_read_stops_publishing(damage: str, tmp_path: Path) -> None:
    bundle = _write(tmp_path / "candidate")
    path = tmp_path / "candidate" / HOLDOUT_NAME
    if damage == "missing":
        path.unlink()
    elif damage == "garbage":
        path.write_bytes(b"garbage")
    else:
        pl.read_parquet(path).drop("age").write_parquet(path)
    with pytest.raises(BundleRefused, match=r"holdout\.parquet cannot be read, so the bundle cannot be checked"):
        check_parity(tmp_path / "candidate", bundle)
