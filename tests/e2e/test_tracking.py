"""A Weights & Biases service that is away costs a training nothing, and the key stays secret."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from core.bundle import Bundle
from tests.commands import ROOT, Home
from tests.tables import write_churn
from tests.wandb_file import read_records, run_summary

KEY = "5ec2e7" * 7
# Nothing listens on this port of the machine itself.
AWAY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(folder=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def done(home: Home, tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    model_file = str(write_churn(tmp_path_factory.mktemp("table")).model_file)
    command = ("ml", "train", "--publish", "--trials", "1", "--model-file", model_file)
    return home.run(*command, WANDB_API_KEY=KEY, WANDB_BASE_URL=AWAY)


def test_the_training_ends_well_and_says_where_the_run_is(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    assert "W&B did not take the run" in done.stdout
    (sent,) = re.findall(r"send it with `(\S+) sync (\S+)`", done.stdout)
    assert (Path(sent[0]).name, (ROOT / sent[0]).exists()) == ("wandb", True)
    assert list((ROOT / sent[1]).glob("*.wandb"))
    assert "Published model-v1.0.0" in done.stdout


def test_the_run_is_kept_on_disk(done: subprocess.CompletedProcess[str], home: Home) -> None:
    manifest = Bundle.read(home.candidate / "bundle").manifest
    (path,) = home.folder.glob(f"wandb/offline-run-*-{manifest.wandb_run_id}/*.wandb")
    summary = run_summary(read_records(path))
    assert summary["metrics"]["holdout/auc"] == manifest.metrics["auc"].value


def test_the_key_is_in_no_output_and_no_file(done: subprocess.CompletedProcess[str], home: Home) -> None:
    assert KEY not in done.stdout + done.stderr
    files = [path for path in home.folder.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
