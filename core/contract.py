"""The contract: what a caller must send, and what the model answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.reading import Table

MAX_NAME_LENGTH = 100
# Longer texts are refused as values of a categorical feature, so its categories are not longer either.
MAX_TEXT_LENGTH = 200
# The encoder's matrix is float32, which holds numbers up to 3.4e38.
MAX_MAGNITUDE = 1e38


class Task(StrEnum):
    """What kind of answer the model gives."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


class DriftRole(StrEnum):
    """
    How a feature is compared with the past.

    A calendar's values (a month, a weekday) follow the date and are not compared. What follows the season (the weather)
    is compared with the last weeks as well, and its values alone are no alert.
    """

    TESTED = "tested"
    SEASONAL = "seasonal"
    CALENDAR = "calendar"


@dataclass(frozen=True, kw_only=True, slots=True)
class NumericFeature:
    """A finite number in `unit`, within `low..high` (both included)."""

    name: str
    unit: str = ""
    low: float
    high: float
    nullable: bool = False
    description: str = field(default="", compare=False)
    drift: DriftRole = field(default=DriftRole.TESTED, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class CategoricalFeature:
    """A text, usually one of `categories`; their order is the order of the encoder's codes."""

    name: str
    categories: tuple[str, ...]
    nullable: bool = False
    description: str = field(default="", compare=False)
    drift: DriftRole = field(default=DriftRole.TESTED, compare=False)


Feature = NumericFeature | CategoricalFeature


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """
    What is predicted.

    `classes` is empty for regression, (negative, positive) for binary, and every class for multiclass.
    `catch_all` says that any value other than the positive one counts as negative.
    """

    name: str
    task: Task
    classes: tuple[str, ...] = ()
    catch_all: bool = False
    unit: str = ""
    description: str = field(default="", compare=False)

    @property
    def score_width(self) -> int:
        """Columns of a score: one per class for multiclass, else one."""
        return len(self.score_names)

    @property
    def score_names(self) -> tuple[str, ...]:
        """The columns of a score, as references name them: `score CLASS` for each class, `score` or `value`."""
        if self.task is Task.MULTICLASS:
            return tuple(f"score {name}" for name in self.classes)
        return ("value" if self.task is Task.REGRESSION else "score",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """Features in the order of the encoder's columns, and the target."""

    features: tuple[Feature, ...]
    target: Target

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names, in order."""
        return tuple(feature.name for feature in self.features)

    def to_dict(self) -> dict[str, Any]:
        """The contract in the shape that `read_contract` reads."""
        return {"target": _target_dict(self.target), "features": [_feature_dict(f) for f in self.features]}


def read_contract(document: Table) -> Contract:
    """
    Read `[target]` and `[[features]]` of a model.toml or of a manifest's contract.

    Every rule that is broken is added to the document's faults; the caller raises them.
    """
    target = _read_target(document.table("target"))
    tables = document.tables("features")
    if not tables and not any(fault.place.startswith(document.at("features")) for fault in document.faults):
        document.fault("features", "needs at least one [[features]] table")
    features = tuple(_read_feature(table) for table in tables)
    _reject_repeated(document, features, target)
    return Contract(features=features, target=target)


def read_segments(table: Table, contract: Contract, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The categorical features that `segments` of a table names; every other name is a fault."""
    if "segments" not in table.values:
        return default
    categorical = [feature.name for feature in contract.features if isinstance(feature, CategoricalFeature)]
    segments = table.texts("segments")
    for index, name in enumerate(segments):
        if name not in categorical:
            table.fault(f"segments[{index}]", f"{name!r} is not a categorical feature")
    return segments


def _reject_repeated(document: Table, features: Iterable[Feature], target: Target) -> None:
    seen = {target.name: "the target"}
    for index, feature in enumerate(features):
        if feature.name and feature.name in seen:
            document.fault(f"features[{index}].name", f"{feature.name!r} is already {seen[feature.name]}")
        seen.setdefault(feature.name, f"features[{index}]")


def _read_name(table: Table) -> str:
    name = table.get("name", str)
    if "name" in table.values and isinstance(table.values["name"], str):
        printable = name.isprintable() and name == name.strip()
        if not name or not printable or len(name) > MAX_NAME_LENGTH:
            table.fault("name", f"takes 1 to {MAX_NAME_LENGTH} printable characters without spaces around them")
    return name


def _read_target(table: Table) -> Target:
    name = _read_name(table)
    before = len(table.faults)
    task = Task(table.choice("task", [task.value for task in Task]))
    if len(table.faults) > before:
        # Which keys belong to the target depends on the task, so nothing more can be said of them.
        return Target(name=name, task=Task.REGRESSION)
    known = {"name", "task", "description"}
    classes: tuple[str, ...] = ()
    catch_all, unit = False, ""
    if task is Task.BINARY:
        known |= {"positive", "negative"}
        positive = table.get("positive", str)
        catch_all = "negative" not in table.values
        classes = (table.get("negative", str, f"not {positive}"), positive)
        if classes[0] == classes[1]:
            table.fault("negative", "must differ from positive")
    elif task is Task.MULTICLASS:
        known |= {"classes"}
        before = len(table.faults)
        classes = table.texts("classes")
        if len(table.faults) == before and (len(set(classes)) != len(classes) or len(classes) < 2):
            table.fault("classes", "takes at least two texts, each once")
    else:
        known |= {"unit"}
        unit = table.get("unit", str, "")
    table.reject_unknown(known)
    return Target(
        name=name,
        task=task,
        classes=classes,
        catch_all=catch_all,
        unit=unit,
        description=table.get("description", str, ""),
    )


def _read_feature(table: Table) -> Feature:
    name = _read_name(table)
    if name:
        table.place = f"{table.place} ({name})"
    nullable = table.get("nullable", bool, False)
    description = table.get("description", str, "")
    role = DriftRole(table.choice("drift", [role.value for role in DriftRole], DriftRole.TESTED.value))
    common = {"name", "kind", "nullable", "description", "drift"}
    if table.choice("kind", ["numeric", "categorical"]) == "categorical":
        table.reject_unknown(common | {"categories"})
        before = len(table.faults)
        categories = table.texts("categories")
        if len(table.faults) == before and (len(set(categories)) != len(categories) or not categories):
            table.fault("categories", "takes at least one text, each once")
        for index, category in enumerate(categories):
            if len(category) > MAX_TEXT_LENGTH:
                table.fault(
                    f"categories[{index}]", f"takes text of up to {MAX_TEXT_LENGTH} characters, found {len(category)}"
                )
        return CategoricalFeature(
            name=name, categories=categories, nullable=nullable, description=description, drift=role
        )
    table.reject_unknown(common | {"unit", "low", "high"})
    before = len(table.faults)
    low, high = table.get("low", float), table.get("high", float)
    if len(table.faults) == before:
        for key, value in (("low", low), ("high", high)):
            if abs(value) > MAX_MAGNITUDE:
                table.fault(key, f"takes a number from -{MAX_MAGNITUDE:g} to {MAX_MAGNITUDE:g}, found {value:g}")
        if not low < high:
            table.fault("high", f"must be above low ({low:g})")
    return NumericFeature(
        name=name,
        unit=table.get("unit", str, ""),
        low=low,
        high=high,
        nullable=nullable,
        description=description,
        drift=role,
    )


def _target_dict(target: Target) -> dict[str, Any]:
    values: dict[str, Any] = {"name": target.name, "task": target.task.value}
    if target.task is Task.BINARY:
        values["positive"] = target.classes[1]
        if not target.catch_all:
            values["negative"] = target.classes[0]
    elif target.task is Task.MULTICLASS:
        values["classes"] = list(target.classes)
    else:
        values["unit"] = target.unit
    return values | {"description": target.description}


def _feature_dict(feature: Feature) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": feature.name,
        "nullable": feature.nullable,
        "description": feature.description,
        "drift": feature.drift.value,
    }
    if isinstance(feature, CategoricalFeature):
        return values | {"kind": "categorical", "categories": list(feature.categories)}
    return values | {"kind": "numeric", "unit": feature.unit, "low": feature.low, "high": feature.high}


def in_range(feature: NumericFeature, value: float) -> bool:
    """Whether a number may be sent for a feature; NaN and infinities never may."""
    return math.isfinite(value) and feature.low <= value <= feature.high


Row = Mapping[str, float | str | None]
