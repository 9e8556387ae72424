"""What a model is and how good it is, in words and numbers for people."""

from __future__ import annotations

import msgspec

from app.console.model import facts_of, figures_of, rows_of, what_is_predicted
from core.contract import Task
from core.manifest import GateRecord, Metric, Window
from tests.factories import TARGETS, make_contract, make_manifest


def test_a_target_is_told_in_a_sentence() -> None:
    assert [what_is_predicted(TARGETS[task]) for task in Task] == [
        "Predicts whether churn is yes, and how probable that is.",
        "Predicts which of 3 classes plan is, and how probable each of them is.",
        "Predicts price in EUR.",
    ]


def test_the_headline_figures_have_their_intervals() -> None:
    metrics = {"r2": Metric(value=None), "mae": Metric(value=12.0, low=11.0, high=13.5), "rmse": Metric(value=0.0001),
               "coverage": Metric(value=0.91), "interval_width": Metric(value=40.0)}  # fmt: skip
    manifest = make_manifest(make_contract(Task.REGRESSION), metrics=metrics)
    found = [(each.name, each.value, each.interval) for each in figures_of(manifest, TARGETS[Task.REGRESSION])]
    assert found == [
        ("Mean absolute error", "12.0000 EUR", "11.0000 to 13.5000"),
        ("Root mean squared error", "0.0001 EUR", ""),
        ("R²", "not defined", ""),
        ("Held by the interval", "0.9100", ""),
        ("Mean width of the interval", "40.0000 EUR", ""),
    ]


def test_a_window_has_its_days_if_there_are_any() -> None:
    assert rows_of(Window(rows=1200)) == "1,200 rows"
    assert rows_of(Window(rows=5, start="2026-01-01T00:00:00", end="2026-03-01T00:00:00")) == (
        "5 rows, 2026-01-01 to 2026-03-01"
    )


def test_the_essence_of_a_card_says_where_a_model_comes_from() -> None:
    facts = {fact.name: fact.text.replace("\u00a0", " ") for fact in facts_of(make_manifest(make_contract()))}
    assert facts == {
        "Trained": "2026-04-01 12:00 UTC",
        "Fitted on": "200 rows, 2026-01-01 to 2026-03-01",
        "Judged on": "100 rows, 2026-01-01 to 2026-03-01",
        "Members": "linear (100 %)",
        "Calibration": "identity",
        "Threshold": "0.6, by a test's",
        "Compared with": "the base rate",
        "Gate": "accepted; passed: loss -10% against the base rate",
        "Commit": "000000000000",
        "Data": "sha256 111111111111",
        "W&B run": "20260401-120000-11111111",
    }


def test_a_model_that_was_forced_or_has_no_commit_says_so() -> None:
    gate = GateRecord(accepted=False, champion=None, compared_with="the base rate", reasons=("failed: worse",))
    manifest = make_manifest(make_contract(Task.REGRESSION), gate=gate)
    lineage = msgspec.structs.replace(manifest.lineage, git_commit=None)
    facts = {fact.name: fact.text for fact in facts_of(msgspec.structs.replace(manifest, lineage=lineage))}
    assert (facts["Gate"], facts["Commit"]) == ("refused; failed: worse", "not known")
    assert "Threshold" not in facts
    dirty = msgspec.structs.replace(manifest.lineage, git_dirty=True)
    facts = {fact.name: fact.text for fact in facts_of(msgspec.structs.replace(manifest, lineage=dirty))}
    assert facts["Commit"] == "000000000000, with changes that were not committed"
