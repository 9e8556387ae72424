"""A sample of a table, read as training would read it: what leaks and seasons are looked for in."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from core.contract import MAX_TEXT_LENGTH, CategoricalFeature, Contract, Feature, Row, Target, Task
from core.errors import DatasetError
from ml.adopt.decide import without_late_classes
from ml.adopt.decisions import Decisions
from ml.adopt.leaks import measure, without_leaks
from ml.adopt.profile import TableProfile
from ml.adopt.seasons import mark_seasonal
from ml.dataset import Dataset, RawData
from ml.problem import read_problem

# Of the rows in the order of time: what validation and holdout leave.
_TRAINING_SHARE = 0.65
_MOST_TRIED = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampled:
    """Decisions after a look at a sample, and its rows, of which there are none if it could not be read."""

    decisions: Decisions
    rows: pl.DataFrame


def look_closer(profile: TableProfile, decisions: Decisions, draft: str, keep: tuple[str, ...]) -> Sampled:
    """
    Look for leaks, seasons and classes that come too late in the sample of a table.

    Args:
        profile: With the sample.
        decisions: By the columns alone.
        draft: These decisions as the text of a model.toml, by which the sample is read.
        keep: Columns that stay even if they look like a leak.

    Raises:
        DatasetError: if every column gives the outcome away.
    """
    data = _read(profile, decisions, draft)
    if data is None:
        remark = "No leaks or seasons were looked for: the sample holds too few rows with an outcome."
        return Sampled(decisions=replace(decisions, remarks=(*decisions.remarks, remark)), rows=pl.DataFrame())
    contract = _with_present_classes(decisions, profile.sample)
    seen = without_leaks(mark_seasonal(decisions, data), measure(data, contract), keep, profile.source)
    if data.times is not None and contract.target.classes:
        early = Counter(contract.target.classes[int(code)] for code in data.target[: int(_TRAINING_SHARE * len(data))])
        factor = profile.rows / len(data)
        seen = without_late_classes(seen, {name: round(count * factor) for name, count in early.items()})
    return Sampled(decisions=seen, rows=data.rows)


def example_row(rows: pl.DataFrame, contract: Contract) -> Row | None:
    """The newest row of a sample that a caller may send by a contract, which a person may have edited; None if none."""
    if not set(contract.names) <= set(rows.columns):
        return None
    for row in reversed(rows.tail(_MOST_TRIED).rows(named=True)):
        if all(_may_be_sent(row[feature.name], feature) for feature in contract.features):
            return {name: _as_written(row[name]) for name in contract.names}
    return None


def _may_be_sent(value: float | str | None, feature: Feature) -> bool:
    if value is None:
        return feature.nullable
    if isinstance(feature, CategoricalFeature):
        return isinstance(value, str) and len(value) <= MAX_TEXT_LENGTH
    return isinstance(value, float) and feature.low <= value <= feature.high


def _as_written(value: float | str | None) -> float | str | None:
    """A whole number without a point."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _read(profile: TableProfile, decisions: Decisions, draft: str) -> Dataset | None:
    """The sample as training would read it, in which any row may be faulty; None if too little is left."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.toml"
        path.write_text(draft, encoding="utf-8")
        problem = read_problem(path)
    target = decisions.target
    left_out = [value for value, _ in target.left_out]
    frame = profile.sample.filter(~pl.col(target.target.name).cast(pl.String).is_in(left_out).fill_null(value=False))
    raw = RawData(frame=frame, sha256=profile.sha256, source=profile.source, form=decisions.form)
    sampled = replace(
        problem,
        contract=_with_present_classes(decisions, profile.sample),
        loader=lambda _as_of: raw,
        max_faulty_share=1.0,
    )
    try:
        return sampled.load(None)
    except DatasetError:
        return None


def _with_present_classes(decisions: Decisions, sample: pl.DataFrame) -> Contract:
    """The contract without classes that a sample happens to lack."""
    contract = decisions.contract
    target: Target = contract.target
    if target.task is not Task.MULTICLASS:
        return contract
    present = set(sample[target.name].cast(pl.String).drop_nulls().unique())
    return replace(contract, target=replace(target, classes=tuple(name for name in target.classes if name in present)))
