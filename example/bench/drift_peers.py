"""
How long it takes to compare a window with a reference, beside Evidently with the same tests forced.

The rows are flights of 2013 drawn at random, with every number of the window 0.05 standard deviations higher, so that
the drift is real, as the p-value of a Kolmogorov-Smirnov test costs most then. Both run on one core, on the same
files, and what they load is loaded before; each figure is the least of some repeats.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from bench.server import ROOT, verdict
from core.contract import CategoricalFeature, Contract, NumericFeature, Target, Task
from core.reference import WEEK, Reference, categorical_reference, numeric_reference
from drift.columns import Columns
from drift.counts import Profile, count_window
from drift.evidence import Witness
from drift.thresholds import Thresholds
from drift.verdict import judge
from example import flights
from example.bench.drift_data import coded

NUMERIC = (
    "departure_minute",
    "scheduled_minutes",
    "distance",
    "dep_delay",
    "seats",
    "origin_delay_1h",
    "temperature",
    "dew_point",
    "wind_speed",
    "pressure",
)
CATEGORICAL = ("carrier", "origin", "dest", "day_of_week", "month")
_SEED, _SHIFT_SDS, _LEVEL = 20130101, 0.05, 0.05
# scripts/bench makes this environment if no other is named.
_PYTHON = os.environ.get("EVIDENTLY_PYTHON") or str(ROOT / ".venv-evidently/bin/python")
_PEER_NAMES = {"texts": "Evidently 0.7.23", "categories": "the same, given pandas' categories"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """
    What is wanted with so many rows on each side.

    Attributes:
        ms: At most so long.
        ratio: At least so many times faster.
        peer_repeats: The peer takes half a minute for a million rows.
    """

    ms: float
    ratio: float
    peer_repeats: int


WANTED = {100_000: Wanted(ms=50, ratio=60, peer_repeats=3), 1_000_000: Wanted(ms=500, ratio=50, peer_repeats=1)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """The seconds of each repeat, and in how many columns a test found a difference at 5 %."""

    seconds: Sequence[float]
    different: int

    @property
    def least_ms(self) -> float:
        """The figure."""
        return min(self.seconds) * 1000


def main() -> None:
    """Measure, and print a table and what is wanted for each number of rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, choices=WANTED, action="append", help="on each side (default: both)")
    parser.add_argument("--repeats", type=int, default=15, help="of ours (default: 15)")
    arguments = parser.parse_args()
    if not Path(_PYTHON).is_file():
        sys.exit(f"error: {_PYTHON} is not there; run scripts/bench drift-peers, or set EVIDENTLY_PYTHON")
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    table = flights.load().frame.with_columns(month=pl.col("scheduled_at").dt.strftime("%b"))
    table = table.select(*(pl.col(name).cast(pl.Float64) for name in NUMERIC), *CATEGORICAL)
    with tempfile.TemporaryDirectory() as folder:
        for rows in arguments.rows or WANTED:
            reference, window = write_samples(table, rows, Path(folder))
            own = ours(reference, window, arguments.repeats)
            show(rows, own, peers(reference, window, WANTED[rows].peer_repeats))


def write_samples(table: pl.DataFrame, rows: int, folder: Path) -> tuple[Path, Path]:
    """Draw a reference and a window, with replacement, into two files."""
    generator = np.random.default_rng(_SEED)
    reference, window = (table[generator.integers(0, len(table), rows)] for _ in range(2))
    window = window.with_columns(pl.col(NUMERIC) + _SHIFT_SDS * pl.col(NUMERIC).std())
    paths = folder / f"reference-{rows}.parquet", folder / f"window-{rows}.parquet"
    for frame, path in zip((reference, window), paths, strict=True):
        frame.write_parquet(path)
    return paths


def read_columns(path: Path) -> Columns:
    """The rows of a file as drift gets them."""
    frame = pl.read_parquet(path)
    return Columns(
        at=np.zeros(len(frame), dtype=np.int64),
        numeric={name: frame[name].to_numpy() for name in NUMERIC},
        categorical={name: coded(frame[name]) for name in CATEGORICAL},
        scores={},
        wrong={},
    )


def ours(reference: Path, window: Path, repeats: int) -> Timed:
    """Count the window at the reference's knots, compare, test and judge, all columns in this process."""
    contract = Contract(
        features=(
            *(NumericFeature(name=name, low=-1e9, high=1e9) for name in NUMERIC),
            *(CategoricalFeature(name=name, categories=("any",)) for name in CATEGORICAL),
        ),
        target=Target(name="late", task=Task.BINARY, classes=("no", "yes")),
    )
    table, columns = pl.read_parquet(reference), read_columns(window)
    profile = Profile.of(
        contract,
        Reference(
            numeric={name: numeric_reference(table[name].to_numpy()) for name in NUMERIC},
            categorical={name: categorical_reference(table[name].to_list()) for name in CATEGORICAL},
            scores={},
            rows=len(table),
        ),
    )
    thresholds, seconds, judged = Thresholds(), [], []
    witness = Witness(profile=profile, length=WEEK, thresholds=thresholds)
    for _ in range(repeats):
        began = time.perf_counter()
        evidence = witness.gather(count_window(columns, profile))
        judged = judge(evidence, {}, thresholds, length=WEEK, drops_columns=False)
        seconds.append(time.perf_counter() - began)
    tests = [each.evidence.values for each in judged]
    return Timed(seconds=seconds, different=sum(test is not None and test.p_value <= _LEVEL for test in tests))


def peers(reference: Path, window: Path, repeats: int) -> dict[str, Timed]:
    """Evidently on the same files, in its own environment."""
    job = {
        "reference": str(reference),
        "current": str(window),
        "numeric": NUMERIC,
        "categorical": CATEGORICAL,
        "repeats": repeats,
    }
    script = str(ROOT / "example/bench/peers/evidently_preset.py")
    variables = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "DO_NOT_TRACK": "1"}
    run = subprocess.run(
        [_PYTHON, script, json.dumps(job)], env=variables, stdout=subprocess.PIPE, text=True, check=False
    )
    if run.returncode:
        sys.exit(f"error: Evidently failed in {_PYTHON}; its message stands above")
    found = json.loads(run.stdout)
    different = sum(value <= _LEVEL for value in found["p_values"].values())
    return {name: Timed(seconds=found["seconds"][kind], different=different) for kind, name in _PEER_NAMES.items()}


def show(rows: int, own: Timed, others: dict[str, Timed]) -> None:
    """Print the table and what is wanted of it."""
    columns = len(NUMERIC) + len(CATEGORICAL)
    print(f"\n{columns} columns, reference and window of {rows:,} rows, one core, after loading\n")
    print("| tool | repeats | ms | columns that differ | slipway is |\n|---|---|---|---|---|")
    for name, timed in ({"slipway": own} | others).items():
        ratio = timed.least_ms / own.least_ms
        print(f"| {name} | {len(timed.seconds)} | {timed.least_ms:,.1f} | {timed.different} | {ratio:,.0f} x |")
    print()
    wanted, peer = WANTED[rows], others[_PEER_NAMES["texts"]]
    verdict(f"{rows:,} rows, ms", own.least_ms, at_most=wanted.ms)
    verdict(f"{rows:,} rows, times faster than Evidently", peer.least_ms / own.least_ms, at_least=wanted.ratio)


if __name__ == "__main__":
    main()
