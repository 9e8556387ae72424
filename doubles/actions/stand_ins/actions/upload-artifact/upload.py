"""
Copies what a step uploads to the folder of a run's artifacts.

Source:
    https://github.com/actions/upload-artifact, "Inputs" and "Upload using multiple paths and exclusions".
"""

from __future__ import annotations

import glob
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path


def main(environment: Mapping[str, str]) -> None:
    """Do what the action's inputs say; they arrive as variables."""
    patterns = [line.strip() for line in environment["PATTERNS"].splitlines() if line.strip()]
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    root, left_out = _root(wanted), _files(pattern[1:] for pattern in patterns if pattern not in wanted)
    files = {file for file in _files(wanted) - left_out if _is_taken(file.relative_to(root), environment)}
    if not files:
        _say_nothing_found(environment["IF_NO_FILES_FOUND"], wanted)
        return
    target = Path(environment["ARTIFACTS_DIR"], environment["NAME"])
    if environment["OVERWRITE"] == "true":
        shutil.rmtree(target, ignore_errors=True)
    elif target.exists():
        sys.exit(f"an artifact with the name {target.name} exists already in this run")
    for file in files:
        copy = target / file.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy)
    print(f"{len(files)} files are the artifact {target.name}")  # noqa: T201 (the log of a step)


def _files(patterns: Iterable[str]) -> set[Path]:
    """The files that patterns name, and those in the folders that they name."""
    named = [Path(found).absolute() for pattern in patterns for found in _matches(pattern)]
    return {file for path in named for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()}


def _matches(pattern: str) -> list[str]:
    # Path.glob takes no absolute pattern.
    return glob.glob(pattern, recursive=True, include_hidden=True)  # noqa: PTH207


def _is_taken(name: Path, environment: Mapping[str, str]) -> bool:
    return environment["INCLUDE_HIDDEN_FILES"] == "true" or not any(part.startswith(".") for part in name.parts)


def _root(patterns: list[str]) -> Path:
    """The folder that names within the artifact begin at: the deepest that all patterns share."""
    fixed = [Path(pattern[: _first_wildcard(pattern)]).absolute() for pattern in patterns]
    starts = [path if path.is_dir() else path.parent for path in fixed]
    return Path(os.path.commonpath(starts))


def _first_wildcard(pattern: str) -> int:
    """Where the part of a pattern that holds its first wildcard begins."""
    at = min((pattern.find(sign) for sign in "*?[" if sign in pattern), default=None)
    return len(pattern) if at is None else pattern.rfind("/", 0, at) + 1


def _say_nothing_found(what_then: str, patterns: list[str]) -> None:
    problem = f"no files were found with {', '.join(patterns)}; nothing is uploaded"
    if what_then == "error":
        sys.exit(problem)
    if what_then == "warn":
        print(f"::warning::{problem}")  # noqa: T201 (the log of a step)


main(os.environ)
