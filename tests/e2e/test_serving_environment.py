"""The environment of requirements.txt alone serves, and holds no training library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from core.registry import DirectoryRegistry
from tests.commands import ROOT
from tests.factories import make_bundle

FORBIDDEN = ("xgboost", "sklearn", "scipy", "pandas", "polars", "wandb", "onnx", "skl2onnx", "optuna", "matplotlib")
_SERVE = """
import json
from app import create_app
client = create_app().test_client()
print(json.dumps(client.post("/v1/predict", json={"age": 30, "city": "Oslo"}).get_json()))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serving")
    venv.create(folder, with_pip=False)
    installer = [str(Path(sys.executable).parent / "uv"), "pip", "install", "--quiet", "--require-hashes"]
    python = folder / "bin" / "python"
    command = [*installer, "--python", str(python), "-r", str(ROOT / "requirements.txt")]
    subprocess.run(command, check=True, timeout=300)
    return python


@pytest.mark.parametrize("module", FORBIDDEN)
def test_a_training_library_is_not_installed(python: Path, module: str) -> None:
    found = subprocess.run([python, "-c", f"import {module}"], capture_output=True, text=True, check=False, cwd="/")
    assert "ModuleNotFoundError" in found.stderr


def test_it_serves_a_published_bundle(python: Path, tmp_path: Path) -> None:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle"))
    environment = os.environ | {"MODEL_REGISTRY": f"directory:{tmp_path / 'registry'}", "MODEL_TAG": "model-v1.0.0"}
    command = [str(python), "-W", "error", "-c", _SERVE]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout.splitlines()[-1])["label"] == "yes"


def test_it_lists_what_is_published_without_training_libraries(python: Path, tmp_path: Path) -> None:
    environment = os.environ | {"MODEL_REGISTRY": f"directory:{tmp_path}"}
    command = [str(python), "-m", "ml", "tags"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == ""
