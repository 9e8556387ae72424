"""What a process may serve, and what stops it from starting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from msgspec.structs import replace

from app import create_app
from app.decoder import Columns
from app.served_model import ServedModel
from app.settings import ServiceSettings
from core.bundle import GOLDEN_NAME, REFERENCE_NAME, Bundle, write_bundle
from core.contract import Row, Task
from core.documents import to_json
from core.errors import BundleRefused, CorruptArtifact, ManifestError, NothingPublished, SlipwayError, UnknownTag
from core.golden import GoldenRow, GoldenRows
from core.manifest import Threshold
from core.reference import numeric_reference
from core.registry import DirectoryRegistry
from core.tags import ModelTag
from tests.factories import GRAPH_NAME, make_bundle, make_reference

SETTINGS = ServiceSettings.from_env({})


def publish(folder: Path, bundle: Bundle, **changes: bytes) -> DirectoryRegistry:
    """A registry with a bundle some of whose files are others, under checksums that are right."""
    folder.mkdir()
    write_bundle(folder, bundle.manifest, {**bundle.files, **changes})
    registry = DirectoryRegistry(folder / "registry")
    registry.publish(Bundle.read(folder))
    return registry


def columns(rows: Sequence[Row]) -> Columns:
    """Rows of the tests' contract, by column."""
    return Columns.of_rows([(row.get("age"), row.get("city")) for row in rows])


def test_the_newest_tag_is_served_by_default(tmp_path: Path) -> None:
    registry = DirectoryRegistry(tmp_path / "registry")
    for tag in ("model-v1.10.0", "model-v1.9.0"):
        registry.publish(make_bundle(tmp_path / tag, tag=tag))

    assert ServedModel.load(registry, None).tag == "model-v1.10.0"


def test_a_given_tag_is_served_though_a_newer_one_is_published(tmp_path: Path) -> None:
    registry = DirectoryRegistry(tmp_path / "registry")
    for tag in ("model-v1.0.0", "model-v1.1.0"):
        registry.publish(make_bundle(tmp_path / tag, tag=tag))

    assert ServedModel.load(registry, ModelTag(1, 0, 0)).tag == "model-v1.0.0"


@pytest.mark.parametrize("task", list(Task))
def test_golden_rows_are_answered_with_their_golden_scores(registry: DirectoryRegistry) -> None:
    model = ServedModel.load(registry, None)
    golden = model.bundle.golden().rows

    scored = model.score(columns([entry.row for entry in golden]))

    for scores, entry in zip(scored.scores, golden, strict=True):
        assert scores == pytest.approx(list(entry.score))


def test_a_score_at_the_threshold_is_positive(tmp_path: Path, registry: DirectoryRegistry) -> None:
    row: Row = {"age": 30.0, "city": "Oslo"}
    ((score,),) = ServedModel.load(registry, None).score(columns([row])).scores
    registry.publish(
        make_bundle(tmp_path / "next", tag="model-v1.1.0", threshold=Threshold(value=score, rule="a test's"))
    )

    assert ServedModel.load(registry, None).score(columns([row])).labels == ["yes"]


def test_a_feature_without_training_values_warns_of_nothing(tmp_path: Path, bundle: Bundle) -> None:
    nothing = numeric_reference(np.full(4, np.nan))
    reference = replace(make_reference(), numeric={"age": nothing})
    registry = publish(tmp_path / "copy", bundle, **{REFERENCE_NAME: to_json(reference)})

    assert ServedModel.load(registry, None).score(columns([{"age": 120.0, "city": "Oslo"}])).warnings == []


def test_an_empty_registry_stops_the_app(tmp_path: Path) -> None:
    with pytest.raises(NothingPublished, match=r"the registry directory:.*none is empty"):
        create_app(SETTINGS, registry=DirectoryRegistry(tmp_path / "none"))


def test_an_unknown_tag_stops_the_app_and_names_the_known_ones(registry: DirectoryRegistry) -> None:
    settings = ServiceSettings.from_env({"MODEL_TAG": "model-v9.9.9"})

    with pytest.raises(UnknownTag, match=r"model-v9\.9\.9 is not in the registry: it holds model-v1\.0\.0"):
        create_app(settings, registry=registry)


def test_golden_rows_that_come_out_wrong_stop_the_app(tmp_path: Path, bundle: Bundle) -> None:
    wrong = GoldenRows(rows=(GoldenRow(row={"age": 30.0, "city": "Oslo"}, score=(0.7,)),))
    registry = publish(tmp_path / "copy", bundle, **{GOLDEN_NAME: to_json(wrong)})

    with pytest.raises(BundleRefused, match=r"golden rows are off by 0\.054"):
        create_app(SETTINGS, registry=registry)


@pytest.mark.parametrize("shape", [[-1], [1, 1], [-1, 1, 1]], ids=["flat", "one row", "a cube"])
def test_scores_of_another_shape_than_the_rows_stop_the_app(tmp_path: Path, bundle: Bundle, shape: list[int]) -> None:
    model = onnx.load_from_string(bundle.files[GRAPH_NAME])
    model.graph.node[-1].output[0] = "whole"
    reduced = "whole"
    if shape == [1, 1]:
        model.graph.node.append(onnx.helper.make_node("ReduceMean", ["whole"], ["mean"]))
        reduced = "mean"
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(shape, dtype=np.int64), "shape"))
    model.graph.node.append(onnx.helper.make_node("Reshape", [reduced, "shape"], ["score"]))
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_tensor_value_info("score", onnx.TensorProto.FLOAT, None))
    registry = publish(tmp_path / "copy", bundle, **{GRAPH_NAME: model.SerializeToString()})

    with pytest.raises(BundleRefused, match=r"answer 3 rows with scores of shape .*, not \(3, 1\)"):
        create_app(SETTINGS, registry=registry)


def test_a_bundle_without_golden_rows_stops_the_app(tmp_path: Path, bundle: Bundle) -> None:
    registry = publish(tmp_path / "copy", bundle, **{GOLDEN_NAME: to_json(GoldenRows(rows=()))})

    with pytest.raises(SlipwayError):
        create_app(SETTINGS, registry=registry)


@pytest.mark.parametrize("name", [GRAPH_NAME, GOLDEN_NAME, REFERENCE_NAME, "manifest.json", "manifest.sha256"])
def test_a_changed_byte_stops_the_app(tmp_path: Path, registry: DirectoryRegistry, name: str) -> None:
    path = tmp_path / "registry" / "model-v1.0.0" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(CorruptArtifact) as caught:
        create_app(SETTINGS, registry=registry)

    assert caught.value.path.parent == path.parent


@pytest.mark.parametrize("name", [GRAPH_NAME, "manifest.json", "manifest.sha256"])
def test_a_missing_file_stops_the_app(tmp_path: Path, registry: DirectoryRegistry, name: str) -> None:
    (tmp_path / "registry" / "model-v1.0.0" / name).unlink()

    with pytest.raises(CorruptArtifact, match="missing"):
        create_app(SETTINGS, registry=registry)


def test_a_graph_that_is_none_stops_the_app(tmp_path: Path, bundle: Bundle) -> None:
    registry = publish(tmp_path / "copy", bundle, **{GRAPH_NAME: b"no graph"})

    with pytest.raises(CorruptArtifact, match="not a graph that ONNX Runtime can load"):
        create_app(SETTINGS, registry=registry)


def test_golden_rows_that_are_no_json_stop_the_app(tmp_path: Path, bundle: Bundle) -> None:
    registry = publish(tmp_path / "copy", bundle, **{GOLDEN_NAME: b"{"})

    with pytest.raises(ManifestError, match=r"golden\.json"):
        create_app(SETTINGS, registry=registry)
