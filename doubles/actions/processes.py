"""A command run with a limit, and ended together with all that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


def run_to_end(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    output: Path,
    timeout_s: float,
    descriptors: Iterable[int] = (),
) -> int | None:
    """
    Run a command and leave nothing of it behind.

    A process group would not do: act gives each step a session of its own. What was started is known by a variable
    that it inherited, and that has a name of its own, as a run may start another.

    Args:
        command: The program and its arguments.
        folder: Where it runs.
        environment: All of its environment.
        output: Where what it says is written.
        timeout_s: After how many seconds it is ended.
        descriptors: Open files that it inherits.

    Returns:
        Its exit status, or None if it took too long.
    """
    mark = f"STARTED_BY_{uuid.uuid4().hex}"
    with output.open("wb") as said:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, mark: "yes"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            pass_fds=tuple(descriptors),
            start_new_session=True,
        )
    try:
        return process.wait(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end(process)
        _end_marked(mark)


def _end(process: subprocess.Popen[bytes], *, grace_s: float = 10) -> None:
    """Let it write down what it knows, but not for long."""
    process.terminate()
    try:
        process.wait(timeout=grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _end_marked(mark: str, *, patience_s: float = 1) -> None:
    # One that is about to end may start another meanwhile, so look until there are none.
    deadline = time.monotonic() + patience_s
    while True:
        found = {pid: _is_marked(pid, f"{mark}=yes".encode()) for pid in _processes()}
        left = [pid for pid, is_marked in found.items() if is_marked]
        for pid in left:
            _kill(pid)
        if not left and (None not in found.values() or time.monotonic() > deadline):
            return
        time.sleep(0.01)


def _processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdecimal()]


def _is_marked(pid: int, variable: bytes) -> bool | None:
    """Whether a process inherited a variable; None while it cannot be known, as the process is starting a program."""
    folder = Path("/proc", str(pid))
    try:
        environment, _ = (folder / "environ").read_bytes(), (folder / "exe").readlink()
    except OSError:
        # It has ended, or is the kernel's, or somebody else's.
        return False
    return variable in environment.split(b"\0") if environment else None


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
