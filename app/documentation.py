"""GET /openapi.json and /docs: the API's description, made from the served model's contract."""

from __future__ import annotations

from typing import Any

import msgspec
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, Response, redirect
from flask_swagger_ui import get_swaggerui_blueprint
from marshmallow import Schema
from werkzeug.wrappers import Response as BaseResponse

from app.schemas import (
    ProblemSchema,
    batch_schema,
    prediction_schema,
    row_schema,
)
from app.served_model import ServedModel

_PROBLEMS = {
    "400": "The body cannot be read as JSON.",
    "413": "The body is too large.",
    "415": "The body is not sent as application/json.",
    "422": "The body breaks the contract; every fault is listed with its row and field.",
}


def init_app(app: Flask, model: ServedModel, *, max_batch_rows: int) -> None:
    """Serve the document and a page to read and try it; the page's assets come from the app itself."""
    document = msgspec.json.encode(openapi_document(model, max_batch_rows=max_batch_rows))

    @app.get("/openapi.json")
    def openapi() -> Response:
        return Response(document, content_type="application/json")

    # Flask would redirect /docs too, but to a host that it takes from the request.
    @app.get("/docs")
    @app.get("/")
    def home() -> BaseResponse:
        return redirect("/docs/")

    # validatorUrl would send the document to a third party.
    config = {"app_name": f"{model.contract.target.name}: {model.tag}", "validatorUrl": None}
    app.register_blueprint(get_swaggerui_blueprint("/docs", "/openapi.json", config=config))


def openapi_document(model: ServedModel, *, max_batch_rows: int) -> dict[str, Any]:
    """The OpenAPI 3.1 description of the service with this model."""
    contract = model.contract
    # The plugin warns of field types it does not know; ours bring their own type in their metadata.
    plugin = MarshmallowPlugin(schema_name_resolver=_schema_name)
    spec = APISpec(
        title=f"Predictions of {contract.target.name}",
        version=model.tag,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": contract.target.description},
    )
    spec.components.schema("Row", schema=row_schema(contract))
    spec.components.schema("Prediction", schema=prediction_schema(contract))
    spec.components.schema("BatchPrediction", schema=batch_schema(contract))
    spec.components.schema("Problem", schema=ProblemSchema)
    example = dict(model.bundle.golden().rows[0].row)
    rows = {"type": "array", "minItems": 1, "maxItems": max_batch_rows, "items": _ref("Row")}
    batch = {"type": "object", "required": ["rows"], "additionalProperties": False, "properties": {"rows": rows}}
    spec.path("/v1/predict", operations={"post": _post("Score one row.", _ref("Row"), example, "Prediction")})
    spec.path(
        "/v1/predict/batch",
        operations={"post": _post("Score many rows, all or none.", batch, {"rows": [example]}, "BatchPrediction")},
    )
    spec.path(
        "/v1/model", operations={"get": _get("The served model: contract, metrics, lineage.", "application/json")}
    )
    spec.path("/v1/model/card", operations={"get": _get("The model card.", "text/markdown", "text/html")})
    spec.path("/livez", operations={"get": _get("Whether the process is alive.", "application/json")})
    spec.path("/readyz", operations={"get": _get("Whether the model is verified.", "application/json")})
    return spec.to_dict()


def _schema_name(schema: Schema | type[Schema] | str) -> str:
    name = schema if isinstance(schema, str) else schema.__name__ if isinstance(schema, type) else type(schema).__name__
    return name.removesuffix("Schema")


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _post(summary: str, body: dict[str, Any], example: Any, answer: str) -> dict[str, Any]:
    problems = {
        status: {"description": text, "content": {"application/problem+json": {"schema": _ref("Problem")}}}
        for status, text in _PROBLEMS.items()
    }
    content = {"application/json": {"schema": body, "example": example}}
    success = {"description": "The answer.", "content": {"application/json": {"schema": _ref(answer)}}}
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": content},
        "responses": {"200": success, **problems},
    }


def _get(summary: str, *types: str) -> dict[str, Any]:
    content: dict[str, Any] = {
        kind: {"schema": {"type": "object" if kind == "application/json" else "string"}} for kind in types
    }
    return {"summary": summary, "responses": {"200": {"description": summary, "content": content}}}
