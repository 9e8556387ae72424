"""The one place that runs a bundle's graphs."""

from __future__ import annotations

import os
from collections.abc import Sequence

# Read when the library is loaded, which otherwise reports each start to its makers.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from core.bundle import GOLDEN_NAME, Bundle
from core.contract import Task
from core.encoder import Encoder
from core.errors import BundleRefused, CorruptArtifact
from core.golden import TOLERANCE
from core.manifest import Calibration

# A graph makes a column of each category, so it is given so many rows at a time.
_CHUNK_ROWS = 2_000

Weights = Sequence[float] | NDArray[np.float64]


class UnreadableGraph(ValueError):
    """ONNX Runtime cannot load the graph at `index`, or it is not one of the ensemble's."""

    def __init__(self, index: int, problem: str) -> None:
        self.index = index
        super().__init__(f"not a graph that ONNX Runtime can load: {problem}")


class Scorer:
    """
    Scores encoded rows: the weighted mean of the members, then calibrated.

    A score has one column for binary (probability of the positive class) and regression (the value), and one
    per class for multiclass.
    """

    def __init__(self, graphs: Sequence[bytes], weights: Sequence[float], calibration: Calibration, task: Task) -> None:
        """
        Args:
            graphs: ONNX graphs from a float32 matrix to one output a member, each of shape (n, columns).
            weights: One per member, in the order of graphs and outputs, adding up to 1.
            calibration: Applied to the mean.
            task: Decides whether calibrated columns are made to add up to 1.

        Raises:
            UnreadableGraph: if a graph cannot be loaded.
        """
        self._sessions = [_session(graph, index) for index, graph in enumerate(graphs)]
        if sum(len(outputs) for _, outputs in self._sessions) != len(weights):
            raise UnreadableGraph(0, f"its outputs are not {len(weights)}, one a member")
        self._weights = [float(weight) for weight in weights]
        self._calibration = calibration
        self._task = task

    def members(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """
        Each member's own score.

        Args:
            matrix: Shape (n, width), from the contract's encoder.

        Returns:
            Shape (members, n, score columns).
        """
        return np.array(self._run(matrix), dtype=np.float64)

    def _run(self, matrix: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        if len(matrix) <= _CHUNK_ROWS:
            return self._run_chunk(matrix)
        chunks = [self._run_chunk(matrix[start : start + _CHUNK_ROWS]) for start in range(0, len(matrix), _CHUNK_ROWS)]
        return [np.concatenate(scores) for scores in zip(*chunks, strict=True)]

    def _run_chunk(self, matrix: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        found: list[NDArray[np.float32]] = []
        for session, outputs in self._sessions:
            found += session.run(outputs, {"rows": matrix})
        return found

    def score(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """
        The ensemble's calibrated score.

        Args:
            matrix: Shape (n, width), from the contract's encoder.

        Returns:
            Shape (n, score columns).
        """
        members = self._run(matrix)
        if len(matrix) == 1 and self._task is not Task.MULTICLASS:
            return np.array([[self._combine_one([float(scores[0, 0]) for scores in members])]])
        return self.combined(np.array(members, dtype=np.float64))

    def combined(self, members: NDArray[np.float64]) -> NDArray[np.float64]:
        """The ensemble's calibrated score from its members' own, as `members` gives them; shape (n, score columns)."""
        return combine(members, self._weights, self._calibration, self._task)

    def _combine_one(self, scores: Sequence[float]) -> float:
        """What `combine` does, for one number a member: its arrays would cost several times the scoring."""
        mean = 0.0
        for weight, score in zip(self._weights, scores, strict=True):
            mean = mean + weight * score
        for curve in self._calibration.curves:
            mean = float(np.interp(mean, curve.raw, curve.calibrated))
        return mean


def load_scorer(bundle: Bundle) -> Scorer:
    """
    A bundle's ensemble, ready to score.

    Raises:
        CorruptArtifact: if a member's graph cannot be loaded.
    """
    manifest = bundle.manifest
    # Members may share a file; their outputs then stand in the order of the members.
    files = list(dict.fromkeys(member.file for member in manifest.members))
    try:
        return Scorer(
            [bundle.files[file] for file in files],
            [member.weight for member in manifest.members],
            manifest.calibration,
            bundle.contract.target.task,
        )
    except UnreadableGraph as error:
        raise CorruptArtifact(bundle.directory / files[error.index], str(error)) from error


def check_golden(bundle: Bundle, scorer: Scorer) -> None:
    """
    Score a bundle's golden rows and compare.

    Raises:
        BundleRefused: if there are none, they cannot be scored, or any score is off by more than 1e-5.
    """
    golden, width = bundle.golden(), bundle.contract.target.score_width
    if not golden.rows or any(len(entry.score) != width for entry in golden.rows):
        raise BundleRefused(f"{bundle.manifest.tag}: {GOLDEN_NAME} needs rows with {width} scores each")
    try:
        scores = scorer.score(Encoder(bundle.contract).rows([entry.row for entry in golden.rows]))
    except Exception as error:  # a graph of another width fails in ways of ONNX Runtime's own
        raise BundleRefused(f"{bundle.manifest.tag}: golden rows cannot be scored ({error})") from error
    if scores.shape != (len(golden.rows), width):
        raise BundleRefused(
            f"{bundle.manifest.tag}: its graphs answer {len(golden.rows)} rows with scores of shape {scores.shape}, "
            f"not {(len(golden.rows), width)}"
        )
    gap = golden.largest_gap(scores, bundle.contract.target.task)
    if gap > TOLERANCE:
        raise BundleRefused(
            f"{bundle.manifest.tag}: golden rows are off by {gap:.2g}, {TOLERANCE:g} is allowed; "
            "this machine does not score the model as it was trained, serve another tag"
        )


def weighted_mean(members: NDArray[np.float64], weights: Weights) -> NDArray[np.float64]:
    """
    The members' scores as one.

    Summed member by member: a matrix product adds up in an order that depends on how many rows there are, and a row
    must score the same alone and in a batch.

    Args:
        members: Shape (members, n, score columns).
        weights: Shape (members,).

    Returns:
        Shape (n, score columns).
    """
    mean: NDArray[np.float64] = np.zeros(members.shape[1:])
    for weight, scores in zip(weights, members, strict=True):
        mean = mean + weight * scores
    return mean


def combine(
    members: NDArray[np.float64], weights: Weights, calibration: Calibration, task: Task
) -> NDArray[np.float64]:
    """
    The members' weighted mean, calibrated.

    Args:
        members: Shape (members, n, score columns).
        weights: Shape (members,), adding up to 1.
        calibration: One curve per score column, or none.
        task: Multiclass scores are made to add up to 1 after calibration.

    Returns:
        Shape (n, score columns).
    """
    mean = weighted_mean(members, weights)
    if not calibration.curves:
        return mean
    columns = [np.interp(mean[:, index], curve.raw, curve.calibrated) for index, curve in enumerate(calibration.curves)]
    calibrated = np.stack(columns, axis=1)
    if task is Task.MULTICLASS:
        total = calibrated.sum(axis=1, keepdims=True)
        # All classes calibrated to zero says nothing; the uncalibrated mean then stands.
        calibrated = np.where(total > 0, calibrated / np.where(total > 0, total, 1.0), mean)
    return calibrated


def _session(graph: bytes, index: int) -> tuple[onnxruntime.InferenceSession, list[str]]:
    options = onnxruntime.SessionOptions()
    # One thread: a row is too little work to share, and gunicorn's workers are the parallelism.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own compiled module, with no public base
        raise UnreadableGraph(index, str(error)) from error
    return session, [output.name for output in session.get_outputs()]
