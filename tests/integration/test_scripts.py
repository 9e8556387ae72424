"""The scripts, run as a user runs them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from core.registry import DirectoryRegistry
from tests.commands import ROOT, Home
from tests.factories import make_bundle


def _run(script: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "scripts" / script), *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_serve_answers_from_what_is_published_and_stops_when_told(tmp_path: Path) -> None:
    home, port = Home(folder=tmp_path), _free_port()
    DirectoryRegistry(home.registry).publish(make_bundle(tmp_path / "bundle"))
    environment = home.environment | {"PORT": str(port), "VENV": str(Path(sys.executable).parent.parent)}
    process = subprocess.Popen([str(ROOT / "scripts/serve")], env=environment, stdout=subprocess.DEVNULL)
    try:
        answer = _ask_until_ready(f"http://127.0.0.1:{port}/v1/predict")
        assert answer.json()["model_tag"] == "model-v1.0.0"
    finally:
        process.terminate()
        assert process.wait(timeout=40) == 0


def _ask_until_ready(address: str) -> requests.Response:
    deadline = time.monotonic() + 30
    while True:
        try:
            return requests.post(address, json={"age": 30, "city": "Oslo"}, timeout=5)
        except requests.ConnectionError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_traffic_without_a_service_says_what_to_run() -> None:
    done = _run("traffic", "--limit", "1", PORT=str(_free_port()), VENV=str(Path(sys.executable).parent.parent))
    assert done.returncode == 1
    assert done.stderr.endswith("nothing answers there; run scripts/serve, or set --url to where the service is\n")


def test_setup_without_python_says_what_is_needed(tmp_path: Path) -> None:
    done = _run("setup", "serve", VENV=str(tmp_path / "venv"), PYTHON="no-such-python")
    assert done.returncode == 1
    assert done.stderr == "error: no-such-python is not installed; Slipway needs Python 3.11 or newer\n"


def test_setup_with_an_old_python_says_so(tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.8.1" || exit 1\n')
    old.chmod(0o755)
    done = _run("setup", "serve", VENV=str(tmp_path / "venv"), PYTHON=str(old))
    assert done.returncode == 1
    assert "error: Python 3.8.1 is too old; set PYTHON to a Python 3.11 or newer" in done.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize("script", ["serve", "dashboards"])
def test_a_script_without_options_takes_none(script: str) -> None:
    done = subprocess.run(
        [f"scripts/{script}", "--help"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")


def test_setup_of_an_unknown_level_is_a_usage_error() -> None:
    done = _run("setup", "everything")
    assert done.returncode == 2
    assert done.stderr == "usage: scripts/setup [serve|drift|train|track|dev]\n"


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "scripts").iterdir()))
def test_a_script_is_short_and_stops_at_the_first_failure(script: str) -> None:
    text = (ROOT / "scripts" / script).read_text()
    code = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(code) <= 35
    # What is sourced runs under the settings of the script that sources it.
    assert script == "environment" or "set -eu" in code


def _environment(folder: Path) -> Path:
    """An environment that has all that serving needs, by calling this one's Python."""
    (folder / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "requirements.txt", folder / ".slipway-serve")
    python = folder / "bin/python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return folder


def test_doctor_without_a_token_says_what_to_type(tmp_path: Path) -> None:
    variables = {"VENV": str(_environment(tmp_path / "venv")), "GITHUB_TOKEN": "", "GH_TOKEN": ""}
    done = _run("doctor", "--repository", "acme/forecast", **variables)
    assert done.returncode == 1
    assert "\n    GITHUB_TOKEN=$(gh auth token) scripts/doctor --repository acme/forecast\n" in done.stdout


def test_watchdog_hands_its_options_over(tmp_path: Path) -> None:
    done = _run("watchdog", "--repository", "forecast", VENV=str(_environment(tmp_path / "venv")))
    assert done.returncode == 2
    assert "Invalid value for '--repository': takes OWNER/NAME" in done.stderr
