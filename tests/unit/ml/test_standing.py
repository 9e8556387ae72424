"""What a day's run in W&B holds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from core.drift import Severity
from core.ledger import Deployment, Environment
from core.manifest import GateRecord, Metric
from core.tags import ModelTag
from ml.standing import Standing, config_of, figures_of, run_id, tables_of
from tests.drift_reports import HOSTILE, TAG, all_clear, hostile, make_quality, make_report, never_any
from tests.factories import make_contract, make_manifest
from tests.findings import make_column, make_window

OLD = "model-v1.3.0"
NOW = datetime(2013, 6, 11, 6, 0, tzinfo=UTC)
TRAINED = datetime(2013, 6, 1, 6, 0, tzinfo=UTC)


def deployed(tag: str, day: int, previous: str | None = None) -> Deployment:
    return Deployment(
        environment=Environment.PRODUCTION,
        tag=ModelTag.parse(tag),
        previous=ModelTag.parse(previous) if previous else None,
        at=datetime(2013, 6, day, 6, 0, tzinfo=UTC),
        reason="a new model",
    )


def make_standing(**changes: Any) -> Standing:
    manifests = [
        make_manifest(make_contract(), OLD, created_at=datetime(2013, 5, 1, 6, 0, tzinfo=UTC)),
        make_manifest(
            make_contract(), TAG, created_at=TRAINED, metrics={"auc": Metric(value=0.92, low=0.91, high=0.93)}
        ),
    ]
    values: dict[str, Any] = {
        "day": NOW.date(),
        "now": NOW,
        "history": [deployed(OLD, 1), deployed(TAG, 8, OLD)],
        "manifests": manifests,
        "report": make_report(),
    }
    return Standing(**(values | changes))


def cells(standing: Standing, table: str) -> list[dict[str, Any]]:
    head, rows = tables_of(standing)[table]
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_a_day_has_one_run() -> None:
    assert run_id("model", date(2013, 6, 11)) == "watch-model-20130611"
    assert run_id("a/b c", date(2013, 6, 11)) == "watch-a_b_c-20130611"


def test_a_run_is_found_by_its_champion_and_its_day() -> None:
    assert config_of(make_standing()) == {
        "champion": TAG,
        "day": "2013-06-11",
        "checked_at": "2013-06-10T05:17:00+00:00",
    }


def test_the_champion_has_its_ages_and_its_figures_on_the_holdout() -> None:
    figures = figures_of(make_standing())
    assert (figures["champion/served_days"], figures["champion/trained_days"]) == (3, 10)
    assert (figures["holdout/auc"], figures["holdout/auc_low"], figures["holdout/auc_high"]) == (0.92, 0.91, 0.93)
    assert "holdout/accuracy" not in figures


def test_an_age_that_is_yet_to_come_by_the_clock_of_a_replay_is_left_out() -> None:
    figures = figures_of(make_standing(now=datetime(2013, 6, 5, tzinfo=UTC)))
    assert {"champion/served_days", "champion/trained_days"} & set(figures) == {"champion/trained_days"}


def test_drift_has_its_severity_and_that_of_each_column_of_the_longest_window() -> None:
    figures = figures_of(make_standing())
    assert (figures["drift/severity"], figures["drift/rows"]) == (6, 5993)
    assert figures["drift/columns/critical"] >= 1
    assert figures["drift/column/distance/effect"] > figures["drift/column/distance/threshold"]


def test_columns_of_other_alphabets_keep_apart() -> None:
    columns = (make_column("größe", Severity.OK), make_column("gr e", Severity.ALERT), make_column("size", Severity.OK))
    figures = figures_of(make_standing(report=make_report(windows=(make_window(*columns),))))
    found = {name: value for name, value in figures.items() if name.startswith("drift/column/gr_e_")}
    assert sorted(value for name, value in found.items() if name.endswith("/severity")) == [0, 5]
    assert figures["drift/column/size/severity"] == 0


def test_live_quality_stands_beside_the_holdouts() -> None:
    figures = figures_of(make_standing())
    assert (figures["live/auc"], figures["live/auc_low"], figures["live/auc_high"]) == (0.919, 0.909, 0.928)
    assert (figures["live/labels"], figures["live/predictions"]) == (5310, 5993)
    row = next(row for row in cells(make_standing(), "watch/live") if row["figure"] == "auc")
    assert (row["live"], row["holdout"], row["worse by"], row["at least"]) == (0.919, 0.92, 0.001, -0.009)


def test_of_several_models_the_champions_quality_counts() -> None:
    other = make_quality(tag=OLD, labels=1)
    assert figures_of(make_standing(report=make_report(quality=(other, make_quality()))))["live/labels"] == 5310
    assert figures_of(make_standing(report=make_report(quality=(other,))))["live/labels"] == 1


def test_champions_have_an_end_but_for_the_last() -> None:
    first, last = cells(make_standing(), "watch/champions")
    assert (first["tag"], first["until"], first["accuracy"], first["auc"]) == (OLD, last["since"], 0.9, None)
    assert (last["tag"], last["until"], last["auc low"], last["reason"]) == (TAG, None, 0.91, "a new model")


def test_a_champion_that_is_no_longer_published_has_no_figures() -> None:
    standing = make_standing(manifests=[])
    assert {row["tag"] for row in cells(standing, "watch/champions")} == {OLD, TAG}
    assert "holdout/auc" not in figures_of(standing)


def test_the_gates_verdicts_hold_what_it_refused_as_far_as_that_is_kept() -> None:
    gate = GateRecord(accepted=False, champion=ModelTag.parse(TAG), compared_with=TAG, reasons=("worse", "slower"))
    refused = make_manifest(make_contract(), "model-v1.5.0", created_at=NOW, gate=gate)
    verdicts = cells(make_standing(refused=refused), "watch/gate")
    assert [(row["tag"], row["accepted"]) for row in verdicts] == [(OLD, True), (TAG, True), ("model-v1.5.0", False)]
    assert (verdicts[-1]["champion"], verdicts[-1]["reasons"]) == (TAG, "worse; slower")


@pytest.mark.parametrize("report", [None, all_clear(), never_any()], ids=["none", "all clear", "no row ever"])
def test_less_than_everything_is_recorded_too(report: object) -> None:
    standing = make_standing(report=report, history=[], manifests=[])
    figures, tables = figures_of(standing), tables_of(standing)
    assert figures["registry/models"] == 0
    assert ("drift/severity" in figures) == (report is not None) == ("watch/drift" in tables)


def test_names_of_figures_are_plain_whatever_columns_are_called_and_no_value_of_a_row_is_told() -> None:
    standing = make_standing(report=hostile())
    for name in figures_of(standing):
        assert all(each.isalnum() or each in "/_-" for each in name), name
    told = str([rows for _, rows in tables_of(standing).values()])
    names = {column.column for window in hostile().windows for column in window.columns}
    unseen = {name for window in hostile().windows for column in window.columns for name in column.unseen}
    assert unseen
    assert [name for name in (unseen - names) & set(HOSTILE) if name in told] == []
    assert "sentence" not in tables_of(standing)["watch/drift"][0]
