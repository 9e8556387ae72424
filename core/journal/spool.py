"""The spool: files to which a process appends records before it answers, and which wait there to be shipped."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from core.errors import JournalUnavailable
from core.journal.records import Ids

_SUFFIX = ".ndjson"
_LOCK_SUFFIX = ".lock"
# Says by its age when the store was last written to.
_MARK = "shipped"
_USUAL_BYTES = 2_000
# A line says early when it was written; empty ones may stand before it.
_HEAD_BYTES = 3 * _USUAL_BYTES
_AT = re.compile(rb'"at":(\d+)')


class Spool:
    """
    One process's part of a spool directory.

    A line is in the file, and so in the kernel's hands, when `append` returns: it survives the death of the process,
    though not that of the machine. Files of processes that have died are adopted by whoever asks next.
    """

    def __init__(self, directory: Path, *, max_bytes: int) -> None:
        """
        Args:
            directory: Shared by the processes of a machine.
            max_bytes: At most so much waits in the directory.

        Raises:
            JournalUnavailable: if the directory cannot be used.
        """
        self._directory, self.max_bytes = directory, max_bytes
        self._owner = Ids().new()
        self._mutex = threading.Lock()
        self._file: int | None = None
        self._size = 0
        self._files = 0
        # Whether the last line fitted; before the first one nobody knows.
        self._is_proven = False
        self._is_closed = False
        try:
            directory.mkdir(parents=True, exist_ok=True)
            lock = self._take_lock()
            # A process whose spool nobody has any more writes nothing; closed twice, it could be another's by then.
            self._unlock = weakref.finalize(self, os.close, lock)
            self._waiting = self.measure()
        except OSError as error:
            raise JournalUnavailable(directory, error.strerror or str(error)) from error

    def _take_lock(self) -> int:
        """Under its final name the lock is held from the first moment on: one that is not held is that of the dead."""
        path = self._directory / self._owner
        lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        path.rename(path.with_suffix(_LOCK_SUFFIX))
        return lock

    def append(self, line: bytes) -> None:
        """
        Add a line, or several; all of it, or nothing.

        Args:
            line: Without an end of line; several have one between them.

        Raises:
            JournalUnavailable: if it cannot be written, or would exceed the bound.
        """
        data = line + b"\n"
        with self._mutex:
            if self._is_closed:
                raise JournalUnavailable(self._directory, "closed, as the process ends")
            if self._waiting + len(data) > self.max_bytes:
                raise JournalUnavailable(self._directory, f"holds the {self.max_bytes} bytes that it may")
            try:
                self._write(data)
            except OSError as error:
                self._is_proven = False
                raise JournalUnavailable(self._directory, error.strerror or str(error)) from error
            self._is_proven = True
            self._waiting += len(data)

    def _write(self, data: bytes) -> None:
        if self._file is None:
            self._files += 1
            path = self._directory / f"{self._owner}-{self._files:09}{_SUFFIX}"
            self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
            self._size = 0
        written = 0
        try:
            written = os.write(self._file, data)
        finally:
            if written < len(data):
                # A part of a line must not stand before the next one.
                os.ftruncate(self._file, self._size)
        if written < len(data):
            raise OSError(errno.ENOSPC, f"only {written} of {len(data)} bytes fitted")
        self._size += len(data)

    def check(self) -> None:
        """
        Make sure that a line of the usual length could be added.

        Raises:
            JournalUnavailable: if not.
        """
        if self._waiting + _USUAL_BYTES > self.max_bytes:
            raise JournalUnavailable(self._directory, f"holds nearly the {self.max_bytes} bytes that it may")
        if not self._is_proven:
            # Empty lines, which nobody reads: one alone may fit where nothing else does.
            self.append(b"\n" * (_USUAL_BYTES - 1))

    def touch(self) -> None:
        """Note that the store was written to in another way than from here."""
        with suppress(OSError):
            (self._directory / _MARK).touch(0o600)

    def touched_at(self) -> float:
        """When a process last shipped what waits here, or noted something; in seconds since 1970, 0 if never."""
        try:
            return (self._directory / _MARK).stat().st_mtime
        except OSError:
            return 0.0

    def oldest(self) -> int | None:
        """When the oldest line that waits was written, in microseconds since 1970; None if none does."""
        # Files of one process are in order.
        first: dict[str, Path] = {}
        for path in sorted(self._directory.glob(f"*{_SUFFIX}")):
            first.setdefault(path.name.partition("-")[0], path)
        return min(filter(None, map(_first_at, first.values())), default=None)

    def lag_s(self, *, allowed_s: float = 0) -> float:
        """How much longer than so many seconds the oldest line that waits has waited; 0 if none has."""
        oldest = self.oldest()
        return 0.0 if oldest is None else max(0.0, time.time() - oldest / 1e6 - allowed_s)

    @property
    def fullness(self) -> float:
        """What waits, as a part of what may."""
        return self._waiting / self.max_bytes

    def ready(self) -> list[Path]:
        """Files that nobody writes to any more, oldest first: this process's own, and those of the dead."""
        with self._mutex:
            if self._file is not None:
                os.close(self._file)
                self._file = None
            self._waiting = self.measure()
            # Listed before the next line can begin a new file.
            own = list(self._directory.glob(f"{self._owner}-*{_SUFFIX}"))
        return sorted([*own, *self._left_behind()])

    def remove(self, path: Path) -> None:
        """Give up a file that `ready` named, once the store has all of it."""
        path.unlink(missing_ok=True)
        self.touch()
        with self._mutex:
            self._waiting = self.measure()

    def _left_behind(self) -> Iterator[Path]:
        """Files of processes that have died; their locks are removed with the last of them."""
        # Files before locks: a process holds its lock before it makes its first file, so none of the living can be
        # taken for dead.
        files = [(path.name.partition("-")[0], path) for path in self._directory.glob(f"*{_SUFFIX}")]
        others = {path.stem for path in self._directory.glob(f"*{_LOCK_SUFFIX}")} - {self._owner}
        living = {owner for owner in others if self._is_alive(owner)}
        yield from (path for owner, path in files if owner not in living and owner != self._owner)
        for owner in others - living - {owner for owner, _ in files}:
            (self._directory / f"{owner}{_LOCK_SUFFIX}").unlink(missing_ok=True)

    def _is_alive(self, owner: str) -> bool:
        try:
            lock = os.open(self._directory / f"{owner}{_LOCK_SUFFIX}", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def measure(self) -> int:
        """Bytes that wait in the directory."""
        return sum(_size(path) for path in self._directory.glob(f"*{_SUFFIX}"))

    def close(self) -> None:
        """Let go of the files; whoever comes next may ship them."""
        with self._mutex:
            self._is_closed = True
            if self._file is not None:
                os.close(self._file)
                self._file = None
            self._unlock()
            if not any(self._directory.glob(f"{self._owner}-*{_SUFFIX}")):
                (self._directory / f"{self._owner}{_LOCK_SUFFIX}").unlink(missing_ok=True)


def _first_at(path: Path) -> int | None:
    try:
        with path.open("rb") as file:
            found = _AT.search(file.read(_HEAD_BYTES))
    except FileNotFoundError:
        return None
    return int(found[1]) if found else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
