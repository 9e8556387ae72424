"""Small real things for tests: a contract, a graph that ONNX Runtime runs, a bundle that verifies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from core.bundle import CARD_NAME, CARD_PAGE_NAME, GOLDEN_NAME, REFERENCE_NAME, Bundle, write_bundle
from core.contract import CategoricalFeature, Contract, NumericFeature, Row, Target, Task
from core.documents import to_json
from core.encoder import Encoder
from core.golden import GoldenRow, GoldenRows
from core.manifest import Calibration, GateRecord, Intervals, Lineage, Manifest, Member, Metric, Threshold, Window
from core.reference import Reference, categorical_reference, numeric_reference
from core.scorer import Scorer
from core.tags import ModelTag

GRAPH_NAME = "member-linear.onnx"
GOLDEN_INPUTS: tuple[Row, ...] = (
    {"age": 30.0, "city": "Oslo"},
    {"age": None, "city": "Rome"},
    {"age": 64.5, "city": "Bern"},
)
TARGETS = {
    Task.BINARY: Target(name="churn", task=Task.BINARY, classes=("no", "yes"), description="Left within a month."),
    Task.MULTICLASS: Target(name="plan", task=Task.MULTICLASS, classes=("basic", "plus", "pro")),
    Task.REGRESSION: Target(name="price", task=Task.REGRESSION, unit="EUR"),
}
# Half a euro below a value of 0 and one above, twice that from 1 up.
INTERVALS = Intervals(level=0.9, values=(0.0, 1.0), lower=(-0.5, -1.0), upper=(1.0, 2.0))


# The features of `make_contract`, but that none is nullable, as model.toml has them.
FEATURES = """
[[features]]
name = "age"
kind = "numeric"
low = 0
high = 120
[[features]]
name = "city"
kind = "categorical"
categories = ["Oslo", "Rome"]
"""


def make_contract(task: Task = Task.BINARY) -> Contract:
    """Age (nullable, 0 to 120 years) and city (Oslo, Rome; required)."""
    return Contract(
        features=(
            NumericFeature(name="age", unit="a", low=0, high=120, nullable=True, description="Age of the customer."),
            CategoricalFeature(name="city", categories=("Oslo", "Rome"), description="Where they live."),
        ),
        target=TARGETS[task],
    )


def make_graph(task: Task = Task.BINARY, *, slope: float = 0.02) -> bytes:
    """A graph that scores (age or 0) * slope + city code, as a probability, class probabilities or a value."""
    width = TARGETS[task].score_width
    slopes = np.array([[slope * (i + 1) for i in range(width)], [0.5 - i for i in range(width)]], dtype=np.float32)
    last = {Task.BINARY: "Sigmoid", Task.MULTICLASS: "Softmax", Task.REGRESSION: "Identity"}[task]
    nodes = [
        helper.make_node("IsNaN", ["rows"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "rows"], ["filled"]),
        helper.make_node("MatMul", ["filled", "slopes"], ["sum"]),
        helper.make_node(last, ["sum"], ["score"]),
    ]
    graph = helper.make_graph(
        nodes,
        "member",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, [None, width])],
        [numpy_helper.from_array(slopes, "slopes"), numpy_helper.from_array(np.zeros(1, dtype=np.float32), "zero")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def make_manifest(contract: Contract, tag: str = "model-v1.0.0", **changes: Any) -> Manifest:
    """A complete manifest of one linear member; `changes` replace fields."""
    window = Window(rows=100, start="2026-01-01T00:00:00", end="2026-03-01T00:00:00")
    values: dict[str, Any] = {
        "tag": ModelTag.parse(tag),
        "created_at": datetime(2026, 4, 1, 12, 0, tzinfo=UTC),
        "contract": contract.to_dict(),
        "members": (Member(name="linear", file=GRAPH_NAME, weight=1.0),),
        "calibration": Calibration(method="identity"),
        "threshold": Threshold(value=0.6, rule="a test's") if contract.target.task is Task.BINARY else None,
        "intervals": INTERVALS if contract.target.task is Task.REGRESSION else None,
        "metrics": {"accuracy": Metric(value=0.9, low=0.88, high=0.92)},
        "gate": GateRecord(
            accepted=True,
            champion=None,
            compared_with="the base rate",
            reasons=("passed: loss -10% against the base rate",),
        ),
        "lineage": Lineage(
            git_commit="0" * 40,
            git_dirty=False,
            data_sha256="1" * 64,
            as_of=None,
            train=window,
            validation=window,
            holdout=window,
            seed=0,
            trials=1,
            threads=2,
            parameters={"linear": {"slope": 0.02}},
            libraries={"numpy": "2"},
        ),
        "files": {},
    }
    return Manifest(**(values | changes))


def make_reference(age: str = "age", city: str = "city") -> Reference:
    """Training saw ages 18 to 65 and both known cities; columns of other names hold the same."""
    ages = numeric_reference(np.array([18.0, 40.0, 65.0, np.nan]))
    cities = categorical_reference(["Oslo", "Oslo", "Oslo", "Rome"])
    scores = numeric_reference(np.array([0.5, 0.9]))
    return Reference(numeric={age: ages}, categorical={city: cities}, scores={"score": scores}, rows=4)


def make_bundle(
    directory: Path,
    task: Task = Task.BINARY,
    tag: str = "model-v1.0.0",
    *,
    contract: Contract | None = None,
    reference: Reference | None = None,
    graph: bytes | None = None,
    others: Mapping[str, bytes] = MappingProxyType({}),
    inputs: Sequence[Row] = GOLDEN_INPUTS,
    **changes: Any,
) -> Bundle:
    """
    A bundle in a new directory whose golden rows come out right.

    Args:
        directory: Is made.
        task: Of the model.
        tag: Of the bundle.
        contract: Of a number and a category, as in `make_contract`, which is the default; decides on the task.
        reference: What training saw; by default `make_reference()`.
        graph: Of the member; by default `make_graph(task)`.
        others: Graphs of further members by name, each of which counts as much as the first.
        inputs: Golden ones, their values in the order of the contract.
        changes: Replace fields of the manifest.
    """
    contract = contract or make_contract(task)
    task = contract.target.task
    graph = graph or make_graph(task)
    rows: list[Row] = [dict(zip(contract.names, row.values(), strict=True)) for row in inputs]
    graphs, names = [graph, *others.values()], ["linear", *others]
    weight = 1 / len(graphs)
    members = tuple(Member(name=name, file=f"member-{name}.onnx", weight=weight) for name in names)
    manifest = make_manifest(contract, tag, **{"members": members, **changes})
    scorer = Scorer(graphs, [weight] * len(graphs), manifest.calibration, task)
    scores = scorer.score(Encoder(contract).rows(rows))
    golden = GoldenRows(
        rows=tuple(
            GoldenRow(row=dict(row), score=tuple(score.tolist())) for row, score in zip(rows, scores, strict=True)
        )
    )
    directory.mkdir(parents=True)
    files = {
        **{member.file: content for member, content in zip(members, graphs, strict=True)},
        GOLDEN_NAME: to_json(golden),
        REFERENCE_NAME: to_json(reference or make_reference(*contract.names)),
        CARD_NAME: f"# {tag}\n".encode(),
        CARD_PAGE_NAME: f"<!doctype html><title>{tag}</title>".encode(),
    }
    write_bundle(directory, manifest, files)
    return Bundle.read(directory)


def make_wide_bundle(directory: Path, contract: Contract) -> Bundle:
    """
    A bundle in a new directory whose golden row comes out right.

    Args:
        directory: Is made.
        contract: Of numbers only, from 0 up; its model adds them up, with other weights for each score.
    """
    target, names = contract.target, contract.names
    weights = np.linspace(-0.01, 0.01, len(names) * target.score_width, dtype=np.float32)
    nodes = [
        helper.make_node("MatMul", ["rows", "weights"], ["sum"]),
        helper.make_node("Softmax" if target.task is Task.MULTICLASS else "Sigmoid", ["sum"], ["score"]),
    ]
    graph = helper.make_graph(
        nodes,
        "member",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, len(names)])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, [None, target.score_width])],
        [numpy_helper.from_array(weights.reshape(len(names), -1), "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    scores = {name: numeric_reference(np.array([0.5, 0.9])) for name in target.score_names}
    numbers = {name: numeric_reference(np.array([0.0, 1.0])) for name in names}
    reference = Reference(numeric=numbers, categorical={}, scores=scores, rows=2)
    return make_bundle(
        directory,
        contract=contract,
        reference=reference,
        graph=bytes(model.SerializeToString()),
        inputs=(dict.fromkeys(names, 1.0),),
    )


def known(metric: Metric) -> tuple[float, float, float]:
    """Low, value and high of a figure that has them all."""
    assert metric.low is not None
    assert metric.value is not None
    assert metric.high is not None
    return metric.low, metric.value, metric.high
