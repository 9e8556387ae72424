"""Which model is the champion, and what it is measured by."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from core.bundle import Bundle
from core.contract import CategoricalFeature, Contract, NumericFeature, Task
from core.errors import BundleRefused, RegistryError
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
    measure_latency,
    score_holdout,
    score_rows,
    segment_rows,
    unseen_rows,
)
from ml.gate import Evidence
from ml.lineage import window
from ml.metrics import blocks_of, loss_rows, measure
from ml.problem import Problem, read_problem
from ml.split import Share, Split, split
from ml.times import span
from tests.factories import make_bundle, make_contract, make_manifest
from tests.unit.ml.factories import make_dataset, make_scorer, make_split

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
    with pytest.raises(
        RegistryError,
        match=r"model-v2\.0\.0 is in production by the deployment ledger, but .*"
        "it holds model-v1.0.0; point MODEL_REGISTRY to .*, or DEPLOYMENT_LEDGER",
    ):
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
    np.testing.assert_array_equal(
        score_rows(bundle.contract, load_scorer(bundle), shuffled), make_scorer().score(data.matrix)
    )


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


def _gather(parts: Split, folder: Path, current: Bundle | None = None, text: str = MODEL_FILE) -> Evidence:
    return gather_evidence(
        make_scorer(), make_contract(), parts, _problem(folder, text), calibration_error=0.1, current=current
    )


def _split_champion(folder: Path, parts: Split, **lineage: Any) -> Bundle:
    """A champion that was fitted on the training and validation rows of a split."""
    manifest = make_manifest(make_contract())
    changes = {
        "train": window(parts.train),
        "validation": window(parts.validation),
        "holdout_cuts": parts.holdout_cuts,
    } | lineage
    return make_bundle(folder / "bundle", lineage=msgspec.structs.replace(manifest.lineage, **changes))


def test_a_first_model_is_compared_with_the_base_rate(tmp_path: Path) -> None:
    parts = make_split()
    data = parts.holdout
    evidence = _gather(parts, tmp_path, text=MODEL_FILE + '[gate]\nsegments = ["city"]\n')
    challenger = make_scorer().score(data.matrix)
    assert evidence.champion == "the base rate"
    np.testing.assert_array_equal(evidence.challenger_loss, loss_rows(challenger, data.target, Task.BINARY))
    base_rate = np.full((len(data), 1), parts.fitted.target.mean())
    np.testing.assert_array_equal(evidence.champion_loss, loss_rows(base_rate, data.target, Task.BINARY))
    np.testing.assert_array_equal(evidence.blocks, blocks_of(data.times, len(data), 0))
    assert set(evidence.segments) == {"city=Oslo", "city=Rome"}
    assert (evidence.latency, evidence.champion_age_days, evidence.remarks) == (None, None, ())


@pytest.mark.parametrize("timed", [True, False])
def test_a_champion_of_the_same_split_is_compared_on_every_row(timed: bool, tmp_path: Path) -> None:
    parts = make_split(timed=timed)
    evidence = _gather(parts, tmp_path, _split_champion(tmp_path, parts))
    assert evidence.champion == "model-v1.0.0"
    assert len(evidence.champion_loss) == len(parts.holdout)
    assert evidence.remarks == ()
    assert evidence.latency is not None


def test_a_champion_that_cannot_score_the_rows_is_not_compared_and_the_gate_says_so(tmp_path: Path) -> None:
    evidence = _gather(make_split(), tmp_path, make_bundle(tmp_path / "bundle", Task.REGRESSION))
    assert evidence.champion == "the base rate"
    assert [(remark.passed, remark.text) for remark in evidence.remarks] == [
        (True, "not compared with model-v1.0.0, whose target or features are others")
    ]


def test_a_champion_is_judged_on_the_rows_after_those_it_was_fitted_on(tmp_path: Path) -> None:
    parts = make_split()
    assert parts.holdout.times is not None
    until = parts.holdout.times[59].isoformat()
    current = _split_champion(tmp_path, parts, validation=Window(rows=100, end=until))
    evidence = _gather(parts, tmp_path, current)
    assert len(evidence.champion_loss) == len(evidence.blocks) == len(parts.holdout) - 60
    (remark,) = evidence.remarks
    assert remark.passed
    assert remark.text == f"compared on 100 of the holdout's 160 rows: model-v1.0.0 was fitted on rows up to {until}"


def test_a_champion_that_knows_the_holdout_decides_nothing(tmp_path: Path) -> None:
    parts = make_split()
    until = span(parts.holdout.times)[1]
    evidence = _gather(parts, tmp_path, _split_champion(tmp_path, parts, validation=Window(rows=100, end=until)))
    (remark,) = evidence.remarks
    assert not remark.passed
    assert remark.text.startswith("the holdout has 0 rows that can tell the models apart: model-v1.0.0 was fitted on")


def test_a_champion_of_a_split_at_random_is_judged_on_its_own_holdout(tmp_path: Path) -> None:
    parts = make_split(rows=3000, timed=False)
    others = split(parts.data, validation=Share.parse("20%"), holdout=Share.parse("10%"), task=Task.BINARY)
    evidence = _gather(parts, tmp_path, _split_champion(tmp_path, others))
    assert len(evidence.champion_loss) == len(others.holdout) == 300
    assert evidence.remarks[0].text.startswith("compared on 300 of the holdout's 600 rows")


def test_a_champion_of_a_split_at_random_is_judged_fairly_by_a_split_in_time(tmp_path: Path) -> None:
    timed, untimed = make_split(rows=3000), make_split(rows=3000, timed=False)
    current = _split_champion(tmp_path, untimed)
    fair = np.intersect1d(timed.holdout_index, untimed.holdout_index)
    assert unseen_rows(current, timed).sum() == len(fair) > 50


@pytest.mark.parametrize(
    "until", [None, "2025-01-01T00:00:00+00:00"], ids=["split in another way", "in a zone where the data have none"]
)
def test_rows_that_may_have_been_seen_count_as_seen(until: str | None, tmp_path: Path) -> None:
    parts = make_split()
    current = _split_champion(tmp_path, parts, validation=Window(rows=100, end=until))
    assert not unseen_rows(current, parts).any()
    untimed = make_split(timed=False)
    assert not unseen_rows(_split_champion(tmp_path / "other", parts), untimed).any()


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_times_in_another_zone_are_compared_as_instants(zone: str, tmp_path: Path) -> None:
    parts = make_split()
    assert parts.holdout.times is not None
    utc = parts.holdout.times.dt.replace_time_zone("UTC")
    zoned = replace(parts, holdout=replace(parts.holdout, times=utc.dt.convert_time_zone(zone)))
    current = _split_champion(tmp_path, parts, validation=Window(rows=100, end=utc[59].isoformat()))
    assert unseen_rows(current, zoned).sum() == len(parts.holdout) - 60


def test_a_model_takes_about_as_long_as_itself() -> None:
    scorer = make_scorer()
    assert 0.5 < measure_latency(scorer, scorer, widths=(2, 2)).ratio < 2


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
