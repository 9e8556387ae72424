"""A disk so small that a test can fill it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.needs import lacking

_HOLD = 'mount -t tmpfs -o "size=$1" tmpfs "$0" && echo mounted && read -r _'


class SmallDisk:
    """
    A file system in memory, seen only by processes that are started on it.

    Attributes:
        path: Where it is, to those.
        outside: Where it is, to everybody else.
        command: What goes before the command of a process that is to see it.
    """

    def __init__(self, path: Path, *, size_bytes: int) -> None:
        path.mkdir()
        # A user who is not root is root in a name space of his own, where the kernel lets him.
        user, kept = ([], []) if os.geteuid() == 0 else (["--user", "--map-root-user"], ["--user"])
        hold = ["unshare", *user, "--mount", "sh", "-c", _HOLD, str(path), str(size_bytes)]
        pipe = subprocess.PIPE
        # It lasts as long as this process, which waits for the end of its input.
        self._holder = subprocess.Popen(hold, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != "mounted\n":
            _, problem = self._holder.communicate()
            lacking(f"no small disk can be mounted ({problem.strip()})", "run the tests as root of a machine")
        self.path = path
        self.outside = Path(f"/proc/{self._holder.pid}/root", *path.parts[1:])
        enter = ["nsenter", f"--target={self._holder.pid}", *kept, "--preserve-credentials", "--mount"]
        self.command = [*enter, "env", f"--chdir={Path.cwd()}"]

    def close(self) -> None:
        """Give it up, with all that is on it."""
        self._holder.communicate()
