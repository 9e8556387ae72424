"""`python -m ml adopt` and its script, as a person runs them; docs/adopting.md shows what comes of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.registry import DirectoryRegistry
from tests.commands import ROOT, Home
from tests.customers import write_customers

DOCUMENT = (ROOT / "docs/adopting.md").read_text(encoding="utf-8")
COMMAND = "scripts/adopt data/customers.csv --target left"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    write_customers(tmp_path / "data/customers.csv")
    return tmp_path


def _adopt(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ml", "adopt", *arguments],
        cwd=folder,
        env=Home(folder=folder).environment | {"PYTHONPATH": str(ROOT), "WANDB_MODE": "disabled"} | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def _shown(language: str, number: int = 0) -> str:
    """A block of the document."""
    found = re.findall(rf"^(`{{3,4}}){language}\n(.*?)^\1$", DOCUMENT, re.MULTILINE | re.DOTALL)
    text: str = found[number][1]
    return text


def test_the_document_shows_what_adopt_prints_and_writes_and_what_it_says_the_next_time(folder: Path) -> None:
    done = _adopt(folder, *COMMAND.split()[1:], "--no-train")
    assert done.returncode == 0, done.stderr
    assert COMMAND in _shown("sh")
    assert _shown("text") == done.stdout.lstrip("\n")
    assert _shown("toml") == (folder / "model.toml").read_text(encoding="utf-8")
    assert _shown("markdown") == (folder / "docs/table.md").read_text(encoding="utf-8")
    _change(folder)
    again = _adopt(folder, *COMMAND.split()[1:], "--no-train").stdout.splitlines(keepends=True)
    assert _shown("text", 1) == "".join(line for line in again if line.startswith(("  changed", "  kept")))


def _change(folder: Path) -> None:
    """Edit the model file, and give the table other values, as the document says."""
    model_file, table = folder / "model.toml", folder / "data/customers.csv"
    model_file.write_text(model_file.read_text().replace("high = 120", "high = 500"))
    table.write_text(table.read_text().replace(",pro,", ",max,").replace("$78.94", "$99.00"))


def test_the_script_trains_publishes_and_says_how_to_ask(folder: Path) -> None:
    done = subprocess.run(
        [str(ROOT / "scripts/adopt"), "data/customers.csv", "--target", "left", "--trials", "1", "--model-file",
         str(folder / "model.toml")],
        cwd=folder,
        env=Home(folder=folder).environment
        | {"WANDB_MODE": "disabled", "VENV": str(Path(sys.executable).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [str(tag) for tag in DirectoryRegistry(folder / "registry").tags()] == ["model-v1.0.0"]
    assert "Published model-v1.0.0" in done.stdout
    assert '"support_calls": ' in done.stdout.split("curl -s http://127.0.0.1:8000/v1/predict")[1]
