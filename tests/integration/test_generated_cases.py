"""Thousands of requests made from the served OpenAPI document: none breaks it, and none breaks the server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.contract import Task
from core.registry import DirectoryRegistry
from tests.factories import make_bundle
from tests.integration.test_gunicorn import serving

# Of each task a third of what is wanted in all.
LEAST_CASES = 1_700
OUTCOMES = {Task.BINARY: ["yes", "no"], Task.MULTICLASS: ["basic", "plus", "pro"], Task.REGRESSION: [0, 1.5, -1e9]}
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("task", list(Task))
def test_generated_requests_find_nothing_that_the_document_does_not_say(tmp_path: Path, task: Task) -> None:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle", task))
    with serving(tmp_path, MAX_BATCH_ROWS="50") as server:
        done = subprocess.run(
            [
                *(Path(sys.executable).parent / "schemathesis", "run", f"http://127.0.0.1:{server.port}/openapi.json"),
                *("--checks", "all", "--phases", "examples,coverage,fuzzing"),
                *("--max-examples", "280", "--seed", "1", "--continue-on-failure", "--no-color"),
            ],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "PYTHONPATH": str(ROOT),
                "SCHEMATHESIS_HOOKS": "tests.generated_bodies",
                "OUTCOME_EXAMPLES": json.dumps(OUTCOMES[task]),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )
        assert server.request("GET", "/readyz")[0] == 200
    assert done.returncode == 0, done.stdout[-6000:]
    found = re.search(r"(\d[\d,]*) generated", done.stdout)
    assert found is not None
    assert int(found[1].replace(",", "")) >= LEAST_CASES
    assert '"status":5' not in (tmp_path / "output.log").read_text()
