"""A report in a folder, for whoever wants to read it: a page, Markdown and JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from core.documents import to_json
from core.drift import DriftReport
from core.files import write_atomically
from drift.report.markdown import job_summary
from drift.report.page import render

PAGE_NAME: Final = "drift.html"
MARKDOWN_NAME: Final = "drift.md"
JSON_NAME: Final = "drift.json"


def write_report(report: DriftReport, folder: Path) -> Path:
    """
    Write a report's files; each is whole, or the one before.

    Returns:
        The page.

    Raises:
        OSError: if that cannot be done.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        PAGE_NAME: render(report).encode(),
        MARKDOWN_NAME: job_summary(report).encode(),
        JSON_NAME: to_json(report),
    }
    for name, content in files.items():
        write_atomically(folder / name, content)
    return folder / PAGE_NAME
