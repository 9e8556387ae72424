"""The scorer: the members' weighted mean, calibrated; golden rows that must come out."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from core.bundle import GOLDEN_NAME, Bundle
from core.contract import Task
from core.documents import to_json
from core.encoder import Encoder
from core.ensemble import combine, disagreement, weighted_mean
from core.errors import BundleRefused, CorruptArtifact
from core.golden import GoldenRow, GoldenRows
from core.manifest import Calibration, CalibrationCurve, Member
from core.scorer import Scorer, UnreadableGraph, check_golden, load_scorer
from tests.factories import GOLDEN_INPUTS, GRAPH_NAME, make_bundle, make_contract, make_graph

NONE = Calibration(method="identity")
CURVE = CalibrationCurve(raw=(0.2, 0.6), calibrated=(0.1, 0.9))


def encoded(task: Task = Task.BINARY) -> NDArray[np.float32]:
    return Encoder(make_contract(task)).rows(GOLDEN_INPUTS)


def with_golden(bundle: Bundle, *rows: GoldenRow) -> Bundle:
    return replace(bundle, files={**bundle.files, GOLDEN_NAME: to_json(GoldenRows(rows=rows))})


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return make_bundle(tmp_path / "bundle")


@pytest.mark.parametrize("task", Task)
def test_many_rows_score_as_a_few_do(task: Task) -> None:
    scorer, few = Scorer([make_graph(task)], [1.0], NONE, task), encoded(task)
    times = 5_000 // len(few)
    expected = np.tile(scorer.score(few), (times, 1))
    np.testing.assert_allclose(scorer.score(np.tile(few, (times, 1))), expected, rtol=1e-6)
    np.testing.assert_array_equal(scorer.combined(scorer.members(few)), scorer.score(few))


@pytest.mark.parametrize("task", Task)
def test_a_score_has_a_row_per_row_and_the_columns_of_its_target(task: Task) -> None:
    scorer = Scorer([make_graph(task)], [1.0], NONE, task)
    scores = scorer.score(encoded(task))
    assert scores.shape == (3, make_contract(task).target.score_width)
    assert scores.dtype == np.float64


def test_a_graph_scores_what_it_computes() -> None:
    scorer = Scorer([make_graph(Task.REGRESSION, slope=2.0)], [1.0], NONE, Task.REGRESSION)
    # The graph is (age or 0) * slope + city code / 2, and an unseen city has code -2.
    np.testing.assert_allclose(scorer.score(encoded()), [[60.0], [0.5], [128.0]])


def test_members_are_scored_apart() -> None:
    graphs = [make_graph(Task.REGRESSION, slope=1.0), make_graph(Task.REGRESSION, slope=3.0)]
    scorer = Scorer(graphs, [0.5, 0.5], NONE, Task.REGRESSION)
    members = scorer.members(encoded())
    np.testing.assert_allclose(members[:, 0, 0], [30.0, 90.0])
    np.testing.assert_allclose(scorer.score(encoded()), members.mean(axis=0))


def test_a_row_scores_alone_as_it_does_among_others() -> None:
    scorer = Scorer([make_graph(Task.MULTICLASS)], [1.0], NONE, Task.MULTICLASS)
    matrix = encoded()
    alone = np.vstack([scorer.score(matrix[index : index + 1]) for index in range(len(matrix))])
    np.testing.assert_allclose(alone, scorer.score(matrix), rtol=1e-6)


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("calibration", [NONE, Calibration(method="s", curves=(CURVE,) * 3)], ids=["none", "curve"])
def test_a_row_alone_gets_the_same_bits_as_in_a_batch(task: Task, calibration: Calibration) -> None:
    curves = calibration.curves[: make_contract(task).target.score_width]
    graphs = [make_graph(task, slope=0.013), make_graph(task, slope=0.029)]
    scorer = Scorer(graphs, [0.3, 0.7], Calibration(method="s", curves=curves), task)
    members = np.array([scorer.members(row) for row in encoded()[:, np.newaxis]])
    for row, scores in zip(encoded(), members, strict=True):
        expected = combine(scores, [0.3, 0.7], Calibration(method="s", curves=curves), task)
        np.testing.assert_array_equal(scorer.score(row[np.newaxis]), expected)


@pytest.mark.parametrize("task", Task)
def test_opinions_are_the_score_the_members_and_how_far_they_lie_apart(task: Task) -> None:
    curves = (CURVE,) * make_contract(task).target.score_width
    graphs = [make_graph(task, slope=0.013), make_graph(task, slope=0.029), make_graph(task, slope=-0.01)]
    scorer = Scorer(graphs, [0.3, 0.6, 0.1], Calibration(method="s", curves=curves), task)
    matrix = encoded(task)
    members, found = scorer.members(matrix), scorer.opinions(matrix)
    expected = disagreement(members, [0.3, 0.6, 0.1], weighted_mean(members, [0.3, 0.6, 0.1]))
    np.testing.assert_array_equal(found.scores, scorer.score(matrix))
    np.testing.assert_array_equal(np.array(found.members), members)
    np.testing.assert_array_equal(found.disagreement, expected.round(6))
    for row in range(len(matrix)):
        alone = scorer.opinions(matrix[row : row + 1])
        np.testing.assert_array_equal(alone.scores, scorer.score(matrix[row : row + 1]))
        np.testing.assert_allclose(alone.disagreement, found.disagreement[row : row + 1], atol=1.1e-6)


@pytest.mark.parametrize("task", Task)
def test_a_member_alone_disagrees_with_nobody(task: Task) -> None:
    scorer, matrix = Scorer([make_graph(task)], [1.0], NONE, task), encoded(task)
    assert scorer.opinions(matrix).disagreement == [0.0] * 3
    assert scorer.opinions(matrix[:1]).disagreement == [0.0]


def test_as_many_outputs_as_weights_are_wanted() -> None:
    with pytest.raises(UnreadableGraph, match="its outputs are not 2, one a member"):
        Scorer([make_graph()], [0.5, 0.5], NONE, Task.BINARY)


def test_no_rows_have_no_scores() -> None:
    scorer = Scorer([make_graph()], [1.0], NONE, Task.BINARY)
    assert scorer.score(np.empty((0, 2), dtype=np.float32)).shape == (0, 1)


@pytest.mark.parametrize("graph", [b"", b"not a graph", make_graph()[:-20]])
def test_bytes_that_are_no_graph_are_unreadable(graph: bytes) -> None:
    with pytest.raises(UnreadableGraph, match="not a graph that ONNX Runtime can load"):
        Scorer([graph], [1.0], NONE, Task.BINARY)


def test_a_bundle_whose_graph_is_unreadable_names_that_member_s_file(bundle: Bundle) -> None:
    members = tuple(Member(name=name, file=f"{name}.onnx", weight=0.5) for name in ("good", "bad"))
    broken = replace(
        bundle,
        manifest=msgspec.structs.replace(bundle.manifest, members=members),
        files={**bundle.files, "good.onnx": bundle.files[GRAPH_NAME], "bad.onnx": b"not a graph"},
    )
    with pytest.raises(CorruptArtifact) as caught:
        load_scorer(broken)
    assert caught.value.path == bundle.directory / "bad.onnx"


@pytest.mark.parametrize("task", Task)
def test_a_bundle_scores_its_golden_rows(task: Task, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle", task)
    check_golden(bundle, load_scorer(bundle))


@pytest.mark.parametrize(("shift", "accepted"), [(1e-6, True), (-1e-6, True), (1e-4, False), (-1e-4, False)])
def test_a_bundle_whose_golden_rows_come_out_otherwise_is_refused(shift: float, accepted: bool, bundle: Bundle) -> None:
    first, *others = bundle.golden().rows
    shifted = msgspec.structs.replace(first, score=(first.score[0] + shift,))
    changed = with_golden(bundle, shifted, *others)
    if accepted:
        check_golden(changed, load_scorer(changed))
    else:
        with pytest.raises(BundleRefused, match=r"model-v1\.0\.0: golden rows are off by 0\.0001, 1e-05 is allowed"):
            check_golden(changed, load_scorer(changed))


def test_a_bundle_without_golden_rows_is_refused(bundle: Bundle) -> None:
    with pytest.raises(BundleRefused, match=r"golden\.json needs rows with 1 scores each"):
        check_golden(with_golden(bundle), load_scorer(bundle))


def test_golden_rows_with_scores_of_another_task_are_refused(bundle: Bundle) -> None:
    first, *others = bundle.golden().rows
    wide = msgspec.structs.replace(first, score=(0.5, 0.5))
    with pytest.raises(BundleRefused, match="needs rows with 1 scores each"):
        check_golden(with_golden(bundle, wide, *others), load_scorer(bundle))


def test_a_graph_that_does_not_fit_the_contract_is_refused(bundle: Bundle) -> None:
    other = Scorer([make_graph(Task.MULTICLASS)], [1.0], Calibration(method="identity"), Task.BINARY)
    with pytest.raises(BundleRefused, match=r"scores of shape \(3, 3\), not \(3, 1\)"):
        check_golden(bundle, other)


def test_the_runtime_tells_nobody_that_it_was_started() -> None:
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
