"""The published models side by side."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from core.contract import Task
from core.ledger import Environment, FileLedger
from core.manifest import Metric
from core.registry import DirectoryRegistry
from core.tags import ModelTag
from ml.catalog import HEAD, list_models
from tests.factories import make_bundle, make_contract, make_manifest

NOW = datetime(2026, 4, 1, tzinfo=UTC)


def test_nothing_published_is_an_empty_list(tmp_path: Path) -> None:
    assert list_models(DirectoryRegistry(tmp_path / "registry"), FileLedger(tmp_path / "ledger.jsonl")) == []


def test_each_model_shows_its_figures_its_lineage_and_where_it_serves(tmp_path: Path) -> None:
    registry, ledger = DirectoryRegistry(tmp_path / "registry"), FileLedger(tmp_path / "ledger.jsonl")
    lineage = make_manifest(make_contract()).lineage
    replayed = msgspec.structs.replace(lineage, as_of="2013-05-01", git_commit="abcdef0" + "0" * 33, git_dirty=True)
    metrics = {name: Metric(value=0.91234) for name in ("brier", "accuracy", "auc")}
    registry.publish(make_bundle(tmp_path / "first"))
    registry.publish(make_bundle(tmp_path / "second", tag="model-v1.1.0", lineage=replayed, metrics=metrics))
    for environment, tag in (
        (Environment.STAGING, ModelTag(1, 1, 0)),
        (Environment.PRODUCTION, ModelTag(1, 1, 0)),
        (Environment.PRODUCTION, ModelTag(1, 0, 0)),
    ):
        ledger.record(environment, tag, at=NOW, reason="a test's")
    assert [dict(zip(HEAD, row, strict=True)) for row in list_models(registry, ledger)] == [
        {
            "tag": "model-v1.0.0",
            "trained": "2026-04-01",
            "known until": "2026-03-01",
            "rows": "100",
            "holdout": "accuracy 0.9000",
            "commit": "0000000",
            "serves": "production",
        },
        {
            "tag": "model-v1.1.0",
            "trained": "2026-04-01",
            "known until": "2013-05-01",
            "rows": "100",
            "holdout": "auc 0.9123, accuracy 0.9123",
            "commit": "abcdef0+",
            "serves": "staging",
        },
    ]


def test_a_regression_shows_its_error(tmp_path: Path) -> None:
    registry = DirectoryRegistry(tmp_path / "registry")
    metrics = {"mae": Metric(value=12.5), "rmse": Metric(value=20.0), "r2": Metric(value=None)}
    registry.publish(make_bundle(tmp_path / "bundle", Task.REGRESSION, metrics=metrics))
    (row,) = list_models(registry, FileLedger(tmp_path / "ledger.jsonl"))
    assert dict(zip(HEAD, row, strict=True))["holdout"] == "mae 12.5000, r2 not defined"
