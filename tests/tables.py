"""Three small tables of other kinds than the shipped one, made from a seed, and the model.toml of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from core.contract import Task

_ROWS = 1500


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A data set on disk, a row that fits it, and what a sensible answer to that row is."""

    model_file: Path
    row: dict[str, float | str | None]
    headline: str
    floor: float


def write_churn(folder: Path) -> Table:
    """Binary, no time column, one rare positive in five; missing numbers, a category that few rows have."""
    random = np.random.default_rng(1)
    months, spend = random.integers(0, 72, _ROWS), random.gamma(2, 30, _ROWS)
    plan = random.choice(["basic", "plus", "pro"], _ROWS, p=[0.6, 0.35, 0.05])
    logit = 1.2 - 0.08 * months + 0.9 * (plan == "basic") - 0.01 * spend
    left = random.random(_ROWS) < 1 / (1 + np.exp(-logit))
    frame = pl.DataFrame(
        {
            "months as customer": months,
            "monthly spend": pl.Series(np.round(spend, 2)).set(pl.Series(random.random(_ROWS) < 0.1), None),
            "plan": plan,
            "left": np.where(left, "yes", "no"),
        }
    )
    frame.write_csv(folder / "churn.csv")
    return Table(
        model_file=_write(
            folder / "churn.toml",
            """
            [dataset]
            path = "churn.csv"
            [target]
            name = "left"
            task = "binary"
            positive = "yes"
            negative = "no"
            [training]
            threshold_rule = "f1"
            [gate]
            segments = ["plan"]
            min_segment_rows = 50
            [[features]]
            name = "months as customer"
            kind = "numeric"
            unit = "mo"
            low = 0
            high = 600
            [[features]]
            name = "monthly spend"
            kind = "numeric"
            unit = "EUR"
            low = 0
            high = 10000
            nullable = true
            [[features]]
            name = "plan"
            kind = "categorical"
            categories = ["basic", "plus", "pro"]
            """,
        ),
        row={"months as customer": 60, "monthly spend": None, "plan": "pro"},
        headline="auc",
        floor=0.8,
    )


def write_species(folder: Path) -> Table:
    """Multiclass, numeric features only, Parquet."""
    random = np.random.default_rng(2)
    kind = random.integers(0, 3, _ROWS)
    length, width = random.normal(4 + kind, 0.6), random.normal(2 + 0.4 * kind, 0.3)
    frame = pl.DataFrame({"length": length, "width": width, "species": np.array(["a", "b", "c"])[kind]})
    frame.write_parquet(folder / "species.parquet")
    return Table(
        model_file=_write(
            folder / "species.toml",
            """
            [dataset]
            path = "species.parquet"
            [target]
            name = "species"
            task = "multiclass"
            classes = ["a", "b", "c"]
            [[features]]
            name = "length"
            kind = "numeric"
            unit = "cm"
            low = -5
            high = 20
            [[features]]
            name = "width"
            kind = "numeric"
            unit = "cm"
            low = -5
            high = 20
            """,
        ),
        row={"length": 6.2, "width": 2.8},
        headline="accuracy",
        floor=0.65,
    )


def write_rent(folder: Path) -> Table:
    """Regression in time order, with a large unit."""
    random = np.random.default_rng(3)
    area, district = random.uniform(20, 150, _ROWS), random.choice(["north", "south"], _ROWS)
    rent = 300 + 14 * area + 250 * (district == "north") + random.normal(0, 60, _ROWS)
    start = datetime(2025, 1, 1)
    frame = pl.DataFrame(
        {
            "listed": [start + timedelta(hours=4 * hour) for hour in range(_ROWS)],
            "area": np.round(area, 1),
            "district": district,
            "rent": np.round(rent, 0),
        }
    )
    frame.write_csv(folder / "rent.csv")
    return Table(
        model_file=_write(
            folder / "rent.toml",
            """
            [dataset]
            path = "rent.csv"
            time_column = "listed"
            [split]
            validation = "1mo"
            holdout = "2mo"
            [target]
            name = "rent"
            task = "regression"
            unit = "EUR"
            [[features]]
            name = "area"
            kind = "numeric"
            unit = "m2"
            low = 5
            high = 1000
            [[features]]
            name = "district"
            kind = "categorical"
            categories = ["north", "south"]
            """,
        ),
        row={"area": 100.0, "district": "north"},
        headline="r2",
        floor=0.95,
    )


WRITERS = {Task.BINARY: write_churn, Task.MULTICLASS: write_species, Task.REGRESSION: write_rent}


def _write(path: Path, text: str) -> Path:
    path.write_text("\n".join(line.strip() for line in text.strip().splitlines()) + "\n")
    return path
