"""Files of exported rows, of every kind."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from core.contract import Contract, NumericFeature, Task
from core.errors import SourceError
from drift.columns import columns_of
from drift.rows import MEMORY_NAME, REPORT_NAME, Source
from drift.sources import open_source
from tests.factories import make_contract
from tests.unit.drift.sources.reading import batches, rows

TAG, LATER = "model-v1.0.0", "model-v1.1.0"
DAY = datetime(2026, 11, 1, tzinfo=UTC)
KINDS = ["csv", "csv.gz", "parquet", "jsonl", "ndjson.gz"]
Rows = Sequence[dict[str, Any]]
Write = Callable[[Rows], Path]


def write(path: Path, table: Rows) -> Path:
    frame = pl.DataFrame(table, infer_schema_length=None)
    if path.suffix == ".parquet":
        frame.write_parquet(path)
        return path
    content = frame.write_csv() if ".csv" in path.name else "".join(json.dumps(row) + "\n" for row in table)
    data = content.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.fixture(params=KINDS)
def export(request: pytest.FixtureRequest, tmp_path: Path) -> Write:
    return lambda table: write(tmp_path / f"export.{request.param}", table)


def opened(path: Path, **options: str) -> Source:
    return open_source(str(path), {}, folder=path.parent / "memory", **{"tag": TAG, **options})


def row(number: int, **values: Any) -> dict[str, Any]:
    at = (DAY + timedelta(hours=number)).isoformat()
    return {"at": at, "id": f"{number}", "age": number + 0.5, "city": "Oslo", **values}


def ages(source: Source, *window: datetime) -> list[float]:
    columns = columns_of(batches(source, *window), make_contract())
    assert columns.wrong == {}
    return [float(columns.numeric["age"][place]) for place in np.argsort(columns.at)]


def test_rows_come_once_and_in_their_window(export: Write) -> None:
    # A clock that ran backwards.
    source = opened(export([row(number) for number in (5, 3, 1, 4, 2, 0)]))

    assert ages(source) == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    assert ages(source, DAY + timedelta(hours=1), DAY + timedelta(hours=4)) == [1.5, 2.5, 3.5]
    assert ages(source, DAY + timedelta(hours=9), DAY + timedelta(hours=10)) == []
    assert source.span() == (DAY, DAY + timedelta(hours=5))
    assert {batch.tag for batch in batches(source)} == {TAG}
    assert (source.drops_columns, source.notes) == (False, ())


def test_one_row_is_enough(export: Write) -> None:
    source = opened(export([row(0)]))

    assert source.span() == (DAY, DAY)
    assert ages(source) == [0.5]


def test_rows_that_were_exported_twice_count_once_and_that_is_noted(export: Write) -> None:
    table = [row(0), row(1), row(0, age=99.0), row(2), row(1)]
    source = opened(export(table))

    assert ages(source) == [0.5, 1.5, 2.5]
    assert ages(source, DAY, DAY + timedelta(hours=1)) == [0.5]
    assert source.notes == (f"2 rows were left out of {source.name}, as their 'id' came before.",)


def test_rows_without_ids_are_all_taken_and_that_is_noted(export: Write) -> None:
    table = [{name: value for name, value in row(0).items() if name != "id"}] * 2
    source = opened(export(table))

    assert ages(source) == [0.5, 0.5]
    assert source.notes == (f"{source.name} has no 'id', so rows that were exported twice count twice.",)


def test_rows_of_several_tags_come_apart_and_a_missing_tag_is_the_caller_s(export: Write) -> None:
    source = opened(export([row(0, tag=LATER), row(1, tag=None), row(2, tag=LATER)]))

    assert [found["tag"] for found in rows(source)] == [LATER, TAG, LATER]


def test_without_any_tag_that_is_asked_for(export: Write) -> None:
    source = opened(export([row(0, tag=LATER), row(1, tag=None)]), tag="")

    with pytest.raises(SourceError, match=r"(row|line) 2 has no 'tag'; name the tag that answered"):
        batches(source)


def test_scores_and_outcomes_are_no_inputs(export: Write) -> None:
    source = opened(export([row(0, score=0.25, outcome="yes"), row(1, score=0.75, outcome=None)]))
    found = columns_of(batches(source, with_outcomes=True), make_contract())

    assert found.scores["score"].tolist() == [0.25, 0.75]
    assert found.outcomes == ("yes", None)
    assert all(set(batch.inputs) == {"age", "city"} for batch in batches(source))
    assert all(batch.outcomes is None for batch in batches(source))


def test_how_far_the_members_lay_apart_is_read(export: Write) -> None:
    source = opened(export([row(0, score=0.25, disagreement=0.01), row(1, score=0.75, disagreement=0.5)]))
    found = columns_of(batches(source), make_contract())
    assert found.scores["disagreement"].tolist() == [0.01, 0.5]

    feature = NumericFeature(name="disagreement", low=0, high=1)
    named = columns_of(batches(source), Contract(features=(feature,), target=make_contract().target))
    assert named.numeric["disagreement"].tolist() == [0.01, 0.5]


def test_scores_of_classes_and_values_are_read(export: Write) -> None:
    scores = {"score basic": 0.5, "score plus": 0.25, "score pro": 0.25}
    found = columns_of(batches(opened(export([row(0, **scores)]))), make_contract(Task.MULTICLASS))
    assert {name: values.tolist() for name, values in found.scores.items()} == {
        name: [value] for name, value in scores.items()
    }
    regression = make_contract(Task.REGRESSION)
    found = columns_of(batches(opened(export([row(0, value=3, outcome=2.5)])), with_outcomes=True), regression)
    assert (found.scores["value"].tolist(), found.outcomes) == ([3], (2.5,))


def test_texts_stay_texts_and_missing_values_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "at,id,age,city\n2026-11-01,1,NA,01\n2026-11-01,2,NaN,\n2026-11-01,3,null,NA\n2026-11-01,4,inf,true\n"
        "2026-11-01,5,x,Å\n2026-11-01,6,7,1\n"
    )
    found = columns_of(batches(opened(path)), make_contract())

    assert found.wrong == {"age": 2}
    assert np.isnan(found.numeric["age"]).tolist() == [True] * 5 + [False]
    assert set(found.categorical["city"].categories) == {"01", "true", "Å", "1"}
    assert (found.categorical["city"].codes == -1).sum() == 2


def test_numbers_in_a_column_of_texts_are_wrong_where_a_file_has_types(tmp_path: Path) -> None:
    table = [row(0, age="12", city=3), row(1, age="x", city=4)]
    for kind in ("parquet", "jsonl"):
        found = columns_of(batches(opened(write(tmp_path / f"a.{kind}", table))), make_contract())
        assert found.wrong == {"age": 2, "city": 2}


def test_lines_of_the_journal_are_read_as_they_were_saved(tmp_path: Path) -> None:
    line = {
        "cursor": 1,
        "id": "a",
        "at": "2026-11-01T00:00:00.000007Z",
        "tag": LATER,
        "arm": "champion",
        "subject": None,
    }
    scores = {"label": "basic", "scores": {"basic": 0.5, "plus": 0.25, "pro": 0.25}}
    table = [
        {**line, "inputs": {"age": 1, "city": "Oslo"}, **scores, "warnings": []},
        {**line, "id": "b", "inputs": {"age": None, "city": None}, **scores, "outcome": "pro"},
    ]
    source = opened(write(tmp_path / "saved.ndjson", table))
    (found,) = batches(source, with_outcomes=True)

    assert (found.tag, dict(found.inputs)) == (LATER, {"age": [1, None], "city": ["Oslo", None]})
    assert found.answers == {
        "label": ["basic"] * 2,
        "scores": {"basic": [0.5] * 2, "plus": [0.25] * 2, "pro": [0.25] * 2},
    }
    assert found.outcomes == [None, "pro"]
    assert source.span() == (DAY.replace(microsecond=7),) * 2


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-01T02:00:00+02:00", DAY),
        ("2026-11-01T00:00:00Z", DAY),
        ("2026-11-01 00:00", DAY),
        ("2026-11-01", DAY),
        (" 2026-11-01T00:00:00.000001 ", DAY.replace(microsecond=1)),
    ],
)
def test_times_in_iso_8601_are_read_as_utc(export: Write, text: str, time: datetime) -> None:
    assert opened(export([row(0, at=text)])).span() == (time, time)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("01/11/2026", "is no time: '01/11/2026'; write ISO 8601"),
        ("20261101", "is no time"),
        ("2026-13-01", "is no time"),
        ("x" * 500, "is no time"),
        (None, "is empty; write ISO 8601"),
        ("2026-11-01", "some times have an offset from UTC and others none"),
    ],
)
def test_a_time_that_cannot_be_read_is_named_with_its_row(export: Write, text: str | None, sentence: str) -> None:
    source = opened(export([row(0), row(1, at=text)]))

    with pytest.raises(SourceError, match=f"(row|line) 2:? {sentence}") as caught:
        source.span()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "at",
    [
        [DAY, DAY + timedelta(hours=1)],
        [time.replace(tzinfo=None) for time in (DAY, DAY + timedelta(hours=1))],
        [time.astimezone(timezone(timedelta(hours=5))) for time in (DAY, DAY + timedelta(hours=1))],
    ],
    ids=["utc", "naive", "zoned"],
)
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_of_a_parquet_file_are_read_as_utc(tmp_path: Path, at: list[datetime], unit: Any) -> None:
    zone = "UTC" if at[0].tzinfo else None
    column = pl.Series("at", at, dtype=pl.Datetime(unit, zone))
    pl.DataFrame([column, pl.Series("age", [0.5, 1.5])]).write_parquet(tmp_path / "a.parquet")
    source = opened(tmp_path / "a.parquet")

    assert source.span() == (DAY, DAY + timedelta(hours=1))
    assert ages(source, DAY + timedelta(minutes=1), DAY + timedelta(days=1)) == [1.5]


def test_dates_of_a_parquet_file_are_midnights_and_other_times_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"at": [date(2026, 11, 1)]}).write_parquet(path)
    assert opened(path).span() == (DAY, DAY)
    pl.DataFrame({"at": [date(2026, 11, 1), None]}).write_parquet(path)
    with pytest.raises(SourceError, match="row 2 is empty"):
        opened(path).span()
    pl.DataFrame({"at": [20261101]}).write_parquet(path)
    with pytest.raises(SourceError, match="holds Int64, it takes dates or times"):
        opened(path).span()


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "1969-12-31T23:59:59.999999", "9999-12-31T23:59:59"])
def test_a_time_that_no_row_can_have_is_named_with_its_row(export: Write, text: str) -> None:
    source = opened(export([{**row(0), "at": "2026-11-01T00:00:00"}, {**row(1), "at": text}]))

    with pytest.raises(SourceError, match=rf"'at', (row|line) 2 is '{text}'; it takes a time from 1970 to 8999"):
        source.span()


@pytest.mark.parametrize("year", [1, 1969, 9000, 9999])
def test_a_time_of_a_parquet_file_that_no_row_can_have_is_named_with_its_row(tmp_path: Path, year: int) -> None:
    times = [DAY, datetime(year, 12, 31, tzinfo=UTC)]
    source = opened(write(tmp_path / "a.parquet", [{**row(0), "at": time} for time in times]))

    with pytest.raises(SourceError, match=r"'at', row 2 is .*; it takes a time from 1970 to 8999"):
        source.span()


@pytest.mark.parametrize("kind", ["jsonl", "ndjson.gz"])
def test_a_file_of_lines_is_read_once_for_all_days(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / f"a.{kind}", [row(24 * number) for number in range(5)])
    source = opened(path)
    source.span()
    path.unlink()

    found = [ages(source, DAY + timedelta(days=day), DAY + timedelta(days=day + 1)) for day in range(5)]
    assert found == [[24 * number + 0.5] for number in range(5)]


def test_another_column_may_hold_the_times(export: Write) -> None:
    table = [{**row(0), "when": "2026-11-02"}]
    source = opened(export(table), time_column="when")

    assert source.span() == (DAY + timedelta(days=1),) * 2
    assert "at" in batches(source)[0].inputs


def test_a_file_without_times_says_what_it_has(export: Write) -> None:
    with pytest.raises(SourceError, match=r"has no column 'when'; name the one .*, of 'at', 'id'|line 1 is empty"):
        opened(export([row(0)]), time_column="when").span()


def test_a_table_of_no_rows_is_an_empty_journal(tmp_path: Path) -> None:
    pl.DataFrame({"at": [], "age": []}, schema={"at": pl.String, "age": pl.Float64}).write_parquet(
        tmp_path / "a.parquet"
    )
    (tmp_path / "a.csv").write_text("at,age\n")
    for name in ("a.parquet", "a.csv"):
        source = opened(tmp_path / name)
        assert source.span() is None
        assert batches(source) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_an_empty_and_a_broken_file_are_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"export.{kind}"
    with pytest.raises(SourceError, match="does not exist"):
        opened(path).span()
    path.write_bytes(b"")
    with pytest.raises(SourceError, match="is empty"):
        opened(path).span()
    path.write_bytes(b'\x1f\x8b\x00"\xff\xfe\x00 nonsense\n' * 9)
    with pytest.raises(SourceError, match="export") as caught:
        opened(path).span()
    assert "\n" not in str(caught.value)
    path.unlink()
    path.mkdir()
    with pytest.raises(SourceError, match="is no file"):
        batches(opened(path))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"at,age\n2026-11-01,1,2\n", "is not a readable csv file"),
        (b"at,age\n2026-11-01,\xff\n", "is not a readable csv file"),
        (b"at,age,age\n2026-11-01,1,2\n", "has more than one column 'age'"),
        (b"at;age\n2026-11-01;1\n", "has no column 'at'; .* of 'at;age'"),
    ],
)
def test_a_csv_file_that_is_none_is_told_in_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=sentence):
        batches(opened(path))


@pytest.mark.parametrize("content", [b"[1]\n", b'{"at": 1', b"\xff\n", b"[" * 100_000, b'{"at": NaN}'])
def test_a_line_that_is_no_object_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(json.dumps(row(0)).encode() + b"\n\n" + content)
    with pytest.raises(SourceError, match="line 3 is no JSON object"):
        batches(opened(path))


def test_odd_ids_and_outcomes_of_lines_are_passed_over(tmp_path: Path) -> None:
    table = [row(0, id=[1], outcome=[2]), row(1, id={"a": 1}), row(2, id=None, outcome=3), row(3, id=4), row(4, id=4)]
    source = opened(write_lines(tmp_path / "a.jsonl", table))

    assert [found["outcome"] for found in rows(source, with_outcomes=True)] == [None, None, 3, None]


def write_lines(path: Path, table: Rows) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in table))
    return path


def test_a_file_that_is_packed_and_cut_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl.gz", [row(number) for number in range(100)])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceError, match="cannot be read"):
        batches(opened(path))


def test_ten_thousand_categories_come_through(export: Write) -> None:
    table = [row(number, city=f"c{number}") for number in range(10_000)]
    found = columns_of(batches(opened(export(table))), make_contract())

    assert len(found.categorical["city"].categories) == 10_000


def test_documents_are_kept_in_the_folder(export: Write, tmp_path: Path) -> None:
    source = opened(export([row(0)]))
    assert source.recall(REPORT_NAME) is None
    source.keep({REPORT_NAME: b"{}", MEMORY_NAME: b"[]"})
    source.keep({MEMORY_NAME: b"[1]"})

    again = opened(Path(source.name))
    assert (again.recall(REPORT_NAME), again.recall(MEMORY_NAME)) == (b"{}", b"[1]")
    (folder,) = (tmp_path / "memory").iterdir()
    assert folder.name.startswith(f"{Path(source.name).name}-")
    assert {path.name for path in folder.iterdir()} == {"drift-report.json", "drift-memory.json"}


def test_two_files_of_one_name_are_remembered_apart(tmp_path: Path) -> None:
    june, july, again = (
        open_source(str(tmp_path / place / "rows.csv"), {}, folder=tmp_path / "memory")
        for place in ("june", "july", "july/../june")
    )
    june.keep({REPORT_NAME: b"{}"})

    assert (july.recall(REPORT_NAME), again.recall(REPORT_NAME)) == (None, b"{}")


def test_a_folder_that_cannot_be_written_is_named(export: Write, tmp_path: Path) -> None:
    (tmp_path / "memory").write_text("a file")
    source = opened(export([row(0)]))

    with pytest.raises(SourceError, match=r"memory.* cannot be written"):
        source.keep({REPORT_NAME: b"{}"})
    with pytest.raises(SourceError, match="cannot be read"):
        source.recall(REPORT_NAME)
