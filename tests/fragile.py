"""Models that answer as well as the one they are made from, until a value comes that they cannot take."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from core.bundle import Bundle, write_bundle
from core.registry import ModelRegistry
from core.tags import ModelTag
from tests.bad_models import slow_zero


def publish_fragile(registry: ModelRegistry, good: Bundle, tag: ModelTag, *, feature: str, above: float) -> None:
    """
    Publish a copy of a bundle whose first graph fails on rows in which a numeric feature lies above a value.

    Its checksums and golden rows are right, and it scores every other row as the original does: nothing that is known
    before it serves speaks against it.

    Args:
        registry: Where.
        good: The original.
        tag: Of the copy.
        feature: Numeric, and encoded by one column.
        above: The value that is still taken, in the feature's unit.
    """
    _publish(registry, good, tag, _refusing(_column(good, feature), above))


def publish_sluggish(
    registry: ModelRegistry, good: Bundle, tag: ModelTag, *, feature: str, above: float, rounds: int = 12_000
) -> None:
    """The same, but it scores those rows as well, so many products of matrices later (12,000 take some 50 ms)."""
    _publish(registry, good, tag, _waiting(_column(good, feature), above, rounds))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Front:
    """What comes before a graph: nodes that add `nothing`, and their constants."""

    nodes: Sequence[onnx.NodeProto]
    values: Mapping[str, NDArray[Any]]


def _publish(registry: ModelRegistry, good: Bundle, tag: ModelTag, front: _Front) -> None:
    file = good.manifest.members[0].file
    graph = _behind(front, good.files[file])
    with tempfile.TemporaryDirectory() as folder:
        manifest = msgspec.structs.replace(good.manifest, tag=tag)
        write_bundle(Path(folder), manifest, {**good.files, file: graph})
        registry.publish(Bundle.read(Path(folder)))


def _column(good: Bundle, feature: str) -> NDArray[Any]:
    return np.array([good.contract.names.index(feature)], dtype=np.int64)


def _refusing(column: NDArray[Any], above: float) -> _Front:
    """A look-up that has nothing to look up where the value lies above."""
    nodes = [
        helper.make_node("Gather", ["given", "column"], ["value"], axis=1),
        helper.make_node("Greater", ["value", "above"], ["is_above"]),
        helper.make_node("Cast", ["is_above"], ["place"], to=TensorProto.INT64),
        helper.make_node("Gather", ["zero", "place"], ["nothing"]),
    ]
    values = {"column": column, "above": np.array(above, dtype=np.float32), "zero": np.zeros(1, dtype=np.float32)}
    return _Front(nodes=nodes, values=values)


def _waiting(column: NDArray[Any], above: float, rounds: int) -> _Front:
    """A zero that is multiplied many times where the largest value lies above."""
    nodes, values = slow_zero("value", above, rounds)
    first = helper.make_node("Gather", ["given", "column"], ["value"], axis=1)
    return _Front(nodes=[first, *nodes], values={"column": column, **values})


def _behind(front: _Front, content: bytes) -> bytes:
    """The graph, whose rows go through the front first."""
    model = onnx.load_from_string(content)
    rows = model.graph.input[0].name
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name == rows:
                node.input[place] = "checked"
    others = list(model.graph.node)
    del model.graph.node[:]
    first = [helper.make_node("Identity", [rows], ["given"]), *front.nodes]
    model.graph.node.extend([*first, helper.make_node("Add", ["given", "nothing"], ["checked"]), *others])
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in front.values.items())
    return bytes(model.SerializeToString())
