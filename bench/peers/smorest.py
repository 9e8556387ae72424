"""The same service as most people would build it: flask-smorest, marshmallow, prometheus-flask-exporter."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_smorest import Api, Blueprint
from marshmallow import Schema, fields, validate
from prometheus_flask_exporter import PrometheusMetrics

from bench.peers.model import answer, bundle, contract, encode, score
from core.contract import NumericFeature

application = Flask(__name__)
application.config |= {"API_TITLE": "peer", "API_VERSION": "v1", "OPENAPI_VERSION": "3.0.3"}
PrometheusMetrics(application)
api = Api(application)
routes = Blueprint("predict", __name__)


def _field(feature: Any) -> fields.Field[Any]:
    options = {"required": not feature.nullable, "allow_none": feature.nullable}
    if isinstance(feature, NumericFeature):
        return fields.Float(validate=validate.Range(feature.low, feature.high), **options)
    return fields.String(validate=validate.Length(max=200), **options)


Row = Schema.from_dict({feature.name: _field(feature) for feature in contract.features}, name="Row")
Batch = Schema.from_dict({"rows": fields.List(fields.Nested(Row), required=True)}, name="Batch")
Answer = Schema.from_dict(
    {"model_tag": fields.String(), "label": fields.String(), "score": fields.Float()}, name="Answer"
)
Answers = Schema.from_dict(
    {"model_tag": fields.String(), "predictions": fields.List(fields.Nested(Answer))}, name="Answers"
)
_TAG = str(bundle.manifest.tag)


@routes.post("/v1/predict")
@routes.arguments(Row)
@routes.response(200, Answer)
def predict(row: dict[str, Any]) -> dict[str, Any]:
    """One row."""
    (value,) = score(encode([row]))
    return {"model_tag": _TAG, **answer(value)}


@routes.post("/v1/predict/batch")
@routes.arguments(Batch)
@routes.response(200, Answers)
def predict_batch(batch: dict[str, Any]) -> dict[str, Any]:
    """Many rows."""
    return {"model_tag": _TAG, "predictions": [answer(value) for value in score(encode(batch["rows"]))]}


api.register_blueprint(routes)
