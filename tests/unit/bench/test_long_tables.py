from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from bench.long_tables import write_table


@pytest.mark.parametrize("timed", [True, False])
def test_a_long_table_has_its_columns_and_is_the_same_each_time(tmp_path: Path, timed: bool) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_table(tmp_path / name, 2000, timed=timed)

    table = pl.read_csv(tmp_path / "a/table.csv")

    assert table.shape == (2000, 32 if timed else 31)
    assert table.equals(pl.read_csv(tmp_path / "b/table.csv"))
