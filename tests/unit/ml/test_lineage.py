"""Where a model comes from."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import pytest

from core.drift_policy import DriftPolicy
from core.manifest import Window
from ml.datasets.form import TableForm
from ml.lineage import changes_since, git_state, library_versions, settings_digest, window
from ml.problem import read_problem
from tests.factories import make_contract, make_manifest
from tests.tables import write_churn
from tests.unit.ml.factories import make_dataset


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for arguments in (("init", "-q"), ("config", "user.name", "A"), ("config", "user.email", "a@example.org")):
        _git(tmp_path, *arguments)
    (tmp_path / "file").write_text("one\n")
    _git(tmp_path, "add", "file")
    _git(tmp_path, "commit", "-qm", "One")
    return tmp_path


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_clean_repository_has_its_commit(repository: Path) -> None:
    assert git_state(repository) == (_git(repository, "rev-parse", "HEAD"), False)


def test_a_folder_inside_a_repository_has_its_commit_too(repository: Path) -> None:
    (repository / "folder").mkdir()
    assert git_state(repository / "folder") == git_state(repository)


@pytest.mark.parametrize("staged", [True, False])
def test_a_changed_file_makes_a_repository_dirty(repository: Path, staged: bool) -> None:
    (repository / "file").write_text("two\n")
    if staged:
        _git(repository, "add", "file")
    assert git_state(repository)[1]


def test_a_file_that_git_does_not_know_changes_nothing(repository: Path) -> None:
    (repository / "other").write_text("two\n")
    assert not git_state(repository)[1]


def test_outside_of_a_repository_there_is_no_commit(tmp_path: Path) -> None:
    assert git_state(tmp_path) == (None, False)


def test_a_repository_without_commits_has_none(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    assert git_state(tmp_path) == (None, False)


def test_a_folder_that_is_not_there_has_no_commit(tmp_path: Path) -> None:
    assert git_state(tmp_path / "nowhere") == (None, False)


def test_the_libraries_that_decide_the_bytes_are_named_with_their_versions() -> None:
    versions = library_versions()
    assert {"numpy", "onnx", "scikit-learn", "xgboost-cpu"} <= set(versions)
    assert all(version[0].isdigit() for version in versions.values())


def test_a_window_is_rows_and_times() -> None:
    assert window(make_dataset(rows=100)) == Window(rows=100, start="2025-01-01T00:00:00", end="2025-01-25T18:00:00")


def test_a_window_without_times_is_rows_alone() -> None:
    assert window(make_dataset(rows=100, timed=False)) == Window(rows=100)


def test_the_digest_of_the_settings_tells_what_a_model_was_fitted_and_judged_by(tmp_path: Path) -> None:
    file = write_churn(tmp_path).model_file
    problem = read_problem(file)
    digest = settings_digest(problem)
    assert digest == settings_digest(read_problem(file))
    changed = [
        replace(problem, training=replace(problem.training, trials=problem.training.trials + 1)),
        replace(problem, training=replace(problem.training, threshold_rule="cost")),
        replace(problem, gate=replace(problem.gate, max_calibration_error=0.5)),
        replace(problem, holdout=problem.validation),
        replace(problem, max_faulty_share=0.5),
        replace(problem, form=TableForm(decimal=",")),
        replace(problem, left_out=("x",)),
    ]
    assert len({digest, *map(settings_digest, changed)}) == len(changed) + 1


def test_what_drift_looks_at_makes_no_other_model(tmp_path: Path) -> None:
    problem = read_problem(write_churn(tmp_path).model_file)
    other = replace(problem, drift=DriftPolicy(min_labels=50))
    assert other.drift != problem.drift
    assert settings_digest(other) == settings_digest(problem)


def test_what_changed_since_a_model_was_made_is_named(tmp_path: Path) -> None:
    problem = read_problem(write_churn(tmp_path).model_file)
    lineage = msgspec.structs.replace(
        make_manifest(problem.contract).lineage, settings_sha256=settings_digest(problem), as_of="2013-07-01"
    )
    made = make_manifest(problem.contract, lineage=lineage)
    other = replace(problem, contract=make_contract())
    day, sha256 = date(2013, 7, 1), lineage.data_sha256
    assert changes_since(made, problem, sha256, day) == ()
    assert changes_since(made, problem, "2" * 64, day) == ("the data",)
    assert changes_since(made, other, sha256, day) == ("the settings",)
    assert changes_since(made, replace(problem, max_faulty_share=0.5), sha256, day) == ("the settings",)
    assert changes_since(made, other, "2" * 64, None) == ("the data", "the settings", "the clock")
