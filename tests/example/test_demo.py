"""The demonstration runs from beginning to end, and tells all of its story."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from deploy.platforms.detached import Detached
from tests.commands import ROOT

PID_FILES = ("blue.pid", "green.pid", "caddy.pid")


@pytest.mark.slow
def test_the_demonstration_goes_from_the_first_training_to_a_model_that_goes_back_by_itself(
    tmp_path: Path,
) -> None:
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
        "Today: one host",
        "model-v1.0.0 serves production on this host, where nothing answered",
        "A good deployment",
        "start green",
        "✓ golden rows",
        "✓ score distribution",
        "switch",
        "✓ errors: 0 of ",
        "model-v1.1.0 serves production on this host, after model-v1.0.0",
        " by model-v1.0.0, ",
        " by model-v1.1.0, 0 failed",
        "A bad deployment",
        "model-v1.2.0 is published",
        "✓ golden rows",
        "switch",
        "✗ errors: ",
        "return to blue",
        "error: model-v1.2.0 was rolled back after ",
        " failed (500)",
        "model-v1.2.0 does not serve production: rolled back (slipway, deploy, severity:alert)",
        "Who served when?",
        "model-v1.1.0 served production at 2013-",
        "model-v1.2.0 served production at ",
        ", then model-v1.1.0.",
        "model-v1.1.0 served production at ",
        "until now.",
        "a second try",
        "rolled back from model-v1.2.0",
    ]
    assert re.search(".*".join(map(re.escape, story)), done.stdout, re.DOTALL), done.stdout
    assert not [pid for name in PID_FILES for pid in Detached(str(folder / "host" / name), folder / "log").processes()]
    # What was kept can be looked at afterwards.
    assert {"clone", "github", "runs", "journal", "host"} <= {path.name for path in folder.iterdir()}
