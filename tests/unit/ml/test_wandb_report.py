"""The report that is saved to W&B, as it is built: nothing is asked for that."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest

from ml.standing import tables_of
from ml.wandb_report import SHOWN, TITLE, build, specification
from tests.drift_reports import make_report
from tests.unit.ml.test_standing import make_standing


@pytest.fixture(scope="module")
def blocks() -> list[dict[str, Any]]:
    with warnings.catch_warnings():
        # The library is written for an older pydantic, of which it is told when it is imported.
        warnings.simplefilter("ignore")
        built = build("slipway", "acme")
    assert built.title == TITLE
    found: list[dict[str, Any]] = json.loads(specification(built))["blocks"]
    return found


def grids(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [block["metadata"] for block in blocks if block["type"] == "panel-grid"]


def panels(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [panel for grid in grids(blocks) for panel in grid["panelBankSectionConfig"]["panels"]]


def test_it_has_a_part_for_each_thing_that_a_reviewer_asks(blocks: list[dict[str, Any]]) -> None:
    titles = [block["children"][0]["text"] for block in blocks if block["type"] == "heading"]
    assert titles == ["Champions", "Gate", "Drift", "Live quality"]


def test_its_panels_show_days_but_for_those_of_trainings(blocks: list[dict[str, Any]]) -> None:
    filters = [chosen["filters"]["filters"][0]["value"] for grid in grids(blocks) for chosen in grid["runSets"]]
    assert filters == ["watch", "watch", "train", "watch", "watch"]


def test_every_table_that_a_day_has_is_shown(blocks: list[dict[str, Any]]) -> None:
    text = json.dumps([panel for panel in panels(blocks) if panel["viewType"] == "Weave"])
    for name in (*tables_of(make_standing(report=make_report())), "gate/findings"):
        assert f'"{name}"' in text


def test_live_figures_stand_beside_the_holdouts_over_days(blocks: list[dict[str, Any]]) -> None:
    drawn = [panel for panel in panels(blocks) if panel["viewType"] == "Scatter Plot"]
    assert {panel["config"]["xAxis"] for panel in drawn} == {"summary:day"}
    rows = {panel["config"]["yAxis"].removeprefix("summary:"): panel["layout"] for panel in drawn}
    for name in SHOWN:
        live, holdout = rows[f"live/{name}"], rows[f"holdout/{name}"]
        assert (live["y"], live["x"] + live["w"]) == (holdout["y"], holdout["x"])


def test_no_two_panels_of_a_grid_lie_on_each_other(blocks: list[dict[str, Any]]) -> None:
    for grid in grids(blocks):
        taken = [
            (layout["x"] + column, layout["y"] + line)
            for layout in (panel["layout"] for panel in grid["panelBankSectionConfig"]["panels"])
            for column in range(layout["w"])
            for line in range(layout["h"])
        ]
        assert len(taken) == len(set(taken))
        assert all(column < 24 for column, _ in taken)
