"""model.toml: the whole problem in one file."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from core.contract import Contract, Task, read_contract, read_segments
from core.drift_policy import DriftPolicy, read_drift_policy
from core.errors import DatasetError, ModelFileError
from core.experiment_policy import read_experiment_policy
from core.reading import Table, read_model_file
from ml.columns import RawTable
from ml.dataset import RESERVED_PREFIX, Dataset, Loader, fit_to_contract, is_pattern
from ml.datasets import table_file
from ml.datasets.form import FORM_KEYS, TableForm, read_form
from ml.datasets.sources import Fetch, Files, find_files, no_download, path_fault
from ml.gate import GatePolicy
from ml.split import Share

DEFAULT_INTERVAL = 0.9
_DEFAULT_VALIDATION, _DEFAULT_HOLDOUT = "15%", "20%"
_LOADER = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingPlan:
    """
    How to train.

    Attributes:
        seed: Makes everything random repeatable.
        trials: Hyperparameter sets tried per boosted member, at least 1.
        threshold_rule: `cost` or `f1`; see `ml.threshold`.
        false_positive_cost, false_negative_cost: What the two errors cost, for the rule `cost`.
        interval: Share of outcomes that the intervals of a regression are to hold, in (0, 1).
    """

    seed: int
    trials: int
    threshold_rule: str
    false_positive_cost: float
    false_negative_cost: float
    interval: float = DEFAULT_INTERVAL


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A checked model.toml."""

    contract: Contract
    loader: Loader
    time_column: str | None
    form: TableForm
    left_out: tuple[str, ...]
    max_faulty_share: float
    validation: Share
    holdout: Share
    training: TrainingPlan
    gate: GatePolicy
    drift: DriftPolicy

    def read(self, as_of: date | None) -> RawTable:
        """
        The table as it lies, before it is checked against the contract.

        Raises:
            DatasetError: if it cannot be read.
        """
        try:
            raw = self.loader(as_of)
        except DatasetError:
            raise
        except Exception as error:  # a user's loader may fail in any way
            raise DatasetError(f"dataset.loader failed: {type(error).__name__}: {error}") from error
        if not callable(getattr(raw, "batches", None)):
            raise DatasetError(f"dataset.loader returned {type(raw).__name__}; it returns ml.dataset.RawData")
        return raw

    def load(self, as_of: date | None) -> Dataset:
        """
        The data set, checked against the contract.

        Raises:
            DatasetError: if it cannot be read or does not fit.
        """
        return fit_to_contract(
            self.read(as_of),
            self.contract,
            time_column=self.time_column,
            max_faulty_share=self.max_faulty_share,
            left_out=self.left_out,
        )


def read_problem(path: Path, fetch: Fetch = no_download) -> Problem:
    """
    Read and check a model.toml.

    Args:
        path: Of the file.
        fetch: Downloads the data, if they lie behind a URL, when they are read.

    Raises:
        ModelFileError: naming every place that is wrong.
    """
    document = read_model_file(path)
    document.reject_unknown(["dataset", "split", "target", "features", "training", "gate", "drift", "experiment"])
    contract, left_out = _read_target(document)
    for index, name in enumerate(contract.names):
        if name.startswith(RESERVED_PREFIX):
            document.fault(f"features[{index}].name", f"{name!r} begins with {RESERVED_PREFIX!r}, which is reserved")
        if is_pattern(name):
            document.fault(f"features[{index}].name", f"{name!r} is a pattern of columns; rename the column")
    dataset = document.table("dataset")
    time_column, form = dataset.get("time_column", str, "") or None, read_form(dataset)
    validation, holdout = _read_split(document.table("split", optional=True), time_column)
    gate = _read_gate(document.table("gate", optional=True), contract)
    # Checked here, too, so that one look finds every mistake; nothing of it is needed to train.
    read_experiment_policy(document.table("experiment", optional=True), contract=contract, segments=gate.segments)
    problem = Problem(
        contract=contract,
        loader=_read_loader(dataset, path.parent, form, time_column, fetch),
        time_column=time_column,
        form=form,
        left_out=left_out,
        max_faulty_share=dataset.number("max_faulty_share", 0.01, 0, 1),
        validation=validation,
        holdout=holdout,
        training=_read_training(document.table("training", optional=True), contract),
        gate=gate,
        drift=read_drift_policy(document.table("drift", optional=True), contract=contract, segments=gate.segments),
    )
    if document.faults:
        raise ModelFileError(str(path), document.faults)
    return problem


def _read_target(document: Table) -> tuple[Contract, tuple[str, ...]]:
    """The contract, and the outcomes whose rows are left out: they are about the data, and no part of it."""
    target = document.values.get("target")
    if not isinstance(target, dict):
        return read_contract(document), ()
    promised = {key: value for key, value in target.items() if key != "left_out"}
    contract = read_contract(Table({**document.values, "target": promised}, faults=document.faults))
    table = Table(target, "target", document.faults)
    left_out = table.texts("left_out", [])
    if left_out and contract.target.task is Task.REGRESSION:
        table.fault("left_out", "belongs to binary and multiclass targets only")
    for index, value in enumerate(left_out):
        if value in contract.target.classes and not (contract.target.catch_all and value == contract.target.classes[0]):
            table.fault(f"left_out[{index}]", f"{value!r} is a value that the model is to tell, too")
    return contract, left_out


def _read_loader(dataset: Table, folder: Path, form: TableForm, time_column: str | None, fetch: Fetch) -> Loader:
    dataset.reject_unknown(["loader", "path", "time_column", "max_faulty_share", *FORM_KEYS])
    named = [key for key in ("loader", "path") if key in dataset.values]
    if len(named) != 1:
        dataset.fault("", "takes either path (a file, a glob of files or a URL) or loader (module:function)")
        return _no_loader
    text = dataset.get(named[0], str)
    if not isinstance(dataset.values[named[0]], str):
        return _no_loader
    if named[0] == "path":
        fault = path_fault(text)
        if fault is not None:
            dataset.fault("path", fault)
        return partial(_load_files, partial(find_files, text, folder, fetch), form, time_column)
    for key in FORM_KEYS:
        if key in dataset.values:
            dataset.fault(key, "belongs to path; a loader says how its texts are written in RawData.form")
    return _import_loader(dataset, text)


def _load_files(find: Callable[[], Files], form: TableForm, time_column: str | None, as_of: date | None) -> RawTable:
    return table_file.open_files(find(), form, time_column=time_column, as_of=as_of)


def _import_loader(dataset: Table, text: str) -> Loader:
    if not _LOADER.fullmatch(text):
        dataset.fault("loader", f"takes module:function, such as tables.customers:load, found {text!r}")
        return _no_loader
    module, _, function = text.partition(":")
    try:
        found = getattr(importlib.import_module(module), function)
    except Exception as error:  # noqa: BLE001  # a user's module may fail in any way
        dataset.fault("loader", f"cannot be imported: {type(error).__name__}: {error}")
        return _no_loader
    if not callable(found):
        dataset.fault("loader", f"{text} is not a function")
        return _no_loader
    loader: Loader = found
    return loader


def _no_loader(_as_of: date | None) -> RawTable:
    raise DatasetError("model.toml names no data")


def _read_split(table: Table, time_column: str | None) -> tuple[Share, Share]:
    table.reject_unknown(["validation", "holdout"])
    shares = []
    for key, default in (("validation", _DEFAULT_VALIDATION), ("holdout", _DEFAULT_HOLDOUT)):
        text = table.get(key, str, default)
        try:
            share = Share.parse(text)
        except ValueError as error:
            # What is no text has its fault already.
            if isinstance(table.values[key], str):
                table.fault(key, str(error))
            share = Share.parse(default)
        if share.unit != "%" and time_column is None:
            table.fault(key, "a length of time needs dataset.time_column; write a share such as 20%")
        shares.append(share)
    validation, holdout = shares
    if time_column is not None and (validation.unit == "%") != (holdout.unit == "%"):
        table.fault("", f"takes two percentages or two lengths of time, found {validation} and {holdout}")
    return validation, holdout


def _read_training(table: Table, contract: Contract) -> TrainingPlan:
    table.reject_unknown(["seed", "trials", "threshold_rule", "false_positive_cost", "false_negative_cost", "interval"])
    if contract.target.task is not Task.REGRESSION and "interval" in table.values:
        table.fault("interval", "belongs to regression targets only")
    if contract.target.task is not Task.BINARY:
        for key in ("threshold_rule", "false_positive_cost", "false_negative_cost"):
            if key in table.values:
                table.fault(key, "belongs to binary targets only")
    return TrainingPlan(
        seed=table.whole_number("seed", 0, 0, 2**31 - 1),
        trials=table.whole_number("trials", 10, 1, 1000),
        threshold_rule=table.choice("threshold_rule", ["cost", "f1"], "cost"),
        false_positive_cost=table.number("false_positive_cost", 1.0, 1e-6, 1e6),
        false_negative_cost=table.number("false_negative_cost", 1.0, 1e-6, 1e6),
        interval=table.number("interval", DEFAULT_INTERVAL, 0.5, 0.99),
    )


def _read_gate(table: Table, contract: Contract) -> GatePolicy:
    table.reject_unknown(
        ["segments", "min_segment_rows", "confidence", "stale_after_days", "stale_margin",
         "max_calibration_error", "max_coverage_error", "max_latency_ratio"]
    )  # fmt: skip
    return GatePolicy(
        segments=read_segments(table, contract),
        min_segment_rows=table.whole_number("min_segment_rows", 500, 1, 10**9),
        confidence=table.number("confidence", 0.975, 0.6, 0.9999),
        stale_after_days=table.whole_number("stale_after_days", 90, 0, 36500),
        stale_margin=table.number("stale_margin", 0.01, 0, 1),
        max_calibration_error=table.number("max_calibration_error", 0.05, 0, 1),
        max_latency_ratio=table.number("max_latency_ratio", 5.0, 0.1, 1000),
        max_coverage_error=table.number("max_coverage_error", 0.05, 0, 1),
    )
