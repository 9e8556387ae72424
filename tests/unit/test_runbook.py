"""The runbook: a page for each alert, with what somebody needs at three in the morning."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.commands import ROOT
from tests.metric_names import sample_names, shown_kinds
from tests.rules import alerts

TEXT = (ROOT / "docs/runbook.md").read_text()
PAGES = {page.split("\n", 1)[0]: page.split("\n", 1)[1] for page in TEXT.split("\n## ")[1:]}
PARTS = ("Means", "First look", "Mend", "Roll back", "Who is hurt")
# It is no rule of Prometheus, which it watches.
SILENT = "MonitoringSilent"
SEVERITIES = {name: alert["labels"]["severity"] for name, alert in alerts().items()} | {SILENT: "page"}


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
