"""What callers send, as marshmallow schemas derived from the contract: they own the error messages and the document."""

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
