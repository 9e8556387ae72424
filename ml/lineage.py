"""Where a model comes from: the commit, the data, the libraries."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from datetime import date
from importlib import metadata
from pathlib import Path

import msgspec

from core.contract import read_contract
from core.manifest import Manifest, Window
from core.reading import Table
from ml.dataset import Dataset
from ml.problem import Problem
from ml.times import span

_LIBRARIES = (
    "markdown-it-py",
    "matplotlib",
    "numpy",
    "onnx",
    "onnxmltools",
    "onnxruntime",
    "optuna",
    "polars",
    "scikit-learn",
    "scipy",
    "skl2onnx",
    "xgboost-cpu",
)


def git_state(folder: Path) -> tuple[str | None, bool]:
    """The commit a folder is at, and whether tracked files differ from it; (None, False) outside a repository."""
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return commit or None, bool(changes)


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def library_versions() -> dict[str, str]:
    """Versions of the libraries that decide a bundle's bytes."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in _LIBRARIES}


def window(data: Dataset) -> Window:
    """How many rows a part has, and from when to when."""
    start, end = span(data.times)
    return Window(rows=len(data), start=start, end=end)


def settings_digest(problem: Problem) -> str:
    """The SHA-256 of what model.toml says of data, training, parts and gate, in hexadecimal digits."""
    data = problem.max_faulty_share, problem.form, problem.left_out
    said = problem.training, problem.gate, problem.validation, problem.holdout, *data
    content: bytes = msgspec.json.encode(said, enc_hook=str, order="deterministic")
    return hashlib.sha256(content).hexdigest()


def changes_since(made: Manifest, problem: Problem, data_sha256: str, as_of: date | None) -> tuple[str, ...]:
    """
    What is no longer as it was when a model was made.

    Args:
        made: Of a model that is published, so that its contract can be read.
        problem: What model.toml says now.
        data_sha256: Of the data now.
        as_of: The replay clock now.

    Returns:
        Names of what changed, for people; empty if a training would be given the same. The code may differ.
    """
    lineage = made.lineage
    is_same = {
        "the data": lineage.data_sha256 == data_sha256,
        "the settings": read_contract(Table(made.contract, "contract")) == problem.contract
        and lineage.settings_sha256 == settings_digest(problem),
        "the clock": lineage.as_of == (None if as_of is None else as_of.isoformat()),
    }
    return tuple(name for name, same in is_same.items() if not same)
