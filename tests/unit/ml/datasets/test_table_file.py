"""The table that model.toml names, whole and up to a day."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from core.errors import DatasetError
from ml.dataset import RawData
from ml.datasets import table_file
from ml.datasets.sources import Files

DAYS = "at,age\n2025-01-01,30\n2025-01-02,40\n2025-01-03,50\n"
HOURS = "at,age\n2025-01-01T23:59:59{zone},30\n2025-01-02T00:00:00{zone},40\n"


def _write(folder: Path, content: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _load(path: Path, time_column: str | None = None, as_of: date | None = None) -> RawData:
    return table_file.load(Files.one(path), time_column=time_column, as_of=as_of)


def test_a_csv_is_read_as_text_to_the_letter(tmp_path: Path) -> None:
    frame = _load(_write(tmp_path, "at,zip,member,x\n07/01/2025,01234,True,1.50\n2025-01-02,,NA,?\n")).frame
    assert set(frame.dtypes) == {pl.String}
    assert frame.rows() == [("07/01/2025", "01234", "True", "1.50"), ("2025-01-02", None, "NA", "?")]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator_is_named(separator: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"has one column, .*; columns are separated by commas"):
        _load(_write(tmp_path, DAYS.replace(",", separator)))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_is_named(encoding: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"is not UTF-8 \(byte \d+ is 0x..\); say dataset\.encoding = .cp1252."):
        _load(_write(tmp_path, "city,age\nKøln,30\n".encode(encoding)))


def test_a_column_given_twice_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="has more than one column 'age'; rename all but one"):
        _load(_write(tmp_path, "age,city,age\n30,Oslo,31\n"))


def test_parquet_is_read_as_it_was_written(tmp_path: Path) -> None:
    frame = pl.DataFrame({"age": [30, None], "city": ["Oslo", "Rome"]})
    frame.write_parquet(tmp_path / "data.parquet")
    assert _load(tmp_path / "data.parquet").frame.equals(frame)


def test_a_suffix_may_be_in_capitals(tmp_path: Path) -> None:
    assert len(_load(_write(tmp_path, DAYS, "DATA.CSV")).frame) == 3


def test_the_checksum_is_the_file_s(tmp_path: Path) -> None:
    path = _write(tmp_path, DAYS)
    raw = _load(path)
    assert raw.sha256 == hashlib.sha256(DAYS.encode()).hexdigest()
    assert raw.source == str(path)


def test_the_checksum_is_the_file_s_whatever_day_it_is_read_for(tmp_path: Path) -> None:
    path = _write(tmp_path, DAYS)
    assert _load(path, "at", date(2025, 1, 3)).sha256 == _load(path).sha256


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"data\.csv does not exist; dataset\.path"):
        _load(tmp_path / "data.csv")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "data.csv").mkdir()
    with pytest.raises(DatasetError, match=r"cannot be read \(Is a directory\)"):
        _load(tmp_path / "data.csv")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"takes a file that ends in \.csv, \.tsv, "):
        _load(_write(tmp_path, DAYS, "data.xls"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.parquet", b"garbage"),
        ("data.parquet", b"PAR1" + bytes(100) + b"PAR1"),
        ("data.parquet", b""),
        ("data.parquet", b"PAR1" + b"\xff" * 100 + b"PAR1"),
    ],
    ids=["short", "hollow", "empty", "noise"],
)
def test_bytes_that_are_no_table_are_refused(name: str, content: bytes, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=rf"is not a readable {name[5:]} file"):
        _load(_write(tmp_path, content, name))


def test_an_empty_csv_holds_no_rows(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no rows"):
        _load(_write(tmp_path, ""))


def test_a_day_leaves_the_rows_before_it(tmp_path: Path) -> None:
    assert _load(_write(tmp_path, DAYS), "at", date(2025, 1, 3)).frame["age"].to_list() == ["30", "40"]


@pytest.mark.parametrize("zone", ["", "Z", "+05:00"])
def test_a_day_begins_at_midnight(zone: str, tmp_path: Path) -> None:
    # Times with an offset are read as UTC, and so is the day.
    kept = _load(_write(tmp_path, HOURS.format(zone=zone)), "at", date(2025, 1, 2)).frame["age"].to_list()
    assert kept == (["30", "40"] if zone == "+05:00" else ["30"])


def test_a_day_is_understood_in_a_zone_of_its_own(tmp_path: Path) -> None:
    times = pl.Series(["2025-01-02T04:59", "2025-01-02T05:00"]).str.to_datetime(time_zone="UTC")
    path = tmp_path / "data.parquet"
    pl.DataFrame({"at": times.dt.convert_time_zone("America/New_York"), "age": [30, 40]}).write_parquet(path)
    assert _load(path, "at", date(2025, 1, 2)).frame["age"].to_list() == [30]


def test_a_day_is_understood_beside_times_as_text(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pl.DataFrame({"at": ["2025-01-01 05:00", "2025-01-02 05:00"], "age": [30, 40]}).write_parquet(path)
    assert _load(path, "at", date(2025, 1, 2)).frame["age"].to_list() == [30]


@pytest.mark.parametrize("time_column", [None, "when"])
def test_a_day_needs_a_time_column(time_column: str | None, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"--as-of needs dataset\.time_column"):
        _load(_write(tmp_path, DAYS), time_column, date(2025, 1, 3))


def test_a_day_needs_a_column_that_holds_times(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="time column 'age', row 1 is no time: '30'"):
        _load(_write(tmp_path, DAYS), "age", date(2025, 1, 3))


def test_a_day_before_all_rows_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no rows before 2024-12-31"):
        _load(_write(tmp_path, DAYS), "at", date(2024, 12, 31))


def test_a_text_that_is_no_time_is_named_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="time column 'at', row 1 is no time: 'soon'"):
        _load(_write(tmp_path, "at,age\nsoon,30\nlater,40\n"), "at", date(2024, 12, 31))


def _several(folder: Path, **contents: str) -> RawData:
    paths = [_write(folder, content, f"{name}.csv") for name, content in contents.items()]
    files = Files(paths=tuple(paths), names=tuple(path.name for path in paths), label="*.csv (several files)")
    return table_file.load(files, time_column="at", as_of=None)


def test_several_files_are_one_table(tmp_path: Path) -> None:
    raw = _several(tmp_path, a="at,age\n2025-01-01,30\n", b="age,at\n40,2025-01-02\n")
    assert raw.frame.rows() == [("2025-01-01", "30"), ("2025-01-02", "40")]
    assert (raw.source, [path.name for path in raw.paths]) == ("*.csv (several files)", ["a.csv", "b.csv"])
    assert raw.sha256 != _load(tmp_path / "a.csv").sha256


def test_a_day_may_come_before_all_rows_of_some_files(tmp_path: Path) -> None:
    paths = (_write(tmp_path, DAYS, "a.csv"), _write(tmp_path, DAYS.replace("2025", "2026"), "b.csv"))
    files = Files(paths=paths, names=("a.csv", "b.csv"), label="*.csv")
    assert len(table_file.load(files, time_column="at", as_of=date(2025, 6, 1)).frame) == 3


@pytest.mark.parametrize("other", ["age\n40\n", "at,age,city\n2025-01-02,40,Oslo\n"])
def test_files_of_other_columns_are_no_table(other: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"b\.csv: has other columns than a\.csv: only one of them has '(at|city)'"):
        _several(tmp_path, a="at,age\n2025-01-01,30\n", b=other)


def test_a_column_of_another_type_in_another_file_is_told(tmp_path: Path) -> None:
    frames = {"a.parquet": pl.DataFrame({"age": [30]}), "b.parquet": pl.DataFrame({"age": [[40]]})}
    for name, frame in frames.items():
        frame.write_parquet(tmp_path / name)
    files = Files(paths=tuple(tmp_path / name for name in frames), names=tuple(frames), label="*.parquet")
    with pytest.raises(DatasetError, match=r"a\.parquet and the files beside it hold .* in column 'age'"):
        table_file.load(files, time_column=None, as_of=None)
