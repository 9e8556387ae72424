"""Marshmallow schemas derived from the contract: they own the error messages and the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from core.contract import (
    MAX_MAGNITUDE,
    MAX_TEXT_LENGTH,
    CategoricalFeature,
    Contract,
    Feature,
    NumericFeature,
    Target,
    Task,
    in_range,
)
from core.journal.records import ROW_ID_PATTERN, read_row_id

# Of a text that is wrong, so much is shown.
_SHOWN = 60

UNKNOWN_FIELD = "unknown field; /docs lists the fields"
NO_ROW = "takes an object with the fields of a row"
NO_OUTCOME = "takes an object with id and outcome"
# Faults of an object as a whole, which marshmallow puts under a name of its own.
NOT_AN_OBJECT = frozenset({NO_ROW, NO_OUTCOME})


class FeatureNumber(fields.Field[float]):
    """A JSON number within the feature's range; never text, never a boolean."""

    def __init__(self, feature: NumericFeature, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.feature = feature

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> float:
        feature = self.feature
        wanted = f"takes a number from {exact(feature.low)} to {exact(feature.high)} {feature.unit}".strip()
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError(f"{wanted}, found {kind_of(value)}")
        try:
            number = float(value)
        except OverflowError as error:
            raise ValidationError(f"{wanted}, found one of {len(str(abs(value)))} digits") from error
        if not in_range(feature, number):
            raise ValidationError(f"{wanted}, found {exact(number)}")
        return number


class FeatureText(fields.Field[str]):
    """A JSON text; a category outside the contract is allowed and answered with a warning."""

    def __init__(self, feature: CategoricalFeature, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.feature = feature

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(f"takes text, found {kind_of(value)}")
        if len(value) > MAX_TEXT_LENGTH:
            raise ValidationError(f"takes text of up to {MAX_TEXT_LENGTH} characters, found {len(value)}")
        return value


def exact(number: float) -> str:
    """A number as a caller would write it: a rounded one could seem to lie within a bound that it breaks."""
    return repr(float(number)).removesuffix(".0")


def kind_of(value: Any) -> str:
    """A JSON value's kind, in words."""
    names = {bool: "true or false", str: "text", dict: "an object", list: "a list", type(None): "null"}
    return names.get(type(value), "a number")


class RowSchema(Schema):
    """A row; its fields are declared by position, as marshmallow reads a dot in a field's own name as nesting."""

    error_messages: dict[str, str] = {"unknown": UNKNOWN_FIELD, "type": NO_ROW}  # noqa: RUF012  # as its base

    @post_load
    def name_values(self, row: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """The row by the contract's names."""
        return {str(self.fields[position].data_key): value for position, value in row.items()}


def row_schema(contract: Contract) -> Schema:
    """The schema of one row; unknown fields are refused, nullable ones may be null or left out."""
    declared = {f"feature_{position}": _field(feature) for position, feature in enumerate(contract.features)}
    schema: type[Schema] = RowSchema.from_dict(declared, name="Row")
    return schema()


def _field(feature: Feature) -> fields.Field[Any]:
    options: dict[str, Any] = {
        "data_key": feature.name,
        "required": not feature.nullable,
        "allow_none": feature.nullable,
        "metadata": _metadata(feature),
        "error_messages": {"required": "missing", "null": "may not be null"},
    }
    if isinstance(feature, NumericFeature):
        return FeatureNumber(feature, **options)
    return FeatureText(feature, **options)


def _metadata(feature: Feature) -> dict[str, Any]:
    """What apispec copies into the OpenAPI document; it adds null to the type of a nullable field itself."""
    values: dict[str, Any] = {"type": "number" if isinstance(feature, NumericFeature) else "string"}
    description = feature.description
    if isinstance(feature, NumericFeature):
        values |= {"minimum": feature.low, "maximum": feature.high}
        description += f" In {feature.unit}." if feature.unit else ""
    else:
        values |= {"maxLength": MAX_TEXT_LENGTH, "examples": list(feature.categories[:3])}
        description += f" Known: {', '.join(feature.categories)}; others are scored with a warning."
    return values | {"description": description.strip()}


class WarningSchema(Schema):
    """A value that is allowed but that training did not see."""

    field = fields.String(required=True)
    code = fields.String(required=True)
    message = fields.String(required=True)


def answer_fields(contract: Contract) -> dict[str, fields.Field[Any]]:
    """The fields of one answer, by task."""
    target = contract.target
    found: dict[str, fields.Field[Any]] = {"id": _prediction_id()}
    if target.task is Task.REGRESSION:
        unit = f" in {target.unit}" if target.unit else ""
        found["value"] = fields.Float(required=True, metadata={"description": f"Predicted {target.name}{unit}."})
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
    found["warnings"] = fields.List(fields.Nested(WarningSchema), required=True)
    return found


def _prediction_id() -> fields.Field[Any]:
    return fields.String(required=True, metadata={"description": "Report the outcome under this id."})


def prediction_schema(contract: Contract) -> type[Schema]:
    """The answer to one row."""
    tag = fields.String(required=True, metadata={"examples": ["model-v1.0.0"]})
    schema: type[Schema] = Schema.from_dict({"model_tag": tag, **answer_fields(contract)}, name="Prediction")
    return schema


class PredictionId(fields.Field[str]):
    """The id that an answer carried."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if not isinstance(value, str) or read_row_id(value) is None:
            raise ValidationError(f"takes the id of an answer, found {_shown(value)}")
        return value


class OutcomeValue(fields.Field[str | float]):
    """What turned out to be true: a class, or a number for regression."""

    def __init__(self, target: Target, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target = target

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str | float:
        read = self._number(value) if self.target.task is Task.REGRESSION else self._label(value)
        if read is None:
            raise ValidationError(f"takes {self._wanted()}, found {_shown(value)}")
        return read

    def _number(self, value: Any) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > MAX_MAGNITUDE:
            return None
        return float(value)

    def _label(self, value: Any) -> str | None:
        if not isinstance(value, str) or not value or len(value) > MAX_TEXT_LENGTH:
            return None
        if value in self.target.classes:
            return value
        return self.target.classes[0] if self.target.catch_all else None

    def _wanted(self) -> str:
        if self.target.task is Task.REGRESSION:
            return f"a number from {exact(-MAX_MAGNITUDE)} to {exact(MAX_MAGNITUDE)} {self.target.unit}".strip()
        if self.target.catch_all:
            return f"{self.target.classes[1]!r}, or any other text"
        return " or ".join(repr(label) for label in self.target.classes)


def _shown(value: Any) -> str:
    """A text in short, or the kind of anything else."""
    return repr(value[:_SHOWN]) if isinstance(value, str) else kind_of(value)


class OutcomeSchema(Schema):
    """One outcome."""

    error_messages: dict[str, str] = {"unknown": "unknown field; an outcome has id and outcome", "type": NO_OUTCOME}  # noqa: RUF012  # as its base


def outcome_schema(target: Target) -> type[Schema]:
    """What callers report of one row."""
    missing: dict[str, Any] = {"required": "missing", "null": "may not be null"}
    value: dict[str, Any] = {"type": "string"}
    if target.task is Task.REGRESSION:
        value = {"type": "number", "minimum": -MAX_MAGNITUDE, "maximum": MAX_MAGNITUDE}
    if target.task is not Task.REGRESSION and not target.catch_all:
        value["enum"] = list(target.classes)
    value["description"] = f"What {target.name} turned out to be."
    schema: type[Schema] = OutcomeSchema.from_dict(
        {
            "id": PredictionId(
                required=True, error_messages=missing, metadata={"type": "string", "pattern": ROW_ID_PATTERN}
            ),
            "outcome": OutcomeValue(target, required=True, error_messages=missing, metadata=value),
        },
        name="Outcome",
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


def batch_schema(contract: Contract) -> type[Schema]:
    """The answer to rows."""
    answer: type[Schema] = Schema.from_dict(answer_fields(contract), name="Answer")
    predictions = fields.List(
        fields.Nested(answer, allow_none=True),
        required=True,
        metadata={"description": "In the order of the rows; null for one that was skipped."},
    )
    return _of_many("BatchPrediction", {"predictions": predictions})


def column_batch_schema(contract: Contract) -> type[Schema]:
    """The answer to columns."""
    target = contract.target
    number = fields.List(fields.Float(allow_none=True))
    found: dict[str, fields.Field[Any]] = {"id": fields.List(fields.String(allow_none=True))}
    if target.task is Task.REGRESSION:
        found["value"] = number
    else:
        found["label"] = fields.List(fields.String(allow_none=True))
    if target.task is Task.BINARY:
        found["score"] = number
    if target.task is Task.MULTICLASS:
        found["scores"] = fields.Dict(keys=fields.String(), values=number)
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
    found = {"model_tag": tag, **content, "errors": faults, "errors_omitted": _omitted()}
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
