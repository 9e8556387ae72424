"""/v1/drift and /v1/drift/memory: what the last drift check found, and what the next one has to know."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from flask import Blueprint, Response

from app.body import JSON, read_body
from app.errors import Problem
from app.intake import read_document
from app.journal import Journal
from core.documents import Document, to_json_line
from core.drift import MEMORY_NAME, REPORT_NAME, DriftReport
from core.journal.store import JournalStore

# A report of many columns is larger than what callers may send, and one that is refused would silence every alert.
MAX_FINDINGS_BYTES: Final = 64_000_000
_NO_REPORT = Problem(404, "Not Found", "no drift check was reported yet; python -m drift check makes and sends one")
EXAMPLE: dict[str, Any] = {
    "report": {
        "line": "model",
        "made_at": "2026-11-26T06:00:00Z",
        "source": "the journal",
        "severity": "ok",
        "headline": "Inputs look like those of the training.",
        "advice": [],
        "windows": [],
        "quality": [],
        "supply": {
            "severity": "ok",
            "sentence": "Rows come every day.",
            "newest": "2026-11-26T05:59:00Z",
            "quiet_days": 0,
            "allowed_quiet_days": 2,
        },
        "judged": 1,
    },
    "memory": {},
}


class DriftFindings(Document, frozen=True, kw_only=True):
    """A report, and whatever the next check has to know, which comes back as it was sent."""

    report: DriftReport
    memory: msgspec.Raw


def blueprint(journal: Journal) -> Blueprint:
    """The routes that take and show what drift found."""
    routes, store = Blueprint("drift", __name__), journal.store

    @routes.post("/v1/drift")
    def keep() -> Response:
        found = read_document(read_body(max_bytes=MAX_FINDINGS_BYTES), DriftFindings)
        journal.keep({REPORT_NAME: to_json_line(found.report), MEMORY_NAME: bytes(found.memory)})
        return Response(status=204)

    @routes.get("/v1/drift")
    def show_report() -> Response:
        return _kept(store, REPORT_NAME)

    @routes.get("/v1/drift/memory")
    def show_memory() -> Response:
        return _kept(store, MEMORY_NAME)

    return routes


def _kept(store: JournalStore, name: str) -> Response:
    found = store.kept(name)
    return _NO_REPORT.response() if found is None else Response(found[1], content_type=JSON)
