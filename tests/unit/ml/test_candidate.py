"""A candidate on disk: whole or absent, with golden rows that span the scores."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from core.bundle import CARD_NAME
from core.contract import Task
from core.errors import BundleRefused, CorruptArtifact, DatasetError
from core.golden import GOLDEN_COUNT
from core.scorer import check_golden, load_scorer
from ml.candidate import (
    HOLDOUT_NAME,
    check_parity,
    choose_golden,
    read_candidate,
    require_ours,
    write_candidate,
)
from tests.factories import make_contract, make_manifest
from tests.unit.ml.factories import make_candidate, make_dataset, make_scorer, make_split


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


@pytest.mark.parametrize("task", Task)
def test_a_candidate_holds_a_bundle_and_its_holdout(task: Task, tmp_path: Path) -> None:
    bundle = make_candidate(tmp_path / "deep" / "candidate", task)
    assert sorted(path.name for path in (tmp_path / "deep" / "candidate").iterdir()) == ["bundle", HOLDOUT_NAME]
    check_golden(bundle, load_scorer(bundle))
    assert check_parity(tmp_path / "deep" / "candidate", bundle) <= 1e-6


def test_a_candidate_replaces_the_previous_one_whole(tmp_path: Path) -> None:
    make_candidate(tmp_path / "candidate")
    (tmp_path / "candidate" / "bundle" / "left over").write_text("")
    make_candidate(tmp_path / "candidate", tag="model-v1.1.0")
    assert str(read_candidate(tmp_path / "candidate").manifest.tag) == "model-v1.1.0"
    assert not (tmp_path / "candidate" / "bundle" / "left over").exists()


def test_a_candidate_that_cannot_be_written_leaves_the_previous_one(tmp_path: Path) -> None:
    make_candidate(tmp_path / "candidate")
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
    assert sorted(path.name for path in tmp_path.iterdir()) == [".candidate.lock", "candidate"]


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no candidate; run scripts/train first"):
        read_candidate(tmp_path / "candidate")


def test_a_candidate_that_was_touched_is_not_read(tmp_path: Path) -> None:
    make_candidate(tmp_path / "candidate")
    (tmp_path / "candidate" / "bundle" / CARD_NAME).write_text("# other\n")
    with pytest.raises(CorruptArtifact, match=CARD_NAME):
        read_candidate(tmp_path / "candidate")


@pytest.mark.parametrize("damage", ["missing", "garbage", "columns"])
def test_a_holdout_that_cannot_be_read_stops_publishing(damage: str, tmp_path: Path) -> None:
    bundle = make_candidate(tmp_path / "candidate")
    path = tmp_path / "candidate" / HOLDOUT_NAME
    if damage == "missing":
        path.unlink()
    elif damage == "garbage":
        path.write_bytes(b"garbage")
    else:
        pl.read_parquet(path).drop("age").write_parquet(path)
    with pytest.raises(BundleRefused, match=r"holdout\.parquet cannot be read, so the bundle cannot be checked"):
        check_parity(tmp_path / "candidate", bundle)


def test_a_holdout_of_other_rows_stops_publishing(tmp_path: Path) -> None:
    bundle = make_candidate(tmp_path / "candidate")
    path = tmp_path / "candidate" / HOLDOUT_NAME
    pl.read_parquet(path).head(10).write_parquet(path)
    with pytest.raises(BundleRefused, match="holds 10 rows, not the holdout's 160"):
        check_parity(tmp_path / "candidate", bundle)


@pytest.mark.parametrize(
    "make", [Path.touch, lambda path: (path / "thesis").mkdir(parents=True)], ids=["file", "folder"]
)
def test_a_place_that_holds_anything_else_is_not_taken(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "candidate")
    with pytest.raises(DatasetError, match="holds other files; set CANDIDATE_DIR to a folder of its own"):
        require_ours(tmp_path / "candidate")


def test_a_place_below_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        require_ours(tmp_path / "file" / "candidate")


def test_two_trainings_at_once_leave_one_whole_candidate(tmp_path: Path) -> None:
    tags = [f"model-v1.{number}.0" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        bundles = list(pool.map(lambda tag: make_candidate(tmp_path / "candidate", tag=tag), tags))
    assert [str(bundle.manifest.tag) for bundle in bundles] == tags
    assert str(read_candidate(tmp_path / "candidate").manifest.tag) in tags
