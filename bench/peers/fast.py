"""FastAPI, pydantic and ONNX Runtime; with DUTIES=yes also a key, a journal in SQLite, metrics and a request line."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sqlite3
import sys
import time
import uuid
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response
from prometheus_client import Counter, Histogram
from pydantic import BaseModel, ConfigDict, Field, create_model

from bench.peers.model import answer, bundle, contract, encode, score
from core.contract import NumericFeature

application = FastAPI()
_TAG = str(bundle.manifest.tag)
_HAS_DUTIES = os.environ.get("DUTIES") == "yes"
_DIGEST = os.environ.get("KEY_DIGEST", "")
_SECONDS = Histogram("peer_request_seconds", "Time to the answer.", ["route"]).labels("predict")
_ROWS = Counter("peer_rows", "Rows scored.", ["route"]).labels("predict")


def _field(feature: Any) -> Any:
    if isinstance(feature, NumericFeature):
        kind: Any = Annotated[float, Field(ge=feature.low, le=feature.high, strict=True)]
    else:
        kind = Annotated[str, Field(max_length=200)]
    return (kind | None, Field(None, alias=feature.name)) if feature.nullable else (kind, Field(alias=feature.name))


Row: type[BaseModel] = create_model(
    "Row",
    __config__=ConfigDict(extra="forbid"),
    **{f"f{index}": _field(feature) for index, feature in enumerate(contract.features)},
)
Batch: type[BaseModel] = create_model("Batch", rows=(list[Row], ...))  # type: ignore[valid-type]  # made just above


def _open_journal() -> sqlite3.Connection:
    connection = sqlite3.connect(os.environ["JOURNAL_DIR"] + ".peer.db", isolation_level=None, check_same_thread=False)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = normal")
    connection.execute(
        "create table if not exists predictions (id text primary key, at integer, tag text, inputs text, answers text)"
    )
    return connection


_journal = _open_journal() if _HAS_DUTIES else None


def _check_key(request: Request) -> None:
    digest = hashlib.sha256(request.headers.get("authorization", "").removeprefix("Bearer ").encode()).hexdigest()
    if not hmac.compare_digest(digest, _DIGEST):
        raise HTTPException(401)


def _account(started: float, rows: list[dict[str, Any]], values: list[float]) -> None:
    if _journal is not None:
        made = uuid.uuid4().hex
        row = (made, time.time_ns(), _TAG, json.dumps(rows), json.dumps(values))
        _journal.execute("insert into predictions values (?,?,?,?,?)", row)
        seconds = time.perf_counter() - started
        _SECONDS.observe(seconds)
        _ROWS.inc(len(rows))
        line = {
            "request_id": made,
            "path": "/v1/predict",
            "status": 200,
            "duration_ms": seconds * 1e3,
            "rows": len(rows),
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


@application.post("/v1/predict")
async def predict(row: Row, request: Request) -> Response:  # type: ignore[valid-type]  # made above
    """One row."""
    started = time.perf_counter()
    if _HAS_DUTIES:
        _check_key(request)
    rows = [row.model_dump(by_alias=True)]  # type: ignore[attr-defined]  # a model
    values = score(encode(rows))
    _account(started, rows, values)
    return Response(json.dumps({"model_tag": _TAG, **answer(values[0])}), media_type="application/json")


@application.post("/v1/predict/batch")
async def predict_batch(batch: Batch, request: Request) -> Response:  # type: ignore[valid-type]  # made above
    """Many rows."""
    started = time.perf_counter()
    if _HAS_DUTIES:
        _check_key(request)
    rows = [row.model_dump(by_alias=True) for row in batch.rows]  # type: ignore[attr-defined]  # a model
    values = score(encode(rows))
    _account(started, rows, values)
    body = {"model_tag": _TAG, "predictions": [answer(value) for value in values]}
    return Response(json.dumps(body), media_type="application/json")
