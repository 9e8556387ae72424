"""Grafana's dashboards are those that their code makes, and every panel says what it means."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from monitoring.dashboards.__main__ import FOLDER, dashboards
from tests.commands import ROOT
from tests.compose import composed

MADE = {name: json.loads(content) for name, content in dashboards().items()}


def panels(name: str) -> list[dict[str, Any]]:
    return [panel for panel in MADE[name]["panels"] if panel["type"] != "row"]


def test_the_files_are_what_the_code_makes() -> None:
    assert {path.name: path.read_text() for path in FOLDER.glob("*.json")} == dashboards(), "run scripts/dashboards"


@pytest.mark.parametrize("name", MADE)
def test_every_query_goes_to_the_datasource_that_is_provided(name: str) -> None:
    provided = (ROOT / "monitoring/grafana/provisioning/datasources/prometheus.yml").read_text()
    assert "uid: prometheus\n" in provided
    for panel in panels(name):
        assert {each["datasource"]["uid"] for each in (panel, *panel["targets"])} == {"prometheus"}


@pytest.mark.parametrize("name", MADE)
def test_every_panel_has_a_title_a_meaning_a_query_and_a_number_of_its_own(name: str) -> None:
    found = panels(name)
    assert all(panel["title"] and panel["description"].endswith(".") and panel["targets"] for panel in found)
    numbers = [panel["id"] for panel in MADE[name]["panels"]]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("name", MADE)
def test_no_panel_lies_upon_another(name: str) -> None:
    places = [panel["gridPos"] for panel in MADE[name]["panels"]]
    for one, other in itertools.combinations(places, 2):
        is_beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        is_below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert is_beside or is_below, (one, other)
    assert all(place["x"] + place["w"] <= 24 for place in places)


def test_grafana_finds_them_and_opens_the_first() -> None:
    home = composed()["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    folder, _, name = home.rpartition("/")
    assert name in MADE
    assert f"path: {folder}" in (ROOT / "monitoring/grafana/provisioning/dashboards/slipway.yml").read_text()
    assert len({page["uid"] for page in MADE.values()}) == len(MADE)


@pytest.mark.parametrize("name", MADE)
def test_no_number_is_red_by_grafanas_own_limit(name: str) -> None:
    for panel in panels(name):
        if panel["type"] in {"stat", "bargauge"}:
            assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"], panel["title"]


@pytest.mark.parametrize("name", MADE)
def test_what_is_shown_over_time_loses_nothing_on_a_long_range(name: str) -> None:
    for panel in panels(name):
        for target in panel["targets"]:
            if target.get("range"):
                assert "[5m]" not in target["expr"]
                assert target["interval"] == "5m"
        letters = [target.get("refId") for target in panel["targets"]]
        assert len(set(letters)) == len(letters)
