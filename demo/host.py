"""The chapters on one host: a good deployment, a bad one that goes back by itself, and who served when."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from core.contract import Row
from core.places import open_registry
from core.tags import Bump, ModelTag
from demo.callers import asking
from demo.screen import CONSOLE, chapter, show
from demo.stage import LOOPBACK, REPOSITORY, ROOT, Stage, StageError, free_ports
from deploy.machine import Step
from deploy.platforms.detached import Detached
from ml.problem import read_problem
from ml.traffic import choose
from tests.fragile import publish_fragile

_DETACHED = ("blue.pid", "green.pid", "caddy.pid")
_STOP_S = 40.0
_EVIDENCE = ("    ✓", "    ✗")
# No flight of April departed in such heat, in degrees Fahrenheit.
_HOT = 94.0
_FLIGHTS = 2000
# So many are asked for before a deployment, that it has something to be judged by.
_BEFORE = 400
_BEGIN = (
    "From here on it is today, and DEPLOY_PLATFORM=host: two slots behind a real Caddy, on loopback ports. "
    "python -m deploy up, without a tag, brings what the ledger says should serve."
)
_GOOD = (
    "{green} gets a second try, while callers ask for April's flights through Caddy all the while. It starts beside "
    "{blue}, is compared with it on what they asked, gets the public, and is watched."
)
_BAD = (
    "A new release answers as {good} does, with the right checksums and golden rows, but fails where it is hotter "
    "than {hot:g} °F. Nothing that is known in spring speaks against it. Once it serves, hot days of July come."
)
_WHEN = "What the workflows wrote of 2013 and what happened just now, in one ledger: the repository's deployments."


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """Two slots and a Caddy on free ports of this machine."""

    folder: Path
    url: str
    environment: dict[str, str] = field(repr=False)

    def up(self, *arguments: str, tell: Callable[[str], None], status: int = 0) -> None:
        """
        Run `python -m deploy up`.

        Args:
            arguments: Of the command.
            tell: Is told each line that it says, as it says it.
            status: With which it should end.

        Raises:
            StageError: if it ends with another.
        """
        command = [sys.executable, "-m", "deploy", "up", *arguments]
        process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said: list[str] = []
        try:
            for line in process.stdout or ():
                said.append(line.rstrip())
                tell(said[-1])
            process.wait()
        finally:
            # Cut short, it must start nothing any more.
            process.kill()
            process.communicate()
        if process.returncode != status:
            raise StageError("\n".join([f"{' '.join(command[1:])} ended with {process.returncode}:", *said[-15:]]))

    def stop(self) -> None:
        """End what outlives the commands that started it."""
        for name in _DETACHED:
            Detached(str(self.folder / name), self.folder / "stop.log").stop(within_s=_STOP_S)


@contextmanager
def one_host(stage: Stage) -> Iterator[Host]:
    """A host on which nothing runs yet; what runs at the end is ended."""
    folder = (stage.folder / "host").resolve()
    folder.mkdir()
    port, admin, *slots = free_ports(4)
    environment = {
        **stage.variables,
        "GITHUB_TOKEN": stage.github.token(contents="read", deployments="write", issues="write"),
        "DEPLOY_ALERTS": f"github:{REPOSITORY}",
        "DEPLOY_PLATFORM": "host",
        "DEPLOY_DIR": str(folder),
        "SITE": "",
        "JOURNAL_DIR": str(folder / "journal"),
        "PORT": str(port),
        "SLOT_PORTS": ",".join(map(str, slots)),
        "CADDY_ADMIN": f"{LOOPBACK}:{admin}",
        "WATCH_S": "8",
        "WATCH_INTERVAL_S": "1",
    }
    host = Host(folder=folder, url=f"http://{LOOPBACK}:{port}", environment=environment)
    # What is detached would outlive a terminal that is closed, too.
    before = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield host
    finally:
        host.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def play(stage: Stage, newer: ModelTag) -> None:
    """
    Bring to one host what should serve by the ledger, then a newer model, then one that does not last.

    Args:
        stage: Whose ledger says what should serve.
        newer: Is published.
    """
    with one_host(stage) as host:
        with chapter("Today: one host", _BEGIN):
            host.up(tell=_showing())
            april, july = _flights()
        _bring_a_good_one(stage, host, newer, april)
        _bring_a_bad_one(stage, host, newer, april, july)
    _tell_who_served(stage, newer)


def _flights() -> tuple[list[Row], list[Row]]:
    """Flights of April, and those of July that departed in heat."""
    data = read_problem(ROOT / "model.toml").load(None)
    april = choose(data, date(2013, 4, 1), date(2013, 5, 1), _FLIGHTS).as_json_rows()
    july = choose(data, date(2013, 7, 1), date(2013, 8, 1), None).as_json_rows()
    return april, [row for row in july if float(row["temperature"] or 0) > _HOT]


def _bring_a_good_one(stage: Stage, host: Host, newer: ModelTag, april: list[Row]) -> None:
    with (
        chapter("A good deployment", _GOOD.format(green=newer, blue=stage.history()[-1].tag)),
        asking(host.url, april) as callers,
    ):
        callers.wait_for(_BEFORE)
        host.up(str(newer), "--reason", "a second try", tell=_showing(Step.VERIFY, Step.WATCH))
        _say(f"Callers meanwhile asked for {callers.told()}")


def _bring_a_bad_one(stage: Stage, host: Host, good: ModelTag, april: list[Row], july: list[Row]) -> None:
    bad = good.bumped(Bump.MINOR)
    with chapter("A bad deployment", _BAD.format(good=good, hot=_HOT)), asking(host.url, april) as callers:
        _publish(stage, host, good, bad)
        callers.wait_for(_BEFORE)
        tell = _showing(Step.VERIFY, Step.WATCH, at_watch=lambda: callers.ask_for(july))
        host.up(str(bad), tell=tell, status=1)
        _say(f"Callers meanwhile asked for {callers.told()}")
        issue = list(stage.github.repository(REPOSITORY).issues.values())[-1]
        _say(f"Issue {issue.number}: {issue.title} ({', '.join(issue.labels)})")


def _publish(stage: Stage, host: Host, good: ModelTag, bad: ModelTag) -> None:
    variables = {**host.environment, "GITHUB_TOKEN": stage.github.token(contents="write")}
    registry = open_registry(variables["MODEL_REGISTRY"], variables)
    publish_fragile(registry, registry.fetch(good), bad, feature="temperature", above=_HOT)
    _say(f"{bad} is published")


def _tell_who_served(stage: Stage, newer: ModelTag) -> None:
    history = stage.history()
    bad, returned = history[-2:]
    in_2013 = next(entry.at for entry in history if entry.tag == newer) + timedelta(days=1)
    moments = (in_2013, bad.at + (returned.at - bad.at) / 2, datetime.now(UTC))
    with chapter("Who served when?", _WHEN):
        for moment in moments:
            _command(stage, "at", moment.isoformat(timespec="milliseconds"))
        _command(stage, "history")


def _command(stage: Stage, *arguments: str) -> None:
    CONSOLE.print(f"\n[bold]python -m deploy {' '.join(arguments)}")
    for line in stage.command("deploy", *arguments):
        CONSOLE.print(f"  {line}", markup=False, soft_wrap=True)


def _showing(*in_full: Step, at_watch: Callable[[], None] = lambda: None) -> Callable[[str], None]:
    """Shows what a deployment says: its steps, and what it found out in some of them."""
    step = ""

    def tell(line: str) -> None:
        nonlocal step
        if line.strip() in set(Step):
            step = line.strip()
            if step == Step.WATCH:
                at_watch()
        if step in in_full or not line.startswith(_EVIDENCE):
            show(line)

    return tell


def _say(text: str) -> None:
    CONSOLE.print(f"  {text}", markup=False)
