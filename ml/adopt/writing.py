"""The decisions as a model.toml that a person reads and changes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

import tomlkit
from tomlkit.items import AoT, Array, Table

from core.contract import CategoricalFeature, DriftRole, Feature, Task
from ml.adopt.decide import DEFAULT_FAULTY_SHARE, DEFAULT_TRIALS
from ml.adopt.decisions import Decisions, FeatureDecision, TargetDecision
from ml.adopt.phrases import number, quoted
from ml.datasets.form import FORM_KEYS, ISO

_WIDTH = 118
_LIST_WIDTH = 110


def write_model_file(decisions: Decisions, *, path: str, source: str, report: str) -> str:
    """
    The text of a model.toml.

    Each table's reasons are comments at its top, so that a table can be moved and merged with them.

    Args:
        decisions: What it is to say.
        path: Of the data, from the model file's folder.
        source: What to call the table.
        report: Where the report is, from the model file's folder.
    """
    document = tomlkit.document()
    document.add("dataset", _dataset(decisions, path))
    document.add("split", _split(decisions))
    document.add("target", _target(decisions.target))
    if decisions.trials != DEFAULT_TRIALS:
        document.add("training", _training(decisions))
    if decisions.segments:
        document.add("gate", _gate(decisions))
    features: AoT = tomlkit.aot()
    for each in decisions.features:
        features.append(_feature(each))
    document.add("features", features)
    head = "\n".join(f"# {line}".rstrip() for line in _head(decisions, source, report))
    return f"{head}\n\n{tomlkit.dumps(document).strip(chr(10))}\n"


def as_comment(text: str) -> list[str]:
    """A text of any origin as the lines of a comment: no line break or control character of it survives."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return textwrap.wrap(" ".join(plain.split()), _WIDTH, break_on_hyphens=False)


def _head(decisions: Decisions, source: str, report: str) -> list[str]:
    target = decisions.target.target
    lines = as_comment(
        f"Predicts {quoted([target.name])} from {len(decisions.features)} columns of {source}. Written by "
        f"scripts/adopt; {report} has the whole report. Change what you know better: when adopt runs again, it keeps "
        "your changes and shows what it would have written."
    )
    lines += as_comment(
        "Ranges (low, high) are what the table holds and half of that again on each side, rounded: a request outside "
        "is refused. nullable is where values are missing. Add a description to the target and the features, and a "
        "unit to numbers: callers and the model card show them. docs/model-file.md explains every key."
    )
    for index, each in enumerate(decisions.left_out):
        lines += ["", "Left out:"] if index == 0 else []
        first, *others = as_comment(f"{quoted([each.name])}: {each.reason}")
        lines += [f"- {first}", *(f"  {line}" for line in others)]
    return lines


def _table(reasons: Iterable[str]) -> Table:
    table = tomlkit.table()
    for reason in reasons:
        for line in as_comment(reason):
            table.add(tomlkit.comment(line))
    return table


def _dataset(decisions: Decisions, path: str) -> Table:
    reasons = [
        f"{quoted([decisions.time.name])}: {decisions.time.reason}" if decisions.time.name else decisions.time.reason
    ]
    if decisions.max_faulty_share != DEFAULT_FAULTY_SHARE:
        reasons.append("max_faulty_share: some rows hold a value that is no number where one is wanted.")
    table = _table(reasons)
    table.add("path", path)
    if decisions.time.name is not None:
        table.add("time_column", decisions.time.name)
    for key in FORM_KEYS:
        value = getattr(decisions.form, key)
        if value != getattr(ISO, key):
            table.add(key, value if isinstance(value, str) else _list(value))
    if decisions.max_faulty_share != DEFAULT_FAULTY_SHARE:
        table.add("max_faulty_share", decisions.max_faulty_share)
    return table


def _split(decisions: Decisions) -> Table:
    which = "The newest rows" if decisions.time.name is not None else "Rows at random"
    table = _table([f"{which} are the holdout, on which nothing is fitted: every figure and the gate come from them."])
    holdout, validation = decisions.shares
    table.add("holdout", f"{holdout}%")
    table.add("validation", f"{validation}%")
    return table


def _target(decision: TargetDecision) -> Table:
    target, reasons = decision.target, [decision.reason]
    if decision.span is not None:
        reasons.append(f"Values from {number(decision.span[0])} to {number(decision.span[1])}.")
    if decision.left_out:
        reasons.append("left_out: rows with these outcomes are not trained on, as there are too few of them.")
    table = _table(reasons)
    table.add("name", target.name)
    table.add("task", target.task.value)
    if target.task is Task.BINARY:
        table.add("positive", target.classes[1])
        if not target.catch_all:
            table.add("negative", target.classes[0])
    elif target.task is Task.MULTICLASS:
        table.add("classes", _list(target.classes))
    elif target.unit:
        table.add("unit", target.unit)
    if decision.left_out:
        table.add("left_out", _list([value for value, _ in decision.left_out]))
    return table


def _training(decisions: Decisions) -> Table:
    table = _table(["Fewer than the usual 10, as the table is long."])
    table.add("trials", decisions.trials)
    return table


def _gate(decisions: Decisions) -> Table:
    table = _table(["A new model may do worse for no group of these; they are few and large enough to judge."])
    table.add("segments", _list(decisions.segments))
    return table


def _feature(decision: FeatureDecision) -> Table:
    feature = decision.feature
    table = _table([decision.reason])
    table.add("name", feature.name)
    if isinstance(feature, CategoricalFeature):
        table.add("kind", "categorical")
        table.add("categories", _list(feature.categories))
    else:
        table.add("kind", "numeric")
        if feature.unit:
            table.add("unit", feature.unit)
        table.add("low", _number(feature.low))
        table.add("high", _number(feature.high))
    _add_common(table, feature)
    return table


def _add_common(table: Table, feature: Feature) -> None:
    if feature.nullable:
        table.add("nullable", True)  # noqa: FBT003  # tomlkit takes the value by position
    if feature.drift is not DriftRole.TESTED:
        table.add("drift", feature.drift.value)


def _number(value: float) -> float | int:
    """A whole number without a point, as a person writes it."""
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def _list(values: Sequence[str]) -> Array:
    """Texts in one line, or in several of a readable width."""
    array = tomlkit.array()
    written = [tomlkit.string(value) for value in values]
    if sum(len(each.as_string()) + 2 for each in written) <= _LIST_WIDTH - len("categories = []"):
        array.extend(written)
        return array
    line: list[tomlkit.items.String] = []
    for each in written:
        if line and sum(len(item.as_string()) + 2 for item in [*line, each]) > _LIST_WIDTH:
            array.add_line(*line, indent="  ")
            line = []
        line.append(each)
    array.add_line(*line, indent="  ")
    array.add_line(indent="")
    return array
