"""Where a model comes from: the commit, the data, the libraries."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from importlib import metadata
from pathlib import Path

import msgspec

from core.manifest import Window
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
    """The SHA-256 of what model.toml says of training, parts and gate, in hexadecimal digits."""
    said = problem.training, problem.gate, problem.validation, problem.holdout, problem.max_faulty_share
    content: bytes = msgspec.json.encode(said, enc_hook=str, order="deterministic")
    return hashlib.sha256(content).hexdigest()
