"""The one place that runs a bundle's graphs."""

from __future__ import annotations

import math
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
from core.ensemble import DIGITS, Opinions, calibrate, combine, disagreement, weighted_mean
from core.errors import BundleRefused, CorruptArtifact
from core.golden import TOLERANCE
from core.manifest import Calibration

# A graph makes a column of each category, so it is given so many rows at a time.
_CHUNK_ROWS = 2_000


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
            return np.array([[self._calibrate_one(self._mean_of_one([scores.item() for scores in members]))]])
        return self.combined(np.array(members, dtype=np.float64))

    def opinions(self, matrix: NDArray[np.float32]) -> Opinions:
        """
        The ensemble's calibrated score, beside what its members say and how far they lie apart.

        Args:
            matrix: Shape (n, width), from the contract's encoder.
        """
        if len(matrix) == 1:
            members = self._run_chunk(matrix)
            return self._on_classes(members) if self._task is Task.MULTICLASS else self._on_one(members)
        members = self._run(matrix)
        exact = np.array(members, dtype=np.float64)
        mean = weighted_mean(exact, self._weights)
        return Opinions(
            scores=calibrate(mean, self._calibration, self._task),
            disagreement=disagreement(exact, self._weights, mean).round(DIGITS).tolist(),
            members=members,
        )

    def _on_one(self, members: list[NDArray[np.float32]]) -> Opinions:
        """The same for one number a member: its arrays would cost several times the scoring."""
        scores = [each.item() for each in members]
        mean, variance = self._mean_of_one(scores), 0.0
        for weight, score in zip(self._weights, scores, strict=True):
            gap = score - mean
            variance = variance + weight * (gap * gap)
        return Opinions(
            scores=np.array([[self._calibrate_one(mean)]]),
            disagreement=[round(math.sqrt(variance), DIGITS)],
            members=members,
        )

    def _on_classes(self, members: list[NDArray[np.float32]]) -> Opinions:
        """The same for one row of classes."""
        rows: list[list[float]] = [each[0].tolist() for each in members]
        mean, variance = [0.0] * len(rows[0]), 0.0
        for weight, row in zip(self._weights, rows, strict=True):
            mean = [total + weight * score for total, score in zip(mean, row, strict=True)]
        for weight, row in zip(self._weights, rows, strict=True):
            variance = variance + weight * math.dist(row, mean) ** 2
        return Opinions(
            scores=calibrate(np.array([mean]), self._calibration, self._task),
            disagreement=[round(math.sqrt(variance), DIGITS)],
            members=members,
        )

    def combined(self, members: NDArray[np.float64]) -> NDArray[np.float64]:
        """The ensemble's calibrated score from its members' own, as `members` gives them; shape (n, score columns)."""
        return combine(members, self._weights, self._calibration, self._task)

    def _mean_of_one(self, scores: Sequence[float]) -> float:
        mean = 0.0
        for weight, score in zip(self._weights, scores, strict=True):
            mean = mean + weight * score
        return mean

    def _calibrate_one(self, mean: float) -> float:
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


def _session(graph: bytes, index: int) -> tuple[onnxruntime.InferenceSession, list[str]]:
    options = onnxruntime.SessionOptions()
    # One thread: a row is too little work to share, and gunicorn's workers are the parallelism.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # What goes wrong is raised; the library would write it to standard error besides.
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own compiled module, with no public base
        raise UnreadableGraph(index, str(error)) from error
    return session, [output.name for output in session.get_outputs()]
