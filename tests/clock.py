"""A clock of their own for the processes that a test starts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from tests.needs import lacking


class Clock:
    """
    A clock that can be set while processes go by it.

    What asks the C library for the time is told that of this clock, whatever language it is written in; how long
    something takes is measured by the machine's. A process that is started later begins at the same time as the first.

    Attributes:
        started: What it shows to a process that starts, in seconds since 1970.
        variables: The environment of a process that is to go by it.

    Source:
        https://github.com/wolfcw/libfaketime
    """

    def __init__(self, folder: Path) -> None:
        package = find_spec("libfaketime")
        assert package is not None
        assert package.origin is not None
        self.started = time.time()
        self._file = folder / "clock"
        self._file.touch()
        self.variables = {
            "LD_PRELOAD": str(Path(package.origin).parent / "vendor/libfaketime/src/libfaketime.so.1"),
            # The time is that of a file. The library also reads one from the text of a file, but several threads that
            # do so at once now and then find no time in it, and it then ends the process.
            "FAKETIME": "%",
            "FAKETIME_FOLLOW_FILE": str(self._file),
            "FAKETIME_DONT_RESET": "1",
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            # gunicorn tells by the time of a file whether a worker is alive.
            "NO_FAKE_STAT": "1",
        }
        self.move(-3600)
        if not 3500 < time.time() - self._told() < 3700:
            lacking("libfaketime cannot be loaded", "its wheel is for 64-bit x86 with glibc")
        self.move(0)

    def move(self, seconds: int) -> None:
        """Set it so many seconds later than it would be, or earlier."""
        os.utime(self._file, (self.started + seconds, self.started + seconds))

    def _told(self) -> float:
        ask = [sys.executable, "-c", "import time; print(time.time())"]
        return float(subprocess.run(ask, env=os.environ | self.variables, check=True, capture_output=True).stdout)
