"""What a table's columns hold, found in one pass."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DatasetError
from ml.adopt.profile import MAX_DISTINCT, SAMPLE_ROWS, ColumnProfile, TableProfile, profile_table
from ml.datasets.form import TableForm
from ml.datasets.numbers import read_numbers


def _profile(folder: Path, content: str | bytes, name: str = "data.csv") -> TableProfile:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return profile_table([path], source="a table")


def _column(folder: Path, values: list[str], head: str = "x") -> ColumnProfile:
    """The first of two columns, the second of which never is empty."""
    lines = [f'"{head}",y', *('"' + value.replace('"', '""') + f'",{row}' for row, value in enumerate(values))]
    return _profile(folder, "\n".join(lines)).columns[0]


def test_a_table_of_many_kinds_is_told_apart(tmp_path: Path) -> None:
    lines = [
        f"{row:04d};{row % 28 + 1:02d}.{row % 12 + 1:02d}.2024;{row // 100}.{row % 1000:03d},{row % 100:02d} €;"
        f"{'Köln' if row % 2 else 'Bonn'};{row % 7 if row % 9 else 'k.A.'};{'unknown' if row % 3 else 'known'}"
        for row in range(100, 200)
    ]
    content = "\n".join(["id;tag;preis;stadt;n;w", *lines, lines[-1], ""])
    found = _profile(tmp_path, content.encode("cp1252"))
    assert found.form == TableForm(delimiter=";", encoding="cp1252", decimal=",", grouping=".", missing=("k.A.",))
    assert found.remarks == ("its text is not UTF-8; it was taken for cp1252",)
    assert (found.rows, found.duplicates, len(found.sample)) == (101, 1, 101)
    number, day, price, city, n, word = found.columns
    assert number.numbers is not None
    assert (number.numbers.padded, number.numbers.rising, number.distinct) == (101, False, 100)
    assert day.times is not None
    assert (day.times.form, day.times.count, day.times.ambiguous) == ("%d.%m.%Y", 101, False)
    assert price.numbers is not None
    assert price.numbers.unit == "€"
    assert city.top == (("Köln", 51), ("Bonn", 50))
    assert city.numbers is None
    assert (n.missing, dict(n.spellings)) == (11, {"k.A.": 11})
    assert (word.missing, word.distinct, dict(word.spellings)) == (0, 2, {})


@pytest.mark.parametrize("name", ["*", "^.*$"])
def test_a_name_that_looks_like_a_pattern_is_read_as_any_other(name: str, tmp_path: Path) -> None:
    column = _column(tmp_path, [*["12 kg"] * 9, "NA"], name)
    assert (column.name, column.missing, column.distinct, column.nothings) == (name, 1, 1, {"NA": 1})
    assert column.numbers is not None
    assert column.numbers.unit == "kg"


def test_the_usual_words_for_nothing_are_missing_everywhere(tmp_path: Path) -> None:
    column = _column(tmp_path, ["a", "", "NA", " ", "b", "?", "null"])
    assert (column.rows, column.missing, column.distinct) == (7, 5, 2)
    assert column.first_row == ("a", 1)


@pytest.mark.parametrize("word", ["-", "--", "n/a", "unknown", "Missing", "#N/A", "."])
def test_a_word_for_nothing_among_numbers_is_one_more_spelling(word: str, tmp_path: Path) -> None:
    column = _column(tmp_path, [*map(str, range(50)), word, word])
    assert dict(column.spellings) == {word: 2}
    assert (column.missing, column.distinct, column.strange) == (2, 50, ())
    assert word not in dict(column.top)


def test_a_word_for_nothing_among_times_is_one_more_spelling(tmp_path: Path) -> None:
    column = _column(tmp_path, [*(f"2024-01-{day:02d}" for day in range(1, 30)), "n/a"])
    assert dict(column.spellings) == {"n/a": 1}
    assert column.times is not None
    assert (column.times.count, column.times.form, column.times.rising) == (29, "", True)
    assert (column.times.first, column.times.last) == ("2024-01-01T00:00:00", "2024-01-29T00:00:00")


def test_too_many_words_for_nothing_are_not_believed(tmp_path: Path) -> None:
    column = _column(tmp_path, [*map(str, range(50)), "-", "--", "n/a", "unknown"])
    assert dict(column.spellings) == {}
    assert {text for text, _ in column.strange} == {"-", "--", "n/a", "unknown"}


def test_other_texts_among_numbers_are_strange(tmp_path: Path) -> None:
    column = _column(tmp_path, [*map(str, range(50)), "old", "old", "new"])
    assert column.strange == (("old", 2), ("new", 1))
    assert column.numbers is not None
    assert (column.numbers.count, column.numbers.low, column.numbers.high) == (50, 0, 49)
    assert (column.numbers.whole, column.numbers.rising) == (True, True)


def test_a_few_numbers_among_texts_make_no_text_strange(tmp_path: Path) -> None:
    column = _column(tmp_path, ["a", "b", "c", "7"] * 20)
    assert column.numbers is not None
    assert (column.numbers.count, column.strange) == (20, ())


@pytest.mark.parametrize(
    ("values", "unit", "high"),
    [
        (["12.5 %", "1 %", "0.5%"], "%", 12.5),
        (["$1,200", "$15.50", "-$3"], "$", 1200),
        (["12 kg", "7kg", "5"], "kg", 12),
        (["1 234 €", "12 345,5 €"], "€", 12345.5),
        (["US$ 5", "US$ 6"], "US$", 6),
        (["20 km/h", "31 km/h"], "km/h", 31),
    ],
)
def test_what_stands_beside_all_numbers_is_their_unit(
    values: list[str], unit: str, high: float, tmp_path: Path
) -> None:
    numbers = _column(tmp_path, values).numbers
    assert numbers is not None
    assert (numbers.unit, numbers.high, numbers.count) == (unit, high, len(values))


@pytest.mark.parametrize(
    "values", [["A12", "A13"], ["Q1", "Q2"], ["1st", "2nd"], ["12 kg", "13 lb"], ["10:30", "11:30"]]
)
def test_what_only_looks_like_a_number_with_a_unit_is_text(values: list[str], tmp_path: Path) -> None:
    assert _column(tmp_path, values).numbers is None


@pytest.mark.parametrize(
    ("values", "form", "ambiguous"),
    [
        (["2024-01-31 10:00", "2024-02-01 11:30"], "", False),
        (["2024-01-31T10:00:00Z", "2024-02-01T11:30:00Z"], "", False),
        (["31/01/2024", "01/02/2024"], "%d/%m/%Y", False),
        (["01/31/2024", "02/01/2024"], "%m/%d/%Y", False),
        (["01/02/2024", "03/04/2024"], "%m/%d/%Y", True),
        (["01/01/2024", "02/01/2024", "01/02/2024"], "%d/%m/%Y", True),
        (["31.01.2024 10:00", "01.02.2024 11:00"], "%d.%m.%Y %H:%M", False),
        (["31 Jan 2024", "1 Feb 2024"], "%d %b %Y", False),
        (["1 May 2024", "31 August 2024"], "%d %B %Y", False),
        (["January 5, 2024", "May 6, 2024"], "%B %d, %Y", False),
        (["20240131", "20240201"], "%Y%m%d", False),
        (["1/31/24 1:05 PM", "2/1/24 11:30 AM"], "%m/%d/%y %I:%M %p", False),
        (["2024/01/31 10:00:01.5", "2024/02/01 10:00:00.25"], "%Y/%m/%d %H:%M:%S.%f", False),
    ],
)
def test_a_way_of_writing_times_is_found(values: list[str], form: str, tmp_path: Path, *, ambiguous: bool) -> None:
    times = _column(tmp_path, values).times
    assert times is not None
    assert (times.form, times.ambiguous, times.count) == (form, ambiguous, len(values))


@pytest.mark.parametrize(("head", "form"), [("created_at", "unix"), ("x", None), ("amount", None)])
def test_numbers_are_times_since_1970_only_by_the_name_of_their_column(
    head: str, form: str | None, tmp_path: Path
) -> None:
    times = _column(tmp_path, ["1700000000", "1700000001"], head).times
    assert (times.form if times else None) == form
    if times is not None:
        assert times.first == "2023-11-14T22:13:20+00:00"


@pytest.mark.parametrize(
    "values", [["1.5", "2.5"], ["12:30", "13:30"], ["2019", "2020"], ["1.2.3", "1.2.4"], ["a1b2", "c3d4"]]
)
def test_what_only_looks_like_times_is_none(values: list[str], tmp_path: Path) -> None:
    assert _column(tmp_path, values).times is None


def test_free_text_is_long_and_of_many_words(tmp_path: Path) -> None:
    column = _column(tmp_path, ["a good place", "never again, said the whole family"])
    assert (column.longest, column.mean_words) == (34, 4.5)


def test_parquet_is_told_by_its_types(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    frame = pl.DataFrame(
        {
            "whole": [1, 2, None, 4],
            "half": [0.5, float("nan"), float("inf"), 1.0],
            "day": [date(2024, 1, day) for day in (1, 2, 3, 4)],
            "at": [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in (0, 2, 1, 3)],
            "is": [True, False, True, None],
            "list": [[1], [2], None, [1]],
            "name": pl.Series(["a", "b", "a", "a"], dtype=pl.Categorical),
            "none": pl.Series([None] * 4, dtype=pl.Null),
        }
    )
    frame.write_parquet(path)
    found = profile_table([path], source="a table")
    assert [each.dtype for each in found.columns] == [
        "number", "number", "time", "time", "truth", "other", "text", "text"
    ]  # fmt: skip
    assert [each.missing for each in found.columns] == [1, 1, 0, 0, 1, 1, 0, 4]
    whole, half, day, at, truth, nested, name, none = found.columns
    assert whole.numbers is not None
    assert whole.numbers.whole
    assert half.numbers is not None
    assert (half.numbers.count, half.numbers.low, half.numbers.high) == (2, 0.5, 1.0)
    assert day.times is not None
    assert day.times.rising
    assert at.times is not None
    assert (at.times.rising, at.times.last) == (False, "2024-01-01T03:00:00+00:00")
    assert truth.top == (("true", 2), ("false", 1))
    assert nested.top == (("[1]", 2), ("[2]", 1))
    assert name.top == (("a", 3), ("b", 1))
    assert (none.distinct, none.first_row) == (0, None)
    assert found.sample.equals(frame)
    assert found.duplicates == 0


def test_json_lines_are_told_by_their_types(tmp_path: Path) -> None:
    lines = [{"n": row, "mixed": row if row % 2 else "x", "deep": {"k": row}} for row in range(10)]
    found = _profile(tmp_path, "\n".join(map(json.dumps, lines)), "data.jsonl")
    assert [each.dtype for each in found.columns] == ["number", "text", "other"]
    assert found.columns[1].top[0] == ("x", 5)


def test_a_packed_file_is_profiled_like_a_plain_one(tmp_path: Path) -> None:
    content = b"a;b\n1,5;x\n2,5;y\n"
    plain, packed = _profile(tmp_path, content), _profile(tmp_path, gzip.compress(content), "data.csv.gz")
    assert packed.columns == plain.columns
    assert packed.form == plain.form == TableForm(delimiter=";", decimal=",")


def test_several_files_are_one_table(tmp_path: Path) -> None:
    paths = [tmp_path / "1.csv", tmp_path / "2.csv"]
    for path, rows in zip(paths, ("1,a\n2,b\n", "2,b\n3,c\n"), strict=True):
        path.write_text(f"n,t\n{rows}")
    found = profile_table(paths, source="a table")
    assert (found.rows, found.duplicates, found.columns[0].distinct) == (4, 1, 3)


def test_a_long_table_is_counted_by_an_estimate_and_sampled_evenly(tmp_path: Path) -> None:
    rows = MAX_DISTINCT + 50_000
    random = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "id": [f"user {row}" for row in range(rows)],
            "city": np.array([f"city {number}" for number in range(100)])[random.integers(0, 100, rows)],
            "common": np.where(random.random(rows) < 0.3, "often", np.arange(rows).astype(str)),
        }
    )
    frame.write_csv(tmp_path / "data.csv")
    found = profile_table([tmp_path / "data.csv"], source="a table")
    number, city, common = found.columns
    assert not number.distinct_is_exact
    assert number.distinct == pytest.approx(rows, rel=0.04)
    assert (city.distinct, city.distinct_is_exact) == (100, True)
    assert dict(city.top) == dict(frame["city"].value_counts().iter_rows())
    assert common.top[0] == ("often", int((frame["common"] == "often").sum()))
    assert len(found.sample) == SAMPLE_ROWS
    places = found.sample["id"].str.slice(5).cast(pl.Int64)
    assert places.is_sorted()
    assert (places < rows // 2).mean() == pytest.approx(0.5, abs=0.02)
    assert found.sample.equals(profile_table([tmp_path / "data.csv"], source="a table").sample)


def test_the_tails_leave_out_an_outlier(tmp_path: Path) -> None:
    numbers = _column(tmp_path, [*(str(value % 100) for value in range(5_000)), "999999"]).numbers
    assert numbers is not None
    assert (numbers.low, numbers.high) == (0, 999_999)
    assert (numbers.low_tail, numbers.high_tail) == (0, 99)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        ("", "data.csv", "holds no rows"),
        ("a,b\n", "data.csv", "only the head"),
        ("a;b\n1;2;3\n", "data.csv", "row 1 has 3 cells"),
        ('a,b\n1,"2\n', "data.csv", "never closed"),
        (b"\x00\x01\x02\x03" * 100, "data.csv", "data.csv"),
        (b"PK\x03\x04\xff\xfe\x00", "data.csv", "data.csv"),
        ("", "data.jsonl", "holds no rows"),
        (b"junk", "data.parquet", "is not a readable parquet file"),
        (b"junk", "data.csv.gz", "cannot be unpacked"),
        ("a,b\n1,2\n", "data.xlsx", "takes a file that ends in .csv"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(content: str | bytes, name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        _profile(tmp_path, content, name)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(max_examples=200)
@given(
    content=st.one_of(
        st.binary(max_size=60),
        st.text(st.sampled_from('ab10,;.-\t"\n\r \0%€é'), max_size=60).map(str.encode),
        st.text(st.sampled_from('{}[]":, 1aé\n'), max_size=40).map(str.encode),
    ),
    suffix=st.sampled_from([".csv", ".tsv", ".jsonl", ".parquet", ".csv.gz"]),
)
def test_whatever_a_file_holds_is_a_table_or_a_sentence(
    content: bytes, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("table")
    try:
        found = _profile(folder, content, f"data{suffix}")
    except DatasetError:
        return
    assert found.rows > 0


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"data\.csv does not exist"):
        profile_table([tmp_path / "data.csv"], source="a table")


def test_an_empty_parquet_file_holds_no_rows(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1]}).clear().write_parquet(tmp_path / "data.parquet")
    with pytest.raises(DatasetError, match="a table: holds no rows"):
        profile_table([tmp_path / "data.parquet"], source="a table")


@settings(max_examples=40)
@given(
    values=st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=3, max_size=30),
    marks=st.sampled_from([(".", ","), (",", "."), (".", "'"), (",", " "), (".", ""), (",", "")]),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    unit=st.sampled_from(["", " %", " kg", "€"]),
)
def test_numbers_written_in_any_form_are_found_as_they_were(
    values: list[Any],
    marks: tuple[str, str],
    delimiter: str,
    encoding: str,
    unit: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    decimal, grouping = marks
    texts = [
        f"{value:,.2f}".replace(",", "\0").replace(".", decimal).replace("\0", grouping) + unit for value in values
    ]
    lines = [delimiter.join(f'"{cell}"' for cell in ("größe", "b"))]
    lines += [delimiter.join(f'"{cell}"' for cell in (text, "München")) for text in texts]
    folder = tmp_path_factory.mktemp("table")
    found = _profile(folder, "\n".join(lines).encode(encoding))
    assert found.columns[0].name == "größe"
    assert found.columns[1].top == (("München", len(values)),)
    assert (found.form.delimiter, found.form.decimal) == (delimiter, decimal)
    numbers = found.columns[0].numbers
    assert numbers is not None
    assert (numbers.count, numbers.low, numbers.high) == (len(values), float(min(values)), float(max(values)))
    read = read_numbers(found.sample.to_series(), found.form, numbers.unit)
    assert read.to_list() == [float(value) for value in values]
