"""Runs Fly's own tool, `flyctl`, and tells what it says."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from core.errors import PlatformAway, PlatformError, PlatformRefused
from deploy.platforms.service_process import ROOT

_INSTALL: Final = "https://fly.io/docs/flyctl/install/"
_TRIES: Final = 3
_END_S: Final = 10.0
_LINES: Final = 8
_LENGTH: Final = 900
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_IS_SECRET: Final = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|DATABASE_URL")
_SHORTEST_SECRET: Final = 6
# What flyctl's words mean: the first that fits counts.
_MEANINGS: Final[tuple[tuple[str, type[PlatformError], str], ...]] = (
    (
        r"\b401\b|unauthori[sz]ed|not authori[sz]ed|access token",
        PlatformRefused,
        "set FLY_API_TOKEN to what `fly tokens create deploy -x 999999h` prints",
    ),
    (r"\b403\b|forbidden", PlatformRefused, "FLY_API_TOKEN may be of another app or organisation"),
    (
        r"\b409\b|\blease\b|conflict",
        PlatformAway,
        "somebody else works on these machines; try again when that has ended",
    ),
    (r"\b429\b|too many requests|rate limit", PlatformAway, "too much was asked of Fly; try again later"),
    (
        r"\b(408|50[0234])\b|internal server error|bad gateway|unavailable|connection refused|no such host",
        PlatformAway,
        "Fly is in trouble of its own; try again later",
    ),
)


class Flyctl:
    """The tool, as it stands on the PATH; a token is given to it by the environment alone."""

    def __init__(self, environment: Mapping[str, str], lock: Path, *, pause_s: float, folder: Path = ROOT) -> None:
        """
        Args:
            environment: Of this process; holds PATH, and FLY_API_TOKEN unless a person has logged in.
            lock: A file that is locked as long as a deployment of flyctl runs, even where we were killed meanwhile.
            pause_s: So long is waited before a question is asked again, in seconds.
            folder: What it runs in.
        """
        self._environment, self._lock, self._pause_s, self._folder = environment, lock, pause_s, folder

    def ask(self, *arguments: str, timeout_s: float = 60.0) -> str:
        """
        What it prints; asked again where Fly is away, so that it must be something that may be repeated.

        Raises:
            PlatformError: with its last words, and what to do.
        """
        for _ in range(_TRIES - 1):
            try:
                return self._run(arguments, timeout_s)
            except PlatformAway:
                time.sleep(self._pause_s)
        return self._run(arguments, timeout_s)

    def deploy(self, *arguments: str, timeout_s: float) -> None:
        """
        Run a deployment, once.

        Raises:
            PlatformError: with its last words. What came of the deployment, nobody knows.
        """
        with self._holding() as descriptor:
            self._run(arguments, timeout_s, descriptor)

    def is_busy(self) -> bool:
        """Whether a deployment runs that this machine has begun."""
        if not self._lock.exists():
            return False
        try:
            with self._holding():
                return False
        except PlatformRefused:
            return True

    @contextmanager
    def _holding(self) -> Iterator[int]:
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with self._lock.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise PlatformRefused(
                    "flyctl is still at an earlier deployment; try again when it has ended"
                ) from error
            yield file.fileno()

    def _run(self, arguments: tuple[str, ...], timeout_s: float, *inherited: int) -> str:
        command = [self._program(), *arguments]
        shown = shlex.join(["fly", *arguments])
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            # Files and no pipes: what it has started may hold a pipe open for ever.
            process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=self._passed(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                pass_fds=inherited,
            )
            status = _wait(process, timeout_s)
            texts = [_text(out.fileno()), _text(err.fileno())]
        said = self._scrub(_last_words(texts[1]) or _last_words(texts[0]))
        if status is None:
            raise PlatformAway(f"`{shown}` was ended after {timeout_s:.0f} s" + (f" ({said})" if said else ""))
        if status != 0:
            raise _failure(f"`{shown}` failed: {said or f'status {status}'}", said)
        return texts[0]

    def _program(self) -> str:
        path = self._environment.get("PATH")
        program = shutil.which("flyctl", path=path) or shutil.which("fly", path=path)
        if program is None:
            raise PlatformRefused(f"neither flyctl nor fly is on the PATH; {_INSTALL} says how to install it")
        return program

    def _passed(self) -> dict[str, str]:
        """Secrets of others are none of its business."""
        return {
            name: value
            for name, value in self._environment.items()
            if name.startswith("FLY_") or not _IS_SECRET.search(name)
        }

    def _scrub(self, text: str) -> str:
        for name, value in self._environment.items():
            if _IS_SECRET.search(name):
                for part in re.split(r"[\s,]+", value):
                    text = text.replace(part, "***") if len(part) >= _SHORTEST_SECRET else text
        return text


def _wait(process: subprocess.Popen[bytes], timeout_s: float) -> int | None:
    """Its exit status; None if it had to be ended, with everything it had started."""
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        _end(process)
        return None
    except BaseException:
        _end(process)
        raise


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_S)


def _text(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor), "rb") as file:
        return file.read().decode(errors="replace")


def _last_words(text: str) -> str:
    lines = [line.strip() for line in _COLOUR.sub("", text).splitlines()]
    return "; ".join([line for line in lines if line][-_LINES:])[-_LENGTH:]


def _failure(sentence: str, said: str) -> PlatformError:
    for pattern, kind, advice in _MEANINGS:
        if re.search(pattern, said, re.IGNORECASE):
            return kind(f"{sentence}; {advice}")
    return PlatformRefused(sentence)
