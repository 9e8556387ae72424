"""The golden rows of the served model, as bodies of requests."""

from __future__ import annotations

import json

from bench.server import REGISTRY
from core.places import open_registry
from core.tags import ModelTag

ROUTES = {
    "single": "/v1/predict",
    "batch": "/v1/predict/batch",
    "columns": "/v1/predict/batch",
    # One row, as MLflow takes it.
    "record": "/invocations",
}
BATCH_ROWS = 1000


def bodies(tag: str) -> dict[str, bytes]:
    """A body for each kind of request."""
    bundle = open_registry(REGISTRY, {}).fetch(ModelTag.parse(tag))
    rows = [dict(entry.row) for entry in bundle.golden().rows]
    many = (rows * (BATCH_ROWS // len(rows) + 1))[:BATCH_ROWS]
    contents = {
        "single": rows[0],
        "batch": {"rows": many},
        "columns": {"columns": {name: [row.get(name) for row in many] for name in bundle.contract.names}},
        "record": {"dataframe_records": rows[:1]},
    }
    return {kind: json.dumps(content).encode() for kind, content in contents.items()}


def request(kind: str, body: bytes, secret: str) -> bytes:
    """A whole request, as it goes over the wire."""
    head = (
        f"POST {ROUTES[kind]} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {secret}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
