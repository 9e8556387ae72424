"""Turns fitted members into ONNX graphs that take the encoder's matrix and give one output, the score."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from onnx import compose, helper, numpy_helper
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import to_onnx, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from skl2onnx.operator_converters.multilayer_perceptron import (
    convert_sklearn_mlp_regressor,
)
from skl2onnx.operator_converters.random_forest import (
    convert_sklearn_random_forest_classifier,
    convert_sklearn_random_forest_regressor_converter,
)
from skl2onnx.operator_converters.scaler_op import convert_sklearn_min_max_scaler
from skl2onnx.shape_calculators.scaler import calculate_sklearn_scaler_output_shapes
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from xgboost import XGBClassifier, XGBRegressor

from core.contract import Contract, Task
from ml.members import CutOff, ScaledNetwork

# Versions that ONNX Runtime has read for years; a bundle outlives the converter that made it.
OPSET = {"": 17, "ai.onnx.ml": 3}
IR_VERSION = 8
INPUT = "rows"
OUTPUT = "score"


def export_member(member: Any, contract: Contract) -> bytes:
    """
    A fitted member as an ONNX graph.

    Args:
        member: A fitted estimator made by `ml.members.build_member`.
        contract: Gives the width of the input and the task.

    Returns:
        A serialised graph from `rows` (n, width) to `score` (n, score columns), float32.
    """
    _register_converters()
    _round_thresholds_down(member)
    classifier = contract.target.task is not Task.REGRESSION
    options = {id(member): {"zipmap": False}} if classifier else None
    with warnings.catch_warnings():
        # The converters lag behind the versions of what they convert; publish compares every score instead.
        warnings.simplefilter("ignore")
        model = to_onnx(
            member,
            initial_types=[(INPUT, FloatTensorType([None, len(contract.features)]))],
            options=options,
            target_opset=OPSET,
        )
    _keep_only_score(model, contract.target.task)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def merge_members(graphs: Mapping[str, bytes]) -> bytes:
    """
    Members' graphs as one, so that a request runs one session instead of several.

    Args:
        graphs: What `export_member` gave, by member.

    Returns:
        A serialised graph with one output a member, named after it, in their order.
    """
    merged = helper.make_model(helper.make_graph([], "ensemble", [], []), ir_version=IR_VERSION)
    dialects: dict[str, int] = {}
    for name, content in graphs.items():
        model = compose.add_prefix(onnx.load_from_string(content), f"{name}_", rename_inputs=False)
        if not merged.graph.input:
            merged.graph.input.extend(model.graph.input)
        output = model.graph.output[0]
        model.graph.node.append(helper.make_node("Identity", [output.name], [name]))
        output.name = name
        for part in ("node", "initializer", "output"):
            getattr(merged.graph, part).extend(getattr(model.graph, part))
        for entry in model.opset_import:
            dialects[entry.domain] = max(entry.version, dialects.get(entry.domain, 0))
    del merged.opset_import[:]
    merged.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in sorted(dialects.items()))
    onnx.checker.check_model(merged)
    return bytes(merged.SerializeToString(deterministic=True))


def _round_thresholds_down(member: Any) -> None:
    """
    Make a histogram booster's thresholds float32, as the graph's will be.

    skl2onnx rounds them to the nearest, which may lie above a value that was to go right. Of float32 values the
    same ones are below a threshold and below the largest float32 under it, so no score changes.
    """
    for stage in getattr(member, "_predictors", []):
        for tree in stage:
            exact = tree.nodes["num_threshold"]
            nearest = exact.astype(np.float32)
            tree.nodes["num_threshold"] = np.where(nearest > exact, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def _keep_only_score(model: onnx.ModelProto, task: Task) -> None:
    """Drop the label; for a binary target keep the positive class's column only."""
    graph = model.graph
    raw = graph.output[-1].name
    if task is Task.BINARY:
        graph.initializer.append(numpy_helper.from_array(np.array([1], dtype=np.int64), "positive_column"))
        graph.node.append(helper.make_node("Gather", [raw, "positive_column"], [OUTPUT], axis=1))
    else:
        graph.node.append(helper.make_node("Identity", [raw], [OUTPUT]))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, [None, None]))
    _drop_unused(graph)
    # Equal models must give equal bytes. The exporters name graphs at random, and list their dialects in the order of
    # a set of texts, which differs between processes.
    graph.name = "member"
    model.doc_string = ""
    dialects = {entry.domain: entry.version for entry in model.opset_import}
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in sorted(dialects.items()))


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Drop what leads to no output, such as the label's nodes: ONNX Runtime would compute it for every row."""
    wanted = {output.name for output in graph.output}
    for node in reversed(list(graph.node)):
        if wanted.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            wanted.update(node.input)
    for initializer in list(graph.initializer):
        if initializer.name not in wanted:
            graph.initializer.remove(initializer)


class _PlainAttributes:
    """
    A converter's container that takes NumPy values for node attributes.

    skl2onnx 1.20 hands trees over with NumPy integers, booleans and one-element arrays, which onnx 1.23 refuses.
    """

    def __init__(self, container: Any) -> None:
        self._container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def add_node(self, op_type: str, inputs: Any, outputs: Any, **attributes: Any) -> None:
        self._container.add_node(op_type, inputs, outputs, **{k: _plain(v) for k, v in attributes.items()})


def _plain(value: Any) -> Any:
    if not isinstance(value, list | np.ndarray) or len(value) == 0 or isinstance(value[0], str | bytes):
        return value
    return [int(item) if isinstance(item, bool) else item for entry in value for item in np.ravel(entry).tolist()]


def _with_plain_attributes(convert: Callable[..., None]) -> Callable[..., None]:
    def converted(scope: Any, operator: Any, container: Any) -> None:
        convert(scope, operator, _PlainAttributes(container))

    return converted


def _register_converters() -> None:
    class_options = {"nocl": [True, False], "zipmap": [True, False, "columns"], "output_class_labels": [False, True]}
    update_registered_converter(
        XGBClassifier,
        "XgbClassifier",
        calculate_linear_classifier_output_shapes,
        convert_xgboost,
        options=class_options,
    )
    update_registered_converter(XGBRegressor, "XgbRegressor", calculate_linear_regressor_output_shapes, convert_xgboost)
    update_registered_converter(
        HistGradientBoostingClassifier,
        "HistClassifier",
        calculate_linear_classifier_output_shapes,
        _with_plain_attributes(convert_sklearn_random_forest_classifier),
        options={**class_options, "raw_scores": [True, False]},
    )
    update_registered_converter(
        HistGradientBoostingRegressor,
        "HistRegressor",
        calculate_linear_regressor_output_shapes,
        _with_plain_attributes(convert_sklearn_random_forest_regressor_converter),
    )
    update_registered_converter(
        CutOff, "CutOff", calculate_sklearn_scaler_output_shapes, convert_sklearn_min_max_scaler
    )
    update_registered_converter(
        ScaledNetwork, "ScaledNetwork", calculate_linear_regressor_output_shapes, convert_sklearn_mlp_regressor
    )
