"""The one place that runs a bundle's graphs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from core.bundle import GOLDEN_NAME, Bundle
from core.contract import Task
from core.encoder import Encoder
from core.errors import BundleRefused, CorruptArtifact
from core.golden import TOLERANCE
from core.manifest import Calibration


class UnreadableGraph(ValueError):
    """ONNX Runtime cannot load the graph at `index`."""

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
            graphs: The members' ONNX graphs, each from a float32 matrix to one output of shape (n, columns).
            weights: One per graph, adding up to 1.
            calibration: Applied to the mean.
            task: Decides whether calibrated columns are made to add up to 1.

        Raises:
            UnreadableGraph: if a graph cannot be loaded.
        """
        self._sessions = [_session(graph, index) for index, graph in enumerate(graphs)]
        self._weights = np.asarray(weights, dtype=np.float64)
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
        return np.stack(
            [session.run([output], {"rows": matrix})[0].astype(np.float64) for session, output in self._sessions]
        )

    def score(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """
        The ensemble's calibrated score.

        Args:
            matrix: Shape (n, width), from the contract's encoder.

        Returns:
            Shape (n, score columns).
        """
        return combine(self.members(matrix), self._weights, self._calibration, self._task)


def load_scorer(bundle: Bundle) -> Scorer:
    """
    A bundle's ensemble, ready to score.

    Raises:
        CorruptArtifact: if a member's graph cannot be loaded.
    """
    manifest = bundle.manifest
    try:
        return Scorer(
            [bundle.files[member.file] for member in manifest.members],
            [member.weight for member in manifest.members],
            manifest.calibration,
            bundle.contract.target.task,
        )
    except UnreadableGraph as error:
        raise CorruptArtifact(bundle.directory / manifest.members[error.index].file, str(error)) from error


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


def weighted_mean(members: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
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
    members: NDArray[np.float64], weights: NDArray[np.float64], calibration: Calibration, task: Task
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


def _session(graph: bytes, index: int) -> tuple[onnxruntime.InferenceSession, str]:
    options = onnxruntime.SessionOptions()
    # One thread: a row is too little work to share, and gunicorn's workers are the parallelism.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own compiled module, with no public base
        raise UnreadableGraph(index, str(error)) from error
    return session, session.get_outputs()[0].name
