"""Programs that outlive the command which starts them, found again by their command line and never by a file."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from core.errors import PlatformRefused
from deploy.platforms.service_process import last_lines

_PROC: Final = Path("/proc")
# By which gunicorn and Caddy are told of their pid file.
_OPTIONS: Final = (b"--pid", b"--pidfile")
_KILL_S: Final = 5.0
# What is just becoming another program has no command line for a moment, so that one look is no proof.
_LOOKS: Final = 10
_LOOK_AGAIN_S: Final = 0.02
_HOST: Final = "127.0.0.1"
_CONNECT_S: Final = 1.0
_DYING_S, _DYING_PAUSE_S = 2.0, 0.2


class Detached:
    """
    A program that is told apart by an argument of its own, such as the path of its pid file.

    A process id alone may be another's by now; what a process was called with is its own for ever. So there is nothing
    to write down, and nothing that a kill could leave unwritten.
    """

    def __init__(self, mark: str, log: Path) -> None:
        """
        Args:
            mark: Its pid file, as `--pid` or `--pidfile` names it on its command line.
            log: Takes what it says.
        """
        self._mark, self._log = mark.encode(), log

    def start(self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> None:
        """
        Start it in a session of its own; its log begins anew.

        Raises:
            PlatformRefused: if this machine cannot.
        """
        setsid = shutil.which("setsid")
        if setsid is None:
            raise PlatformRefused("this machine has no setsid, which util-linux brings; slots run on Linux only")
        with self._log.open("wb") as log:
            # setsid ends at once, so that nobody here has to wait for the program.
            subprocess.run(
                [setsid, "--fork", *command],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=True,
            )

    def processes(self) -> list[int]:
        """All its processes, masters and workers."""
        ids = [int(path.name) for path in _PROC.iterdir() if path.name.isdecimal()]
        return [each for each in ids if self._is_one(each)]

    def _is_one(self, pid: int) -> bool:
        """Whether it was called with the mark as its pid file; a pager may have the same file open."""
        arguments = _read(pid, "cmdline").split(b"\0")
        return any(option in _OPTIONS and value == self._mark for option, value in pairwise(arguments))

    def has_died(self) -> bool:
        """Whether it runs no more, or never did."""
        for _ in range(_LOOKS):
            if self.processes():
                return False
            time.sleep(_LOOK_AGAIN_S)
        return True

    def variable(self, name: str) -> str:
        """What it was told in a variable of its environment; empty if nothing, or if it does not run."""
        start = f"{name}=".encode()
        entries = (entry for pid in self.processes() for entry in _read(pid, "environ").split(b"\0"))
        return next((entry[len(start) :].decode() for entry in entries if entry.startswith(start)), "")

    def stop(self, *, within_s: float) -> bool:
        """
        Ask it to end once it has answered what it has begun, and end it if that takes too long.

        Returns:
            Whether nothing of it runs any more.
        """
        running = self.processes()
        self._signal([pid for pid in running if _parent(pid) not in running], signal.SIGTERM)
        if self._has_ended(within_s):
            return True
        self._signal(self.processes(), signal.SIGKILL)
        return self._has_ended(_KILL_S)

    def _has_ended(self, within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while self.processes():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        return True

    def _signal(self, pids: Sequence[int], number: signal.Signals) -> None:
        for pid in pids:
            try:
                handle = os.pidfd_open(pid)
            except ProcessLookupError:
                continue
            try:
                # Looked at again while the handle holds it: the id cannot have become another's in between.
                if self._is_one(pid):
                    signal.pidfd_send_signal(handle, number)
            except ProcessLookupError:
                continue
            finally:
                os.close(handle)

    def said(self) -> str:
        """The last lines of its log; empty if there are none."""
        return last_lines(self._log)


def is_taken(port: int) -> bool:
    """Whether a program listens on a port of the loopback."""
    with socket.socket() as connection:
        connection.settimeout(_CONNECT_S)
        # One that is too busy to take a connection in time has the port all the same.
        return connection.connect_ex((_HOST, port)) != errno.ECONNREFUSED


def stays_taken(port: int) -> bool:
    """Whether a program goes on listening on a port: one that is dying does so for a moment, and has lost its name."""
    deadline = time.monotonic() + _DYING_S
    while is_taken(port):
        if time.monotonic() >= deadline:
            return True
        time.sleep(_DYING_PAUSE_S)
    return False


def _read(pid: int, name: str) -> bytes:
    """A file of /proc; empty if the process has ended or is another user's."""
    try:
        return (_PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""


def _parent(pid: int) -> int:
    """The process that started it; 0 if it has ended."""
    _, _, rest = _read(pid, "stat").rpartition(b") ")
    return int(rest.split()[1]) if rest else 0
