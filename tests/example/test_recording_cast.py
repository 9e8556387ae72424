"""Recordings of a terminal are read whole, or refused by a sentence."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest

from demo.recording.cast import read_cast
from demo.recording.taking import COLUMNS, ROWS, chapters_in, take
from demo.stage import StageError

HEADER = '{"version": 2, "width": 40, "height": 5}'


def write(folder: Path, *lines: str) -> Path:
    path = folder / "some.cast"
    path.write_text("\n".join(lines))
    return path


def test_what_was_typed_and_marked_is_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, '[0.5, "o", "a\\r\\n"]', '[0.7, "i", "x"]', '[1, "m", ""]', '[2, "o", "b"]')
    cast = read_cast(path)
    assert (cast.columns, cast.rows, cast.length_s) == (40, 5, 2.0)
    assert [(output.at, output.text) for output in cast.outputs] == [(0.5, "a\r\n"), (2.0, "b")]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "is no asciicast"),
        (["hello"], "is no asciicast"),
        (["[]"], "is no asciicast"),
        (['{"version": 3, "term": {"cols": 40, "rows": 5}}', '[0, "o", "a"]'], "is no asciicast of version 2"),
        ([HEADER, "[0]"], "is no asciicast"),
        ([HEADER, '[0, "i", "x"]'], "shows nothing"),
    ],
    ids=["empty", "text", "a list", "version 3", "half an event", "only typing"],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, lines: list[str], sentence: str) -> None:
    with pytest.raises(StageError, match=sentence):
        read_cast(write(tmp_path, *lines))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"gone\.cast cannot be read \(No such file or directory\)"):
        read_cast(tmp_path / "gone.cast")


def test_a_command_sees_a_terminal_of_fixed_size_although_nobody_has_one(tmp_path: Path) -> None:
    path, told = tmp_path / "folder" / "taken.cast", list[str]()
    take("stty size; printf '\\033[1mOne\\033[0m \\033[92m───\\n'", path, told.append)
    cast = read_cast(path)
    assert (cast.columns, cast.rows) == (COLUMNS, ROWS)
    assert f"{ROWS} {COLUMNS}" in "".join(output.text for output in cast.outputs)
    assert told == ["One"]


def test_a_command_that_fails_fails_the_recording(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"exit 3' ended with 3; .*taken\.cast shows what it said"):
        take("sh -c 'exit 3'", tmp_path / "taken.cast", print)


def test_who_is_interrupted_leaves_nothing_running(tmp_path: Path) -> None:
    def interrupt(_chapter: str) -> None:
        raise KeyboardInterrupt

    pid = tmp_path / "pid"
    with pytest.raises(KeyboardInterrupt):
        take(
            f"echo $$ >{pid}; printf '\\033[1mOne\\033[0m \\033[92m───\\n'; sleep 600",
            tmp_path / "taken.cast",
            interrupt,
        )
    process = Path("/proc", pid.read_text().strip())
    # Nor do those who wrote for it; who is killed is still listed until the machine has come to it.
    deadline = time.monotonic() + 30
    while (runs(process) or _writers(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not runs(process)
    assert not _writers(tmp_path)


def _writers(folder: Path) -> list[str]:
    """The processes that know of a folder by their arguments, and run."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if str(folder).encode() in (process / "cmdline").read_bytes() and runs(process):
                found.append(process.name)
    return found


def runs(process: Path) -> bool:
    """Whether it does; one that has ended may still be listed until whoever inherited it looks."""
    try:
        return "\nState:\tZ" not in (process / "status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_chapters_are_known_by_their_rules() -> None:
    text = (
        r'[1, "o", "\u001b[1mThe first\u001b[0m \u001b[92m───\u001b[0m"]' + "\n" + r'[2, "o", "\u001b[1mNot\u001b[0m"]'
    )
    assert chapters_in(text) == ["The first"]
