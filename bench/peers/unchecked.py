"""json and ONNX Runtime in Flask, with no checks at all: the floor for batches."""

from __future__ import annotations

import json

from flask import Flask, Response, request

from bench.peers.model import answer, bundle, encode, score

application = Flask(__name__)
_TAG = str(bundle.manifest.tag)


def _json(value: object) -> Response:
    return Response(json.dumps(value), content_type="application/json")


@application.post("/v1/predict")
def predict() -> Response:
    """One row."""
    (value,) = score(encode([json.loads(request.data)]))
    return _json({"model_tag": _TAG, **answer(value)})


@application.post("/v1/predict/batch")
def predict_batch() -> Response:
    """Many rows."""
    values = score(encode(json.loads(request.data)["rows"]))
    return _json({"model_tag": _TAG, "predictions": [answer(value) for value in values]})
