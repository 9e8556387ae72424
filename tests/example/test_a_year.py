"""A repository through the year 2013: its clock is set, its workflows run, and nobody is at a keyboard."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from core.github.deployments import DeploymentsLedger
from core.ledger import Deployment, Environment, champion
from doubles.actions.claims import Finished, Machine
from doubles.github import GitHub
from example import flights
from tests.commands import ROOT
from tests.github import REPOSITORY, make_client
from tests.workflows import VENV, make_clone

MONTHS = [*(f"2013-{month:02}-01" for month in range(4, 13)), "2014-01-01"]
# A sixth of the flights, with one set of hyperparameters each: ten trainings in two minutes.
EVERY = 6
TRAIN, DEPLOY, ROLLBACK = (f".github/workflows/{name}.yml" for name in ("train", "deploy", "rollback"))


@dataclass(frozen=True, kw_only=True)
class Hub:
    """The repository on the double, and a machine that runs its workflows."""

    github: GitHub
    clone: Path
    folder: Path
    token: str

    def run(self, workflow: str, event: str, *, as_of: str = "", **inputs: str) -> list[Finished]:
        """Queue a run of a workflow, and run it and whatever it starts."""
        machine = Machine(
            double_url=self.github.api_url,
            repositories={REPOSITORY: self.clone},
            folder=self.folder / "runs",
            variables={"AS_OF": as_of},
            environment={"VENV": str(VENV), "OMP_WAIT_POLICY": "passive"},
        )
        machine.push()
        done = list(machine.run_all(REPOSITORY, workflow, event, inputs))
        for finished in done:
            assert finished.conclusion == "success", finished.log.read_text()
        return done

    def history(self, environment: Environment = Environment.PRODUCTION) -> list[Deployment]:
        """What served when, by the ledger."""
        return DeploymentsLedger(make_client(self.github, self.token)).history(environment)

    def releases(self) -> list[str]:
        """The published tags, in the order of publishing."""
        found = self.github.repository(REPOSITORY).releases.values()
        return [release.tag_name for release in found if not release.draft]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A repository as a user has it who put a table of their own into it; nothing has run yet."""
    folder = tmp_path_factory.mktemp("year")
    clone = make_clone(folder / "clone")
    _write_table(clone)
    _git(clone, "add", "--all", "--force", "data", "model.toml")
    _git(clone, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "--message=Our table")
    with GitHub() as github:
        github.add_repository(REPOSITORY)
        # Who has none may ask sixty times an hour.
        token = github.token(contents="read", deployments="read")
        yield Hub(github=github, clone=clone, folder=folder, token=token)
        assert github.violations == []
        assert github.leaks == []


def _write_table(clone: Path) -> None:
    rows = flights.load().frame[::EVERY]
    (clone / "data").mkdir(exist_ok=True)
    text = pl.col("scheduled_at").dt.strftime("%Y-%m-%dT%H:%M:%S%:z")
    rows.with_columns(text).write_csv(clone / "data" / "flights.csv")
    model = (clone / "model.toml").read_text()
    for old, new in {
        'loader = "example.flights:load"': 'path = "data/flights.csv"',
        'holdout = "3mo"': 'holdout = "1mo"',
        "trials = 10": "trials = 1",
    }.items():
        assert model.count(old) == 1
        model = model.replace(old, new)
    (clone / "model.toml").write_text(model)


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def year(hub: Hub) -> dict[str, str]:
    """What the training of each month said, after train.yml ran on its schedule in each."""
    said: dict[str, str] = {}
    for month in MONTHS:
        first, *started = hub.run(TRAIN, "schedule", as_of=month)
        said[month] = first.log.read_text()
        # A published model is deployed by what train.yml starts, and by nothing else.
        assert [each.workflow for each in started] == ([DEPLOY] if "Published model-" in said[month] else [])
    return said


def _verdict(log: str) -> str:
    lines = [line.partition("] ")[2].strip() for line in log.splitlines()]
    wanted = ("Gate:", "Published", "Nothing was published", "passed: loss", "failed: loss")
    return "; ".join(line for line in lines if line.startswith(wanted))


@pytest.mark.slow
def test_every_month_is_trained_and_judged_and_the_ledger_shows_what_served_when(
    hub: Hub, year: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    history = hub.history()
    with capsys.disabled():
        print("\n| month | verdict | serves then |\n|---|---|---|")  # noqa: T201  # the table is what a reader wants
        for month, log in year.items():
            past = [entry.tag for entry in history if f"{entry.at:%Y-%m-%d}" <= month]
            print(f"| {month} | {_verdict(log)} | {past[-1]} |")  # noqa: T201  # see above
    published = [month for month, log in year.items() if "Published model-" in log]
    refused = [month for month, log in year.items() if "Nothing was published" in log]
    assert sorted([*published, *refused]) == MONTHS
    assert len(published) > 1
    assert refused
    assert [f"{entry.at:%Y-%m-%d}" for entry in history] == published
    assert [str(entry.tag) for entry in history] == hub.releases()
    assert [entry.previous for entry in history] == [None, *(entry.tag for entry in history[:-1])]
    assert [entry.tag for entry in hub.history(Environment.STAGING)] == [entry.tag for entry in history]


@pytest.mark.slow
def test_a_month_that_was_trained_is_not_trained_again(hub: Hub, year: Mapping[str, str]) -> None:
    month = [month for month, log in year.items() if "Published model-" in log][-1]
    releases, history = hub.releases(), hub.history()
    (done,) = hub.run(TRAIN, "schedule", as_of=month)
    assert f"Nothing was trained: {releases[-1]} was made from the same data and settings." in done.log.read_text()
    assert (hub.releases(), hub.history()) == (releases, history)


@pytest.mark.slow
def test_what_serves_is_not_deployed_again(hub: Hub, year: Mapping[str, str]) -> None:
    history = hub.history()
    (done,) = hub.run(DEPLOY, "workflow_dispatch", tag=str(history[-1].tag))
    assert f"{history[-1].tag} serves production already; nothing was done." in done.log.read_text()
    assert hub.history() == history


@pytest.mark.slow
def test_a_rollback_goes_back_once(hub: Hub, year: Mapping[str, str]) -> None:
    bad, good = hub.history()[-1].tag, hub.history()[-2].tag
    for _ in range(2):
        hub.run(ROLLBACK, "workflow_dispatch", **{"from": str(bad), "reason": "a drill"})
        assert champion(hub.history()) == good
    assert hub.history()[-1].reason == f"rollback from {bad}: a drill"
    # The cron must not bring back what a person went back from.
    month = [month for month, log in year.items() if "Published model-" in log][-1]
    assert len(hub.run(TRAIN, "schedule", as_of=month)) == 1
    assert champion(hub.history()) == good


@pytest.mark.slow
def test_a_person_sees_the_same_with_the_commands(hub: Hub, year: Mapping[str, str]) -> None:
    places = dict.fromkeys(("MODEL_REGISTRY", "DEPLOYMENT_LEDGER"), f"github:{REPOSITORY}")
    urls = {"GITHUB_API_URL": hub.github.api_url, "GITHUB_SERVER_URL": hub.github.server_url, "GITHUB_TOKEN": hub.token}
    environment = {**os.environ, **places, **urls, "MODEL_CACHE": str(hub.folder / "cache")}
    command = [sys.executable, "-m", "ml", "tags"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == hub.releases()
    (serving,) = [line for line in lines if "production" in line]
    assert serving.startswith(str(champion(hub.history())))
