"""`[drift]` of model.toml: defaults, bounds, and every mistake with its place."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from core.drift_policy import DriftPolicy, Retrain, read_drift_policy, read_policy_file
from core.errors import ModelFileError
from core.reading import Table
from tests.factories import FEATURES, make_contract

MODEL_FILE = f"""
[target]
name = "churn"
task = "binary"
positive = "yes"
[gate]
segments = ["city"]
[drift]
quiet_days = 2
{FEATURES}"""

BOUNDS = [("quiet_days", 0, 365), ("outcome_days", 0, 90), ("min_labels", 50, 1_000_000)]

WRONG: list[tuple[str, Any, str]] = [
    ("windows", [], "drift.windows: takes at least one of 1d, 7d, each once"),
    ("windows", ["7d", "7d"], "drift.windows: takes at least one of 1d, 7d, each once"),
    ("windows", ["7d", "30d"], "drift.windows[1]: takes one of 1d, 7d, found '30d'"),
    ("windows", "7d", "drift.windows: takes a list, found '7d'"),
    ("windows", [7], "drift.windows[0]: takes text, found 7"),
    ("quiet_days", 1.5, "drift.quiet_days: takes a whole number, found 1.5"),
    ("outcome_days", "7", "drift.outcome_days: takes a whole number, found '7'"),
    ("min_labels", False, "drift.min_labels: takes a whole number, found False"),
    ("segments", ["city", "age"], "drift.segments[1]: 'age' is not a categorical feature"),
    ("segments", "city", "drift.segments: takes a list, found 'city'"),
    ("retrain", "always", "drift.retrain: takes one of critical, never, found 'always'"),
    ("retrain", False, "drift.retrain: takes text, found False"),
    ("retrian", 3, f"drift.retrian: unknown key; known here: {', '.join(sorted(asdict(DriftPolicy())))}"),
]


def read(**values: Any) -> tuple[DriftPolicy, list[str]]:
    table = Table(values, "drift")
    policy = read_drift_policy(table, contract=make_contract(), segments=())
    return policy, [str(fault) for fault in table.faults]


def policy_file(folder: Path, text: str) -> Path:
    path = folder / "model.toml"
    path.write_text(text)
    return path


def test_nothing_needs_to_be_said() -> None:
    assert read() == (DriftPolicy(), [])


def test_everything_that_is_said_is_taken() -> None:
    said = {"windows": ["7d"], "quiet_days": 0, "outcome_days": 30, "segments": ["city"], "min_labels": 100}
    expected = DriftPolicy(
        windows=("7d",),
        quiet_days=0,
        outcome_days=30,
        segments=("city",),
        min_labels=100,
        retrain=Retrain.NEVER,
    )
    assert read(**said, retrain="never") == (expected, [])


def test_windows_come_with_the_shortest_first() -> None:
    assert read(windows=["7d", "1d"]) == (DriftPolicy(windows=("1d", "7d")), [])


@pytest.mark.parametrize(("said", "segments"), [({}, ("city",)), ({"segments": []}, ())])
def test_the_segments_of_the_gate_stand_unless_others_are_named(said: dict[str, Any], segments: tuple[str]) -> None:
    policy = read_drift_policy(Table(said, "drift"), contract=make_contract(), segments=("city",))
    assert policy.segments == segments


@pytest.mark.parametrize(("key", "low", "high"), BOUNDS)
def test_a_number_at_its_bound_is_taken_and_one_beyond_is_not(key: str, low: int, high: int) -> None:
    for value in (low, high):
        policy, faults = read(**{key: value})
        assert (getattr(policy, key), faults) == (value, [])
    for value in (low - 1, high + 1, 10**400):
        (fault,) = read(**{key: value})[1]
        assert f"drift.{key}: takes a whole number from {low} to {high}, found " in fault


@pytest.mark.parametrize(("key", "value", "fault"), WRONG)
def test_a_mistake_is_named_once_with_its_place(key: str, value: Any, fault: str) -> None:
    assert read(**{key: value})[1] == [fault]


def test_all_mistakes_are_named_together() -> None:
    assert len(read(windows=["2d"], outcome_days=-1, retrain="", segments=["age"])[1]) == 4


def test_a_model_file_tells_its_policy(tmp_path: Path) -> None:
    assert read_policy_file(policy_file(tmp_path, MODEL_FILE)) == DriftPolicy(quiet_days=2, segments=("city",))


def test_a_model_file_without_the_table_has_the_defaults(tmp_path: Path) -> None:
    text = MODEL_FILE.replace("[drift]\nquiet_days = 2\n", "").replace('[gate]\nsegments = ["city"]\n', "")
    assert read_policy_file(policy_file(tmp_path, text)) == DriftPolicy()


def test_the_faults_of_other_tables_are_not_looked_for(tmp_path: Path) -> None:
    text = MODEL_FILE.replace("[gate]\n", '[training]\nseed = "x"\n[dataset]\n[other]\n[gate]\nconfidence = 7\n')
    assert read_policy_file(policy_file(tmp_path, text)).quiet_days == 2


def test_what_the_policy_rests_on_is_held_to_its_rules(tmp_path: Path) -> None:
    text = MODEL_FILE.replace('["city"]', '["town"]').replace("high = 120", "high = -1").replace("= 2\n", "= -2\n")
    with pytest.raises(ModelFileError) as caught:
        read_policy_file(policy_file(tmp_path, text))
    assert str(tmp_path / "model.toml") in str(caught.value)
    assert [fault.place for fault in caught.value.faults] == [
        "features[0] (age).high", "gate.segments[0]", "drift.quiet_days"
    ]  # fmt: skip


@pytest.mark.parametrize(("table", "text"), [("gate", "gate = 3"), ("drift", "drift = [1]")])
def test_what_is_no_table_is_told_to_be_one(table: str, text: str, tmp_path: Path) -> None:
    rest = MODEL_FILE.replace("[drift]\nquiet_days = 2\n", "").replace('[gate]\nsegments = ["city"]\n', "")
    with pytest.raises(ModelFileError, match=f"{table}: takes a table, found"):
        read_policy_file(policy_file(tmp_path, text + rest))


def test_a_model_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"nowhere.toml: file: cannot be read \(No such file or directory\)"):
        read_policy_file(tmp_path / "nowhere.toml")
