"""Which model is the champion, and what it is measured by."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from core.bundle import Bundle
from core.contract import CategoricalFeature, Contract, NumericFeature, Task
from core.errors import BundleRefused, UnknownTag
from core.ledger import Environment, FileLedger
from core.manifest import Window
from core.registry import DirectoryRegistry
from core.scorer import load_scorer
from core.tags import ModelTag
from ml.champion import (
    age_days,
    find_champion,
    gather_evidence,
    is_comparable,
    latency_ratio,
    score_holdout,
    score_rows,
    segment_rows,
)
from ml.metrics import blocks_of, loss_rows, measure
from ml.problem import Problem, read_problem
from tests.factories import make_bundle, make_contract, make_manifest
from tests.unit.ml.factories import make_dataset, make_scorer

MODEL_FILE = """
[dataset]
path = "data.csv"
[target]
name = "churn"
task = "binary"
positive = "yes"
negative = "no"
[[features]]
name = "age"
kind = "numeric"
low = 0
high = 120
[[features]]
name = "city"
kind = "categorical"
categories = ["Oslo", "Rome", "Bern"]
"""


def _registry(folder: Path, *tags: str) -> DirectoryRegistry:
    registry = DirectoryRegistry(folder / "registry")
    for tag in tags:
        registry.publish(make_bundle(folder / tag, tag=tag))
    return registry


def _ledger(folder: Path, **deployed: str) -> FileLedger:
    ledger = FileLedger(folder / "ledger.jsonl")
    for environment, tag in deployed.items():
        ledger.record(
            Environment(environment), ModelTag.parse(tag), at=datetime(2026, 1, 1, tzinfo=UTC), reason="a test"
        )
    return ledger


def _problem(folder: Path, text: str = MODEL_FILE) -> Problem:
    (folder / "model.toml").write_text(text)
    return read_problem(folder / "model.toml")


def _trained_until(folder: Path, end: str | None) -> Bundle:
    lineage = make_manifest(make_contract()).lineage
    window = Window(rows=100, start=None, end=end)
    return make_bundle(folder / "bundle", lineage=msgspec.structs.replace(lineage, train=window))


def test_before_the_first_model_there_is_no_champion(tmp_path: Path) -> None:
    assert find_champion(_registry(tmp_path), _ledger(tmp_path)) is None


def test_before_any_deployment_the_newest_tag_is_the_champion(tmp_path: Path) -> None:
    found = find_champion(_registry(tmp_path, "model-v1.9.0", "model-v1.10.0"), _ledger(tmp_path))
    assert found is not None
    assert str(found.manifest.tag) == "model-v1.10.0"


def test_what_serves_production_is_the_champion(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path, production="model-v1.0.0", staging="model-v1.1.0")
    found = find_champion(_registry(tmp_path, "model-v1.0.0", "model-v1.1.0"), ledger)
    assert found is not None
    assert str(found.manifest.tag) == "model-v1.0.0"


def test_a_champion_that_the_registry_lost_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnknownTag):
        find_champion(_registry(tmp_path, "model-v1.0.0"), _ledger(tmp_path, production="model-v2.0.0"))


def test_a_champion_needs_the_same_target_and_every_feature_it_wants() -> None:
    old = make_contract()
    more = Contract(features=(*old.features, NumericFeature(name="x", low=0, high=1)), target=old.target)
    other_kind = Contract(
        features=(CategoricalFeature(name="age", categories=("old",)), old.features[1]), target=old.target
    )
    assert is_comparable(old, old)
    assert is_comparable(old, more)
    assert not is_comparable(more, old)
    assert not is_comparable(old, other_kind)
    assert not is_comparable(old, make_contract(Task.REGRESSION))


def test_a_champion_of_other_ranges_and_categories_can_still_be_compared() -> None:
    old = make_contract()
    features = (
        NumericFeature(name="age", low=0, high=99),
        CategoricalFeature(name="city", categories=("Rome", "Oslo")),
    )
    assert is_comparable(old, Contract(features=features, target=old.target))


def test_a_champion_scores_rows_by_its_own_encoding(tmp_path: Path) -> None:
    bundle, data = make_bundle(tmp_path / "bundle"), make_dataset()
    shuffled = replace(data, rows=data.rows.select("city", pl.lit(1).alias("extra"), "age"))
    np.testing.assert_array_equal(score_rows(bundle, load_scorer(bundle), shuffled), make_scorer().score(data.matrix))


def test_a_bundle_s_figures_are_those_of_its_scores_and_threshold(tmp_path: Path) -> None:
    bundle, data = make_bundle(tmp_path / "bundle"), make_dataset()
    expected = measure(
        make_scorer().score(data.matrix), data.target, blocks_of(data.times, 400, 0), task=Task.BINARY, threshold=0.6
    )
    assert score_holdout(bundle, data, _problem(tmp_path)) == expected


def test_a_bundle_that_wants_other_features_is_refused(tmp_path: Path) -> None:
    text = MODEL_FILE.replace('name = "age"', 'name = "height"')
    with pytest.raises(BundleRefused, match=r"model-v1\.0\.0 wants other features than model\.toml names"):
        score_holdout(make_bundle(tmp_path / "bundle"), make_dataset(), _problem(tmp_path, text))


def test_segments_are_every_value_of_their_features() -> None:
    rows = pl.DataFrame({"city": ["Oslo", None, "Rome", "Oslo"], "plan": ["a", "a", None, "b"]})
    found = {name: rows.tolist() for name, rows in segment_rows(rows, ("city", "plan")).items()}
    assert found == {
        "city=Oslo": [True, False, False, True],
        "city=Rome": [False, False, True, False],
        "plan=a": [True, True, False, False],
        "plan=b": [False, False, False, True],
    }


def test_evidence_is_both_models_losses_row_by_row() -> None:
    data = make_dataset()
    challenger, blind = make_scorer().score(data.matrix), np.full((400, 1), 0.5)
    evidence = gather_evidence(
        name="the base rate",
        champion_scores=blind,
        challenger_scores=challenger,
        holdout=data,
        segments=("city",),
        task=Task.BINARY,
        calibration_error=0.1,
        latency_ratio=None,
        champion_age_days=None,
        unfair=None,
        seed=0,
    )
    np.testing.assert_allclose(evidence.champion_loss, np.log(2))
    np.testing.assert_array_equal(evidence.challenger_loss, loss_rows(challenger, data.target, Task.BINARY))
    np.testing.assert_array_equal(evidence.blocks, blocks_of(data.times, 400, 0))
    assert set(evidence.segments) == {"city=Oslo", "city=Rome"}


def test_a_model_takes_about_as_long_as_itself() -> None:
    scorer = make_scorer()
    assert 0.5 < latency_ratio(scorer, scorer, 2, 2) < 2


@pytest.mark.parametrize(
    ("old", "new", "days"),
    [
        ("2026-01-01T00:00:00", "2026-03-02T12:00:00", 60.5),
        ("2026-01-01T00:00:00+00:00", "2026-01-01T19:00:00-05:00", 1.0),
        ("2026-01-02T00:00:00", "2026-01-01T00:00:00", -1.0),
        (None, "2026-01-01T00:00:00", None),
        ("2026-01-01T00:00:00", None, None),
        ("2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00", None),
    ],
)
def test_a_champion_s_age_is_the_time_between_both_trainings_ends(
    old: str | None, new: str | None, days: float | None, tmp_path: Path
) -> None:
    assert age_days(_trained_until(tmp_path, old), new) == days
