"""GET /openapi.json and /docs: the API's description, made from the served model's contract."""

from __future__ import annotations

from typing import Any

import msgspec
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Flask, Response, redirect
from flask_swagger_ui import get_swaggerui_blueprint
from marshmallow import Schema
from werkzeug.wrappers import Response as BaseResponse

from app.answer_schemas import ProblemSchema, ReceiptSchema, batch_schema, column_batch_schema, prediction_schema
from app.body import CSV, JSON, NDJSON
from app.headers import IDEMPOTENCY_KEY, NAME_PATTERN, REPLAYED, SUBJECT
from app.history import DEFAULT_LIMIT, MAX_CURSOR, MAX_LIMIT
from app.predict import REFUSE, SKIP
from app.schemas import outcome_schema, row_schema
from app.served_model import ServedModel
from core.contract import Contract, Target

_KEY_PROBLEMS = {
    "401": "No key was sent, or a wrong one.",
    "403": "The key lacks the scope that this needs.",
    "429": "Too many requests, or too many wrong keys; Retry-After says when to try again.",
}
_PROBLEMS = {
    "400": "The body cannot be read as JSON.",
    "409": "A request with this Idempotency-Key is being answered; Retry-After says when to try again.",
    "413": "The body is too large.",
    "415": "The body is not sent as one of the types that are listed.",
    "422": "The request breaks the contract; every fault is listed with its row and field.",
    "503": "The journal cannot be written or read now.",
}
# What generated clients call their functions.
_OPERATIONS = {
    "/v1/predict": "predict",
    "/v1/predict/batch": "predict_batch",
    "/v1/outcomes": "report_outcomes",
    "/v1/journal": "read_journal",
    "/v1/journal/outcomes": "read_outcomes",
    "/v1/journal/span": "read_journal_span",
    "/v1/model": "read_model",
    "/v1/model/card": "read_model_card",
    "/metrics": "read_metrics",
    "/livez": "is_alive",
    "/readyz": "is_ready",
}
_AFTER = {
    "name": "after",
    "in": "query",
    "description": "The last cursor that was seen.",
    "schema": {"type": "integer", "minimum": 0, "maximum": MAX_CURSOR, "default": 0},
}
_LIMIT = {
    "name": "limit",
    "in": "query",
    "description": "At most so many requests.",
    "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
}
_SINCE, _UNTIL = (
    {"name": name, "in": "query", "description": text, "schema": {"type": "string", "format": "date-time"}}
    for name, text in (("since", "Answered at or after this time."), ("until", "Answered before this time."))
)
_ONCE = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "description": (
        "A name of this request, such as a UUID: sent again within a day it is not done again, and its answer is given "
        f"again with {REPLAYED}: true. Not for lines."
    ),
    "schema": {"type": "string", "pattern": NAME_PATTERN},
}
_SUBJECT = {
    "name": SUBJECT,
    "in": "header",
    "description": "Whom the rows are about; the journal keeps its keyed hash, if the service has a key for that.",
    "schema": {"type": "string", "pattern": NAME_PATTERN},
}
_ON_ERROR = {
    "name": "on_error",
    "in": "query",
    "description": "Whether a row that breaks the contract refuses all, or is answered with null and its faults.",
    "schema": {"type": "string", "enum": [REFUSE, SKIP], "default": REFUSE},
}


def init_app(app: Flask, model: ServedModel, *, max_batch_rows: int) -> None:
    """Serve the document and a page to read and try it; the page's assets come from the app itself."""
    document = msgspec.json.encode(openapi_document(model, max_batch_rows=max_batch_rows))
    routes = Blueprint("documentation", __name__)

    @routes.get("/openapi.json")
    def openapi() -> Response:
        return Response(document, content_type=JSON)

    # Flask would redirect /docs too, but to a host that it takes from the request.
    @routes.get("/docs")
    @routes.get("/")
    def home() -> BaseResponse:
        return redirect("/docs/")

    app.register_blueprint(routes)
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
    spec.components.schema("Problem", schema=ProblemSchema)
    _describe_predictions(spec, contract, dict(model.bundle.golden().rows[0].row), max_batch_rows)
    _describe_outcomes(spec, contract.target, max_batch_rows)
    _describe_journal(spec)
    _describe_service(spec)
    return _with_keys(spec.to_dict())


def _describe_predictions(spec: APISpec, contract: Contract, example: dict[str, Any], max_batch_rows: int) -> None:
    spec.components.schema("Row", schema=row_schema(contract))
    spec.components.schema("Prediction", schema=prediction_schema(contract))
    spec.components.schema("BatchPrediction", schema=batch_schema(contract))
    spec.components.schema("ColumnPrediction", schema=column_batch_schema(contract))
    spec.components.schema("Rows", component=_rows(max_batch_rows))
    spec.components.schema(
        "Columns", component=_columns(spec.to_dict()["components"]["schemas"]["Row"], max_batch_rows)
    )
    one = _post("Score one row.", ["Row"], {"row": example}, ["Prediction"], _ONCE, _SUBJECT)
    spec.path("/v1/predict", operations={"post": one})
    examples = {"rows": {"rows": [example]}, "columns": {"columns": {name: [value] for name, value in example.items()}}}
    answers = ["BatchPrediction", "ColumnPrediction"]
    batch = _post("Score many rows.", ["Rows", "Columns"], examples, answers, _ON_ERROR, _ONCE, _SUBJECT)
    batch["requestBody"]["content"][NDJSON] = _lines(
        "Rows, one JSON object a line; more of them than another body may hold.", msgspec.json.encode(example).decode()
    )
    lines = {"type": "string", "description": "A Prediction, or the errors of a Problem, for each line in order."}
    batch["responses"]["200"]["content"][NDJSON] = {"schema": lines}
    spec.path("/v1/predict/batch", operations={"post": batch})


def _describe_outcomes(spec: APISpec, target: Target, max_batch_rows: int) -> None:
    spec.components.schema("Outcome", schema=outcome_schema(target))
    spec.components.schema("Outcomes", component=_outcomes(max_batch_rows))
    spec.components.schema("Receipt", schema=ReceiptSchema)
    outcome = {"id": "0" * 32, "outcome": target.classes[-1] if target.classes else 1.5}
    examples = {"outcome": outcome, "outcomes": {"outcomes": [outcome]}}
    outcomes = _post("Report what turned out to be true.", ["Outcome", "Outcomes"], examples, ["Receipt"], _ONCE)
    table = _lines("Outcomes with a head of the columns.", f"id,outcome\n{outcome['id']},{outcome['outcome']}")
    outcomes["requestBody"]["content"][CSV] = table
    spec.path("/v1/outcomes", operations={"post": outcomes})


def _describe_journal(spec: APISpec) -> None:
    journal = _get("Answered rows, one JSON object a line; continue after the last cursor.", NDJSON)
    spec.path("/v1/journal", operations={"get": _with_query(journal, _AFTER, _LIMIT, _SINCE, _UNTIL)})
    reported = _get("Reported outcomes, one JSON object a line.", NDJSON)
    spec.path("/v1/journal/outcomes", operations={"get": _with_query(reported, _AFTER, _LIMIT)})
    span = _get("When the oldest and the newest row were answered; null if there is none.", JSON)
    span["responses"]["503"] = _problem(_PROBLEMS["503"])
    spec.path("/v1/journal/span", operations={"get": span})


def _describe_service(spec: APISpec) -> None:
    spec.path("/metrics", operations={"get": _get("Metrics for Prometheus.", "text/plain")})
    spec.path("/v1/model", operations={"get": _get("The served model: contract, metrics, lineage.", JSON)})
    spec.path("/v1/model/card", operations={"get": _get("The model card.", "text/markdown", "text/html")})
    spec.path("/livez", operations={"get": _get("Whether the process is alive.", JSON)})
    ready = _get("Whether the model is verified and the journal can be written.", JSON)
    ready["responses"]["503"] = _problem(_PROBLEMS["503"])
    spec.path("/readyz", operations={"get": ready})


def _with_keys(document: dict[str, Any]) -> dict[str, Any]:
    """The document with names for its operations, and with what a key changes."""
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["operationId"] = _OPERATIONS[path]
            if path not in {"/livez", "/readyz"}:
                operation["security"] = [{"key": []}, {}]
                operation["responses"] |= {status: _problem(text) for status, text in _KEY_PROBLEMS.items()}
    return document


def _schema_name(schema: Schema | type[Schema] | str) -> str:
    name = schema if isinstance(schema, str) else schema.__name__ if isinstance(schema, type) else type(schema).__name__
    return name.removesuffix("Schema")


def _outcomes(most: int) -> dict[str, Any]:
    outcomes = {"type": "array", "minItems": 1, "maxItems": most, "items": _ref("Outcome")}
    return {
        "type": "object",
        "required": ["outcomes"],
        "additionalProperties": False,
        "properties": {"outcomes": outcomes},
    }


def _with_query(operation: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    responses = {**operation["responses"], **{status: _problem(_PROBLEMS[status]) for status in ("422", "503")}}
    return {**operation, "parameters": list(parameters), "responses": responses}


def _rows(most: int) -> dict[str, Any]:
    rows = {"type": "array", "minItems": 1, "maxItems": most, "items": _ref("Row")}
    return {"type": "object", "required": ["rows"], "additionalProperties": False, "properties": {"rows": rows}}


def _columns(row: dict[str, Any], most: int) -> dict[str, Any]:
    """The same fields as a row, each a list."""
    lists = {
        name: {"type": "array", "minItems": 1, "maxItems": most, "items": value}
        for name, value in row["properties"].items()
    }
    description = "Lists of equal length, one value a row."
    columns = {**row, "properties": lists, "description": description}
    return {
        "type": "object",
        "required": ["columns"],
        "additionalProperties": False,
        "properties": {"columns": columns},
    }


def _lines(description: str, example: str) -> dict[str, Any]:
    return {"schema": {"type": "string", "minLength": 1, "description": description}, "example": f"{example}\n"}


def _any_of(names: list[str]) -> dict[str, Any]:
    return _ref(names[0]) if len(names) == 1 else {"anyOf": [_ref(name) for name in names]}


def _problem(text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/problem+json": {"schema": _ref("Problem")}}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _post(
    summary: str, bodies: list[str], examples: dict[str, Any], answers: list[str], *parameters: dict[str, Any]
) -> dict[str, Any]:
    problems = {status: _problem(text) for status, text in _PROBLEMS.items()}
    named = {name: {"value": value} for name, value in examples.items()}
    content = {JSON: {"schema": _any_of(bodies), "examples": named}}
    success = {"description": "The answer.", "content": {JSON: {"schema": _any_of(answers)}}}
    return {
        "summary": summary,
        "parameters": list(parameters),
        "requestBody": {"required": True, "content": content},
        "responses": {"200": success, **problems},
    }


def _get(summary: str, *types: str) -> dict[str, Any]:
    content: dict[str, Any] = {kind: {"schema": {"type": "object" if kind == JSON else "string"}} for kind in types}
    return {"summary": summary, "responses": {"200": {"description": summary, "content": content}}}
