"""The files of what workers count begin anew with a server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.metrics.room import clear, take_room


def test_a_server_does_not_go_on_counting_for_one_that_was_killed(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    of_the_dead = [tmp_path / f"{kind}_{ended.pid}.db" for kind in ("counter", "gauge_livesum")]
    others = [tmp_path / f"counter_{os.getpid()}.db", tmp_path / "notes_of_mine.db", tmp_path / f"{ended.pid}.txt"]
    for path in (*of_the_dead, *others):
        path.touch()
    # What cannot be removed stays, and is no reason not to start.
    folder = tmp_path / f"histogram_{ended.pid}.db"
    folder.mkdir()

    clear(tmp_path)

    assert sorted(tmp_path.iterdir()) == sorted([*others, folder])


def test_where_no_room_can_be_taken_a_worker_starts_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_fallocate")
    take_room(tmp_path, 1)
    assert not list(tmp_path.iterdir())
