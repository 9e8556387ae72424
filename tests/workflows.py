"""A repository with one workflow, run as GitHub would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from doubles.actions.runner import Run, run_workflow
from tests.commands import ROOT

# Where this process runs, at the level of development.
VENV = Path(sys.executable).parent.parent
FILE = ".github/workflows/workflow.yml"


def make_repository(folder: Path, jobs: str, on: str = "workflow_dispatch") -> Path:
    """A git repository whose only file is a workflow of these jobs."""
    path = folder / "repository" / FILE
    path.parent.mkdir(parents=True)
    path.write_text(f"on: {on}\npermissions: {{}}\njobs:\n{jobs}")
    _git(folder / "repository", "init", "--quiet", "--initial-branch=main")
    _git(folder / "repository", "add", "--all")
    _git(folder / "repository", "commit", "--quiet", "--message=Begin")
    return folder / "repository"


def run_steps(folder: Path, steps: str, **options: Any) -> Run:
    """Run a workflow of one job, `only`, with these steps, given as YAML that begins at the margin."""
    indented = "".join(f"      {line}\n" for line in steps.strip().splitlines())
    repository = make_repository(folder, f"  only:\n    runs-on: ubuntu-latest\n    steps:\n{indented}")
    return run_workflow(repository, FILE, "workflow_dispatch", folder=folder / "run", **options)


def make_clone(folder: Path) -> Path:
    """What is committed here, on a branch main, for workflows that run in this process's environment."""
    _git(ROOT, "clone", "--quiet", str(ROOT), str(folder))
    # The scripts would otherwise bring the environment of this very process to what the clone asks for.
    assert (folder / "requirements-dev.txt").read_bytes() == (VENV / ".slipway-dev").read_bytes(), "commit first"
    # Of a commit that is checked out by itself, as in CI, a clone has no branch.
    _git(folder, "switch", "--quiet", "--force-create", "main")
    return folder


def _git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)
