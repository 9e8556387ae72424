"""The README's first command for another table: `scripts/serve` trains, publishes and answers; then it only answers."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.commands import ROOT
from tests.tables import Table, write_churn

CODE = ("app", "core", "ml", "scripts", "gunicorn.conf.py", "requirements.txt", "requirements-train.txt",
        "requirements-dev.txt", "requirements-setup.txt")  # fmt: skip


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """A copy of the code beside another table, whose description is the only file that differs."""
    folder = tmp_path_factory.mktemp("copy")
    for name in CODE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    table = write_churn(folder)
    table.model_file.rename(folder / "model.toml")
    return table


def _environment(table: Table, port: int, **variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "MODEL_"))}
    return kept | {"PORT": str(port), "VENV": str(Path(sys.executable).parent.parent)} | variables


def _serve(table: Table, port: int, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(table.model_file.parent / "scripts" / "serve")],
        env=_environment(table, port, **variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@contextmanager
def _serving(table: Table, port: int, log: Path) -> Iterator[None]:
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(table.model_file.parent / "scripts" / "serve")],
            env=_environment(table, port),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(timeout=40) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _ask(port: int, row: dict[str, float | str | None]) -> dict[str, object]:
    deadline = time.monotonic() + 240
    while True:
        try:
            answer = requests.post(f"http://127.0.0.1:{port}/v1/predict", json=row, timeout=5)
        except requests.ConnectionError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            assert answer.status_code == 200, answer.text
            found: dict[str, object] = answer.json()
            return found


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"PORT": "http"}, "PORT: takes a whole number from 1 to 65535"),
        ({"MODEL_TAG": "model-v3.0.0"}, "model-v3.0.0 is not in the registry: it is empty; scripts/train fills it"),
        ({"CANDIDATE_DIR": "app"}, "app holds other files; set CANDIDATE_DIR to a folder of its own"),
        ({"WANDB_PROJECT": "a/b"}, "WANDB_PROJECT: takes up to 128 characters without /"),
        ({"WANDB_MODE": "online"}, "WANDB_MODE: takes online only beside WANDB_API_KEY"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_setting_is_said_before_anything_is_trained(
    table: Table, variables: dict[str, str], words: str
) -> None:
    done = _serve(table, _free_port(), **variables)
    assert done.returncode == 1
    assert f"error: {words}" in done.stderr or f"error: environment: {words}" in done.stderr
    assert "Reading the data" not in done.stderr
    assert not (table.model_file.parent / ".slipway" / "registry").exists()


def test_the_first_start_trains_and_answers_and_the_second_only_answers(table: Table, tmp_path: Path) -> None:
    port = _free_port()
    with _serving(table, port, tmp_path / "first.log"):
        answer = _ask(port, table.row)
    assert (answer["model_tag"], answer["label"]) == ("model-v1.0.0", "no")
    first = (tmp_path / "first.log").read_text()
    assert "No model is published yet: training one first" in first
    assert "Searching hyperparameters" in first
    with _serving(table, port, tmp_path / "second.log"):
        assert _ask(port, table.row) | {"id": answer["id"]} == answer
    assert "Reading the data" not in (tmp_path / "second.log").read_text()
