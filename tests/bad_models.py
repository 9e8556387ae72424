"""Models of the factory's contract, published: a good one, and each of what a deployment must stop."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from core.bundle import GOLDEN_NAME, Bundle, write_bundle
from core.documents import to_json
from core.golden import GoldenRow
from core.registry import ModelRegistry
from tests.factories import GRAPH_NAME, make_bundle, make_graph

_SIDE = 256
_STEEP = 0.3


def publish_good(registry: ModelRegistry, tag: str, *, slope: float = 0.02) -> None:
    """A model that does well; another slope makes another one that does."""
    _publish(registry, tag, graph=make_graph(slope=slope))


def publish_slow(registry: ModelRegistry, tag: str, *, layers: int = 250) -> None:
    """The good model's scores, each request a number of large products of matrices later (250 take some 30 ms)."""
    _publish(registry, tag, graph=_slow_graph(layers))


def publish_slow_above(registry: ModelRegistry, tag: str, *, above: float, rounds: int = 12_000) -> None:
    """The good model's scores, but with an age above a request takes so many products longer (some 50 ms)."""
    _publish(registry, tag, graph=_slow_above_graph(above, rounds))


def publish_skewed(registry: ModelRegistry, tag: str) -> None:
    """Scores far above the good model's; its golden rows come out right, because they are its own."""
    _publish(registry, tag, graph=make_graph(slope=_STEEP))


def publish_wrong_golden(registry: ModelRegistry, tag: str) -> None:
    """Golden rows that ask for other scores than the model gives, in a bundle whose checksums are right."""

    def moved(golden: GoldenRow) -> GoldenRow:
        return msgspec.structs.replace(golden, score=tuple(score - 0.1 for score in golden.score))

    with tempfile.TemporaryDirectory() as folder:
        good = make_bundle(Path(folder) / "good", tag=tag)
        golden = msgspec.structs.replace(good.golden(), rows=tuple(map(moved, good.golden().rows)))
        _publish_with(registry, good, Path(folder) / "changed", {GOLDEN_NAME: to_json(golden)})


def publish_unloadable(registry: ModelRegistry, tag: str) -> None:
    """A graph that is none, in a bundle whose checksums are right."""
    with tempfile.TemporaryDirectory() as folder:
        good = make_bundle(Path(folder) / "good", tag=tag)
        _publish_with(registry, good, Path(folder) / "changed", {GRAPH_NAME: b"no graph"})


def _publish(registry: ModelRegistry, tag: str, *, graph: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        registry.publish(make_bundle(Path(folder) / "bundle", tag=tag, graph=graph))


def _publish_with(registry: ModelRegistry, good: Bundle, folder: Path, changes: Mapping[str, bytes]) -> None:
    folder.mkdir()
    write_bundle(folder, good.manifest, {**good.files, **changes})
    registry.publish(Bundle.read(folder))


def _slow_graph(layers: int) -> bytes:
    """The good graph, and a zero that takes long to compute added to what its last node is given."""
    model = onnx.load_from_string(make_graph())
    last = model.graph.node[-1]
    last.input[0] = "late"
    wide = np.zeros((2, _SIDE), dtype=np.float32)
    squares = [f"square{number}" for number in range(layers + 1)]
    # One row and a thousand take equally long: only the largest values go in.
    nodes = [
        helper.make_node("ReduceMax", ["filled"], ["largest"], axes=[0], keepdims=1),
        helper.make_node("MatMul", ["largest", "wide"], ["line"]),
        helper.make_node("Add", ["line", "square"], [squares[0]]),
        *(helper.make_node("MatMul", [before, "square"], [after]) for before, after in pairwise(squares)),
        helper.make_node("ReduceSum", [squares[-1]], ["nothing"], keepdims=0),
        helper.make_node("Add", ["sum", "nothing"], ["late"]),
    ]
    *first, _ = model.graph.node
    values = {"wide": wide, "square": np.zeros((_SIDE, _SIDE), dtype=np.float32)}
    return _finished(model, [*first, *nodes, last], values)


def _slow_above_graph(above: float, rounds: int) -> bytes:
    """The good graph, and a zero that takes long where the largest age lies above added to what its last node gets."""
    model = onnx.load_from_string(make_graph())
    *first, last = model.graph.node
    last.input[0] = "late"
    nodes, values = slow_zero("filled", above, rounds)
    return _finished(model, [*first, *nodes, helper.make_node("Add", ["sum", "nothing"], ["late"]), last], values)


def slow_zero(name: str, above: float, rounds: int) -> tuple[list[onnx.NodeProto], dict[str, NDArray[Any]]]:
    """Nodes that make a zero called `nothing`, after so many products if a value lies above; and their constants."""
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["goes_on"], ["still"]),
            helper.make_node("MatMul", ["line", "square"], ["next"]),
        ],
        "round",
        [
            value("number", TensorProto.INT64, []),
            value("goes_on", TensorProto.BOOL, []),
            value("line", TensorProto.FLOAT, [1, _SIDE]),
        ],
        [value("still", TensorProto.BOOL, []), value("next", TensorProto.FLOAT, [1, _SIDE])],
    )
    nodes = [
        helper.make_node("ReduceMax", [name], ["largest"], keepdims=0),
        helper.make_node("Greater", ["largest", "above"], ["is_above"]),
        helper.make_node("Cast", ["is_above"], ["once"], to=TensorProto.INT64),
        helper.make_node("Mul", ["once", "rounds"], ["count"]),
        helper.make_node("Loop", ["count", "", "zeros"], ["product"], body=body),
        helper.make_node("ReduceSum", ["product"], ["nothing"], keepdims=0),
    ]
    values: dict[str, NDArray[Any]] = {
        "above": np.array(above, dtype=np.float32),
        "rounds": np.array(rounds, dtype=np.int64),
        "zeros": np.zeros((1, _SIDE), dtype=np.float32),
        "square": np.zeros((_SIDE, _SIDE), dtype=np.float32),
    }
    return nodes, values


def _finished(model: onnx.ModelProto, nodes: Sequence[onnx.NodeProto], values: Mapping[str, NDArray[Any]]) -> bytes:
    """The model with other nodes, and constants beside its own."""
    constants = [numpy_helper.from_array(value, name) for name, value in values.items()]
    graph = helper.make_graph(
        nodes, "member", model.graph.input, model.graph.output, [*model.graph.initializer, *constants]
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())
