"""Takes a recording of a command in a terminal that nobody sits at."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from demo.stage import ROOT, StageError

COLUMNS, ROWS = 110, 30
_LOOK_EVERY_S = 0.5
# A rule with the title of a chapter at its left, in bold.
_CHAPTER = re.compile(r"\\u001b\[1m([^\\]+)\\u001b\[0m \\u001b\[92m─")


def take(command: str, path: Path, tell: Callable[[str], None]) -> None:
    """
    Run a command in a terminal of fixed size, and write what it shows.

    Args:
        command: For sh, in the folder of this project.
        path: Of the asciicast; is overwritten.
        tell: Is told the title of each chapter as it begins.

    Raises:
        StageError: if the command fails.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="slipway-record-") as name:
        # asciinema itself ends with 0 whatever became of the command.
        status, leader = Path(name, "status"), Path(name, "leader")
        arguments = ["rec", "--quiet", "--cols", str(COLUMNS), "--rows", str(ROWS), "--env", "TERM"]
        process = subprocess.Popen(
            [
                Path(sys.executable).with_name("asciinema"),
                *arguments,
                "-c",
                f'echo $$ >"$LEADER"; {command}; echo $? >"$STATUS"',
                path,
            ],
            cwd=ROOT,
            # It leaves an identity in its folder, which otherwise is the user's.
            env={
                **os.environ,
                "STATUS": str(status),
                "LEADER": str(leader),
                "ASCIINEMA_CONFIG_HOME": name,
                "TERM": "xterm-256color",
            },
            stdin=subprocess.DEVNULL,
            # Without a terminal of its own it shows nothing on ours.
            start_new_session=True,
        )
        try:
            _follow(process, path, tell)
        finally:
            # Its end closes the terminal, but what was started in the background may not heed that; nor do those heed
            # its end who write for it.
            if process.returncode is None:
                _end(leader)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        ended = status.read_text().strip() if status.exists() else "nothing"
    if ended != "0":
        raise StageError(f"{command} ended with {ended}; {path} shows what it said")


def _end(leader: Path) -> None:
    """End what runs in the terminal, whose first process left its number."""
    with suppress(FileNotFoundError, ProcessLookupError, ValueError):
        os.killpg(int(leader.read_text()), signal.SIGTERM)


def _follow(process: subprocess.Popen[bytes], path: Path, tell: Callable[[str], None]) -> None:
    told, has_ended = 0, False
    while not has_ended:
        time.sleep(_LOOK_EVERY_S)
        has_ended = process.poll() is not None
        # The last character may be written by half.
        text = path.read_text(errors="replace") if path.exists() else ""
        for title in chapters_in(text)[told:]:
            tell(title)
            told += 1


def chapters_in(text: str) -> list[str]:
    """The titles of the chapters that began in a recording, as far as it goes."""
    return _CHAPTER.findall(text)
