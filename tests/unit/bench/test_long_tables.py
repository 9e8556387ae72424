from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from bench.long_tables import write_table
from ml.problem import read_problem


@pytest.mark.parametrize("timed", [True, False])
def test_a_long_table_fits_its_model_file_and_is_the_same_each_time(tmp_path: Path, timed: bool) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_table(tmp_path / name, 2000, timed=timed)

    data = read_problem(tmp_path / "a/model.toml").load(None)

    assert (len(data), data.rows.width, data.times is not None) == (2000, 30, timed)
    assert data.notes == ()
    assert pl.read_csv(tmp_path / "a/table.csv").equals(pl.read_csv(tmp_path / "b/table.csv"))
