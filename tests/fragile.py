"""A model that answers as well as the one it is made from, until a value comes that it cannot take."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from core.bundle import Bundle, write_bundle
from core.registry import ModelRegistry
from core.tags import ModelTag


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
    file = good.manifest.members[0].file
    graph = _fragile(good.files[file], good.contract.names.index(feature), above)
    with tempfile.TemporaryDirectory() as folder:
        manifest = msgspec.structs.replace(good.manifest, tag=tag)
        write_bundle(Path(folder), manifest, {**good.files, file: graph})
        registry.publish(Bundle.read(Path(folder)))


def _fragile(content: bytes, column: int, above: float) -> bytes:
    """The graph, with a look-up in front that has nothing to look up where the value lies above."""
    model = onnx.load_from_string(content)
    rows = model.graph.input[0].name
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name == rows:
                node.input[place] = "checked"
    first = [
        helper.make_node("Gather", [rows, "column"], ["value"], axis=1),
        helper.make_node("Greater", ["value", "above"], ["is_above"]),
        helper.make_node("Cast", ["is_above"], ["place"], to=TensorProto.INT64),
        helper.make_node("Gather", ["nothing", "place"], ["found"]),
        helper.make_node("Add", [rows, "found"], ["checked"]),
    ]
    others = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*first, *others])
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(np.array([column], dtype=np.int64), "column"),
            numpy_helper.from_array(np.array(above, dtype=np.float32), "above"),
            numpy_helper.from_array(np.zeros(1, dtype=np.float32), "nothing"),
        ]
    )
    return bytes(model.SerializeToString())
