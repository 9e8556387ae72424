"""What the documents name exists, and what exists is named."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import click
import pytest

from app.__main__ import main as app_commands
from control.__main__ import main as control_commands
from core.settings import SettingsReader
from deploy.__main__ import main as deploy_commands
from deploy.judging.policy import Policy
from deploy.platforms.opening import NONE
from deploy.platforms.render_settings import DEFAULT_API_URL
from deploy.prices import PRICES
from ml.__main__ import main as ml_commands
from ml.problem import read_problem
from tests.metric_names import shown_kinds
from watch.__main__ import main as watch_commands

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")) if path.name != "CHANGELOG.md"]
_VARIABLE = re.compile(r'reader\.read\(\s*"([A-Z_]+)", "([^"]*)"|reader\.read\(\s*"([A-Z_]+)", (DEFAULT_\w+)')
# No fixed default: what an absent variable means is said in words.
_DEPENDS = {
    "MODEL_TAG": "the newest published tag",
    "PUBLIC_DOCS": "no` in production, else `yes",
    "DRIFT_SOURCE": "database` with a `DATABASE_URL`, else the journal in `JOURNAL_DIR",
    "WANDB_MODE": "online` with a key, else `offline",
}
_ROW = re.compile(r"^\| `([A-Z_]+)` \|([^|]*)\|", re.MULTILINE)


def _read_variables(source: str) -> dict[str, str]:
    """The variables a settings module reads, with their defaults."""
    constants = {
        node.targets[0].id: node.value.value
        for node in ast.parse((ROOT / "core/places.py").read_text()).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    found = _VARIABLE.findall((ROOT / source).read_text())
    return {name or other: default if name else str(constants[constant]) for name, default, other, constant in found}


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("app/settings.py", "The service"),
        ("ml/settings.py", "Training"),
        ("drift/settings.py", "Drift"),
        ("control/settings.py", "The control plane"),
        ("watch/settings.py", "Watching"),
    ],
)
def test_the_settings_table_holds_every_variable_with_its_default(source: str, title: str) -> None:
    text = (ROOT / "docs/settings.md").read_text()
    section = text.split(f"## {title}")[1].split("\n## ")[0]
    documented = {name: default.strip().strip("`") for name, default in _ROW.findall(section)}
    read = _read_variables(source)
    assert read
    assert set(documented) == set(read)
    for name, default in read.items():
        assert documented[name] == _DEPENDS.get(name, default)


def test_the_settings_table_holds_every_variable_of_deploying_with_its_default() -> None:
    section = (ROOT / "docs/settings.md").read_text().split("## Deploying")[1].split("\n## ")[0]
    documented = {name: default.strip().strip("`") for name, default in _ROW.findall(section)}
    places = ("settings.py", "judging/policy.py", "platforms/host_settings.py")
    read = {name: default for place in places for name, default in _read_variables(f"deploy/{place}").items()}
    # As above, says the section, and shows them in no table.
    for name in ("MODEL_REGISTRY", "DEPLOYMENT_LEDGER"):
        del read[name]
    of_platforms = "".join(path.read_text() for path in sorted((ROOT / "deploy/platforms").glob("*.py")))
    asked = set(re.findall(r'environment(?:\.get\(|\[)"([A-Z_]+)"', of_platforms)) - {"PATH", "MODEL_REGISTRY"}
    assert {"RENDER_API_KEY", "SERVICE_URL"} <= asked
    # Fly's tool reads FLY_API_TOKEN itself.
    assert set(documented) == {*read, *asked, "DEPLOY_PLATFORM", "FLY_API_TOKEN"}
    del documented["SERVICE_URL"], read["SERVICE_URL"]
    secrets = {"FLY_API_TOKEN": "", "RENDER_API_KEY": ""}
    assert documented == {**read, **secrets, "DEPLOY_PLATFORM": NONE, "RENDER_API_URL": DEFAULT_API_URL}
    assert section.count("| `SERVICE_URL` |") == 1


def test_what_a_judge_takes_without_settings_is_what_the_table_says() -> None:
    assert Policy.read(SettingsReader({})) == Policy()


def test_every_price_in_a_document_is_that_of_the_price_table() -> None:
    text = (ROOT / "docs/deploying.md").read_text()
    known = {f"${price.usd:.2f}" for price in PRICES.values()}
    for document in (text, (ROOT / "README.md").read_text()):
        assert set(re.findall(r"\$\d+\.\d\d", document)) <= known
    assert set(re.findall(r"as of (\d{4}-\d\d-\d\d)", text)) == {price.as_of for price in PRICES.values()}


def test_every_message_that_deploying_explains_is_one_that_it_gives() -> None:
    table = (ROOT / "docs/deploying.md").read_text().split("## When something went wrong")[1].split("\n## ")[0]
    sources = (*(ROOT / "deploy").rglob("*.py"), ROOT / "core/errors.py")
    code = re.sub(r'"\s*\n\s*f?"', "", "\n".join(path.read_text() for path in sources))
    quoted = [text for row in table.splitlines() for text in re.findall(r"`([^`]+)`", row.split(" | ")[0])]
    parts = [part.strip(" ();") for text in quoted for part in re.split(r"\.\.\.|after 3\.1 s|401|production", text)]
    assert len(quoted) > 10
    for part in filter(lambda part: len(part) > 3, parts):
        assert part in code, part


def test_the_settings_table_holds_what_leads_to_github() -> None:
    section = (ROOT / "docs/settings.md").read_text().split("## GitHub")[1].split("\n## ")[0]
    sources = (ROOT / "core/github/settings.py").read_text() + (ROOT / "core/places.py").read_text()
    read = set(re.findall(r'environment(?:\.get\(|, )"([A-Z_]+)"', sources))
    assert {"MODEL_CACHE", "GITHUB_TOKEN"} < read
    assert read == set(re.findall(r"`([A-Z]+_[A-Z_]+)`", section)) | {"GITHUB_RUN_ID"}


def test_the_environment_example_holds_every_variable_with_its_default() -> None:
    lines = [line for line in (ROOT / ".env.example").read_text().splitlines() if line and not line.startswith("#")]
    sources = ("app/settings.py", "ml/settings.py", "drift/settings.py", "watch/settings.py")
    expected = {name: default for source in sources for name, default in _read_variables(source).items()}
    assert dict(line.split("=", 1) for line in lines) == expected


def test_every_script_is_named_in_the_readme_and_the_other_way_round() -> None:
    named = set(re.findall(r"scripts/([a-z]+)", (ROOT / "README.md").read_text()))
    # Sourced by the others, never run.
    assert named == {path.name for path in (ROOT / "scripts").iterdir()} - {"environment"}


@pytest.mark.parametrize("package", ["ml", "app", "control", "deploy", "watch"])
def test_every_command_named_in_a_document_exists(package: str) -> None:
    groups = {
        "ml": ml_commands,
        "app": app_commands,
        "control": control_commands,
        "deploy": deploy_commands,
        "watch": watch_commands,
    }
    commands: click.Group = groups[package]
    for document in DOCUMENTS:
        for command in re.findall(rf"python -m {package} ([a-z]+)", document.read_text()):
            assert command in commands.commands, f"{document}: python -m {package} {command}"


def test_every_training_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for command in ml_commands.commands:
        assert f"python -m ml {command}" in readme


def test_every_metric_is_documented_with_its_kind(tmp_path: Path) -> None:
    rows = re.findall(r"^\| `(slipway_\w+)` \| (\w+) \|", (ROOT / "docs/monitoring.md").read_text(), re.MULTILINE)
    assert len(dict(rows)) == len(rows)
    assert dict(rows) == shown_kinds(tmp_path)


def test_every_module_in_the_code_map_exists_and_the_other_way_round() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text().split("## Code map")[1].split("\n## ")[0]
    named = {name.rstrip("/") for name in re.findall(r"`([a-z_/]+)`", text)}
    for package in ("core", "ml", "app", "control", "deploy", "drift", "watch"):
        for path in (ROOT / package).iterdir():
            if path.stem != "__init__" and path.name != "__pycache__":
                assert path.stem in named, path


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize(("name", "most"), [("README.md", 150), ("ARCHITECTURE.md", 120)])
def test_the_first_documents_stay_short(name: str, most: int) -> None:
    # A passage about a table of one's own is as long as the table has columns.
    text = re.sub(r"<!-- own table -->.*?<!-- /own table -->", "", (ROOT / name).read_text(), flags=re.DOTALL)
    assert len(text.splitlines()) <= most


def test_every_key_of_the_model_file_is_documented() -> None:
    text = (ROOT / "docs/model-file.md").read_text()
    read = "".join((ROOT / name).read_text() for name in ("ml/problem.py", "core/contract.py", "core/drift_policy.py"))
    keys = set(re.findall(r'\.(?:get|choices?|texts|tables?|number|whole_number)\("([a-z_]+)"', read))
    assert {"time_column", "positive", "categories", "segments", "stale_margin", "windows", "min_labels"} <= keys
    for key in keys:
        assert f"`{key}`" in text or f"[{key}]" in text, key


def test_the_readmes_own_table_is_a_valid_model_file(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    path = tmp_path / "model.toml"
    path.write_text(block)
    assert read_problem(path).contract.names == ("monthly spend", "plan")


def test_the_requirements_are_pinned_with_hashes() -> None:
    for name in ("requirements.txt", "requirements-train.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        pins = re.findall(r"^[A-Za-z0-9._-]+(?:\[[a-z,]+\])?==", text, re.MULTILINE)
        assert pins
        assert text.count("--hash=sha256:") >= len(pins)


def test_the_smaller_requirements_pin_what_the_larger_ones_do() -> None:
    # A package may have two pins, one for each range of Python versions.
    pins = {
        name: set(re.findall(r"^([a-z0-9._-]+==\S+)", (ROOT / f"requirements{name}.txt").read_text(), re.MULTILINE))
        for name in ("", "-train", "-dev")
    }
    assert pins[""] < pins["-train"] < pins["-dev"]


def test_every_declared_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "requirements.txt").read_text()
    for dependency in project["dependencies"]:
        (name,) = re.findall(r"^[a-z0-9-]+", dependency)
        assert f"\n{name}==" in text
