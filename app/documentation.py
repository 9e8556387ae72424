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

from app import experiment
from app.answer_schemas import ProblemSchema, ReceiptSchema, batch_schema, column_batch_schema, prediction_schema
from app.body import CSV, JSON, NDJSON
from app.client_names import for_generators
from app.drift import EXAMPLE, MAX_FINDINGS_BYTES, DriftFindings
from app.headers import IDEMPOTENCY_KEY, NAME_PATTERN, REPLAYED, SUBJECT, UNRECORDED, YES
from app.history import DEFAULT_LIMIT, MAX_CURSOR, MAX_LIMIT
from app.operations import PROBLEMS, get, post, problem, ref, text_lines, with_query
from app.predict import MEMBERS, REFUSE, SKIP
from app.schemas import outcome_schema, row_schema
from app.served_model import ServedModel
from core.contract import Target

_KEY_PROBLEMS = {
    "401": "No key was sent, or a wrong one.",
    "403": "The key lacks the scope that this needs.",
    "429": "Too many requests, or too many wrong keys; Retry-After says when to try again.",
}
# What generated clients call their functions.
_OPERATIONS = {
    "POST /v1/predict": "predict",
    "POST /v1/predict/batch": "predict_batch",
    "POST /v1/outcomes": "report_outcomes",
    "GET /v1/journal": "read_journal",
    "GET /v1/journal/outcomes": "read_outcomes",
    "GET /v1/journal/span": "read_journal_span",
    "GET /v1/drift": "read_drift",
    "GET /v1/drift/memory": "read_drift_memory",
    "POST /v1/drift": "keep_drift",
    "GET /v1/experiment": "read_experiment",
    "PUT /v1/experiment": "keep_experiment",
    "GET /v1/model": "read_model",
    "GET /v1/model/card": "read_model_card",
    "GET /metrics": "read_metrics",
    "GET /livez": "is_alive",
    "GET /readyz": "is_ready",
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
_CHOSEN: tuple[dict[str, Any], ...] = (
    {
        "name": "outcomes",
        "in": "query",
        "description": "Whether each row says what was reported last of it.",
        "schema": {"type": "boolean", "default": False},
    },
    {
        "name": "shadow",
        "in": "query",
        "description": "Whether each row says what the shadow would have answered, if it was shown the row.",
        "schema": {"type": "boolean", "default": False},
    },
    {
        "name": "inputs",
        "in": "query",
        "description": "The features that are shown, parted by commas; all if it is not there, none if it is empty.",
        "schema": {"type": "string"},
    },
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
_UNRECORDED = {
    "name": UNRECORDED,
    "in": "header",
    "description": (
        "The rows are answered and not journalled, as is right for those of whoever tries the service. Needs the scope "
        f"admin beside predict; an {IDEMPOTENCY_KEY} is then of no effect."
    ),
    "schema": {"type": "string", "enum": [YES]},
}
_ON_ERROR = {
    "name": "on_error",
    "in": "query",
    "description": "Whether a row that breaks the contract refuses all, or is answered with null and its faults.",
    "schema": {"type": "string", "enum": [REFUSE, SKIP], "default": REFUSE},
}
_MEMBERS = {
    "name": MEMBERS,
    "in": "query",
    "description": "Whether an answer says what each member of the ensemble would answer, and how far they lie apart.",
    "schema": {"type": "boolean", "default": False},
}


def init_app(app: Flask, model: ServedModel, *, max_batch_rows: int) -> None:
    """Serve the document and a page to read and try it; the page's assets come from the app itself."""
    document = msgspec.json.encode(openapi_document(model, max_batch_rows=max_batch_rows))
    routes = Blueprint("documentation", __name__)

    @routes.get("/openapi.json")
    def openapi() -> Response:
        return Response(document, content_type=JSON)

    # Flask would redirect too, but to a host that it takes from the request.
    @routes.get("/docs")
    def page() -> BaseResponse:
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
    _describe_predictions(spec, model, max_batch_rows)
    _describe_outcomes(spec, contract.target, max_batch_rows)
    _describe_journal(spec)
    _describe_drift(spec)
    experiment.describe(spec)
    _describe_service(spec)
    return for_generators(_with_keys(spec.to_dict()))


def _describe_predictions(spec: APISpec, model: ServedModel, max_batch_rows: int) -> None:
    contract, level = model.contract, model.band.level if model.band else None
    example = dict(model.bundle.golden().rows[0].row)
    spec.components.schema("Row", schema=row_schema(contract))
    spec.components.schema("Prediction", schema=prediction_schema(contract, level=level))
    spec.components.schema("BatchPrediction", schema=batch_schema(contract, level=level))
    spec.components.schema("ColumnPrediction", schema=column_batch_schema(contract, level=level))
    spec.components.schema("Rows", component=_rows(max_batch_rows))
    spec.components.schema(
        "Columns", component=_columns(spec.to_dict()["components"]["schemas"]["Row"], max_batch_rows)
    )
    one = post("Score one row.", ["Row"], {"row": example}, ["Prediction"], _MEMBERS, _ONCE, _SUBJECT, _UNRECORDED)
    spec.path("/v1/predict", operations={"post": one})
    examples = {"rows": {"rows": [example]}, "columns": {"columns": {name: [value] for name, value in example.items()}}}
    answers = ["BatchPrediction", "ColumnPrediction"]
    shared = (_MEMBERS, _ONCE, _SUBJECT, _UNRECORDED)
    batch = post("Score many rows.", ["Rows", "Columns"], examples, answers, _ON_ERROR, *shared)
    batch["requestBody"]["content"][NDJSON] = text_lines(
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
    outcomes = post("Report what turned out to be true.", ["Outcome", "Outcomes"], examples, ["Receipt"], _ONCE)
    table = text_lines("Outcomes with a head of the columns.", f"id,outcome\n{outcome['id']},{outcome['outcome']}")
    outcomes["requestBody"]["content"][CSV] = table
    spec.path("/v1/outcomes", operations={"post": outcomes})


def _describe_journal(spec: APISpec) -> None:
    journal = get("Answered rows, one JSON object a line; continue after the last cursor.", NDJSON)
    spec.path("/v1/journal", operations={"get": with_query(journal, _AFTER, _LIMIT, _SINCE, _UNTIL, *_CHOSEN)})
    reported = get("Reported outcomes, one JSON object a line.", NDJSON)
    spec.path("/v1/journal/outcomes", operations={"get": with_query(reported, _AFTER, _LIMIT)})
    span = get("When the oldest and the newest row were answered; null if there is none.", JSON)
    span["responses"]["503"] = problem(PROBLEMS["503"])
    spec.path("/v1/journal/span", operations={"get": span})


def _describe_drift(spec: APISpec) -> None:
    _, schemas = msgspec.json.schema_components([DriftFindings], ref_template=ref("{name}")["$ref"])
    for name, schema in schemas.items():
        spec.components.schema(name, component=_without_false(schema))
    kept = post("Keep what a drift check found.", ["DriftFindings"], {"findings": EXAMPLE}, [])
    kept["description"] = f"Of at most {MAX_FINDINGS_BYTES:,} bytes, whatever MAX_BODY_BYTES says."
    newest = get("What the last drift check found.", JSON)
    newest["responses"]["200"]["content"][JSON]["schema"] = ref("DriftReport")
    memory = get("What the next drift check has to know, as it was sent.", JSON)
    memory["responses"]["200"]["content"][JSON]["schema"] = {}
    for operation in (newest, memory):
        operation["responses"] |= {"404": problem("No check was reported yet."), "503": problem(PROBLEMS["503"])}
    spec.path("/v1/drift", operations={"get": newest, "post": kept})
    spec.path("/v1/drift/memory", operations={"get": memory})


def _describe_service(spec: APISpec) -> None:
    spec.path("/metrics", operations={"get": get("Metrics for Prometheus.", "text/plain")})
    spec.path("/v1/model", operations={"get": get("The served model: contract, metrics, lineage.", JSON)})
    spec.path("/v1/model/card", operations={"get": get("The model card.", "text/markdown", "text/html")})
    spec.path("/livez", operations={"get": get("Whether the process is alive.", JSON)})
    ready = get("Whether the model is verified and the journal can be written.", JSON)
    ready["responses"]["503"] = problem(PROBLEMS["503"])
    spec.path("/readyz", operations={"get": ready})


def _with_keys(document: dict[str, Any]) -> dict[str, Any]:
    """The document with names for its operations, and with what a key changes."""
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = _OPERATIONS[f"{method.upper()} {path}"]
            if path not in {"/livez", "/readyz"}:
                operation["security"] = [{"key": []}, {}]
                operation["responses"] |= {status: problem(text) for status, text in _KEY_PROBLEMS.items()}
    return document


def _schema_name(schema: Schema | type[Schema] | str) -> str:
    name = schema if isinstance(schema, str) else schema.__name__ if isinstance(schema, type) else type(schema).__name__
    return name.removesuffix("Schema")


def _outcomes(most: int) -> dict[str, Any]:
    outcomes = {"type": "array", "minItems": 1, "maxItems": most, "items": ref("Outcome")}
    return {
        "type": "object",
        "required": ["outcomes"],
        "additionalProperties": False,
        "properties": {"outcomes": outcomes},
    }


def _without_false(schema: Any) -> Any:
    """A schema without `items: false`, which generators of clients do not know; its maxItems says the same."""
    if isinstance(schema, list):
        return [_without_false(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _without_false(part) for key, part in schema.items() if (key, part) != ("items", False)}


def _rows(most: int) -> dict[str, Any]:
    rows = {"type": "array", "minItems": 1, "maxItems": most, "items": ref("Row")}
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
