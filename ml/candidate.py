"""A candidate: a bundle on disk that is not published yet, and the holdout with the trained ensemble's scores."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.bundle import Bundle, write_bundle
from core.contract import Contract
from core.encoder import Encoder
from core.errors import BundleRefused, DatasetError
from core.files import write_atomically
from core.golden import GOLDEN_COUNT, TOLERANCE, GoldenRow, GoldenRows, score_gap
from core.manifest import Manifest, Member
from core.scorer import Scorer, load_scorer
from ml.dataset import RESERVED_PREFIX, Dataset
from ml.export import export_member, merge_members
from ml.training import TrainedEnsemble

HOLDOUT_NAME = "holdout.parquet"
GRAPH_NAME = "ensemble.onnx"
_SCORE_COLUMN = RESERVED_PREFIX + "score {}"
# Rows as Python's objects take a hundred times the memory of their columns, so there are never many.
_PARITY_ROWS = 10_000
_CONTENT = {"bundle", HOLDOUT_NAME}


@dataclass(frozen=True, kw_only=True, slots=True)
class Graphs:
    """The exported ensemble: what the manifest says of its members, and its bytes by file name."""

    members: tuple[Member, ...]
    files: dict[str, bytes]

    def scorer(self, trained: TrainedEnsemble, contract: Contract) -> Scorer:
        """The scorer that will serve these graphs."""
        weights = [member.weight for member in self.members]
        return Scorer(list(self.files.values()), weights, trained.calibration, contract.target.task)


def export_ensemble(trained: TrainedEnsemble, contract: Contract) -> Graphs:
    """The ensemble as one ONNX graph with an output a member."""
    graph = merge_members({name: export_member(member, contract) for name, member in trained.members.items()})
    members = tuple(Member(name=name, file=GRAPH_NAME, weight=trained.weights[name]) for name in trained.members)
    return Graphs(members=members, files={GRAPH_NAME: graph})


def choose_golden(holdout: Dataset, scorer: Scorer) -> GoldenRows:
    """32 holdout rows from the lowest to the highest score, with their scores."""
    scores = scorer.score(holdout.matrix)
    ranked = np.argsort(scores[:, 0], kind="stable")
    chosen = holdout.take(np.sort(ranked[np.linspace(0, len(ranked) - 1, GOLDEN_COUNT).astype(int)]))
    rows = chosen.as_json_rows()
    answers = scorer.score(chosen.matrix)
    return GoldenRows(
        rows=tuple(
            GoldenRow(row=dict(row), score=tuple(np.round(answer, 9).tolist()))
            for row, answer in zip(rows, answers, strict=True)
        )
    )


def write_candidate(
    directory: Path,
    manifest: Manifest,
    files: Mapping[str, bytes],
    *,
    holdout: Dataset,
    trained_scores: NDArray[np.float64],
) -> Bundle:
    """
    Write a candidate in place of the previous one; a crash leaves the old one or none, never a mixture.

    Args:
        directory: Will hold `bundle/` and `holdout.parquet`.
        manifest: Without file records.
        files: The bundle's files by name.
        holdout: The rows that publishing will score once more.
        trained_scores: The trained estimators' own scores of the holdout, shape (n, score columns).
    """
    require_ours(directory)
    staging = Path(tempfile.mkdtemp(dir=directory.parent, prefix=".candidate-"))
    retired = Path(tempfile.mkdtemp(dir=directory.parent, prefix=".retired-"))
    try:
        (staging / "bundle").mkdir()
        write_bundle(staging / "bundle", manifest, files)
        _write_holdout(staging / HOLDOUT_NAME, holdout, trained_scores)
        bundle = Bundle.read(staging / "bundle")
        with _locked(directory):
            if directory.exists():
                directory.rename(retired / "candidate")
            try:
                staging.rename(directory)
            except OSError:
                if (retired / "candidate").exists():
                    (retired / "candidate").rename(directory)
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        shutil.rmtree(retired, ignore_errors=True)
    return replace(bundle, directory=directory / "bundle")


def require_ours(directory: Path) -> None:
    """
    Make sure that a candidate can be put at a place: CANDIDATE_DIR may point anywhere.

    Raises:
        DatasetError: if it is a file, or a folder that holds anything else.
        OSError: if its parent cannot be made or written.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(directory.parent, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(directory.parent))
    if directory.exists() and (not directory.is_dir() or {path.name for path in directory.iterdir()} - _CONTENT):
        raise DatasetError(f"{directory} holds other files; set CANDIDATE_DIR to a folder of its own")


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """One training at a time puts its candidate in place."""
    with (directory.parent / f".{directory.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write_holdout(path: Path, holdout: Dataset, trained_scores: NDArray[np.float64]) -> None:
    columns = {_SCORE_COLUMN.format(i): trained_scores[:, i] for i in range(trained_scores.shape[1])}
    # Into memory first: polars reports a full disk by an error of its own, without a path.
    buffer = io.BytesIO()
    holdout.rows.with_columns(**columns).write_parquet(buffer)
    write_atomically(path, buffer.getvalue())


def read_candidate(directory: Path) -> Bundle:
    """
    The bundle of a candidate, its files verified.

    Raises:
        DatasetError: if there is no candidate.
    """
    if not (directory / "bundle").is_dir():
        raise DatasetError(f"{directory} holds no candidate; run scripts/train first")
    return Bundle.read(directory / "bundle")


def check_parity(directory: Path, bundle: Bundle) -> float:
    """
    Compare served scores with the trained ensemble's on the whole holdout.

    The rows go the whole way a request goes: from their values, through the contract's encoder, to the graphs.

    Returns:
        The largest difference.

    Raises:
        BundleRefused: if it is more than 1e-5.
    """
    path = directory / HOLDOUT_NAME
    try:
        frame = pl.read_parquet(path)
        width = bundle.contract.target.score_width
        expected = frame.select(_SCORE_COLUMN.format(i) for i in range(width)).to_numpy()
        rows = frame.select(bundle.contract.names)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BundleRefused(f"{path} cannot be read, so the bundle cannot be checked; train again") from error
    if len(rows) != bundle.manifest.lineage.holdout.rows:
        raise BundleRefused(f"{path} holds {len(rows)} rows, not the holdout's {bundle.manifest.lineage.holdout.rows}")
    encoder, scorer = Encoder(bundle.contract), load_scorer(bundle)
    batches = (encoder.rows(batch.to_dicts()) for batch in rows.iter_slices(_PARITY_ROWS))
    scores = np.concatenate([scorer.score(matrix) for matrix in batches])
    gap = score_gap(scores, expected, bundle.contract.target.task)
    if gap > TOLERANCE:
        raise BundleRefused(
            f"{bundle.manifest.tag}: served scores differ from the trained ensemble's by up to {gap:.2g} "
            f"on the holdout, {TOLERANCE:g} is allowed; the bundle was not published"
        )
    return gap
