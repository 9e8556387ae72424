"""The demonstration runs from beginning to end, and tells all of its story."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.commands import ROOT


@pytest.mark.slow
def test_the_demonstration_goes_from_the_first_training_to_a_rollback(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    command = ["scripts/demo", "--months", "3", "--flights", "300", "--folder", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    story = [
        "01 April 2013: the first training",
        "Published model-v1.0.0",
        "model-v1.0.0 serves staging, the first",
        "model-v1.0.0 serves production, the first",
        "April: model-v1.0.0 serves",
        "300 accepted",
        "08 April 2013: the inputs have changed",
        "model/drift: issue opened",
        "severity:alert",
        "the monthly training",
        "Published model-v1.1.0",
        "model-v1.1.0 serves production, after model-v1.0.0",
        "300 accepted",
        "A person is not content",
        "model-v1.0.0 serves production, after",
        "Releases: python -m ml tags",
        "Environments: python -m deploy history",
    ]
    assert re.search(".*".join(map(re.escape, story)), done.stdout, re.DOTALL), done.stdout
    # What was kept can be looked at afterwards.
    assert {"clone", "github", "runs", "journal"} <= {path.name for path in folder.iterdir()}
