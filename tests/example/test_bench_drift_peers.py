from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from example.bench.drift_peers import CATEGORICAL, NUMERIC, read_columns, write_samples


def make_table(rows: int) -> pl.DataFrame:
    numbers = {name: [None, *(float(i % 7) for i in range(rows - 1))] for name in NUMERIC}
    return pl.DataFrame(numbers | {name: [f"{name} {i % 3}" for i in range(rows)] for name in CATEGORICAL})


def test_the_window_is_drawn_like_the_reference_and_then_shifted(tmp_path: Path) -> None:
    reference, window = map(read_columns, write_samples(make_table(50), 20_000, tmp_path))

    for name in NUMERIC:
        before, after = reference.numeric[name], window.numeric[name]
        assert np.isnan(before).mean() == pytest.approx(0.02, abs=0.005)
        assert np.nanmin(after) == pytest.approx(0.05 * np.nanstd(after), rel=0.001)
    assert window.categorical["carrier"].categories == ("carrier 0", "carrier 1", "carrier 2")
    shares = [np.bincount(part.categorical["carrier"].codes) / 20_000 for part in (reference, window)]
    assert shares[0] == pytest.approx(shares[1], abs=0.02)


def test_the_same_rows_are_drawn_each_time(tmp_path: Path) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    first, second = (write_samples(make_table(50), 100, folder) for folder in folders)

    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
