"""An exported graph scores what the fitted member scores, whatever the row."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from core.contract import CategoricalFeature, Contract, Feature, NumericFeature, Task
from core.encoder import MISSING_CATEGORY, UNSEEN_CATEGORY
from core.golden import TOLERANCE, score_gap
from core.manifest import Calibration
from core.scorer import Scorer
from ml.export import export_member, merge_members
from ml.members import HIST_BOOSTING, MEMBER_NAMES, NETWORK, XGBOOST, build_member, raw_scores, without_empty_columns
from tests.factories import TARGETS

# The network is trained for a fixed number of epochs on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ROWS = 600
NUMERIC: tuple[Feature, ...] = tuple(
    NumericFeature(name=name, low=-1e9, high=1e9, nullable=True) for name in ("small", "large", "whole")
)
CATEGORICAL: tuple[Feature, ...] = (
    CategoricalFeature(name="city", categories=("Bern", "Oslo", "Rome"), nullable=True),
    CategoricalFeature(name="plan", categories=tuple("abcdefgh"), nullable=True),
)
# So many categories that a network reads them from a sparse matrix.
WIDE: tuple[Feature, ...] = tuple(
    CategoricalFeature(name=name, categories=tuple(f"{name}{number}" for number in range(200)), nullable=True)
    for name in ("shop", "item")
)
FEATURES = {
    "mixed": (*NUMERIC, *CATEGORICAL),
    "numeric": NUMERIC,
    "categorical": CATEGORICAL,
    "wide": (NUMERIC[0], *WIDE),
}
PARAMETERS: dict[str, dict[str, float | int | str]] = {
    XGBOOST: {"n_estimators": 40, "max_depth": 4, "subsample": 0.8, "reg_lambda": 0.5},
    HIST_BOOSTING: {"max_iter": 40, "max_leaf_nodes": 15, "min_samples_leaf": 5},
    NETWORK: {"hidden_units": 8, "alpha": 1e-3, "learning_rate": 2e-3},
}


def _matrix(features: tuple[Feature, ...], *, seed: int, unseen: bool) -> NDArray[np.float32]:
    """Encoded rows with gaps; categories outside the contract only where `unseen` says so."""
    random = np.random.default_rng(seed)
    columns = []
    for feature in features:
        if isinstance(feature, CategoricalFeature):
            low = UNSEEN_CATEGORY if unseen else MISSING_CATEGORY
            columns.append(random.integers(int(low), len(feature.categories), ROWS).astype(np.float32))
        else:
            values = {
                "small": random.normal(0, 1e-3, ROWS),
                "large": random.normal(0, 1e5, ROWS),
                # Neighbouring float32 numbers: a split between two of them must not move.
                "whole": 2.0**24 - random.integers(0, 300, ROWS),
            }[feature.name]
            columns.append(np.where(random.random(ROWS) < 0.15, np.nan, values).astype(np.float32))
    return np.stack(columns, axis=1)


def _outcome(matrix: NDArray[np.float32], task: Task) -> NDArray[np.float64]:
    ranks = np.nan_to_num(matrix).argsort(axis=0).argsort(axis=0).sum(axis=1) / (matrix.shape[1] * ROWS)
    if task is Task.REGRESSION:
        return np.asarray(1e5 * (ranks + 0.2))
    return np.asarray(np.digitize(ranks, [0.5] if task is Task.BINARY else [0.45, 0.55]), dtype=np.float64)


def _fit(name: str, task: Task, features: tuple[Feature, ...]) -> tuple[Any, Contract]:
    contract = Contract(features=features, target=TARGETS[task])
    matrix = _matrix(features, seed=0, unseen=False)
    member = build_member(name, PARAMETERS[name], contract, matrix=matrix, seed=0)
    return member.fit(matrix, _outcome(matrix, task)), contract


@pytest.mark.parametrize("columns", FEATURES)
@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("name", MEMBER_NAMES)
def test_an_exported_graph_scores_what_the_member_scores(name: str, task: Task, columns: str) -> None:
    features = FEATURES[columns]
    member, contract = _fit(name, task, features)
    scorer = Scorer([export_member(member, contract)], [1.0], Calibration(method="identity"), task)
    for matrix in (_matrix(features, seed=0, unseen=False), _matrix(features, seed=1, unseen=True)):
        assert score_gap(scorer.score(matrix), raw_scores(member, matrix, task), task) <= TOLERANCE


@pytest.mark.parametrize("name", MEMBER_NAMES)
def test_a_row_without_any_value_is_scored_alike(name: str) -> None:
    member, contract = _fit(name, Task.BINARY, FEATURES["mixed"])
    row = np.array([[np.nan, np.nan, np.nan, MISSING_CATEGORY, UNSEEN_CATEGORY]], dtype=np.float32)
    scorer = Scorer([export_member(member, contract)], [1.0], Calibration(method="identity"), Task.BINARY)
    assert score_gap(scorer.score(row), raw_scores(member, row, Task.BINARY), Task.BINARY) <= TOLERANCE


@pytest.mark.parametrize("task", Task)
def test_values_far_out_are_cut_off_alike(task: Task) -> None:
    member, contract = _fit(NETWORK, task, FEATURES["mixed"])
    matrix = _matrix(FEATURES["mixed"], seed=0, unseen=False)
    matrix[:, :3] *= np.float32(100)
    scorer = Scorer([export_member(member, contract)], [1.0], Calibration(method="identity"), task)
    assert score_gap(scorer.score(matrix), raw_scores(member, matrix, task), task) <= TOLERANCE


@pytest.mark.parametrize("name", MEMBER_NAMES)
def test_a_column_that_training_never_saw_filled_can_be_exported(name: str) -> None:
    features = FEATURES["mixed"]
    contract = Contract(features=features, target=TARGETS[Task.BINARY])
    matrix = _matrix(features, seed=0, unseen=False)
    matrix[:, 0] = np.nan
    member = build_member(name, PARAMETERS[name], contract, matrix=matrix, seed=0)
    member.fit(without_empty_columns(matrix), _outcome(matrix, Task.BINARY))
    scorer = Scorer([export_member(member, contract)], [1.0], Calibration(method="identity"), Task.BINARY)
    for filled in (matrix, np.nan_to_num(matrix, nan=1e-3)):
        assert score_gap(scorer.score(filled), raw_scores(member, filled, Task.BINARY), Task.BINARY) <= TOLERANCE


def test_exporting_changes_no_score_of_the_member() -> None:
    member, contract = _fit(HIST_BOOSTING, Task.REGRESSION, FEATURES["mixed"])
    matrix = _matrix(FEATURES["mixed"], seed=0, unseen=False)
    before = raw_scores(member, matrix, Task.REGRESSION)
    export_member(member, contract)
    np.testing.assert_array_equal(raw_scores(member, matrix, Task.REGRESSION), before)


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("name", MEMBER_NAMES)
def test_exporting_twice_gives_the_same_bytes(name: str, task: Task) -> None:
    member, contract = _fit(name, task, FEATURES["mixed"])
    assert export_member(member, contract) == export_member(member, contract)


@pytest.mark.parametrize("name", MEMBER_NAMES)
def test_fitting_and_exporting_again_gives_the_same_bytes(name: str) -> None:
    first, second = (export_member(*_fit(name, Task.MULTICLASS, FEATURES["mixed"])) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", MEMBER_NAMES)
def test_a_graph_has_one_input_and_one_output_in_an_old_dialect(name: str) -> None:
    graph = onnx.load_model_from_string(export_member(*_fit(name, Task.BINARY, FEATURES["mixed"])))
    assert [value.name for value in graph.graph.input] == ["rows"]
    assert [value.name for value in graph.graph.output] == ["score"]
    assert next((entry.domain, entry.version) for entry in graph.opset_import) == ("", 17)


@pytest.mark.parametrize("name", MEMBER_NAMES)
def test_a_graph_names_each_dialect_once_and_in_order(name: str) -> None:
    graph = onnx.load_model_from_string(export_member(*_fit(name, Task.BINARY, FEATURES["mixed"])))
    domains = [entry.domain for entry in graph.opset_import]
    assert domains == sorted(set(domains))


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("name", MEMBER_NAMES)
def test_a_graph_computes_nothing_but_the_score(name: str, task: Task) -> None:
    graph = onnx.load_model_from_string(export_member(*_fit(name, task, FEATURES["mixed"]))).graph
    used = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
    assert all(used.intersection(node.output) for node in graph.node)
    assert {initializer.name for initializer in graph.initializer} <= used


@pytest.mark.parametrize("task", Task)
def test_merged_members_score_as_they_do_apart(task: Task) -> None:
    members = {name: _fit(name, task, FEATURES["mixed"]) for name in MEMBER_NAMES}
    graphs = {name: export_member(*fitted) for name, fitted in members.items()}
    weights, calibration = [1 / len(graphs)] * len(graphs), Calibration(method="identity")
    matrix = _matrix(FEATURES["mixed"], seed=1, unseen=True)
    apart, merged = Scorer(list(graphs.values()), weights, calibration, task), merge_members(graphs)
    np.testing.assert_array_equal(Scorer([merged], weights, calibration, task).members(matrix), apart.members(matrix))
    assert merge_members(graphs) == merged
    graph = onnx.load_model_from_string(merged).graph
    assert [value.name for value in graph.input] == ["rows"]
    assert tuple(value.name for value in graph.output) == tuple(MEMBER_NAMES)
