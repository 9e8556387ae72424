"""The workflows of this repository, run as GitHub would run them, in a clone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from doubles.actions.runner import Run, run_workflow
from tests.workflows import VENV, make_clone


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What is committed here, on a branch of its own."""
    return make_clone(tmp_path / "clone")


def _run(clone: Path, event: str) -> Run:
    return run_workflow(
        clone,
        ".github/workflows/ci.yml",
        event,
        folder=clone.parent / "run",
        environment={"VENV": str(VENV), "PYTEST_ADDOPTS": "tests/unit/core/test_tags.py"},
        timeout_s=300,
    )


@pytest.mark.slow
def test_what_is_committed_passes(clone: Path) -> None:
    run = _run(clone, "pull_request")
    assert run.conclusion == "success", run.log
    assert run.jobs == {"check": "success", "test": "success"}
    assert re.search(r"\d\d passed", run.log)


@pytest.mark.slow
def test_a_mistake_that_the_linter_sees_fails_the_checks_and_not_the_tests(clone: Path) -> None:
    (clone / "core" / "planted.py").write_text('"""An import that nothing uses."""\n\nimport os\n')
    run = _run(clone, "push")
    assert run.conclusion == "failure"
    assert run.jobs == {"check": "failure", "test": "success"}
    assert "F401" in run.log


@pytest.mark.slow
def test_a_test_that_fails_fails_the_run(clone: Path) -> None:
    (clone / "tests/unit/core/test_tags.py").write_text("def test_wrong() -> None:\n    assert False\n")
    run = _run(clone, "pull_request")
    assert run.conclusion == "failure"
    assert run.jobs["test"] == "failure"
    assert "1 failed" in run.log
