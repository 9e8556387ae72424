"""Atomic files: a reader sees the old content or the new one, whatever happens to the writer."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.files import sync_directory, write_atomically
from tests.contract.trouble import largest_file

OLD, NEW = b"old" * 1000, b"new content" * 2000


def test_a_new_file_holds_what_was_written(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", NEW)
    assert (tmp_path / "file").read_bytes() == NEW


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(OLD)
    write_atomically(tmp_path / "file", b"")
    assert (tmp_path / "file").read_bytes() == b""


def test_nothing_else_is_left_in_the_directory(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", NEW)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_other_users_may_read_the_file_and_only_its_owner_may_write_it(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", NEW)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(OLD)
    with largest_file(len(OLD)), pytest.raises(OSError, match="File too large"):
        write_atomically(tmp_path / "file", NEW)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == OLD


def test_a_rename_that_fails_leaves_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file" / "inside").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path / "file", NEW)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "absent" / "file", NEW)
    with pytest.raises(FileNotFoundError):
        sync_directory(tmp_path / "absent")


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    path, seen, done = tmp_path / "file", set[bytes](), threading.Event()
    path.write_bytes(OLD)

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(50):
            write_atomically(path, NEW)
            write_atomically(path, OLD)
    finally:
        done.set()
        reader.join()
    assert seen <= {OLD, NEW}
