"""The report on a table."""

from __future__ import annotations

import re
from dataclasses import replace

from markdown_it import MarkdownIt

from ml.adopt.decide import decide
from ml.adopt.decisions import Wishes
from ml.adopt.profile import ColumnProfile
from ml.adopt.report import write_report
from ml.datasets.form import TableForm
from tests.unit.ml.adopt.factories import YES_NO, distinct_texts, numbers, table, texts, times


def _report(*columns: ColumnProfile, target: str = "left", **changes: object) -> str:
    profile = replace(table(*columns), **changes)  # type: ignore[arg-type]
    decisions = decide(profile, Wishes(target=target))
    return write_report(profile, decisions, command="scripts/adopt a.csv --target left", model_file="model.toml")


def test_it_names_the_target_the_split_and_every_column_with_its_reason() -> None:
    report = _report(times("at"), numbers("age", 18, 90, missing=10), distinct_texts("mail"), YES_NO)
    assert "`left`, binary, from 1,000 rows." in report
    assert "| `yes` | 300 | 30 % | positive |" in report
    assert "By `at`, 2023-01-01 to 2024-12-31." in report
    assert "| `age` | numeric | 0 to 130, or null | 1 % |  | tested | Whole numbers from 18 to 90." in report
    assert "| `mail` | It names the rows: there are 1,000 values in 1,000 rows. |" in report


def test_a_number_to_predict_has_its_span_and_a_table_without_times_its_reason() -> None:
    report = _report(numbers("age", 18, 90), numbers("price", 1000, 90_000, unit="$"), target="price")
    assert "It goes from 1,000 to 90,000 $." in report
    assert "No column says when a row happened. So the holdout (20 %)" in report
    assert "columns that are left out" not in report


def test_how_the_table_is_written_is_told_where_it_is_unusual() -> None:
    form = TableForm(delimiter=";", encoding="cp1252", decimal=",", grouping=" ")
    report = _report(numbers("age", 18, 90, missing=5, spellings={"-": 5}), YES_NO, form=form, duplicates=1)
    assert "columns separated by `;`; encoding `cp1252`; decimal mark `,`; thousands mark a space" in report
    assert "nothing also written as `-`" in report


def test_no_text_of_the_table_acts_as_markdown_or_html() -> None:
    nasty = "<img src=x onerror=1> [a](b) | `c` **d**\n# e"
    columns = [texts("x", {nasty: 500, "other": 500}), texts(nasty[:40], {"a": 1000}), YES_NO]
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(_report(*columns, source=nasty))
    assert "<img" not in html
    assert "<a " not in html
    assert "<strong>" not in html
    assert html.count("<h1>") == 1
    assert not re.search(r"\]\(", _report(*columns, source=nasty))
    assert html.count("<table>") == 3
