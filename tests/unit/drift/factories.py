"""A contract with every kind of feature, a reference made directly, windows beside it, and evidence by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from core.contract import CategoricalFeature, Contract, DriftRole, NumericFeature, Task
from core.reference import (
    DAY,
    WEEK,
    NumericReference,
    Reference,
    Spread,
    Spreads,
    categorical_reference,
    numeric_reference,
)
from drift.columns import Coded, Columns
from drift.counts import Profile
from drift.evidence import Difference, Evidence
from tests.factories import TARGETS

SPREADS: Final = Spreads(
    effect=Spread(windows=12, mean=0.02, sd=0.01, highest=0.05),
    missing=Spread(windows=12, mean=0.01, sd=0.01, highest=0.03),
    unseen=Spread(windows=12, mean=0.005, sd=0.005, highest=0.01),
    mean=Spread(windows=12, mean=0.03, sd=0.01, highest=0.05),
)
# What the mean and three standard deviations of these make.
THRESHOLDS: Final = {"values": 0.05, "gap": 0.04, "unseen": 0.02, "mean": 0.06}
PLANS, SKIES = ("basic", "plus", "pro"), ("clear", "rain")
_SCORES = {
    Task.BINARY: ("score",),
    Task.MULTICLASS: ("score basic", "score plus", "score pro"),
    Task.REGRESSION: ("value",),
}


def make_contract(task: Task = Task.BINARY) -> Contract:
    """A distance, a nullable age, a plan, the month (calendar), and the season's temperature and sky."""
    season = DriftRole.SEASONAL
    return Contract(
        features=(
            NumericFeature(name="distance", unit="mi", low=0, high=5000),
            NumericFeature(name="age", unit="a", low=0, high=120, nullable=True),
            CategoricalFeature(name="plan", categories=PLANS),
            NumericFeature(name="month", low=1, high=12, drift=DriftRole.CALENDAR),
            NumericFeature(name="temp", unit="degF", low=-60, high=140, nullable=True, drift=season),
            CategoricalFeature(name="sky", categories=SKIES, nullable=True, drift=season),
        ),
        target=TARGETS[task],
    )


def make_columns(rows: int = 1000, *, seed: int = 1, task: Task = Task.BINARY, **changes: Any) -> Columns:
    """Rows as the reference's are: an age is missing in one of ten; `changes` replace columns of `values`."""
    draw = np.random.default_rng(seed)
    values: dict[str, Any] = {
        "distance": draw.gamma(3.0, 350.0, rows).round(1),
        "age": np.where(np.arange(rows) % 10 == 0, np.nan, draw.normal(40, 9, rows).round(2)),
        "plan": coded(draw.choice(PLANS, rows, p=(0.5, 0.3, 0.2)).tolist()),
        "month": draw.integers(1, 4, rows).astype(float),
        "temp": draw.normal(38, 8, rows).round(2),
        "sky": coded(draw.choice(SKIES, rows, p=(0.7, 0.3)).tolist()),
        **{name: draw.beta(2, 5, rows) for name in _SCORES[task]},
    }
    about = {key: changes.pop(key) for key in ("absent", "redacted", "wrong") if key in changes}
    return columns_with({**values, **changes}, _SCORES[task], **{"wrong": {}, **about})


def columns_with(values: dict[str, Any], scores: Sequence[str] = _SCORES[Task.BINARY], **about: Any) -> Columns:
    """Columns by name, as arrays of numbers or coded texts."""
    rows = len(next(value for value in values.values() if isinstance(value, np.ndarray)))
    return Columns(
        at=np.arange(rows, dtype=np.int64),
        numeric={name: v for name, v in values.items() if isinstance(v, np.ndarray) and name not in scores},
        categorical={name: v for name, v in values.items() if isinstance(v, Coded)},
        scores={name: values[name] for name in scores if name in values},
        **about,
    )


def make_profile(
    rows: int = 5000,
    *,
    task: Task = Task.BINARY,
    is_calibrated: bool = True,
    other: int = 0,
    **changes: Any,
) -> Profile:
    """The profile of such rows; `changes` replace columns, and so many `other` rows of plans have no name."""
    columns, spreads = make_columns(rows, seed=0, task=task, **changes), _spreads() if is_calibrated else {}
    categorical = {
        name: replace(categorical_reference(texts(column)), spreads=spreads)
        for name, column in columns.categorical.items()
    }
    plan = categorical["plan"]
    categorical["plan"] = replace(plan, other=plan.other + other, count=plan.count + other)
    reference = Reference(
        numeric={name: _numeric(values, spreads) for name, values in columns.numeric.items()},
        categorical=categorical,
        scores={name: _numeric(values, spreads) for name, values in columns.scores.items()},
        rows=rows,
    )
    return Profile.of(make_contract(task), reference)


def coded(values: Iterable[str | None]) -> Coded:
    """A column of texts."""
    listed = list(values)
    categories = tuple(dict.fromkeys(value for value in listed if value is not None))
    places: dict[str | None, int] = {None: -1, **{category: place for place, category in enumerate(categories)}}
    return Coded(codes=np.array([places[value] for value in listed], dtype=np.int32), categories=categories)


def texts(column: Coded) -> list[str | None]:
    """The inverse of `coded`."""
    return [None if code < 0 else column.categories[code] for code in column.codes]


def make_difference(effect: float, *, p_value: float = 0.0, threshold: float = 0.05) -> Difference:
    """A difference that is no chance, unless said otherwise."""
    return Difference(effect=effect, threshold=threshold, is_calibrated=True, p_value=p_value)


def make_evidence(**changes: Any) -> Evidence:
    """A tested numeric column of 1,000 rows that are as ever; `changes` replace fields."""
    nothing = make_difference(0.01, p_value=0.6)
    gap = changes.get("gap", nothing)
    plain: dict[str, Any] = {
        "column": "distance",
        "kind": "numeric",
        "role": DriftRole.TESTED,
        "unit": "mi",
        "rows": 1000,
        "present": 1000,
        # More are missing, by the gap.
        "missing": gap.effect if gap else 0.0,
        "reference_missing": 0.0,
        "values": nothing,
        "gap": nothing,
    }
    return Evidence(**(plain | changes))


def _numeric(values: NDArray[np.float64], spreads: dict[str, Spreads]) -> NumericReference:
    return replace(numeric_reference(values), spreads=spreads)


def _spreads() -> dict[str, Spreads]:
    return {DAY: SPREADS, WEEK: SPREADS}
