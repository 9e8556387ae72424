"""What a workflow file may hold: permissions by name, pinned actions, and steps that are one command of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from doubles.actions.workflow_file import read_workflow
from tests.commands import ROOT

FILES = sorted((ROOT / ".github/workflows").iterdir())
_PINNED = re.compile(r"(?:- )?uses: (?:(?:[\w.-]+/)+[\w.-]+@[0-9a-f]{40} # v?\d+(?:\.\d+)+|\./\S+)$")
# One word after another; a variable is a word. Nothing that joins, pipes, redirects, or asks another command.
_COMMAND = re.compile(r"(?:scripts/|\.ci/|\.venv/bin/python -m )[^\n;&|<>`()]*")


def _faults(path: Path) -> list[str]:
    workflow = read_workflow(path)
    uses = [line.strip() for line in path.read_text().splitlines() if re.search(r"\buses:", line)]
    faults = [f"not pinned by commit with its version beside it: {line}" for line in uses if not _PINNED.match(line)]
    if workflow.get("permissions") != {}:
        faults.append("permissions: {} is missing at the top")
    for name, job in workflow["jobs"].items():
        faults += [f"job {name}: {fault}" for fault in _faults_of_job(job)]
    return faults


def _faults_of_job(job: dict[str, Any]) -> Iterator[str]:
    if not isinstance(job.get("permissions"), dict):
        yield "permissions are not named"
    # A job that calls another workflow may not have a limit of its own.
    if not isinstance(job.get("timeout-minutes"), int) and "uses" not in job:
        yield "timeout-minutes is missing"
    for step in job.get("steps", []):
        command = step.get("run", "scripts/check")
        if "${{" in command:
            yield f"an expression in a command; hand it over in env: {command}"
        elif not _COMMAND.fullmatch(command.rstrip("\n")):
            yield f"not one command of ours: {command}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_workflow_holds_no_logic_and_grants_nothing_unnamed(path: Path) -> None:
    assert _faults(path) == []


def test_there_is_a_workflow_for_every_change() -> None:
    assert {"push", "pull_request"} <= set(read_workflow(ROOT / ".github/workflows/ci.yml")["on"])


_STEP = 'jobs: {a: {timeout-minutes: 1, permissions: {}, steps: [{run: "%s"}]}}'
_SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (_STEP % "scripts/check", "permissions: {} is missing at the top"),
        ("permissions: {contents: read}\n" + _STEP % "scripts/check", "permissions: {} is missing at the top"),
        ("permissions: {}\njobs: {a: {timeout-minutes: 1}}", "job a: permissions are not named"),
        (
            "permissions: {}\njobs: {a: {timeout-minutes: 1, permissions: write-all}}",
            "job a: permissions are not named",
        ),
        ("permissions: {}\njobs: {a: {permissions: {}}}", "job a: timeout-minutes is missing"),
        ("permissions: {}\n" + _STEP % "scripts/check; scripts/test", "job a: not one command of ours"),
        ("permissions: {}\n" + _STEP % "scripts/check && scripts/test", "job a: not one command of ours"),
        ("permissions: {}\n" + _STEP % "scripts/check\\nscripts/test", "job a: not one command of ours"),
        ("permissions: {}\n" + _STEP % "scripts/check $(date)", "job a: not one command of ours"),
        ("permissions: {}\n" + _STEP % "scripts/check > log", "job a: not one command of ours"),
        ("permissions: {}\n" + _STEP % "curl example.org", "job a: not one command of ours"),
        ("permissions: {}\n" + _STEP % "scripts/train ${{ inputs.tag }}", "job a: an expression in a command"),
    ],
)
def test_what_a_workflow_may_not_hold_is_found(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "workflow.yml").write_text(text)
    (found,) = _faults(tmp_path / "workflow.yml")
    assert found.startswith(fault)


@pytest.mark.parametrize(
    "used",
    ["actions/checkout@v7", f"actions/checkout@{_SHA}", f"actions/checkout@{_SHA} # v7", "{uses: actions/checkout@v7}"],
)
def test_an_action_that_is_not_pinned_is_found(tmp_path: Path, used: str) -> None:
    step = used if used.startswith("{") else f"uses: {used}"
    (tmp_path / "workflow.yml").write_text(
        f"permissions: {{}}\njobs:\n  a:\n    timeout-minutes: 1\n    permissions: {{}}\n    steps:\n      - {step}\n"
    )
    (found,) = _faults(tmp_path / "workflow.yml")
    assert found.startswith("not pinned by commit with its version beside it")


def test_variables_and_options_are_part_of_one_command(tmp_path: Path) -> None:
    (tmp_path / "workflow.yml").write_text("permissions: {}\n" + _STEP % "scripts/train --as-of '$DAY' ${TAG}")
    assert _faults(tmp_path / "workflow.yml") == []
