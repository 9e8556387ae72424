"""
How far the scores of consecutive monthly models of the flights lie apart on the same rows, beside those of models that
are broken; and how far those of one model do on consecutive rows. The limits of `deploy/judging/policy.py` lie between.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from bench.server import ROOT
from core.contract import Task
from core.registry import DirectoryRegistry
from core.scorer import load_scorer
from deploy.judging.comparison import Numbers, distance_beyond_chance, distance_of, mean_change
from ml.dataset import Dataset
from ml.problem import read_problem

_SEED: Final = 20130101
_MONTHS: Final = ("2013-06-01", "2013-07-01", "2013-08-01", "2013-10-01", "2013-11-01", "2013-12-01")
_SIZES: Final = (50, 200, 1000)
_DRAWS: Final = 300
_BROKEN: Final[dict[str, Callable[[Numbers], Numbers]]] = {
    "to the power of 0.5": np.sqrt,
    "inverted": lambda scores: 1 - scores,
    "0.15 too high": lambda scores: np.clip(scores + 0.15, 0, 1),
    "0.05 too high": lambda scores: np.clip(scores + 0.05, 0, 1),
    "all equal": lambda scores: np.full_like(scores, scores.mean()),
}


def main() -> None:
    """Train, score each month with the model of its first day and the one before, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, help="a folder of registries by month (default: trains them, 2 minutes)")
    arguments = parser.parse_args()
    data = read_problem(ROOT / "model.toml").load(None)
    with tempfile.TemporaryDirectory() as folder:
        models = arguments.models or train(Path(folder))
        scored = list(score_months(data, models))
    generator = np.random.default_rng(_SEED)
    print("| scores | rows | distance, least | median | largest | mean moved, least | median | largest |")
    print("|---|---|---|---|---|---|---|---|")
    for name, bend in {"of the next month's model": lambda scores: scores, **_BROKEN}.items():
        for size in _SIZES:
            drawn = [drawn_from(old, bend(new), size, generator) for old, new in scored]
            figures = np.quantile(np.concatenate(drawn), [0, 0.5, 1], axis=0).T
            print(f"| {name} | {size} | " + " | ".join(f"{value:.3f}" for value in figures.ravel()) + " |")
    print("\n| one model, rows before and after | windows | median beyond chance | 95 % | largest | beyond 0.25 |")
    print("|---|---|---|---|---|---|")
    for size in (200, 500, 1000, 2000):
        beyond = np.concatenate([consecutive(old, size) for old, _ in scored])
        figures = np.quantile(beyond, [0.5, 0.95, 1])
        shown = " | ".join(f"{value:.3f}" for value in figures)
        print(f"| {size} | {len(beyond)} | {shown} | {(beyond > 0.25).mean():.1%} |")


def train(folder: Path) -> Path:
    """A model as of the first of each month."""
    for month in _MONTHS:
        environment = os.environ | {
            "MODEL_REGISTRY": f"directory:{folder / month / 'registry'}",
            "DEPLOYMENT_LEDGER": f"file:{folder / month / 'ledger.jsonl'}",
            "CANDIDATE_DIR": str(folder / month / "candidate"),
            "WANDB_MODE": "disabled",
        }
        command = [sys.executable, "-m", "ml", "train", "--publish", "--trials", "2", "--as-of", month]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return folder


def score_months(data: Dataset, models: Path) -> Iterator[tuple[Numbers, Numbers]]:
    """Of each month's flights, in the order of time, the scores of the model before and of the one made for it."""
    assert data.times is not None  # noqa: S101  # the flights have times
    times = data.times.to_numpy()
    for before, month in pairwise(_MONTHS):
        start = np.datetime64(month)
        rows = np.flatnonzero((times >= start) & (times < start + np.timedelta64(30, "D")))
        rows = rows[np.argsort(times[rows], kind="stable")]
        old, new = (score(models / each / "registry", data, rows) for each in (before, month))
        yield old, new


def score(registry: Path, data: Dataset, rows: np.ndarray) -> Numbers:
    """The scores of a registry's newest model."""
    models = DirectoryRegistry(registry)
    return load_scorer(models.fetch(max(models.tags()))).score(data.matrix[rows])[:, 0]


def drawn_from(old: Numbers, new: Numbers, size: int, generator: np.random.Generator) -> Numbers:
    """Distance and change of the mean in samples of the same rows, shape (draws, 2)."""
    found = []
    for _ in range(_DRAWS):
        rows = generator.choice(len(old), size, replace=False)
        found.append((distance_of(new[rows], old[rows]), mean_change(new[rows], old[rows], Task.BINARY)))
    return np.array(found)


def consecutive(scores: Numbers, size: int) -> Numbers:
    """How far beyond chance so many rows lie from as many just before them."""
    starts = range(0, len(scores) - 2 * size, size // 2)
    return np.array(
        [
            distance_beyond_chance(scores[start + size : start + 2 * size], scores[start : start + size])
            for start in starts
        ]
    )


if __name__ == "__main__":
    main()
