"""What the tour of the console finds: a service with a past, with callers, a drift check and an experiment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import requests

from demo.stage import ROOT, StageError, serving
from ml.dataset import Dataset
from ml.problem import read_problem
from ml.traffic import choose
from tests.clock import Clock

_OLDER, _NEWER = "model-v1.0.0", "model-v1.1.0"
# Of the user's own settings none is to reach what runs here.
_KEPT: Final = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")
_DAY: Final = timedelta(days=1)
_HOUR_S, _DAY_S = 3600, 86_400
# So many days callers have asked: whatever day it is, a week of them is complete, and so are its outcomes.
_DAYS: Final = 14
# Of which they ask for the flights: days that neither model has seen.
_FIRST: Final = date(2013, 7, 1)
_LAST: Final = _FIRST + _DAYS * _DAY
_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A folder in which everything lies, and who is told what is being done."""

    folder: Path
    tell: Callable[[str], None]

    @property
    def variables(self) -> dict[str, str]:
        """The environment of all that runs here."""
        return {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "MODEL_REGISTRY": f"directory:{self.folder / 'registry'}",
            "MODEL_TAG": _OLDER,
            "DEPLOYMENT_LEDGER": f"file:{self.folder / 'ledger.jsonl'}",
            "CANDIDATE_DIR": str(self.folder / "candidate"),
            "JOURNAL_DIR": str(self.folder / "journal"),
            "DRIFT_DIR": str(self.folder / "drift"),
            "WANDB_MODE": "disabled",
            # Its subjects are routes, which are no secret.
            "SUBJECT_KEY": "0" * 32,
            "OMP_WAIT_POLICY": "passive",
            # All that happens here in minutes would be spread over days.
            "CHALLENGER_BUDGET_MS": "10000",
        }

    def run(self, what: str, *arguments: str, **variables: str) -> None:
        """
        Run `python -m ARGUMENTS`.

        Raises:
            StageError: if it fails.
        """
        self.tell(what)
        command, environment = [sys.executable, "-m", *arguments], {**self.variables, **variables}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StageError(f"python -m {' '.join(arguments)}: {done.stderr.strip()[-2000:]}")


@contextmanager
def set_scene(folder: Path, tell: Callable[[str], None]) -> Iterator[str]:
    """
    Have two models trained, and a service of the older one that was asked, checked and experimented with for days.

    Args:
        folder: For everything; an empty one.
        tell: Is told what is being done.

    Yields:
        The service's address.

    Raises:
        StageError: if something fails.
    """
    scene, clock = Scene(folder=folder, tell=tell), Clock(folder)
    _make_a_past(scene)
    clock.move(-_DAYS * _DAY_S)
    with serving({**scene.variables, **clock.variables}, folder / "service.log") as url:
        _let_time_go_by(scene, url, clock)
        window = ("--since", _LAST.isoformat(), "--until", (_LAST + _DAY).isoformat())
        scene.run(
            "Replaying flights one by one", "ml", "traffic", "--url", url, *window, "--rate", "100", "--limit", "500"
        )
        scene.run("Checking for drift", "drift", "check", "--source", url)
        yield url


def _make_a_past(scene: Scene) -> None:
    scene.run("Training a model of three months", "ml", "train", "--publish", "--as-of", "2013-04-01")
    scene.run("Deploying it", "deploy", "up", _OLDER, "--at", _ago(60), "--reason", "the first")
    scene.run("Training one of five months", "ml", "train", "--publish", "--as-of", "2013-06-01")
    scene.run("Deploying it", "deploy", "up", _NEWER, "--at", _ago(30), "--reason", "a month more is known")
    scene.run("Going back", "deploy", "rollback", "--at", _ago(_DAYS + 3), "--reason", "too many false alarms")


def _ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")


def _let_time_go_by(scene: Scene, url: str, clock: Clock) -> None:
    """Day by day flights are asked for, at last hour by hour, and each day an experiment is looked at."""
    experiment, service = ("deploy", "experiment"), ("--service", url)
    begin = ("start", _NEWER, "--share", "0.5")
    scene.run("Beginning an experiment", *experiment, *begin, *service, **clock.variables)
    data = read_problem(ROOT / "model.toml").load(None)
    with requests.Session() as session:
        # Without one of ours, requests would look for a password in ~/.netrc.
        session.trust_env = False
        for day in range(_DAYS):
            clock.move((day - _DAYS) * _DAY_S)
            flown = _FIRST + day * _DAY
            scene.tell(f"Asking for the flights of day {day + 1} of {_DAYS}")
            _ask(session, url, choose(data, flown, flown + _DAY, None))
            scene.run("Looking at the experiment", *experiment, "readout", *service, **clock.variables)
        scene.tell("Asking for flights hour by hour")
        for hour, flights in _by_hour(choose(data, _LAST, _LAST + _DAY, None)):
            clock.move((hour - 24) * _HOUR_S)
            _ask(session, url, flights)
    clock.move(0)


def _by_hour(day: Dataset) -> Iterator[tuple[int, Dataset]]:
    """The flights of each hour that has some."""
    assert day.times is not None  # noqa: S101  # the flights have times
    hours = day.times.dt.hour().to_numpy()
    for hour in range(24):
        if (hours == hour).any():
            yield hour, day.take(np.flatnonzero(hours == hour))


def _ask(session: requests.Session, url: str, flights: Dataset) -> None:
    """Ask about flights, a request for each route, which is its subject; report what became of them."""
    rows, classes = flights.as_json_rows(), ("no", "yes")
    by_route: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        by_route[f"{row['carrier']}/{row['origin']}/{row['dest']}"].append(place)
    outcomes: list[dict[str, str]] = []
    for route, places in by_route.items():
        body = {"rows": [rows[place] for place in places]}
        said = _post(session, f"{url}/v1/predict/batch", body, subject=route)["predictions"]
        ids = [str(each["id"]) for each in said]
        outcomes += [
            {"id": id_, "outcome": classes[int(flights.target[place])]} for id_, place in zip(ids, places, strict=True)
        ]
    _post(session, f"{url}/v1/outcomes", {"outcomes": outcomes})


def _post(session: requests.Session, url: str, body: object, *, subject: str = "") -> dict[str, Any]:
    headers = {"X-Subject": subject} if subject else {}
    answer = session.post(url, json=body, headers=headers, timeout=_TIMEOUT_S)
    if not answer.ok:
        raise StageError(f"{url} answered {answer.status_code}: {answer.text[:500]}")
    said: dict[str, Any] = answer.json()
    return said
