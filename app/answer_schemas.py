"""What callers get, as marshmallow schemas for the OpenAPI document; answers themselves are made without them."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from core.contract import Contract, Task
from core.experiment import Arm
from core.reference import DISAGREEMENT

ENDS = ("low", "high")
_DISAGREEMENT = (
    "How far the members lie apart: their weighted standard deviation around their weighted mean, of several classes "
    "the root of the summed variances; where members=true asks for it."
)


class WarningSchema(Schema):
    """A value that is allowed but that training did not see."""

    field = fields.String(required=True)
    code = fields.String(required=True)
    message = fields.String(required=True)


def answer_fields(contract: Contract, *, level: float | None = None) -> dict[str, fields.Field[Any]]:
    """The fields of one answer, by task; `level` is that of a regression's intervals, if it has them."""
    target = contract.target
    found: dict[str, fields.Field[Any]] = {"id": _prediction_id()}
    if target.task is Task.REGRESSION:
        unit = f" in {target.unit}" if target.unit else ""
        found["value"] = fields.Float(required=True, metadata={"description": f"Predicted {target.name}{unit}."})
        if level is not None:
            description = f"low to high holds {target.name} in {100 * level:g} % of the rows that are like training's."
            for name in ENDS:
                found[name] = fields.Float(required=True, metadata={"description": description})
    else:
        found["label"] = fields.String(required=True, metadata={"enum": list(target.classes)})
    if target.task is Task.BINARY:
        description = f"Probability that {target.name} is {target.classes[1]}."
        found["score"] = fields.Float(required=True, metadata={"minimum": 0, "maximum": 1, "description": description})
    if target.task is Task.MULTICLASS:
        found["scores"] = fields.Dict(
            keys=fields.String(),
            values=fields.Float(),
            required=True,
            metadata={"description": "Probability by class."},
        )
    own: fields.Field[Any] = fields.Float()
    if target.task is Task.MULTICLASS:
        own = fields.Dict(keys=fields.String(), values=own)
    found["members"] = fields.Dict(keys=fields.String(), values=own, metadata={"description": _members(target.task)})
    found[DISAGREEMENT] = fields.Float(metadata={"minimum": 0, "description": _DISAGREEMENT})
    found["warnings"] = fields.List(fields.Nested(WarningSchema), required=True)
    return found


def _members(task: Task) -> str:
    what = {Task.BINARY: "score", Task.MULTICLASS: "scores by class", Task.REGRESSION: "value"}[task]
    return f"Each member's own {what}, before weights and calibration; where members=true asks for it."


def _arm() -> fields.Field[Any]:
    description = "Of an experiment, that X-Subject belongs to; champion where there is none."
    return fields.String(required=True, metadata={"enum": list(Arm), "description": description})


def _prediction_id() -> fields.Field[Any]:
    return fields.String(required=True, metadata={"description": "Report the outcome under this id."})


def prediction_schema(contract: Contract, *, level: float | None = None) -> type[Schema]:
    """The answer to one row."""
    tag = fields.String(required=True, metadata={"examples": ["model-v1.0.0"]})
    schema: type[Schema] = Schema.from_dict(
        {"model_tag": tag, "arm": _arm(), **answer_fields(contract, level=level)}, name="Prediction"
    )
    return schema


class ContradictionSchema(Schema):
    """A row whose outcome was reported otherwise before."""

    id = fields.String(required=True)
    before = fields.Raw(required=True)
    now = fields.Raw(required=True)


class ReceiptSchema(Schema):
    """What became of reported outcomes."""

    accepted = fields.Integer(required=True, metadata={"description": "Kept; of several for a row the last counts."})
    repeated = fields.Integer(required=True, metadata={"description": "Said what was known already."})
    contradicted = fields.List(fields.Nested(ContradictionSchema), required=True)
    contradicted_count = fields.Integer(required=True)
    unknown_ids = fields.List(
        fields.String(), required=True, metadata={"description": "Kept, though no answer of this id is known yet."}
    )
    unknown_count = fields.Integer(required=True)
    checked = fields.Boolean(required=True, metadata={"description": "Whether ids could be compared with the journal."})


class FaultSchema(Schema):
    """One thing wrong with a request; `row` counts from 0 and is there for batches."""

    row = fields.Integer()
    field = fields.String()
    problem = fields.String(required=True)


class RowWarningSchema(WarningSchema):
    """A warning, with the row that it belongs to."""

    row = fields.Integer(required=True)


def batch_schema(contract: Contract, *, level: float | None = None) -> type[Schema]:
    """The answer to rows."""
    answer: type[Schema] = Schema.from_dict(answer_fields(contract, level=level), name="Answer")
    predictions = fields.List(
        fields.Nested(answer, allow_none=True),
        required=True,
        metadata={"description": "In the order of the rows; null for one that was skipped."},
    )
    return _of_many("BatchPrediction", {"predictions": predictions})


def column_batch_schema(contract: Contract, *, level: float | None = None) -> type[Schema]:
    """The answer to columns."""
    target = contract.target
    number = fields.List(fields.Float(allow_none=True))
    found: dict[str, fields.Field[Any]] = {"id": fields.List(fields.String(allow_none=True))}
    if target.task is Task.REGRESSION:
        found |= dict.fromkeys(("value",) if level is None else ("value", *ENDS), number)
    else:
        found["label"] = fields.List(fields.String(allow_none=True))
    if target.task is Task.BINARY:
        found["score"] = number
    if target.task is Task.MULTICLASS:
        found["scores"] = fields.Dict(keys=fields.String(), values=number)
    by_class = fields.Dict(keys=fields.String(), values=number) if target.task is Task.MULTICLASS else number
    found["members"] = fields.Dict(keys=fields.String(), values=by_class)
    found[DISAGREEMENT] = number
    columns: type[Schema] = Schema.from_dict(found, name="AnswerColumns")
    description = "The fields of an answer, each with one value a row; null for a row that was skipped."
    return _of_many(
        "ColumnPrediction",
        {
            "columns": fields.Nested(columns, required=True, metadata={"description": description}),
            "warnings": fields.List(fields.Nested(RowWarningSchema), required=True),
        },
    )


def _of_many(name: str, content: dict[str, fields.Field[Any]]) -> type[Schema]:
    faults = fields.List(fields.Nested(FaultSchema), metadata={"description": "What is wrong with skipped rows."})
    tag = fields.String(required=True, metadata={"examples": ["model-v1.0.0"]})
    found = {"model_tag": tag, "arm": _arm(), **content, "errors": faults, "errors_omitted": _omitted()}
    schema: type[Schema] = Schema.from_dict(found, name=name)
    return schema


def _omitted() -> fields.Field[Any]:
    return fields.Integer(metadata={"description": "Faults beyond the listed ones."})


class ProblemSchema(Schema):
    """An error, as RFC 9457 wants it."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.List(fields.Nested(FaultSchema))
    errors_omitted = _omitted()
