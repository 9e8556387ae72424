"""Rows of a journal store, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.errors import JournalUnavailable, SourceError
from core.journal.postgres import PostgresStore
from core.journal.records import row_ids
from core.journal.sqlite import SqliteStore
from core.journal.store import JournalStore
from drift.columns import columns_of
from drift.sources.grouping import moment
from drift.sources.store import StoreSource
from tests.database import Postgres
from tests.factories import make_contract
from tests.journal import START, make_outcome, make_prediction
from tests.unit.drift.sources.reading import batches, rows

LATER = "model-v1.1.0"


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JournalStore]:
    if request.param == "sqlite":
        store: JournalStore = SqliteStore(tmp_path / "journal.db")
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        store = PostgresStore(postgres.new_database())
    yield store
    store.close()


def raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def one(**changes: Any) -> Any:
    """An answered request of one row."""
    values = {"rows": 1, "is_batch": False, "inputs": raw({"age": [1]}), "answers": raw({"score": [0.5]})}
    return make_prediction(**(values | changes))


def test_an_empty_journal_has_no_rows_and_no_span(store: JournalStore) -> None:
    source = StoreSource(store)

    assert source.span() is None
    assert batches(source) == []


def test_rows_come_once_with_their_times_and_answers(store: JournalStore) -> None:
    # A clock that was set back, and more requests than a page holds.
    records = [one(at=START - number, inputs=raw({"age": [number]})) for number in range(450)]
    store.add([make_prediction(at=START + 1), *records])
    source = StoreSource(store)

    found = rows(source)
    assert [row["at"] for row in found] == [*range(START - 449, START + 1), START + 1, START + 1]
    assert [row["inputs"]["age"] for row in found] == [*range(449, -1, -1), 30.0, None]
    assert (found[-1]["label"], found[-1]["score"]) == ("no", 0.1)
    assert source.span() == (moment(START - 449), moment(START + 1))
    assert (source.drops_columns, source.notes, source.name) == (True, (), str(store))


def test_a_window_includes_its_start_and_not_its_end(store: JournalStore) -> None:
    store.add([one(at=START + second) for second in range(5)])
    since = moment(START)

    found = rows(StoreSource(store), since + timedelta(microseconds=1), since + timedelta(microseconds=3))
    assert [row["at"] - START for row in found] == [1, 2]


def test_rows_of_several_tags_and_features_come_apart(store: JournalStore) -> None:
    by_class = raw({"scores": {"a": [0.1], "b": [0.9]}})
    store.add([one(), one(tag=LATER), one(inputs=raw({"other": ["x"]})), one(tag=LATER), one(answers=by_class)])
    found = batches(StoreSource(store))

    assert sorted((batch.tag, len(batch), *batch.inputs, *batch.answers) for batch in found) == [
        ("model-v1.0.0", 1, "age", "score"),
        ("model-v1.0.0", 1, "age", "scores"),
        ("model-v1.0.0", 1, "other", "score"),
        (LATER, 2, "age", "score"),
    ]


def test_outcomes_come_with_the_rows_that_they_belong_to(store: JournalStore) -> None:
    many, single = make_prediction(at=START), one(at=START + 1)
    store.add([many, single, make_outcome(row_ids(many.id, 2)[1], "no"), make_outcome(single.id, "yes")])
    source = StoreSource(store)

    assert [row["outcome"] for row in rows(source, with_outcomes=True)] == [None, "no", "yes"]
    assert all(batch.outcomes is None for batch in batches(source))


def test_what_a_store_gives_becomes_columns(store: JournalStore) -> None:
    store.add([make_prediction(), make_prediction(inputs=raw({"age": ["*", 5], "city": ["*", None]}))])
    found = columns_of(batches(StoreSource(store)), make_contract())

    assert (len(found), found.wrong) == (4, {"age": 1})


@pytest.mark.parametrize(
    "inputs",
    [raw({"age": [1, 2, 3]}), raw({"age": 3}), raw([]), msgspec.Raw(b'"x"')],
    ids=["too long", "no list", "no object", "text"],
)
def test_a_damaged_record_is_named(tmp_path: Path, inputs: msgspec.Raw) -> None:
    store = SqliteStore(tmp_path / "journal.db")
    record = make_prediction(inputs=inputs)
    store.add([record])
    with pytest.raises(SourceError, match=f"record {record.id} is damaged"):
        batches(StoreSource(store))
    store.close()


def test_a_store_that_is_away_says_so() -> None:
    source = StoreSource(PostgresStore("postgresql://u:hunter2@127.0.0.1:9/journal"))

    with pytest.raises(JournalUnavailable) as caught:
        source.span()
    assert "hunter2" not in str(caught.value) + source.name
