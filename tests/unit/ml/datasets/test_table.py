"""Tables as streams: what is read of which file, and what is refused in one sentence."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DatasetError
from ml.datasets.csv_file import MAX_LINE_BYTES
from ml.datasets.form import TableForm
from ml.datasets.table import TableFiles, open_table

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)
_DELIMITERS = st.sampled_from([",", ";", "\t", "|"])
_ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])


def _write(folder: Path, content: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _open(*paths: Path, **form: Any) -> TableFiles:
    return open_table(paths, TableForm(**form), source="a table")


def _rows(*paths: Path, size: int = 100, **form: Any) -> list[tuple[Any, ...]]:
    return [row for batch in _open(*paths, **form).batches(size) for row in batch.rows()]


def _bare(text: str) -> str:
    bare: str = pl.Series([text]).str.strip_chars()[0]
    return bare


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@given(
    rows=st.lists(st.tuples(_TEXT, _TEXT, _TEXT), min_size=1, max_size=5),
    delimiter=_DELIMITERS,
    encoding=_ENCODINGS,
    line_end=st.sampled_from(["\n", "\r\n"]),
    is_packed=st.booleans(),
    ends=st.booleans(),
)
def test_a_table_written_in_any_form_reads_back(
    rows: list[tuple[str, str, str]],
    delimiter: str,
    encoding: str,
    line_end: str,
    *,
    is_packed: bool,
    ends: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    lines = [("a", "b", "c"), *rows]
    text = line_end.join(delimiter.join(map(_quoted, line)) for line in lines) + line_end * ends
    content = text.encode(encoding)
    path = tmp_path_factory.mktemp("table") / ("data.csv.gz" if is_packed else "data.csv")
    path.write_bytes(gzip.compress(content) if is_packed else content)
    assert _rows(path, delimiter=delimiter, encoding=encoding) == [tuple(map(_bare, row)) for row in rows]


def test_rows_come_in_batches_of_the_size_that_is_asked_for(tmp_path: Path) -> None:
    path = _write(tmp_path, "a,b\n" + "".join(f"{row},x\n" for row in range(25)))
    batches = list(_open(path).batches(10))
    assert [len(batch) for batch in batches] == [10, 10, 5]
    assert pl.concat(batches)["a"].to_list() == [str(row) for row in range(25)]


@pytest.mark.parametrize("suffix", [".csv", ".TXT", ".csv.gz"])
def test_the_checksum_of_a_file_is_that_of_its_bytes(suffix: str, tmp_path: Path) -> None:
    content = gzip.compress(b"a,b\n1,2\n") if suffix.endswith("gz") else b"a,b\n1,2\n"
    path = _write(tmp_path, content, f"data{suffix}")
    assert _open(path).sha256 == hashlib.sha256(content).hexdigest()
    assert _rows(path) == [("1", "2")]


def test_a_mark_of_the_byte_order_belongs_to_no_name(tmp_path: Path) -> None:
    assert _open(_write(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n")).columns == ("a", "b")


def test_spaces_around_names_and_cells_do_not_count(tmp_path: Path) -> None:
    path = _write(tmp_path, "a, b ,c\n 1,\t2, x y \n", "data.csv")
    assert _open(path).columns == ("a", "b", "c")
    assert _rows(path) == [("1", "2", "x y")]


@pytest.mark.parametrize("content", ["a,b,\n1,2,\n", "a,b\n1,2,\n3,4,\n", "a,b,,\n1,2,,\n", "\n\na,b\n\n1,2\n\n\n"])
def test_empty_cells_and_lines_at_an_end_are_nothing(content: str, tmp_path: Path) -> None:
    assert _rows(_write(tmp_path, content))[0] == ("1", "2")
    assert _open(_write(tmp_path, content)).columns == ("a", "b")


@pytest.mark.parametrize("head", [",b", '"",b', " ,b"])
def test_the_first_column_may_have_no_name(head: str, tmp_path: Path) -> None:
    table = _open(_write(tmp_path, f"{head}\nx,1\ny,2\n"))
    assert table.columns == ("(unnamed)", "b")
    assert _rows(table.paths[0]) == [("x", "1"), ("y", "2")]


def test_line_ends_and_delimiters_in_quotes_cut_nothing(tmp_path: Path) -> None:
    assert _rows(_write(tmp_path, 'a,b\n"x\ny, z",2\n5" x 6",3\n')) == [("x\ny, z", "2"), ('5" x 6"', "3")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no rows"),
        ("\n\n", "holds no rows"),
        ("a,b\n", "holds no rows, only the head"),
        ("a,b\n1,2\n3\n", "row 2 has 1 cells, the head has 2"),
        ("a,b\n1,2\n\n3,4,5\n", "row 2 has 3 cells, the head has 2"),
        ("a,b\n" + "1,2\n" * 50 + "1,2,\n" + "1,2,3\n", "row 52 has 3 cells"),
        ('a,b\n1,2\n3,4\n5,"6\n7,8\n', "a double quote in row 3 is never closed"),
        ('a,"b\n1,2\n', "a double quote in the head is never closed"),
        ('a,b\n1,"2"x\n', "a cell that begins with a double quote ends with one"),
        ("a,b,a\n1,2,3\n", "has more than one column 'a'; rename all but one"),
        ("a,b\n1,2\n\na,b\n3,4\n", "row 2 repeats the head"),
        ("a,,c\n1,2,3\n", "column 2 has no name"),
        (",,c\n1,2,3\n", "column 2 has no name"),
        ("a,b,\n1,2,\n3,4,5\n", "column 3 holds values but has no name in the head"),
        (",,\n1,2,3\n", "nor a head with names of columns"),
        ("a;b\n1;2\n", "has one column, 'a;b'; columns are separated by commas"),
        ("a,b\n1,\0\n", "holds a NUL character"),
        ("a,b\r1,2\r3,4\r", "its lines end in a carriage return alone"),
        ("Kø,b\n1,2\n".encode("cp1252"), 'byte 1 is 0xf8); say dataset.encoding = "cp1252"'),
        (b"a,b\n1,\xe4", "byte 6 is 0xe4"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_what_is_no_table_is_named_in_a_sentence(content: str | bytes, words: str, tmp_path: Path) -> None:
    path = _write(tmp_path, content)
    with pytest.raises(DatasetError) as caught:
        _rows(path)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_row_far_into_a_file_is_named_by_its_number(tmp_path: Path) -> None:
    rows = 1_500_000
    path = _write(tmp_path, b"a,b\n" + b"123,456\n" * rows + b"7\n")
    with pytest.raises(DatasetError, match=r"row 1,500,001 has 1 cells"):
        _open(path)


def test_a_line_without_end_is_a_quote_that_never_closes(tmp_path: Path) -> None:
    path = _write(tmp_path, b'a,b\n1,"' + b"x" * (MAX_LINE_BYTES + 1))
    with pytest.raises(DatasetError, match="a double quote in row 1 is never closed"):
        _open(path)


@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(b"a,b\n1,2\n")[:-4], gzip.compress(b"a,b\n1,2\n")[:10] + b"\xff" * 9],
    ids=["no gzip", "cut short", "damaged"],
)
def test_what_cannot_be_unpacked_is_said_to_be_so(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"data\.csv\.gz: cannot be unpacked"):
        _open(_write(tmp_path, content, "data.csv.gz"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04\0\0", "an Excel workbook and no table"),
        (gzip.compress(b"a,b\n1,2\n"), "packed by gzip"),
        (b"PAR1\0", "a Parquet"),
    ],
)
def test_what_is_no_text_is_told_by_how_it_begins(content: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=words):
        _open(_write(tmp_path, content))


def test_files_are_one_table_below_each_other(tmp_path: Path) -> None:
    first, second = _write(tmp_path, "a,b\n1,2\n", "1.csv"), _write(tmp_path, "b,a\n4,3\n", "2.csv")
    assert _rows(first, second) == [("1", "2"), ("3", "4")]
    assert _open(first, second).sha256 not in (_open(first).sha256, _open(second, first).sha256)


def test_files_of_other_columns_are_both_named(tmp_path: Path) -> None:
    first, second = _write(tmp_path, "a,b\n1,2\n", "1.csv"), _write(tmp_path, "a,c\n4,3\n", "2.csv")
    with pytest.raises(DatasetError, match=r"2\.csv: has other columns than .*1\.csv: only one of them has 'b', 'c'"):
        _open(first, second)


def test_files_of_other_kinds_are_no_table(tmp_path: Path) -> None:
    first, second = _write(tmp_path, "a,b\n1,2\n", "1.csv"), _write(tmp_path, '{"a": 1}\n', "2.jsonl")
    with pytest.raises(DatasetError, match=r"are of different kinds, \.csv, \.jsonl"):
        _open(first, second)


def test_parquet_keeps_its_types_and_numbers_or_texts_of_two_sorts_agree(tmp_path: Path) -> None:
    frames = [
        pl.DataFrame({"a": [1, 2], "day": [date(2025, 1, 1)] * 2, "b": [None, None], "c": ["x", "y"]}),
        pl.DataFrame({"a": [0.5], "day": [date(2025, 1, 2)], "b": ["x"], "c": ["z"]}).cast({"c": pl.Categorical}),
    ]
    paths = [tmp_path / "1.parquet", tmp_path / "2.parquet"]
    for path, frame in zip(paths, frames, strict=True):
        frame.write_parquet(path)
    table = pl.concat(list(_open(*paths).batches(1)))
    assert table.schema == {"a": pl.Float64, "day": pl.Date, "b": pl.String, "c": pl.String}
    assert table["c"].to_list() == ["x", "y", "z"]
    assert table["a"].to_list() == [1, 2, 0.5]


def test_json_lines_have_numbers_texts_and_truth_values(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {"n": 1, "x": 1.5, "t": "a", "is": True, "mixed": 1, "deep": [1], "big": 2**70},
        {"n": 2, "x": 3, "t": None, "is": False, "mixed": "é", "deep": {"k": None}, "late": 1},
        {"n": None, "mixed": {"k": [True]}, "big": -1},
        {"mixed": True},
    ]
    path = _write(tmp_path, "\n\n".join(json.dumps(line) for line in lines), "data.ndjson")
    batches = list(_open(path).batches(3))
    assert [len(batch) for batch in batches] == [3, 1]
    table = pl.concat(batches)
    assert table.columns == ["n", "x", "t", "is", "mixed", "deep", "big", "late"]
    assert table["n"].dtype == table["late"].dtype == pl.Int64
    assert table["x"].to_list() == [1.5, 3, None, None]
    assert table["is"].to_list() == [True, False, None, None]
    assert table["mixed"].to_list() == ["1", "é", '{"k": [true]}', "true"]
    assert table["deep"].to_list() == [["[1]"], ['{"k": null}'], None, None]
    assert table["big"].to_list() == [2.0**70, None, -1.0, None]


@pytest.mark.parametrize("name", ["*", "^.*$", "^a$"])
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_a_name_that_looks_like_a_pattern_is_a_name(name: str, suffix: str, tmp_path: Path) -> None:
    frame, paths = pl.DataFrame({"a": ["x"], name: ["y"]}), [tmp_path / f"1{suffix}", tmp_path / f"2{suffix}"]
    write: dict[str, Callable[[Path], object]] = {
        ".csv": frame.write_csv,
        ".parquet": frame.write_parquet,
        ".jsonl": frame.write_ndjson,
    }
    for path in paths:
        write[suffix](path)
    assert pl.concat(list(_open(*paths).batches(9))).rows(named=True) == [{"a": "x", name: "y"}] * 2


def test_an_empty_key_of_json_lines_is_a_name(tmp_path: Path) -> None:
    assert _open(_write(tmp_path, '{"a": 1, "": 2}', "1.jsonl")).columns == ("a", "")
    assert _rows(_write(tmp_path, '{"a": 1, "": 2}', "1.jsonl")) == [(1, 2)]


def test_a_key_that_only_one_file_of_json_lines_has_is_a_column(tmp_path: Path) -> None:
    paths = [_write(tmp_path, '{"a": 1}', "1.jsonl"), _write(tmp_path, '{"a": "x", "b": 2}', "2.jsonl")]
    assert _rows(*paths) == [("1", None), ("x", 2)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no rows"),
        ("{}\n", "holds no rows"),
        ('{"a": 1}\n{"a": }\n', "row 2 is not JSON"),
        ('{"a": 1}\n[1]\n', "row 2 is no JSON object"),
        ("[" * 100_000, "row 1 is not JSON"),
        (b'{"a": "\xe4"}', "is not UTF-8"),
        ('{"a": "\\ud83d\\ude00"}\n{"a": "\\ud83d"}', "row 2 is not JSON"),
    ],
    ids=["empty", "no key", "broken", "list", "deep", "latin", "half"],
)
def test_what_are_no_json_lines_is_named_with_the_row(content: str | bytes, words: str, tmp_path: Path) -> None:
    path = _write(tmp_path, content, "data.jsonl")
    with pytest.raises(DatasetError) as caught:
        _open(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
