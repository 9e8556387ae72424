"""Thousands of requests made from the served OpenAPI document: none breaks it, and none breaks the server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.contract import Task
from core.registry import DirectoryRegistry
from tests.factories import make_bundle
from tests.integration.test_gunicorn import Server, serving

# Of each task a third of what is wanted in all.
LEAST_CASES = 1_700
OUTCOMES: dict[Task, list[Any]] = {
    Task.BINARY: ["yes", "no"],
    Task.MULTICLASS: ["basic", "plus", "pro"],
    Task.REGRESSION: [0, 1.5, -1e9],
}
# A report is large and slow to make, and the same for every task.
DRIFT = "/v1/drift"
ROOT = Path(__file__).resolve().parents[2]


def generate(folder: Path, server: Server, *options: str, outcomes: list[Any]) -> subprocess.CompletedProcess[str]:
    """Send what schemathesis makes of the served document."""
    return subprocess.run(
        [
            *(Path(sys.executable).parent / "schemathesis", "run", f"http://127.0.0.1:{server.port}/openapi.json"),
            *("--checks", "all", "--phases", "examples,coverage,fuzzing"),
            *("--seed", "1", "--continue-on-failure", "--no-color", *options),
        ],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.generated_bodies",
            "OUTCOME_EXAMPLES": json.dumps(outcomes),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )


@pytest.mark.slow
@pytest.mark.parametrize("task", list(Task))
def test_generated_requests_find_nothing_that_the_document_does_not_say(tmp_path: Path, task: Task) -> None:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle", task))
    with serving(tmp_path, MAX_BATCH_ROWS="50") as server:
        options = ("--max-examples", "280", "--exclude-path", DRIFT)
        done = generate(tmp_path, server, *options, outcomes=OUTCOMES[task])
        assert server.request("GET", "/readyz")[0] == 200
    assert done.returncode == 0, done.stdout[-6000:]
    found = re.search(r"(\d[\d,]*) generated", done.stdout)
    assert found is not None
    assert int(found[1].replace(",", "")) >= LEAST_CASES
    assert '"status":5' not in (tmp_path / "output.log").read_text()


@pytest.mark.slow
def test_generated_drift_reports_find_nothing_either(tmp_path: Path) -> None:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle"))
    with serving(tmp_path) as server:
        done = generate(tmp_path, server, "--max-examples", "20", "--include-path", DRIFT, outcomes=[])
        assert server.request("GET", "/v1/drift")[0] == 200
    assert done.returncode == 0, done.stdout[-6000:]
    assert '"status":5' not in (tmp_path / "output.log").read_text()
