"""A person who deploys on one host by the command line, and callers who ask that host all the while."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final

import requests

from core.ledger import Deployment, Environment, FileLedger
from core.tags import ModelTag
from deploy.platforms.service_process import ROOT
from tests.one_host import Host, wait_for

# So long a command may take on a busy machine.
_COMMAND_S: Final = 120
_ASK_S: Final = 10
_PAUSE_S: Final = 0.02
_AGES: Final = tuple(range(18, 66))


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Runs the command line on a host, as a process of its own."""

    host: Host
    variables: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """All that the command line is told."""
        ledger = {"DEPLOY_PLATFORM": "host", "DEPLOYMENT_LEDGER": f"file:{self.host.folder / 'ledger.jsonl'}"}
        return {**self.host.environment, "WATCH_S": "1", "WATCH_INTERVAL_S": "1", **ledger, **self.variables}

    @contextmanager
    def begin(self, *arguments: str, program: str = "deploy", **variables: str) -> Iterator[Command]:
        """`python -m deploy ARGUMENTS`, or another program, in the meantime; it is killed if it has not ended then."""
        with (
            tempfile.NamedTemporaryFile(dir=self.host.folder, suffix=".out") as output,
            tempfile.NamedTemporaryFile(dir=self.host.folder, suffix=".err") as error,
        ):
            process = subprocess.Popen(
                [sys.executable, "-m", program, *arguments],
                cwd=ROOT,
                env={**self.environment, **variables},
                stdout=output,
                stderr=error,
            )
            try:
                yield Command(process=process, _output=Path(output.name), _error=Path(error.name))
            finally:
                process.kill()
                process.wait()

    def run(self, *arguments: str, program: str = "deploy", **variables: str) -> Done:
        """Run it to its end."""
        with self.begin(*arguments, program=program, **variables) as command:
            return command.end()

    def up(self, tag: ModelTag, **variables: str) -> None:
        """Deploy a tag, which has to go well."""
        done = self.run("up", str(tag), **variables)
        assert done.status == 0, done

    def history(self) -> list[Deployment]:
        """What the ledger says, oldest first."""
        return FileLedger(self.host.folder / "ledger.jsonl").history(Environment.PRODUCTION)

    def is_tidy(self) -> bool:
        """Whether one tag serves, by the ledger and by the host, and nothing stands beside it."""
        situation, status = self.host.open().observe(), self.run("status")
        assert status.status == 0, status
        return situation.kept is None and situation.remnants == () and len(status.output.splitlines()) == 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """How a command ended, and what it said."""

    status: int
    output: str
    error: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A command that was begun."""

    process: subprocess.Popen[bytes]
    _output: Path
    _error: Path

    def wait_until_it_says(self, line: str) -> None:
        """Wait for a line of its own on standard output."""

        def has_said() -> bool:
            has_ended = self.process.poll() is not None
            lines = self._output.read_text().splitlines()
            assert line in lines or not has_ended, lines
            return line in lines

        wait_for(has_said)

    def end(self) -> Done:
        """Wait for its end."""
        status = self.process.wait(_COMMAND_S)
        return Done(status=status, output=self._output.read_text(), error=self._error.read_text())


class Callers:
    """
    Ask for one row after the other through the proxy, and remember what they got.

    Attributes:
        answers: Status and tag, in their order; status 0 if nothing came.
    """

    def __init__(self, url: str) -> None:
        self.answers: list[tuple[int, str]] = []
        self._ages: Sequence[int] = _AGES
        self._url = f"{url}/v1/predict"
        self._is_asking, self._has_ended = threading.Lock(), threading.Event()

    @contextmanager
    def asking(self) -> Iterator[Callers]:
        """Ask in the meantime."""
        thread = threading.Thread(target=self._ask)
        thread.start()
        try:
            yield self
        finally:
            self._has_ended.set()
            thread.join()

    def send(self, ages: Sequence[int]) -> None:
        """From now on rows with these ages, over and over."""
        self._ages = ages

    @contextmanager
    def between_two(self) -> Iterator[None]:
        """In the meantime nothing is in flight: what was begun is answered, and nothing new is asked."""
        with self._is_asking:
            yield

    def wait_for_more(self, count: int) -> None:
        """Wait until so many answers have come since."""
        wanted = len(self.answers) + count
        wait_for(lambda: len(self.answers) >= wanted)

    @property
    def failed(self) -> list[tuple[int, str]]:
        """All answers that were none."""
        return [answer for answer in self.answers if answer[0] != requests.codes.ok]

    @property
    def tags(self) -> list[str]:
        """What answered, in its order, each once until another did."""
        return [tag for tag, _ in groupby(tag for status, tag in self.answers if status == requests.codes.ok)]

    def _ask(self) -> None:
        with requests.Session() as session:
            while not self._has_ended.wait(_PAUSE_S):
                with self._is_asking:
                    self.answers.append(self._answer(session))

    def _answer(self, session: requests.Session) -> tuple[int, str]:
        row = {"age": self._ages[len(self.answers) % len(self._ages)], "city": "Oslo"}
        try:
            answer = session.post(self._url, json=row, timeout=_ASK_S)
        except requests.RequestException as error:
            return 0, str(error)
        return answer.status_code, answer.json().get("model_tag", "") if answer.ok else answer.text


def is_within(few: list[str], many: list[str]) -> bool:
    """Whether a sequence comes about in another, with gaps."""
    rest = iter(many)
    return all(each in rest for each in few)
