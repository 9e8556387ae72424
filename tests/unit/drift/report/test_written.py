from __future__ import annotations

from pathlib import Path

import pytest

from core.documents import from_json
from core.drift import DriftReport
from drift.report.written import JSON_NAME, MARKDOWN_NAME, PAGE_NAME, write_report
from tests.drift_reports import all_clear, make_report


def test_a_report_is_a_page_markdown_and_json(tmp_path: Path) -> None:
    report = make_report()
    page = write_report(report, tmp_path / "new" / "folder")

    assert page == tmp_path / "new" / "folder" / PAGE_NAME
    assert {path.name for path in page.parent.iterdir()} == {PAGE_NAME, MARKDOWN_NAME, JSON_NAME}
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert page.with_name(MARKDOWN_NAME).read_text(encoding="utf-8").startswith("## ")
    assert from_json(page.with_name(JSON_NAME).read_bytes(), DriftReport, source="test") == report


def test_the_newest_report_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    write_report(make_report(), tmp_path)
    report = all_clear()
    write_report(report, tmp_path)

    assert from_json((tmp_path / JSON_NAME).read_bytes(), DriftReport, source="test") == report
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_that_is_a_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "drift").write_text("a file")
    with pytest.raises(OSError, match="drift"):
        write_report(make_report(), tmp_path / "drift")
