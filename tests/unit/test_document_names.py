"""What documents name in code exists: files, variables, and what GitHub's workflows take and read."""

from __future__ import annotations

import ast
import json
import re
import socket
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk import environment_variables as tracing
from opentelemetry.sdk.environment_variables import OTEL_TRACES_SAMPLER

from doubles.actions.workflow_file import read_workflow
from ml.problem import read_problem
from tests.commands import ROOT
from tests.customers import write_customers
from tests.documents import DOCUMENTS, blocks, name_of, spans

WORKFLOWS = {path.name: path for path in (ROOT / ".github/workflows").glob("*.yml")}
GITHUB_PAGE = ROOT / "docs/github.md"
# Files that a command makes in the reader's checkout.
_MADE = {"docs/table.md", "docs/table.toml", "data/customers.csv", "data/*.csv", "monitoring/grafana/dashboards/*.json"}
_FILE = re.compile(r"(?:[\w.-]+/)*[\w*-][\w.*-]*\.(?:py|yml|toml|json|md|csv|html|sql)|Caddyfile")
_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")


@cache
def _code() -> str:
    """All that is not prose, nor a test."""
    folders = ("app", "bench", "control", "core", "deploy", "drift", "example", "ml", "scripts", "watch", ".github")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in ("", ".py", ".yml")]
    paths += [ROOT / name for name in ("Dockerfile", "docker-compose.yml", "compose.env.example", "gunicorn.conf.py")]
    return "\n".join(path.read_text() for path in paths if path.is_file())


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_variable_that_is_named_is_one_that_something_reads(document: Path) -> None:
    known = set(_VARIABLE.findall(_code())) | {name for name in dir(tracing) if name.startswith("OTEL_")}
    # Of the exporter, which the SDK's list leaves out; and what the kernel calls what a socket may do.
    known |= {"OTEL_EXPORTER_OTLP_HEADERS", OTEL_TRACES_SAMPLER, *dir(socket)}
    shown = " ".join([*spans(document), *blocks(document, "sh", "ini")])
    assert set(_VARIABLE.findall(shown)) - known == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_file_that_is_named_is_there(document: Path) -> None:
    for shown in spans(document):
        if _FILE.fullmatch(shown) and shown not in _MADE and "/" in shown:
            assert list(ROOT.glob(shown)), shown


def test_every_file_in_the_roots_or_of_a_workflow_is_there() -> None:
    bare = {shown for document in DOCUMENTS for shown in spans(document) if re.fullmatch(r"[\w-]+\.ya?ml", shown)}
    assert {name for name in bare if not (ROOT / name).is_file()} <= set(WORKFLOWS)


def _triggers(name: str) -> dict[str, Any]:
    found: dict[str, Any] = read_workflow(WORKFLOWS[name])["on"]
    return found


def test_the_table_of_workflows_says_when_each_starts() -> None:
    rows = re.findall(r"^\| `(\w+\.yml)` \| ([^|]+) \|", GITHUB_PAGE.read_text(), re.MULTILINE)
    assert {name for name, _ in rows} == set(WORKFLOWS)
    for name, starts in rows:
        on = _triggers(name)
        crons = [each["cron"].split() for each in on.get("schedule", [])]
        # Day of the month, month and day of the week.
        assert ("daily" in starts) == any(cron[1].isdigit() and cron[2:] == ["*", "*", "*"] for cron in crons), name
        assert ("weekly" in starts) == any(cron[2:4] == ["*", "*"] and cron[4].isdigit() for cron in crons), name
        assert ("pull request" in starts) == ("pull_request" in on), name
        if "by hand" in starts:
            assert "workflow_dispatch" in on, name


@pytest.mark.parametrize(
    ("name", "inputs"),
    [("deploy.yml", {"tag"}), ("rollback.yml", {"from"}), ("drift.yml", {"as_of", "source"})],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_page_says_is_typed_in_can_be(name: str, inputs: set[str]) -> None:
    assert inputs <= set(_triggers(name)["workflow_dispatch"]["inputs"])


def test_every_workflow_that_is_to_be_run_by_hand_has_that_name() -> None:
    named = set(re.findall(r"\*Actions, ([A-Z][\w ]+), Run workflow\*", GITHUB_PAGE.read_text()))
    called = {read_workflow(path)["name"] for name, path in WORKFLOWS.items() if "workflow_dispatch" in _triggers(name)}
    assert {"Train", "Roll back", "Deploy", "Drift"} <= named <= called


@pytest.mark.parametrize("kind", ["variable", "secret"])
def test_what_is_to_be_set_on_github_is_what_the_workflows_read(kind: str) -> None:
    context = {"variable": "vars", "secret": "secrets"}[kind]
    read = {name for path in WORKFLOWS.values() for name in re.findall(rf"\b{context}\.([A-Z_]+)", path.read_text())}
    documents = (GITHUB_PAGE, ROOT / "docs/deploying.md")
    tables = {
        name
        for document in documents
        for names in re.findall(rf"^\| ([^|]+) \| {kind} \|", document.read_text(), re.MULTILINE)
        for name in re.findall(r"[A-Z_]{3,}", names)
    }
    assert tables
    assert tables <= read
    # Each is in a table, or in a sentence.
    text = "".join(document.read_text() for document in DOCUMENTS)
    assert {name for name in read if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_block_of_code_is_what_it_claims_to_be(document: Path) -> None:
    for block in blocks(document, "json"):
        assert isinstance(json.loads(block), dict)
    for block in blocks(document, "toml"):
        tomllib.loads(block)
    for block in blocks(document, "python"):
        ast.parse(block)


def test_the_features_that_the_page_on_drift_shows_are_taken(tmp_path: Path) -> None:
    (block,) = blocks(ROOT / "docs/drift.md", "toml")
    head = '[dataset]\npath = "a.csv"\n[target]\nname = "y"\ntask = "binary"\npositive = "yes"\n'
    (tmp_path / "model.toml").write_text(head + block)
    problem = read_problem(tmp_path / "model.toml")
    assert [feature.drift for feature in problem.contract.features] == ["calendar", "seasonal"]


def test_the_customers_that_are_shown_are_those_of_the_table(tmp_path: Path) -> None:
    write_customers(tmp_path / "customers.csv")
    (shown,) = blocks(ROOT / "docs/adopting.md", "csv")
    assert (tmp_path / "customers.csv").read_text(encoding="utf-8").startswith(shown)


def test_the_packages_that_tests_want_are_those_that_ci_installs() -> None:
    (item,) = re.findall(r"On Debian the tests want.*?(?=\n\d\.)", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    wanted = {name for span in re.findall(r"`([a-z -]+)`", item) for name in span.split()}
    installed = re.findall(r'missing="(?:\$missing )?([a-z -]+)"', (ROOT / ".ci/run").read_text())
    assert wanted == {name for names in installed for name in names.split()}


def test_every_requirements_file_but_the_first_step_is_written_by_the_lock() -> None:
    written = set(re.findall(r"requirements[a-z-]*\.txt", (ROOT / "scripts/lock").read_text()))
    assert written == {path.name for path in ROOT.glob("requirements*.txt")} - {"requirements-setup.txt"}


def test_the_ports_of_docker_compose_are_those_that_are_named() -> None:
    text, compose = ((ROOT / name).read_text() for name in ("docs/deploying.md", "docker-compose.yml"))
    (named,) = re.findall(r"Prometheus \(127\.0\.0\.1:(\d+)\), Alertmanager \((\d+)\) and Grafana \((\d+)", text)
    for port in named:
        assert f'"127.0.0.1:{port}:{port}"' in compose
