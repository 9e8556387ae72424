"""
Pictures of the console, of a service that has run for two weeks with the table of model.toml.

`python -m tests.console_pictures docs/images/console` trains two models, lets both answer the table's last rows as if
they came in these weeks, reports what became of them, reads the experiment off, checks for drift, and writes
PREFIX-light-wide.png and so on. It takes some minutes; the table needs a time column.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import numpy as np
import requests

from core.ledger import Environment, FileLedger
from core.registry import DirectoryRegistry
from core.tags import ModelTag
from ml.dataset import Dataset
from ml.problem import read_problem
from tests.browser import take_screenshots
from tests.clock import Clock
from tests.commands import ROOT, Home
from tests.integration.test_gunicorn import LOOPBACK, serving

DAYS: Final = 15
# Of the table: what the champion and the challenger do not know yet.
_UNKNOWN_DAYS: Final = (150, 35)
_HOUR_S, _DAY_S = 3_600, 86_400
_ROWS_A_REQUEST: Final = 7
# Of an hour at its busiest, and in each part of a day that is long ago.
_MOST_AN_HOUR, _LONG_AGO = 60, 90
_SUBJECTS: Final = 600
_SHIP_S: Final = 3.0
# What callers do wrong now and then.
_WRONG_EVERY: Final = 40


@dataclass(frozen=True, kw_only=True)
class World:
    """
    A service and what it is asked.

    Attributes:
        home: What runs leave behind.
        url: Of the service.
        clock: That it goes by.
        rows: As callers send them, with what became of each.
    """

    home: Home
    url: str
    clock: Clock
    rows: Iterator[tuple[dict[str, Any], str | float]]

    def go_to(self, seconds: float) -> None:
        """Let it be so many seconds before now."""
        self.clock.move(-int(seconds))

    def run(self, *arguments: str, **variables: str) -> None:
        """Run `python -m ARGUMENTS` by the same clock."""
        found = {"SERVICE_URL": self.url, **self.clock.variables, **variables}
        done = self.home.run(*arguments, **found)
        if done.returncode:
            sys.exit(f"error: python -m {' '.join(arguments)}: {done.stdout}{done.stderr}")

    def ask(self, times: int) -> None:
        """Ask, and report what became of it."""
        session, outcomes = requests.Session(), []
        for number in range(times):
            chosen = list(islice(self.rows, _ROWS_A_REQUEST if number % 3 == 0 else 1))
            if not chosen:
                return
            subject = {"X-Subject": f"customer-{crc32(str(chosen[0][0]).encode()) % _SUBJECTS}"}
            if len(chosen) > 1:
                body = {"rows": [row for row, _ in chosen]}
                answer = session.post(f"{self.url}/v1/predict/batch", json=body, headers=subject, timeout=30)
                made = [each["id"] for each in answer.json()["predictions"]]
            else:
                answer = session.post(f"{self.url}/v1/predict", json=chosen[0][0], headers=subject, timeout=30)
                made = [answer.json()["id"]]
            outcomes += [{"id": each, "outcome": truth} for each, (_, truth) in zip(made, chosen, strict=True)]
            if number % _WRONG_EVERY == 0:
                session.post(f"{self.url}/v1/predict", json={}, timeout=30)
        session.post(f"{self.url}/v1/outcomes", json={"outcomes": outcomes}, timeout=30).raise_for_status()


def main() -> None:
    """Make the pictures, and say where they are."""
    problem = read_problem(ROOT / "model.toml")
    data = problem.load(None)
    with tempfile.TemporaryDirectory() as name:
        home = Home(folder=Path(name))
        champion, challenger = train_both(home, data)
        deployed_before(home, champion, challenger)
        with running(home, asked_of(data, problem.contract.target.classes), champion) as world:
            live(world, challenger)
            for written in take_screenshots(f"{world.url}/", sys.argv[1]):
                sys.stdout.write(f"{written}\n")


def train_both(home: Home, data: Dataset) -> tuple[ModelTag, ...]:
    """Two models, of what was known on two days, each judged as a first one."""
    for days in _UNKNOWN_DAYS:
        day = last_day(data) - timedelta(days=days)
        ledger = {"DEPLOYMENT_LEDGER": f"file:{home.folder / str(days)}.jsonl", "WANDB_MODE": "disabled"}
        done = home.run("ml", "train", "--publish", "--as-of", f"{day:%Y-%m-%d}", OMP_WAIT_POLICY="passive", **ledger)
        if done.returncode:
            sys.exit(f"error: {done.stdout}{done.stderr}")
    return tuple(DirectoryRegistry(home.registry).tags())


def last_day(data: Dataset) -> datetime:
    """The day of the newest row."""
    if data.times is None:
        sys.exit("error: the table of model.toml has no time column")
    newest = data.times.max()
    assert isinstance(newest, datetime)
    return newest


def deployed_before(home: Home, champion: ModelTag, challenger: ModelTag) -> None:
    """What served before anybody looks, and a deployment that went back by itself."""
    ledger, now = FileLedger(home.folder / "ledger.jsonl"), datetime.now(UTC)
    for days, tag, reason in (
        (DAYS + 9, champion, "scripts/deploy"),
        (DAYS + 4, challenger, "scripts/deploy"),
        (DAYS + 3.9, champion, f"rolled back from {challenger}: it answered more slowly than allowed"),
    ):
        ledger.record(Environment.PRODUCTION, tag, at=now - timedelta(days=days), reason=reason)
    ledger.record(Environment.STAGING, challenger, at=now - timedelta(days=2), reason="scripts/deploy")


@contextmanager
def running(home: Home, rows: Iterator[tuple[dict[str, Any], str | float]], champion: ModelTag) -> Iterator[World]:
    """A service with two workers, begun two weeks ago."""
    clock = Clock(home.folder)
    clock.move(-DAYS * _DAY_S)
    variables = {"MODEL_TAG": str(champion), "SUBJECT_KEY": "s" * 32, "WEB_CONCURRENCY": "2", **clock.variables}
    with serving(home.folder, **variables) as server:
        url = f"http://{LOOPBACK}:{server.port}"
        yield World(home=home, url=url, clock=clock, rows=rows)


def asked_of(data: Dataset, classes: Sequence[str]) -> Iterator[tuple[dict[str, Any], str | float]]:
    """The rows that neither model knows, in their order, and what became of them."""
    assert data.times is not None
    first = np.datetime64(last_day(data).replace(tzinfo=None) - timedelta(days=_UNKNOWN_DAYS[-1] - 1))
    places = np.flatnonzero(data.times.dt.replace_time_zone(None).to_numpy() >= first)
    for place, row in zip(places, data.rows[places].iter_rows(named=True), strict=True):
        truth = data.target[place]
        yield row, classes[int(truth)] if classes else float(truth)


def live(world: World, challenger: ModelTag) -> None:
    """Let the days go by up to now."""
    world.run("deploy", "experiment", "start", str(challenger), "--share", "0.5")
    for day in range(DAYS, 1, -1):
        for part in range(4):
            world.go_to(day * _DAY_S - part * 5 * _HOUR_S)
            world.ask(_LONG_AGO)
        world.run("deploy", "experiment", "readout")
    for hour in range(24, 0, -1):
        world.go_to(hour * _HOUR_S - 1)
        at = datetime.fromtimestamp(world.clock.started, UTC) - timedelta(hours=hour)
        # As a day has it: few at night, most in the afternoon.
        world.ask(round(_MOST_AN_HOUR * (0.15 + 0.85 * float(np.exp(-(((at.hour - 15) / 5) ** 2))))))
    world.go_to(0)
    # What was asked last is shipped by then.
    time.sleep(_SHIP_S)
    world.run("deploy", "experiment", "readout")
    world.run("drift", "check", "--source", world.url)


if __name__ == "__main__":
    main()
