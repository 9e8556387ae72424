"""GET /v1/model, /v1/model/card and the card's plots: what is being served."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, request

from app.served_model import ServedModel
from core.bundle import CARD_NAME, CARD_PAGE_NAME
from core.documents import to_json

_MARKDOWN, _HTML = "text/markdown", "text/html"
# The Markdown names its plots by their file, which lie beside it for a browser.
_PLOT = re.compile(r"card-[a-z]+\.svg")
# The page comes out of a bundle: it may show its own images and styles, and do nothing else.
_CARD_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def blueprint(model: ServedModel) -> Blueprint:
    """The routes that describe a model."""
    routes = Blueprint("about", __name__)
    manifest, files = model.bundle.manifest, model.bundle.files
    # The page is for reading only, so a bundle without one is whole.
    kinds = [_MARKDOWN, _HTML] if CARD_PAGE_NAME in files else [_MARKDOWN]
    description = to_json(
        {
            "tag": model.tag,
            "created_at": manifest.created_at,
            "contract": manifest.contract,
            "members": manifest.members,
            "calibration": manifest.calibration.method,
            "threshold": manifest.threshold,
            "intervals": manifest.intervals,
            "metrics": manifest.metrics,
            "gate": manifest.gate,
            "lineage": manifest.lineage,
        }
    )

    @routes.get("/v1/model")
    def show_model() -> Response:
        return Response(description, content_type="application/json")

    @routes.get("/v1/model/card")
    def show_card() -> Response:
        wanted = request.accept_mimetypes.best_match(kinds, default=_MARKDOWN)
        name = CARD_PAGE_NAME if wanted == _HTML else CARD_NAME
        answer = Response(files[name], content_type=f"{wanted}; charset=utf-8")
        answer.headers["Content-Security-Policy"] = _CARD_POLICY
        answer.headers["Vary"] = "Accept"
        return answer

    @routes.get("/v1/model/<name>")
    def show_plot(name: str) -> Response:
        if not _PLOT.fullmatch(name) or name not in files:
            abort(404)
        answer = Response(files[name], content_type="image/svg+xml")
        answer.headers["Content-Security-Policy"] = _CARD_POLICY
        return answer

    return routes
