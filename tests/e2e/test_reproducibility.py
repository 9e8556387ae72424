"""Equal trainings give equal bytes; a bundle that does not score as it was trained is not published."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import onnx
import polars as pl
import pytest
from onnx import numpy_helper

from core.bundle import Bundle, write_bundle
from core.manifest import MANIFEST_NAME, Calibration, CalibrationCurve
from tests.commands import Home
from tests.tables import write_churn

# Sets of texts come in another order in each process. With the second of these skl2onnx 1.20 lists a network's
# dialects the other way round than with the first, as it does in one process of thirty.
HASH_SEEDS = ("0", "116")


def _train(folder: Path, model_file: Path, *options: str, hash_seed: str = HASH_SEEDS[0]) -> Home:
    home = Home(folder=folder)
    options = ("--trials", "2", "--model-file", str(model_file), *options)
    done = home.run("ml", "train", *options, PYTHONHASHSEED=hash_seed)
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_churn(tmp_path_factory.mktemp("table")).model_file


@pytest.fixture(scope="module")
def trained(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return _train(tmp_path_factory.mktemp("trained"), model_file)


@pytest.fixture
def candidate(trained: Home, tmp_path: Path) -> Home:
    shutil.copytree(trained.candidate, tmp_path / "candidate")
    return Home(folder=tmp_path)


def test_two_trainings_differ_in_the_time_of_creation_only(trained: Home, model_file: Path, tmp_path: Path) -> None:
    first, second = (
        trained.candidate / "bundle",
        _train(tmp_path, model_file, hash_seed=HASH_SEEDS[1]).candidate / "bundle",
    )
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    for name in names:
        if name != MANIFEST_NAME:
            assert (first / name).read_bytes() == (second / name).read_bytes(), name
    manifests = [json.loads((folder / MANIFEST_NAME).read_text()) for folder in (first, second)]
    created = [manifest.pop("created_at") for manifest in manifests]
    assert manifests[0] == manifests[1]
    assert created[0] != created[1]


def test_another_seed_gives_another_model(trained: Home, model_file: Path, tmp_path: Path) -> None:
    other = _train(tmp_path, model_file, "--seed", "7")
    graphs = [(home.candidate / "bundle" / "ensemble.onnx").read_bytes() for home in (trained, other)]
    assert graphs[0] != graphs[1]


def test_publish_refuses_a_bundle_whose_graph_scores_otherwise(candidate: Home) -> None:
    directory = candidate.candidate / "bundle"
    bundle = Bundle.read(directory)
    name = max(bundle.manifest.members, key=lambda member: member.weight).file
    graph = onnx.load_from_string(bundle.files[name])
    _nudge(graph)
    write_bundle(directory, bundle.manifest, {**bundle.files, name: graph.SerializeToString()})
    done = candidate.run("ml", "publish")
    assert done.returncode == 1
    assert "served scores differ from the trained ensemble's" in done.stderr
    assert not candidate.registry.exists()


def test_publish_refuses_a_bundle_whose_calibration_moved(candidate: Home) -> None:
    directory = candidate.candidate / "bundle"
    bundle = Bundle.read(directory)
    moved = Calibration(method="sigmoid", curves=(CalibrationCurve(raw=(0.0, 1.0), calibrated=(0.0, 0.99)),))
    write_bundle(directory, msgspec.structs.replace(bundle.manifest, calibration=moved), bundle.files)
    done = candidate.run("ml", "publish")
    assert done.returncode == 1
    assert "1e-05 is allowed" in done.stderr


def test_publish_compares_every_row_of_the_holdout(candidate: Home) -> None:
    path = candidate.candidate / "holdout.parquet"
    frame = pl.read_parquet(path)
    scores = frame["slipway score 0"].to_list()
    scores[-1] += 3e-5
    frame.with_columns(pl.Series("slipway score 0", scores)).write_parquet(path)
    done = candidate.run("ml", "publish")
    assert done.returncode == 1
    assert "by up to 3e-05" in done.stderr


def test_publish_without_a_candidate_says_what_to_run(tmp_path: Path) -> None:
    done = Home(folder=tmp_path).run("ml", "publish")
    assert done.returncode == 1
    assert done.stderr == f"error: {tmp_path / 'candidate'} holds no candidate; run scripts/train first\n"


def _nudge(model: Any) -> None:
    """Move one number of a graph by a thousandth of its size: a network's weights, or a tree's leaves."""
    for initializer in model.graph.initializer:
        values = numpy_helper.to_array(initializer).copy()
        if values.dtype.kind == "f" and values.size > 1:
            values += 0.01
            initializer.CopyFrom(numpy_helper.from_array(values, initializer.name))
            return
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.name in {"target_weights", "class_weights"}:
                attribute.floats[:] = [value * 1.01 for value in attribute.floats]
                return
    raise AssertionError("the graph holds no number to move")
