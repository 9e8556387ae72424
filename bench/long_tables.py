"""Time and memory of adopting long tables and training on them: 30 columns, made from a seed, in a CSV file."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bench.server import ROOT, verdict

ROWS = (50_000, 500_000, 5_000_000)
MOST_GB = 4.0
_NUMBERS = 20
# Categories of each of the other columns.
_CATEGORIES = (3, 5, 8, 12, 20, 50, 100, 200, 500, 1000)
_CHUNK = 100_000
# Five million rows are a year.
_APART_US = 6_000_000
# Without the folder, which is another for each table.
_STEP = re.compile(r"\s*(\S.*?\S)(?: to directory:\S+)?: ([\d.]+) s")
_SAMPLE_S = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A step of the command: its time, and the most memory that was resident meanwhile."""

    name: str
    seconds: float
    most_gb: float


def main() -> None:
    """Adopt each table in a process of its own, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS, help=f"of each table (default: {ROWS})")
    parser.add_argument("--trials", type=int, default=10, help="hyperparameter sets per member (default: 10)")
    parser.add_argument("--timed", action="store_true", help="with a time column, so with a split by time")
    arguments = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as name:
        for rows in arguments.rows:
            folder = Path(name, str(rows))
            folder.mkdir()
            size = write_table(folder, rows, timed=arguments.timed)
            print(f"{rows:,} rows: {size / 1e6:,.0f} MB of CSV", file=sys.stderr)
            found[rows] = adopt(folder, arguments.trials)
            (folder / "table.csv").unlink()
    show(found)


def write_table(folder: Path, rows: int, *, timed: bool) -> int:
    """Write `table.csv`, and say how many bytes it has."""
    effects = [np.random.default_rng([0, size]).normal(0, 0.5, size) for size in _CATEGORIES]
    with (folder / "table.csv").open("wb") as file:
        for start in range(0, rows, _CHUNK):
            frame = _chunk(start, min(_CHUNK, rows - start), effects, timed=timed)
            frame.write_csv(file, include_header=start == 0)
    return (folder / "table.csv").stat().st_size


def _chunk(start: int, rows: int, effects: list[NDArray[np.float64]], *, timed: bool) -> pl.DataFrame:
    random = np.random.default_rng([1, start])
    numbers = random.normal(size=(rows, _NUMBERS)).round(3)
    codes = [(random.random(rows) ** 2 * size).astype(int) for size in _CATEGORIES]
    drive = numbers[:, 0] + 0.5 * numbers[:, 1] * numbers[:, 2] - 0.4 * (numbers[:, 3] > 1) + np.sin(2 * numbers[:, 4])
    drive += sum(effect[code] for effect, code in zip(effects, codes, strict=True))
    columns = {}
    for index in range(_NUMBERS):
        column = pl.Series(numbers[:, index])
        columns[f"n{index}"] = column.set(pl.Series(random.random(rows) < 0.05), None) if index % 4 == 0 else column
    for index, (code, size) in enumerate(zip(codes, _CATEGORIES, strict=True)):
        columns[f"c{index}"] = pl.Series(_names(size)).gather(code)
    columns["outcome"] = pl.Series(np.where(random.random(rows) < 1 / (1 + np.exp(-drive)), "yes", "no"))
    if timed:
        at = pl.Series(np.arange(start, start + rows) * _APART_US).cast(pl.Datetime("us"))
        columns["at"] = at.dt.strftime("%Y-%m-%dT%H:%M:%S")
    return pl.DataFrame(columns)


def _names(size: int) -> list[str]:
    return [f"k{number:04d}" for number in range(size)]


def adopt(folder: Path, trials: int) -> list[Step]:
    """Run the one command in a process of its own, and say what each step took; the last entry is all of it."""
    own = {
        "MODEL_REGISTRY": f"directory:{folder}/registry",
        "DEPLOYMENT_LEDGER": f"file:{folder}/ledger.jsonl",
        "CANDIDATE_DIR": str(folder / "candidate"),
        "WANDB_MODE": "disabled",
        # Or a long line would be two.
        "COLUMNS": "500",
    }
    command = [sys.executable, "-m", "ml", "adopt", str(folder / "table.csv"), "--target", "outcome"]
    command += ["--model-file", str(folder / "model.toml"), "--trials", str(trials)]
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | own, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        steps = list(_steps(process))
    if process.returncode:
        sys.exit(f"error: the command ended with status {process.returncode}")
    seconds = time.perf_counter() - started
    return [*steps, Step(name="all", seconds=seconds, most_gb=max(step.most_gb for step in steps))]


def _steps(process: subprocess.Popen[str]) -> Iterator[Step]:
    """The steps that the command reports on standard error."""
    samples, is_over = [0.0], threading.Event()

    def sample() -> None:
        while not is_over.wait(_SAMPLE_S):
            samples.append(_resident_gb(process.pid))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        for line in process.stderr or ():
            print(line, end="", file=sys.stderr)
            if match := _STEP.fullmatch(line.rstrip()):
                yield Step(name=match[1], seconds=float(match[2]), most_gb=max(samples))
                samples[:] = [0.0]
    finally:
        is_over.set()
        thread.join()


def _resident_gb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024 / 1e9


def show(found: dict[int, list[Step]]) -> None:
    """Print the table and what is wanted of it."""
    print("\nseconds, and the most GB resident meanwhile\n")
    print(f"| step | {' | '.join(f'{rows:,} rows' for rows in found)} |\n|---|{'---|' * len(found)}")
    for row in zip(*found.values(), strict=True):
        cells = " | ".join(f"{step.seconds:,.1f} s, {step.most_gb:.2f} GB" for step in row)
        print(f"| {row[0].name} | {cells} |")
    print()
    for rows, steps in found.items():
        verdict(f"memory with {rows:,} rows, GB", steps[-1].most_gb, at_most=MOST_GB)


if __name__ == "__main__":
    main()
