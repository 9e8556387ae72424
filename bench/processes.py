"""What the processes of a server take: memory and processor."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

# The most that so many workers are to take.
LIMITS_MB = {1: 150, 2: 200}


def pss_mb(pid: int) -> float:
    """
    Memory of a process and all below it, where what several share is shared out among them.

    Others on the machine who map the same files take their part too: run nothing else beside this.
    """
    lines = [line for each in _family(pid) for line in _read(f"/proc/{each}/smaps_rollup").splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def cpu_s(pid: int) -> float:
    """What a process and all below it have had of the processor."""
    threads = [path for each in _family(pid) for path in Path(f"/proc/{each}/task").glob("*/schedstat")]
    return sum(int((_read(path) or "0").split()[0]) for path in threads) / 1e9


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in _read(f"/proc/{pid}/task/{pid}/children").split():
        yield from _family(int(child))


def _read(path: str | Path) -> str:
    """A file of /proc; empty if its process or thread has just ended."""
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


@contextlib.contextmanager
def sampled(pid: int) -> Iterator[list[float]]:
    """The memory of a process, once a second while this lasts."""
    found = [pss_mb(pid)]
    stop = threading.Event()

    def sample() -> None:
        while not stop.wait(1):
            found.append(pss_mb(pid))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()
