"""
Three public tables, each from a fresh clone by one command to a correct prediction over HTTP.

The model's figures stand beside those of a tuned reference that had the same rows and as many seconds: scikit-learn's
histogram boosting with its own encoders (`bench.tuned_reference`). The clone borrows this repository's environment.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, log_loss, r2_score, roc_auc_score, root_mean_squared_error

from bench.server import ROOT, SECRET, SLIPWAY, running
from bench.table_files import PYTHON, TABLES, PublicTable, site_packages
from bench.tuned_reference import tune
from core.bundle import Bundle
from core.contract import Row, Target, Task
from core.golden import TOLERANCE, score_gap
from core.places import open_registry
from core.scorer import load_scorer
from ml.pipeline import read_parts
from ml.problem import read_problem

# A model may lose so much of what the reference reaches.
_MARGIN = 0.01
_HEADLINES = {Task.BINARY: "AUC", Task.MULTICLASS: "accuracy", Task.REGRESSION: "R2"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """
    One figure of both.

    Attributes:
        figure: Its name.
        ours, reference: On the same holdout.
        is_loss: Whether less is better.
    """

    figure: str
    ours: float
    reference: float
    is_loss: bool

    @property
    def ratio(self) -> float:
        """Ours as a share of the reference's."""
        return self.ours / self.reference

    @property
    def wanted(self) -> str:
        """What the ratio is to be."""
        return f"at most {1 + _MARGIN:g}" if self.is_loss else f"at least {1 - _MARGIN:g}"

    @property
    def is_reached(self) -> bool:
        """Whether it is."""
        return self.ratio <= 1 + _MARGIN if self.is_loss else self.ratio >= 1 - _MARGIN


def main() -> None:
    """Take each table from file to answer, and print how its model does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", choices=[table.name for table in TABLES], action="append", help="(default: all)")
    arguments = parser.parse_args()
    if not Path(PYTHON).is_file():
        sys.exit(f"error: {PYTHON} is not there; run scripts/bench own-tables, or set TABLES_PYTHON")
    packages, is_good = site_packages(), True
    for table in TABLES:
        if table.name in (arguments.table or [each.name for each in TABLES]):
            with tempfile.TemporaryDirectory() as folder:
                is_good &= measure(table, packages, Path(folder))
    sys.exit(0 if is_good else 1)


def measure(table: PublicTable, packages: Path, folder: Path) -> bool:
    """From a table's file to its figures; whether all is as wanted."""
    (folder / "table.csv").write_text(table.read(packages))
    clone = make_clone(folder / "clone")
    seconds = adopt(clone, folder / "table.csv", table.target)
    registry = f"directory:{clone}/.slipway/registry"
    opened = open_registry(registry, {})
    bundle = opened.fetch(opened.tags()[-1])
    problem = read_problem(clone / "model.toml")
    parts, target = read_parts(problem, None), problem.contract.target
    scores = load_scorer(bundle).score(parts.holdout.matrix)
    row = parts.holdout.as_json_rows()[0]
    gap = score_gap(ask(bundle, registry, clone, row), scores[:1], target.task)
    print(
        f"\n{table.name}: {len(parts.data):,} rows, {len(problem.contract.features)} features, {target.task} of "
        f"{target.name!r}; one command took {seconds:.0f} s\n"
        f"one holdout row over HTTP is off by {gap:.1g}, wanted at most {TOLERANCE:g}: {_said(gap <= TOLERANCE)}",
        flush=True,
    )
    tuned = tune(parts, problem.contract, seconds=seconds)
    print(f"the reference tried {tuned.trials} sets in {tuned.seconds:.0f} s\n")
    found = compare(scores, tuned.scores, parts.holdout.target, target)
    show(found)
    return gap <= TOLERANCE and all(each.is_reached for each in found)


def make_clone(folder: Path) -> Path:
    """This repository as it was committed, with the environment of this one."""
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", str(folder)], check=True)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def adopt(clone: Path, table: Path, target: str) -> float:
    """Run the one command, and say how many seconds it took."""
    began = time.perf_counter()
    variables = {"PATH": os.environ["PATH"], "HOME": str(clone.parent), "WANDB_MODE": "disabled"}
    run = subprocess.run(["scripts/adopt", str(table), "--target", target], cwd=clone, env=variables, check=False)
    if run.returncode:
        sys.exit(f"error: scripts/adopt failed on {table}; its message stands above")
    return time.perf_counter() - began


def ask(bundle: Bundle, registry: str, clone: Path, row: Row) -> NDArray[np.float64]:
    """Serve a bundle, and have it score one row over HTTP; shape (1, score columns)."""
    server = replace(
        SLIPWAY,
        command=["-m", "gunicorn", "--config", str(clone / "gunicorn.conf.py"), "app.wsgi:application"],
        variables={**SLIPWAY.variables, "MODEL_REGISTRY": registry, "PYTHONPATH": str(clone)},
    )
    with running(server, clone.parent / "service", str(bundle.manifest.tag)) as service:
        request = urllib.request.Request(  # a service on this machine
            f"http://127.0.0.1:{service.port}/v1/predict",
            data=json.dumps(row).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # as above
            return answered(json.load(answer), bundle.contract.target)


def answered(answer: Mapping[str, Any], target: Target) -> NDArray[np.float64]:
    """The scores of an answer, shape (1, score columns)."""
    match target.task:
        case Task.MULTICLASS:
            return np.array([[answer["scores"][name] for name in target.classes]])
        case Task.BINARY:
            return np.array([[answer["score"]]])
        case Task.REGRESSION:
            return np.array([[answer["value"]]])


def compare(
    ours: NDArray[np.float64], reference: NDArray[np.float64], outcome: NDArray[np.float64], target: Target
) -> list[Comparison]:
    """
    The loss that is optimised and the headline, of both.

    Args:
        ours: Holdout scores, shape (n, score columns).
        reference: The same.
        outcome: Class codes or values, shape (n,).
        target: Gives the task and the number of classes.
    """
    both = [_figures(scores, outcome, target) for scores in (ours, reference)]
    names = ("RMSE" if target.task is Task.REGRESSION else "log loss", _HEADLINES[target.task])
    return [
        Comparison(figure=name, ours=mine, reference=other, is_loss=name != _HEADLINES[target.task])
        for name, mine, other in zip(names, *both, strict=True)
    ]


def _figures(scores: NDArray[np.float64], outcome: NDArray[np.float64], target: Target) -> tuple[float, float]:
    if target.task is Task.REGRESSION:
        return float(root_mean_squared_error(outcome, scores[:, 0])), float(r2_score(outcome, scores[:, 0]))
    if target.task is Task.BINARY:
        return float(log_loss(outcome, scores[:, 0])), float(roc_auc_score(outcome, scores[:, 0]))
    loss = log_loss(outcome, scores / scores.sum(axis=1, keepdims=True), labels=np.arange(len(target.classes)))
    return float(loss), float(accuracy_score(outcome, scores.argmax(axis=1)))


def show(found: list[Comparison]) -> None:
    """Print the table."""
    print("| on the holdout | slipway | reference | ratio | wanted | |\n|---|---|---|---|---|---|")
    for each in found:
        digits = 4 - max(0, math.floor(math.log10(abs(each.ours)) + 1)) if each.ours else 4
        ours, reference = (f"{value:.{max(digits, 1)}f}" for value in (each.ours, each.reference))
        print(f"| {each.figure} | {ours} | {reference} | {each.ratio:.3f} | {each.wanted} | {_said(each.is_reached)} |")
    sys.stdout.flush()


def _said(is_reached: bool) -> str:
    return "reached" if is_reached else "NOT REACHED"


if __name__ == "__main__":
    main()
