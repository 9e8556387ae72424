from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.bundle import REFERENCE_NAME, Bundle, write_bundle
from core.contract import Task
from core.documents import to_json
from core.manifest import Metric
from core.registry import DirectoryRegistry
from drift.models import Models
from tests.factories import make_bundle, make_reference

TAG, OTHER = "model-v1.0.0", "model-v1.1.0"


@pytest.fixture
def registry(tmp_path: Path) -> DirectoryRegistry:
    """One model is published."""
    registry = DirectoryRegistry(tmp_path / "registry")
    registry.publish(make_bundle(tmp_path / "bundle"))
    return registry


def with_file(bundle: Bundle, folder: Path, name: str, content: bytes) -> Bundle:
    """The same bundle with a file added or in place of another."""
    folder.mkdir()
    write_bundle(folder, msgspec.structs.replace(bundle.manifest, files={}), {**bundle.files, name: content})
    return Bundle.read(folder)


def test_a_model_is_what_its_bundle_says(registry: DirectoryRegistry) -> None:
    model = Models(registry=registry).find(TAG)

    assert model is not None
    assert (model.tag, model.threshold) == (TAG, 0.6)
    assert model.baseline == {"accuracy": Metric(value=0.9, low=0.88, high=0.92)}
    assert model.segment_baselines == {}
    assert model.profile.contract.names == ("age", "city")
    assert model.profile.knots["age"].values.tolist() == [18, 40, 65]
    assert model.profile.shares["city"].tolist() == [3, 1]


def test_only_a_binary_answer_has_a_threshold(tmp_path: Path) -> None:
    registry = DirectoryRegistry(tmp_path / "registry")
    registry.publish(make_bundle(tmp_path / "bundle", Task.REGRESSION))
    model = Models(registry=registry).find(TAG)

    assert model is not None
    assert model.threshold is None


@pytest.mark.parametrize(("on_the_holdout", "expected"), [(0.93, 0.9), (0.9, 0.9), (0.87, 0.87), (None, None)])
def test_of_intervals_no_more_is_expected_than_was_promised_or_held(
    tmp_path: Path, on_the_holdout: float | None, expected: float | None
) -> None:
    registry = DirectoryRegistry(tmp_path / "registry")
    metrics = {"mae": Metric(value=1.0), "coverage": Metric(value=on_the_holdout)}
    registry.publish(make_bundle(tmp_path / "bundle", Task.REGRESSION, metrics=metrics))
    model = Models(registry=registry).find(TAG)

    assert model is not None
    assert model.band is not None
    assert model.band.level == 0.9
    assert (model.baseline["mae"].value, model.baseline["coverage"].value) == (1.0, expected)


def test_a_model_is_fetched_once(registry: DirectoryRegistry, tmp_path: Path) -> None:
    models = Models(registry=registry)
    model = models.find(TAG)
    shutil.rmtree(tmp_path / "registry")

    assert models.find(TAG) is model


@pytest.mark.parametrize("tag", [OTHER, "champion", "", "../bundle", "model-v1"])
def test_a_tag_that_is_not_published_has_a_sentence_that_says_so(registry: DirectoryRegistry, tag: str) -> None:
    models = Models(registry=registry)

    assert models.find(tag) is None
    assert models.find(TAG) is not None
    assert list(models.problems) == [tag]
    assert models.problems[tag].isprintable()


def test_a_bundle_that_was_damaged_is_named(registry: DirectoryRegistry, tmp_path: Path) -> None:
    (tmp_path / "registry" / TAG / REFERENCE_NAME).write_bytes(b"{}")
    models = Models(registry=registry)

    assert models.find(TAG) is None
    assert REFERENCE_NAME in models.problems[TAG]


def test_a_reference_that_is_no_distribution_is_named(tmp_path: Path) -> None:
    reference = make_reference()
    ages = msgspec.structs.replace(reference.numeric["age"], count=99)
    wrong = to_json(msgspec.structs.replace(reference, numeric={"age": ages}))
    registry = DirectoryRegistry(tmp_path / "registry")
    registry.publish(with_file(make_bundle(tmp_path / "bundle"), tmp_path / "wrong", REFERENCE_NAME, wrong))
    models = Models(registry=registry)

    assert models.find(TAG) is None
    assert "is no distribution of 98 values" in models.problems[TAG]


SEGMENTS = b'{"segments": {"city": [{"name": "Oslo", "rows": 9, "metrics": {"accuracy": {"value": 0.8}}}]}, "more": 1}'


@pytest.mark.parametrize(
    ("evaluation", "accuracies"),
    [(SEGMENTS, {("city", "Oslo"): 0.8}), (b"{}", {}), (b"not JSON", {}), (b'{"segments": {"city": [1]}}', {})],
)
def test_figures_of_segments_are_read_where_training_wrote_them(
    tmp_path: Path, evaluation: bytes, accuracies: dict[tuple[str, str], float]
) -> None:
    registry = DirectoryRegistry(tmp_path / "registry")
    registry.publish(with_file(make_bundle(tmp_path / "bundle"), tmp_path / "more", "evaluation.json", evaluation))
    model = Models(registry=registry).find(TAG)

    assert model is not None
    assert {key: figures["accuracy"].value for key, figures in model.segment_baselines.items()} == accuracies


def test_of_a_segment_s_intervals_no_more_is_expected_either(tmp_path: Path) -> None:
    evaluation = SEGMENTS.replace(b'"accuracy": {"value": 0.8}', b'"coverage": {"value": 0.97}')
    bundle = make_bundle(tmp_path / "bundle", Task.REGRESSION)
    registry = DirectoryRegistry(tmp_path / "registry")
    registry.publish(with_file(bundle, tmp_path / "more", "evaluation.json", evaluation))
    model = Models(registry=registry).find(TAG)

    assert model is not None
    assert model.segment_baselines[("city", "Oslo")]["coverage"].value == 0.9


def test_two_models_are_two_keys(registry: DirectoryRegistry, tmp_path: Path) -> None:
    registry.publish(make_bundle(tmp_path / "next", tag=OTHER))
    models = Models(registry=registry)
    found = {model: np.int64(place) for place, model in enumerate((models.find(TAG), models.find(OTHER)))}

    assert len(found) == 2
    assert found[models.find(TAG)] == 0
