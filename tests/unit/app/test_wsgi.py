"""What gunicorn loads, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.registry import DirectoryRegistry

ROOT = Path(__file__).resolve().parents[3]


def load(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Import app.wsgi with a registry in the folder."""
    environment = {"PATH": os.environ["PATH"], "MODEL_REGISTRY": f"directory:{folder / 'registry'}"}
    return subprocess.run(
        [sys.executable, "-c", "import app.wsgi; print(app.wsgi.application.name)"],
        cwd=ROOT,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_published_model_gives_an_application(tmp_path: Path, registry: DirectoryRegistry) -> None:
    result = load(tmp_path)

    assert (result.returncode, result.stdout, result.stderr) == (0, "app\n", "")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "is empty; run scripts/train, or set MODEL_REGISTRY to another\n"),
        (
            {"PORT": "x"},
            "environment: PORT: takes a whole number from 1 to 65535, found 'x'\n",
        ),
    ],
)
def test_what_cannot_be_served_is_one_sentence_and_status_4(
    tmp_path: Path, variables: dict[str, str], sentence: str
) -> None:
    result = load(tmp_path, **variables)

    assert (result.returncode, result.stdout) == (4, "")
    assert result.stderr.startswith("error: ")
    assert result.stderr.endswith(sentence)
    assert result.stderr.count("\n") == 1


def test_a_corrupted_bundle_is_one_sentence_and_status_4(tmp_path: Path, registry: DirectoryRegistry) -> None:
    (tmp_path / "registry" / "model-v1.0.0" / "golden.json").write_bytes(b"{}")

    result = load(tmp_path)

    assert result.returncode == 4
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
