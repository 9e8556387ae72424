"""What every journal store does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.errors import JournalUnavailable
from core.journal.postgres import PostgresStore
from core.journal.records import Record
from core.journal.sqlite import SqliteStore
from core.journal.store import Claim, JournalStore, Slice
from tests.database import Postgres
from tests.journal import START, comparable, make_outcome, make_prediction, make_shadow

Open = Callable[[], JournalStore]


@pytest.fixture(params=["sqlite", "postgres"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "deep" / "journal.db")
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.new_database()
    return lambda: PostgresStore(url)


@pytest.fixture
def store(open_store: Open) -> Iterator[JournalStore]:
    store = open_store()
    yield store
    store.close()


def test_what_was_taken_in_is_given_back(store: JournalStore) -> None:
    predictions = [make_prediction(), make_prediction(subject="s", fallback="busy", is_batch=False, rows=1)]
    outcomes = [make_outcome(predictions[0].id), make_outcome(predictions[1].id, 3.5)]
    store.add([predictions[0], outcomes[0], predictions[1], outcomes[1]])
    found = [comparable(stored.record) for stored in store.predictions(limit=10)]
    assert found == [comparable(record) for record in predictions]
    assert [stored.record for stored in store.outcomes(limit=10)] == outcomes


def test_a_new_store_is_empty(store: JournalStore) -> None:
    assert list(store.predictions(limit=10)) == list(store.outcomes(limit=10)) == []
    assert store.rows_of(["x"]) == store.latest_outcomes(["x"]) == {}


def test_taking_a_record_in_twice_changes_nothing(store: JournalStore) -> None:
    records: list[Record] = [make_prediction(), make_outcome("x")]
    store.add(records)
    store.add([*records, make_prediction()])
    assert len(list(store.predictions(limit=10))) == 2
    assert len(list(store.outcomes(limit=10))) == 1


def test_what_the_shadow_said_is_found_by_request(store: JournalStore) -> None:
    prediction = make_prediction(arm="challenger", fallback="slow")
    shadow = make_shadow(prediction.id)
    store.add([shadow, prediction, shadow])
    assert [comparable(each) for each in store.shadows_of([prediction.id, "x"]).values()] == [comparable(shadow)]
    assert store.shadows_of([]) == {}


def test_a_reader_that_continues_after_its_cursor_misses_nothing(store: JournalStore) -> None:
    seen: list[str] = []
    after = 0
    for _ in range(5):
        # A clock that was set back makes ids and times that sort before those already taken in.
        store.add(
            [make_prediction(at=START - len(seen)), make_prediction(at=START - len(seen), id=f"{99 - len(seen):032x}")]
        )
        for stored in store.predictions(after=after, limit=2):
            seen.append(stored.record.id)
            after = stored.cursor
    assert len(seen) == len(set(seen)) == 10


def test_a_page_has_a_limit(store: JournalStore) -> None:
    store.add([make_prediction() for _ in range(5)])
    assert len(list(store.predictions(limit=3))) == 3


def test_a_window_of_time_includes_its_start_and_not_its_end(store: JournalStore) -> None:
    store.add([make_prediction(at=START + second) for second in range(5)])
    found = [stored.record.at - START for stored in store.predictions(since=START + 1, until=START + 3, limit=10)]
    assert found == [1, 2]


def test_the_span_is_that_of_the_oldest_and_the_newest_whatever_came_first(store: JournalStore) -> None:
    assert store.span() is None
    store.add([make_prediction(at=START + 5), make_prediction(at=START - 1), make_prediction()])
    assert store.span() == (START - 1, START + 5)


def test_what_was_asked_is_counted_by_slices_of_time(store: JournalStore) -> None:
    assert store.slices(since=0, width=10, most=9) == []
    times = (START - 1, START, START + 9, START + 10, START + 30)
    store.add([make_prediction(at=at, rows=place) for place, at in enumerate(times, 1)])
    counted = [(START, 2, 5), (START + 10, 1, 4), (START + 30, 1, 5)]
    found = [Slice(start=start, requests=requests, rows=rows) for start, requests, rows in counted]
    assert store.slices(since=START, width=10, most=9) == found
    # Whatever was taken in last, the newest are looked at.
    store.add([make_prediction(at=START - 2)])
    assert store.slices(since=0, width=10, most=3) == [Slice(start=START, requests=1, rows=3), *found[1:]]


def test_requests_are_known_with_their_rows(store: JournalStore) -> None:
    prediction = make_prediction(rows=7)
    store.add([prediction])
    assert store.rows_of([prediction.id, "x", "'"]) == {prediction.id: 7}


def test_the_last_outcome_of_a_row_counts(store: JournalStore) -> None:
    store.add([make_outcome("a", "yes"), make_outcome("b", "no")])
    store.add([make_outcome("a", "no"), make_outcome("c", 1.5)])
    assert store.latest_outcomes(["a", "c", "d"]) == {"a": "no", "c": 1.5}


def test_what_is_old_is_forgotten(store: JournalStore) -> None:
    store.add([make_prediction(at=START - 1), make_prediction(), make_outcome("a", at=START - 1), make_outcome("b")])
    store.add([make_shadow("c", at=START - 1), make_shadow("d")])
    assert store.prune(before=START) == 3
    assert list(store.shadows_of(["c", "d"])) == ["d"]
    assert [stored.record.at for stored in store.predictions(limit=10)] == [START]
    assert store.latest_outcomes(["a", "b"]) == {"b": "yes"}


def test_a_file_whose_lines_are_forgotten_has_room_again(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "journal.db")
    inputs = msgspec.Raw(msgspec.json.encode({"age": [30.0] * 1000}))
    store.add([make_prediction(at=START - 1, inputs=inputs) for _ in range(100)])
    full = store.size_bytes()
    store.prune(before=START)
    assert store.size_bytes() < full / 2
    store.close()


def test_cursors_are_not_given_out_again(store: JournalStore) -> None:
    store.add([make_prediction(at=START - 1)])
    (first,) = store.predictions(limit=1)
    store.prune(before=START)
    store.add([make_prediction()])
    (second,) = store.predictions(after=first.cursor, limit=1)
    assert second.cursor > first.cursor


def test_a_store_that_was_closed_keeps_everything(open_store: Open) -> None:
    first = open_store()
    first.add([make_prediction()])
    first.close()
    second = open_store()
    assert len(list(second.predictions(limit=10))) == 1
    second.close()


def test_several_may_write_at_once(open_store: Open) -> None:
    def write(_: int) -> None:
        store = open_store()
        for _ in range(20):
            store.add([make_prediction()])
        store.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    store = open_store()
    assert len(list(store.predictions(limit=100))) == 80
    store.close()


def claim(key: str = "k", **changes: Any) -> Claim:
    values: dict[str, Any] = {"key": key, "fingerprint": "f", "at": START, "record": "r"}
    return Claim(**(values | changes))


def test_a_key_is_claimed_once_and_its_answer_kept(store: JournalStore) -> None:
    assert store.claim(claim(), stale_before=0) == (True, claim())
    assert store.claim(claim(at=START + 1, record="s"), stale_before=0) == (False, claim())
    store.settle("k", b"\x00answer")
    assert store.claim(claim(fingerprint="g"), stale_before=START + 9) == (False, claim(answer=b"\x00answer"))
    assert store.claim(claim("other"), stale_before=0)[0]


def test_an_old_claim_without_an_answer_is_taken_over_with_its_record_by_who_asks_the_same(store: JournalStore) -> None:
    store.claim(claim(), stale_before=0)
    assert not store.claim(claim(at=START + 9, record="s", fingerprint="g"), stale_before=START + 1)[0]
    assert store.claim(claim(at=START + 9, record="s"), stale_before=START + 1) == (True, claim(at=START + 9))
    assert not store.claim(claim(at=START + 10), stale_before=START + 1)[0]


def test_a_claim_is_given_up_unless_it_was_answered(store: JournalStore) -> None:
    store.claim(claim("a"), stale_before=0)
    store.claim(claim("b"), stale_before=0)
    store.settle("b", b"x")
    for key in "ab":
        store.release(key)
    assert [store.claim(claim(key), stale_before=0)[0] for key in "ab"] == [True, False]


def test_old_claims_are_forgotten(store: JournalStore) -> None:
    store.claim(claim("a"), stale_before=0)
    store.claim(claim("b", at=START + 1), stale_before=0)
    assert store.prune_claims(before=START + 1) == 1
    assert [store.claim(claim(key), stale_before=0)[0] for key in "ab"] == [True, False]


def test_of_many_who_claim_at_once_one_gets_it(open_store: Open) -> None:
    def take(number: int) -> bool:
        store = open_store()
        is_ours = store.claim(claim(record=str(number)), stale_before=0)[0]
        store.close()
        return is_ours

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(16))) == 1


def test_documents_are_kept_under_their_names_until_others_take_their_place(store: JournalStore) -> None:
    store.keep({"a": b"\x001", "b": b"2"}, at=START)
    store.keep({"a": b"3"}, at=START - 1)
    assert [store.kept(name) for name in "abc"] == [(START - 1, b"3"), (START, b"2"), None]


def test_documents_outlast_what_is_old_and_a_closed_store(open_store: Open) -> None:
    first = open_store()
    first.keep({"a": b""}, at=START)
    first.prune(before=START + 1)
    first.prune_claims(before=START + 1)
    first.close()
    second = open_store()
    assert second.kept("a") == (START, b"")
    second.close()


def test_of_documents_that_cannot_all_be_kept_none_is(store: JournalStore) -> None:
    store.keep({"a": b"1", "b": b"2"}, at=START)
    unfit: dict[str, Any] = {"a": b"3", "b": None}
    with pytest.raises(JournalUnavailable):
        store.keep(unfit, at=START + 1)
    assert [store.kept(name) for name in "ab"] == [(START, b"1"), (START, b"2")]


def test_of_several_who_keep_documents_at_once_one_has_kept_all_of_them(open_store: Open) -> None:
    def keep(number: int) -> None:
        store = open_store()
        content = str(number).encode() * 10_000
        for _ in range(10):
            store.keep({"a": content, "b": content} if number % 2 else {"b": content, "a": content}, at=number)
        store.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(keep, range(4)))
    store = open_store()
    found = store.kept("a")
    assert found is not None
    assert found == store.kept("b")
    assert found[1] == str(found[0]).encode() * 10_000
    store.close()
