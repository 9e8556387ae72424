"""
Evidently's drift preset with the same two tests forced, timed; `drift_peers` runs it in an environment of its own.

Reads from the command line one JSON object (reference, current, numeric, categorical, repeats), and writes another:
the seconds of each repeat, once with texts as pandas reads them and once as its categories, and the p-value of each
column. What is loaded is loaded before, and no test of the report's is asked for.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset


def main() -> None:
    """Measure, and print."""
    job = json.loads(sys.argv[1])
    seconds, values = {}, {}
    frames = {part: pd.read_parquet(job[part]) for part in ("reference", "current")}
    for kind in ("texts", "categories"):
        if kind == "categories":
            dtypes = dict.fromkeys(job["categorical"], "category")
            frames = {part: frame.astype(dtypes) for part, frame in frames.items()}
        seconds[kind], values[kind] = measure(frames, job)
    print(json.dumps({"seconds": seconds, "p_values": values["texts"]}))


def measure(frames: dict[str, pd.DataFrame], job: dict[str, Any]) -> tuple[list[float], dict[str, float]]:
    """The seconds of each repeat, and the p-values."""
    definition = DataDefinition(numerical_columns=job["numeric"], categorical_columns=job["categorical"])
    reference, current = (Dataset.from_pandas(frame, data_definition=definition) for frame in frames.values())
    seconds = []
    for _ in range(job["repeats"]):
        preset = DataDriftPreset(num_method="ks", cat_method="chisquare", include_tests=False)
        started = time.perf_counter()
        snapshot = Report([preset]).run(current, reference)
        seconds.append(time.perf_counter() - started)
    found = (metric for metric in snapshot.dict()["metrics"] if "column" in metric["config"])
    return seconds, {metric["config"]["column"]: float(metric["value"]) for metric in found}


if __name__ == "__main__":
    main()
