"""What every peer scores with: the published bundle's own graph, and nothing else of ours."""

from __future__ import annotations

import os

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from core.bundle import Bundle
from core.contract import CategoricalFeature
from core.places import open_registry
from core.tags import ModelTag

registry = open_registry(os.environ["MODEL_REGISTRY"], os.environ)
bundle: Bundle = registry.fetch(ModelTag.parse(os.environ["MODEL_TAG"]))
contract = bundle.contract
# As a peer would write it: one dictionary a categorical column.
codes = [
    {category: float(code) for code, category in enumerate(feature.categories)}
    if isinstance(feature, CategoricalFeature)
    else None
    for feature in contract.features
]
names = contract.names
_options = onnxruntime.SessionOptions()
_options.intra_op_num_threads = _options.inter_op_num_threads = 1
_session = onnxruntime.InferenceSession(
    bundle.files[bundle.manifest.members[0].file], _options, providers=["CPUExecutionProvider"]
)
_outputs = [output.name for output in _session.get_outputs()]
_weights = [member.weight for member in bundle.manifest.members]
threshold = bundle.manifest.threshold.value if bundle.manifest.threshold else 0.5


def encode(rows: list[dict[str, object]]) -> NDArray[np.float32]:
    """Rows as the matrix that the graph reads."""
    nan = float("nan")
    return np.array(
        [
            [
                (row.get(name) if row.get(name) is not None else nan) if code is None else code.get(row.get(name), -2.0)  # type: ignore[call-overload]  # a category is text
                for name, code in zip(names, codes, strict=True)
            ]
            for row in rows
        ],
        dtype=np.float32,
    )


def score(matrix: NDArray[np.float32]) -> list[float]:
    """The ensemble's scores."""
    members = _session.run(_outputs, {"rows": matrix})
    total = sum(weight * scores[:, 0].astype(float) for weight, scores in zip(_weights, members, strict=True))
    return list(np.asarray(total).tolist())


def answer(value: float) -> dict[str, object]:
    """One row's answer."""
    return {"label": "yes" if value >= threshold else "no", "score": value}
