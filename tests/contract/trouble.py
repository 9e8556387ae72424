"""The trouble a store must withstand: a disk that is full, processes that race for it."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Barrier
from typing import Any

_SPAWN = multiprocessing.get_context("spawn")


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """While this lasts no file grows beyond a size, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def racing(work: Callable[..., None], arguments: Sequence[tuple[Any, ...]]) -> Iterator[list[SpawnProcess]]:
    """
    Processes that each call `work(barrier, *arguments[i])`; at the end all of them must have succeeded.

    The barrier is shared by the processes, so that they can start together.
    """
    barrier: Barrier = _SPAWN.Barrier(len(arguments), timeout=60)
    processes = [_SPAWN.Process(target=work, args=(barrier, *each)) for each in arguments]
    for process in processes:
        process.start()
    try:
        yield processes
        for process in processes:
            process.join(60)
        assert [process.exitcode for process in processes] == [0] * len(processes)
    finally:
        for process in processes:
            process.kill()
            process.join()
            process.close()
