"""GET /livez and /readyz."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response

from app.journal import Journal
from app.served_model import ServedModel


def blueprint(model: ServedModel, journal: Journal) -> Blueprint:
    """
    The health routes.

    The app exists only once its model is verified and its golden rows came out right, so a process that answers
    has a model; whether it may answer depends on the journal too.
    """
    routes = Blueprint("health", __name__)
    alive = msgspec.json.encode({"status": "alive"})
    ready = msgspec.json.encode({"status": "ready", "model_tag": model.tag})

    @routes.get("/livez")
    def show_alive() -> Response:
        return Response(alive, content_type="application/json")

    @routes.get("/readyz")
    def show_ready() -> Response:
        journal.check()
        return Response(ready, content_type="application/json")

    return routes
