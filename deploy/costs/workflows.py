"""Reads off the workflows of this repository which run by the clock, and what their jobs install."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from deploy.costs.minutes import Scheduled

ROOT: Final = Path(__file__).resolve().parents[2]
_FOLDER: Final = ".github/workflows"
# Where they serve there is nothing that reads YAML; tests hold the files to these few lines.
_CRON: Final = re.compile(r'^    - cron: "([^"]+)"', re.MULTILINE)
_JOB: Final = re.compile(r"^  (?=[a-z_]+:$)", re.MULTILINE)
_SCRIPT: Final = re.compile(r"^ +run: scripts/([a-z]+)", re.MULTILINE)
_LEVEL: Final = re.compile(r"^need ([a-z]+)$", re.MULTILINE)


def scheduled(root: Path = ROOT) -> tuple[Scheduled, ...]:
    """The workflows that have a schedule, by name; none where there are no workflows."""
    files = sorted((root / _FOLDER).glob("*.yml"))
    return tuple(found for file in files if (found := _read(file, root)).crons)


def _read(file: Path, root: Path) -> Scheduled:
    head, _, jobs = file.read_text(encoding="utf-8").partition("\njobs:\n")
    return Scheduled(
        file=file.name,
        crons=tuple(_CRON.findall(head)),
        jobs=tuple(_levels(job, root) for job in _JOB.split(jobs) if job.strip()),
    )


def _levels(job: str, root: Path) -> tuple[str, ...]:
    """What its scripts ask for, each once."""
    scripts = [path for name in _SCRIPT.findall(job) if (path := root / "scripts" / name).is_file()]
    return tuple(dict.fromkeys(level for path in scripts for level in _LEVEL.findall(path.read_text(encoding="utf-8"))))
