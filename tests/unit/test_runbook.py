"""The runbook: a page for each alert, with what somebody needs at three in the morning."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from app.__main__ import main as app_commands
from control.__main__ import main as control_commands
from core import thresholds
from deploy.__main__ import main as deploy_commands
from drift.__main__ import main as drift_commands
from ml.__main__ import main as ml_commands
from tests.commands import ROOT
from tests.compose import composed
from tests.metric_names import sample_names, shown_kinds
from tests.rules import RULES, alerts
from watch.__main__ import main as watch_commands
from watch.catalogue import CATALOGUE

TEXT = (ROOT / "docs/runbook.md").read_text()
PAGES = {page.split("\n", 1)[0]: page.split("\n", 1)[1] for page in TEXT.split("\n## ")[1:]}
PARTS = ("Means", "First look", "Mend", "Roll back", "Who is hurt")
# What a look raises is that of the rules, and what it is told when these are silent.
SEVERITIES = {name: kind.severity for name, kind in CATALOGUE.items()} | {
    name: alert["labels"]["severity"] for name, alert in alerts().items()
}
_COMMANDS = {
    "app": app_commands,
    "control": control_commands,
    "deploy": deploy_commands,
    "drift": drift_commands,
    "ml": ml_commands,
    "watch": watch_commands,
}
_DOCKER = re.compile(r"docker compose (?:ps|logs|up)((?: --?[\w-]+(?: \d+\w?)?| [a-z]+)*)")


def test_every_alert_has_its_page_and_every_page_its_alert() -> None:
    assert set(PAGES) == set(SEVERITIES)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_says_what_is_needed_in_order(name: str) -> None:
    found = re.findall(r"^\*\*([^*]+)\*\*:", PAGES[name], re.MULTILINE)
    assert tuple(found) == PARTS
    assert f"Severity `{SEVERITIES[name]}`." in PAGES[name]
    look = PAGES[name].split("**First look**")[1].split("**Mend**")[0]
    assert re.search(r"```sh\n.+\n```", look)


def test_the_table_at_the_top_leads_to_every_page() -> None:
    top = TEXT.split("\n## ")[0]
    assert dict(re.findall(r"\[(\w+)\]\(#(\w+)\)", top)) == {name: name.lower() for name in PAGES}


def test_what_is_searched_for_in_the_metrics_is_there(tmp_path: Path) -> None:
    names = sample_names(shown_kinds(tmp_path))
    searched = re.findall(r"/metrics \| grep (?:-E '([^']+)'|(\S+))", TEXT)
    patterns = [pattern for many, one in searched for pattern in (*many.split("|"), one.rstrip(";")) if pattern]
    assert patterns
    for pattern in patterns:
        metric = re.split(r"[.=]", pattern)[0]
        assert metric == "status" or any(metric in name for name in names), pattern


def test_what_is_searched_for_in_the_log_is_said_there() -> None:
    source = "".join(path.read_text() for path in (*ROOT.glob("app/**/*.py"), *ROOT.glob("core/**/*.py")))
    for said in re.findall(r'blue green \| grep "([^"]+)"', TEXT):
        assert said in source


def test_every_command_that_a_page_names_is_there() -> None:
    for package, command in re.findall(r"python -m (\w+) (\w+)", TEXT):
        assert command in _COMMANDS[package].commands, f"python -m {package} {command}"
    for script in re.findall(r"scripts/(\w+)", TEXT):
        assert (ROOT / "scripts" / script).exists(), script
    for group, command in re.findall(r"scripts/(experiment) (\w+)", TEXT):
        found = deploy_commands.commands[group]
        assert isinstance(found, click.Group)
        assert command in found.commands, command
    for file in re.findall(r"`(?:gh workflow run )?(\w+\.yml)`", TEXT):
        assert (ROOT / ".github/workflows" / file).exists(), file


def test_every_container_that_a_page_names_is_there() -> None:
    named = {word for words in _DOCKER.findall(TEXT) for word in words.split() if word.isalpha()}
    assert {"blue", "green", "caddy", "postgres", "watch"} <= named
    assert named <= set(composed()["services"])


def test_a_slot_is_started_by_its_name_as_a_bare_up_passes_green_over() -> None:
    text = TEXT + "".join(path.read_text() for path in RULES)
    for rest in re.findall(r"docker compose up --detach --wait([^`;\n]*)", text):
        assert rest.strip(), "say which"


def test_every_setting_that_a_page_names_is_one() -> None:
    known = (ROOT / "docs/settings.md").read_text() + (ROOT / "compose.env.example").read_text()
    for name in set(re.findall(r"`([A-Z]+_[A-Z_]+)`", TEXT)):
        assert name in known or name in thresholds.__dict__, name
