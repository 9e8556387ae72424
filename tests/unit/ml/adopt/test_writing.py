"""The decisions as a model.toml, and read back."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import CategoricalFeature, NumericFeature, Target, Task
from ml.adopt.decide import decide
from ml.adopt.decisions import Decisions, LeftOut, Wishes
from ml.adopt.profile import ColumnProfile
from ml.adopt.writing import as_comment, write_model_file
from ml.datasets.form import TableForm
from ml.problem import read_problem
from tests.unit.ml.adopt.factories import YES_NO, distinct_texts, numbers, table, texts, times

_NASTY = 'a"b\n[[features]] # \\ \u2028 \x00\x7f `x` | <b>'


def _decide(*columns: ColumnProfile, target: str = "left") -> Decisions:
    return decide(table(*columns), Wishes(target=target))


def _write(decisions: Decisions) -> str:
    return write_model_file(decisions, path="data/a.csv", source="a.csv", report="docs/table.md")


DECISIONS = _decide(
    times("at", rising=True),
    numbers("rate", 0, 90, unit="%", missing=3),
    numbers("share of sales", 0.25, 0.75, whole=False),
    texts("weekday", {"Mon": 500, "Tue": 500}),
    texts("town", {f"town {number}": 50 for number in range(20)}),
    distinct_texts("mail"),
    YES_NO,
)


def test_what_is_written_is_read_back_as_what_was_decided(tmp_path: Path) -> None:
    path = tmp_path / "model.toml"
    path.write_text(_write(DECISIONS), encoding="utf-8")
    problem = read_problem(path)
    assert problem.contract == DECISIONS.contract
    assert [each.drift for each in problem.contract.features] == [each.feature.drift for each in DECISIONS.features]
    assert problem.time_column == "at"
    assert problem.max_faulty_share == 0.01
    assert (str(problem.holdout), str(problem.validation)) == ("20%", "15%")


@pytest.mark.parametrize(
    "target",
    [
        Target(name="y", task=Task.REGRESSION, unit="EUR"),
        Target(name="y", task=Task.BINARY, classes=("not a", "a"), catch_all=True),
        Target(name="y", task=Task.MULTICLASS, classes=("a", "b", "c")),
    ],
)
def test_every_task_is_read_back(target: Target, tmp_path: Path) -> None:
    decisions = replace(DECISIONS, target=replace(DECISIONS.target, target=target))
    path = tmp_path / "model.toml"
    path.write_text(_write(decisions), encoding="utf-8")
    assert read_problem(path).contract.target == target


def test_segments_trials_and_faulty_rows_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "model.toml"
    path.write_text(_write(replace(DECISIONS, segments=("town",), trials=4, max_faulty_share=0.03)), encoding="utf-8")
    problem = read_problem(path)
    assert (problem.gate.segments, problem.training.trials, problem.max_faulty_share) == (("town",), 4, 0.03)


def test_only_what_is_unusual_of_a_tables_form_is_written() -> None:
    form = TableForm(delimiter="\t", decimal=",", missing=("-", "k.A."))
    dataset = tomllib.loads(_write(replace(DECISIONS, form=form)))["dataset"]
    assert dataset == {
        "path": "data/a.csv",
        "time_column": "at",
        "delimiter": "\t",
        "decimal": ",",
        "missing": ["-", "k.A."],
    }


def test_values_that_are_left_out_of_the_target_are_listed() -> None:
    decisions = _decide(numbers("n", 0, 9), texts("left", {"a": 500, "b": 400, "c": 95, "d": 5}))
    assert tomllib.loads(_write(decisions))["target"]["left_out"] == ["d"]


def test_each_reason_is_a_comment_in_its_table_and_what_is_left_out_is_at_the_top() -> None:
    text = _write(DECISIONS)
    assert (
        "[[features]]\n# Whole numbers from 0 to 90, written with '%' in the file; callers send the number alone. 3 of"
        in text
    )
    assert "# - 'mail': It names the rows: there are 1,000 values in 1,000 rows.\n" in text.split("[dataset]")[0]
    assert max(map(len, text.splitlines())) <= 120
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_a_long_list_goes_over_several_lines() -> None:
    text = _write(DECISIONS)
    assert 'categories = [\n  "town 0", "town 1",' in text


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_of_a_table_breaks_the_file(name: str, value: str) -> None:
    nasty = name + _NASTY
    features = (
        replace(DECISIONS.features[0], feature=CategoricalFeature(name=nasty, categories=(value, nasty)), reason=nasty),
        replace(DECISIONS.features[1], feature=NumericFeature(name=value, unit=nasty, low=-1.5, high=1e20)),
    )
    left_out = (LeftOut(name=nasty, reason=value + nasty),)
    read = tomllib.loads(_write(replace(DECISIONS, features=features, left_out=left_out)))
    assert read["features"][0]["name"] == nasty
    assert read["features"][0]["categories"] == [value, nasty]
    assert read["features"][1]["unit"] == nasty
    assert read["features"][1]["high"] == 1e20
    assert list(read) == ["dataset", "split", "target", "features"]


def test_a_comment_has_no_line_break_of_its_own() -> None:
    assert as_comment("a\r\nb\x00c\u2028d") == ["a b c d"]
