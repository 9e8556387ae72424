from __future__ import annotations

from pathlib import Path

from doubles.github.state import State
from doubles.github.storage import Storage


def test_an_empty_folder_holds_an_empty_state(tmp_path: Path) -> None:
    assert Storage(folder=tmp_path).load() == State()


def test_what_was_not_finished_is_not_read(tmp_path: Path) -> None:
    storage = Storage(folder=tmp_path)
    storage.save(State(last_id=7))
    (tmp_path / "state.json.unfinished").write_text("{")
    assert storage.load().last_id == 7


def test_content_is_kept_under_its_checksum(tmp_path: Path) -> None:
    storage = Storage(folder=tmp_path / "new")
    assert storage.content(storage.keep(b"model")) == b"model"
