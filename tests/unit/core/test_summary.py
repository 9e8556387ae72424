"""What a command tells the page of its workflow run."""

from __future__ import annotations

from pathlib import Path

from core.summary import add_summary, table


def test_texts_follow_one_another_on_the_page(tmp_path: Path) -> None:
    page = tmp_path / "summary.md"
    for text in ("## One", "two\n\n\n"):
        add_summary({"GITHUB_STEP_SUMMARY": str(page)}, text)
    assert page.read_text() == "## One\n\ntwo\n\n"


def test_outside_of_a_run_nothing_is_told(tmp_path: Path) -> None:
    for variables in ({}, {"GITHUB_STEP_SUMMARY": ""}):
        add_summary(variables, "## One")
    assert list(tmp_path.iterdir()) == []


def test_a_cell_cannot_end_its_row() -> None:
    assert table(("a", "b"), [("1|2", "three\nfour")]) == "| a | b |\n| --- | --- |\n| 1\\|2 | three four |"
