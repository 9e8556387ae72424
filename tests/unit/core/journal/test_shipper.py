"""What waits in the spool reaches the store, once, sooner or later."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from core.errors import JournalUnavailable
from core.journal.records import Record, encode
from core.journal.shipper import Shipper
from core.journal.spool import Spool
from core.journal.sqlite import SqliteStore
from tests.journal import make_outcome, make_prediction


class Moody(SqliteStore):
    """A store that is away for a while."""

    is_away = False

    def add(self, records: Sequence[Record]) -> None:
        if self.is_away:
            raise JournalUnavailable(self._path, "away")
        super().add(records)

    def prune_claims(self, *, before: int) -> int:
        if self.is_away:
            raise JournalUnavailable(self._path, "away")
        return super().prune_claims(before=before)


@pytest.fixture
def store(tmp_path: Path) -> Moody:
    return Moody(tmp_path / "journal.db")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", max_bytes=10**6)


@pytest.fixture
def shipper(spool: Spool, store: Moody) -> Iterator[Shipper]:
    shipper = Shipper(spool, store)
    yield shipper
    shipper.close()


def count(store: SqliteStore) -> int:
    return len(list(store.predictions(limit=1000))) + len(list(store.outcomes(limit=1000)))


def test_what_was_shipped_is_in_the_store_and_out_of_the_spool(shipper: Shipper, spool: Spool, store: Moody) -> None:
    spool.append(encode(make_prediction()))
    spool.append(encode(make_outcome("x")))
    assert shipper.ship() == 2
    assert count(store) == 2
    assert spool.ready() == []
    assert shipper.ship() == 0


def test_what_the_store_does_not_take_stays(shipper: Shipper, spool: Spool, store: Moody) -> None:
    store.is_away = True
    for _ in range(3):
        spool.append(encode(make_prediction()))
        with pytest.raises(JournalUnavailable, match="away"):
            shipper.ship()
    store.is_away = False
    assert shipper.ship() == 3
    assert count(store) == 3


def test_a_file_that_was_shipped_and_not_removed_is_shipped_again_without_effect(
    shipper: Shipper, spool: Spool, store: Moody
) -> None:
    spool.append(encode(make_prediction()))
    (path,) = spool.ready()
    content = path.read_bytes()
    shipper.ship()
    path.write_bytes(content)
    assert shipper.ship() == 1
    assert count(store) == 1


@pytest.mark.parametrize("damage", [b"not json\n", b'{"type": "prediction"}\n', b"\xff\xfe\n", b"\n"])
def test_a_line_that_cannot_be_read_does_not_hold_up_the_others(
    shipper: Shipper, spool: Spool, store: Moody, damage: bytes
) -> None:
    first, last = encode(make_prediction()) + b"\n", encode(make_prediction()) + b"\n"
    spool.append(b"")
    (path,) = spool.ready()
    path.write_bytes(first + damage + last)
    assert shipper.ship() == 2
    assert count(store) == 2


def test_a_line_without_an_end_belongs_to_no_answer(shipper: Shipper, spool: Spool, store: Moody) -> None:
    spool.append(b"")
    (path,) = spool.ready()
    path.write_bytes(encode(make_prediction()) + b"\n" + encode(make_prediction()))
    assert shipper.ship() == 1
    assert count(store) == 1


def test_the_thread_ships_by_itself_and_tries_again(shipper: Shipper, spool: Spool, store: Moody) -> None:
    store.is_away = True
    shipper.start()
    spool.append(encode(make_prediction()))
    time.sleep(0.7)
    assert count(store) == 0
    store.is_away = False
    deadline = time.monotonic() + 5
    while count(store) == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert count(store) == 1


def test_one_that_ships_seldom_waits_unless_much_waits(tmp_path: Path, store: Moody) -> None:
    spool = Spool(tmp_path / "spool", max_bytes=10_000)
    shipper = Shipper(spool, store, every_s=3600)
    spool.append(encode(make_prediction()))
    shipper.start()
    time.sleep(1.5)
    before = count(store)
    while spool.fullness < 0.5:
        spool.append(encode(make_prediction()))
    deadline = time.monotonic() + 60
    while not count(store) and time.monotonic() < deadline:
        time.sleep(0.1)

    assert before == 0
    assert count(store) > 1
    shipper.close()


@pytest.mark.parametrize(("days", "kept"), [(None, 3), (30, 1), (3000, 2)])
def test_what_is_too_old_is_forgotten(spool: Spool, store: Moody, days: int | None, kept: int) -> None:
    shipper = Shipper(spool, store, retention_days=days)
    for age_days in (0, 40, 4000):
        spool.append(encode(make_prediction(at=int((time.time() - age_days * 86_400) * 1e6))))
    shipper.start()
    deadline = time.monotonic() + 5
    while (spool.ready() or count(store) != kept) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert count(store) == kept
    shipper.close()


def test_closing_ships_the_rest(tmp_path: Path, spool: Spool, store: Moody) -> None:
    shipper = Shipper(spool, store)
    shipper.start()
    spool.append(encode(make_prediction()))
    shipper.close()
    assert count(SqliteStore(tmp_path / "journal.db")) == 1
    assert [path.name for path in (tmp_path / "spool").iterdir()] == ["shipped"]


def test_closing_while_the_store_is_away_leaves_the_rest_to_the_next(
    tmp_path: Path, spool: Spool, store: Moody
) -> None:
    store.is_away = True
    spool.append(encode(make_prediction()))
    Shipper(spool, store).close()
    fresh = SqliteStore(tmp_path / "journal.db")
    assert Shipper(Spool(tmp_path / "spool", max_bytes=10**6), fresh).ship() == 1


def test_nothing_waits_where_nothing_was_asked_though_the_store_is_away(
    shipper: Shipper, store: Moody, capsys: pytest.CaptureFixture[str]
) -> None:
    store.is_away = True
    assert [shipper._try(0.1) for _ in range(3)] == [shipper._interval_s] * 3
    said = capsys.readouterr().out
    assert "waits in the spool" not in said
    assert "is shipped again" not in said
    # It is tried again later, not with every look.
    assert said.count("the journal keeps what is too old") == 1
