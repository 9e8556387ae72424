"""drift.yml against a running service, run as GitHub would run it: what its issue goes through when inputs break."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import requests
from msgspec.structs import replace
from numpy.typing import NDArray

from app.keys import Scope, new_key
from core.drift import Severity
from core.github.releases import ReleasesRegistry
from core.journal.sqlite import SqliteStore
from core.reference import DAY, WEEK, Reference, categorical_reference, numeric_reference
from core.registry import DirectoryRegistry
from doubles.actions.claims import Finished, Machine
from doubles.github import GitHub
from doubles.github.state import Issue, Run
from tests.drift_windows import make_spreads
from tests.factories import make_bundle
from tests.github import REPOSITORY, make_client
from tests.integration.test_gunicorn import serving
from tests.journal import IDS, make_prediction
from tests.workflows import VENV, make_clone

WORKFLOW = ".github/workflows/drift.yml"
KEY, ENTRY = new_key("drift", [Scope.ADMIN])
BEGIN = date(2026, 6, 1)
CITIES = np.array(["Oslo", "Rome"])
# A day's requests, and the rows of each.
REQUESTS, ROWS = 12, 50
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class World:
    """How the callers are: by what their ages are multiplied, the share of Rome, whether they send an age at all."""

    unit: float = 1.0
    rome: float = 0.3
    has_ages: bool = True

    def ages(self, random: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Ages in years, unless another unit is sent; NaN where none is."""
        if not self.has_ages:
            return np.full(count, np.nan)
        return np.round(random.normal(40, 8, count).clip(18, 70)) * self.unit

    def cities(self, random: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Places in CITIES."""
        return random.binomial(1, self.rome, count)


USUAL = World()


def _scores(ages: NDArray[np.float64], cities: NDArray[np.int64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-(0.02 * np.nan_to_num(ages) + 0.5 * cities)))


def _reference() -> Reference:
    """Of four thousand usual rows, and of how much their days and weeks differ."""
    random = np.random.default_rng(1)
    ages, cities = USUAL.ages(random, 4000), USUAL.cities(random, 4000)
    usual = {DAY: make_spreads(mean=0.04)[WEEK], WEEK: make_spreads(mean=0.02)[WEEK]}
    return Reference(
        numeric={"age": replace(numeric_reference(ages), spreads=usual)},
        categorical={"city": replace(categorical_reference(CITIES[cities].tolist()), spreads=usual)},
        scores={"score": replace(numeric_reference(_scores(ages, cities)), spreads=usual)},
        rows=4000,
    )


@dataclass(kw_only=True)
class Service:
    """
    A running service, the repository that watches it, and its callers.

    Attributes:
        github: The double.
        folder: For what runs leave behind.
        clone: Of this project.
        url: Of the service.
        store: The service's journal.
        today: The first day on which nothing was asked yet.
    """

    github: GitHub
    folder: Path
    clone: Path
    url: str
    store: SqliteStore
    today: date = BEGIN
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(2))

    def ask(self, days: int, world: World = USUAL) -> None:
        """Let some days go by, on which callers ask."""
        for _ in range(days):
            self.store.add([self._request(world, hour) for hour in range(0, 24, 24 // REQUESTS)])
            self.today += ONE_DAY

    def _request(self, world: World, hour: int) -> Any:
        ages, cities = world.ages(self.random, ROWS), world.cities(self.random, ROWS)
        scores = _scores(ages, cities)
        at = datetime.combine(self.today, time(hour, 30), UTC)
        return make_prediction(
            id=IDS.new(),
            at=int(at.timestamp()) * 1_000_000,
            rows=ROWS,
            inputs=_raw({"age": ages.tolist() if world.has_ages else [None] * ROWS, "city": CITIES[cities].tolist()}),
            answers=_raw({"label": np.where(scores > 0.6, "yes", "no").tolist(), "score": scores.tolist()}),
            warnings=_raw([]),
        )

    def machine(self, name: str = "runs") -> Machine:
        """What takes runs of the repository's workflows."""
        return Machine(
            double_url=self.github.api_url,
            repositories={REPOSITORY: self.clone},
            folder=self.folder / name,
            variables={"DRIFT_SOURCE": self.url, "AS_OF": f"{self.today}"},
            secrets={"SERVICE_KEY": KEY},
            environment={"VENV": str(VENV)},
            timeout_s=120,
        )

    def check(self) -> str:
        """Run the workflow on the morning of today, but not what it starts; what it said."""
        said = _said(next(self.machine().run_all(REPOSITORY, WORKFLOW, "schedule", {})))
        for run in self.trainings():
            run.status, run.conclusion = "completed", "cancelled"
        return said

    def issues(self) -> list[Issue]:
        """Of every kind, the oldest first."""
        return list(self.github.repository(REPOSITORY).issues.values())

    def issue(self) -> Issue:
        """The only one."""
        (issue,) = self.issues()
        return issue

    def trainings(self) -> list[Run]:
        """The runs of train.yml that were started."""
        repository = self.github.repository(REPOSITORY)
        training = repository.workflow("train.yml")
        assert training is not None
        return [run for run in repository.runs.values() if run.workflow_id == training.id]

    def shows(self, path: str) -> str:
        """What the service answers to one who has its key."""
        answer = requests.get(self.url + path, headers={"Authorization": f"Bearer {KEY}"}, timeout=10)
        answer.raise_for_status()
        return answer.text


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _said(finished: Finished) -> str:
    log = finished.log.read_text()
    assert finished.conclusion == "success", log
    return log


@pytest.fixture
def service(github: GitHub, tmp_path: Path) -> Iterator[Service]:
    """A service of a published model, which nobody has asked anything yet."""
    publisher = make_client(github, github.token(contents="write"))
    ReleasesRegistry(publisher, DirectoryRegistry(tmp_path / "publisher")).publish(
        make_bundle(tmp_path / "bundle", reference=_reference())
    )
    places = {
        "MODEL_REGISTRY": f"github:{REPOSITORY}",
        "MODEL_TAG": "model-v1.0.0",
        "MODEL_CACHE": str(tmp_path / "cache"),
        "GITHUB_API_URL": github.api_url,
        "GITHUB_SERVER_URL": github.server_url,
    }
    with serving(tmp_path, API_KEYS=str(ENTRY), **places) as server:
        service = Service(
            github=github,
            folder=tmp_path,
            clone=make_clone(tmp_path / "clone"),
            url=f"http://127.0.0.1:{server.port}",
            store=SqliteStore(tmp_path / "journal" / "journal.db"),
        )
        service.machine().push()
        yield service


@pytest.mark.slow
def test_a_fault_is_told_once_and_again_only_when_it_grows_and_until_it_is_gone(service: Service) -> None:
    service.ask(21)
    service.check()
    assert service.issues() == []
    assert list(service.folder.glob("runs/*/run/artifacts/drift-report/*.html"))

    in_other_unit = World(unit=0.45)
    service.ask(7, in_other_unit)
    service.check()
    issue = service.issue()
    assert (issue.state, issue.comments) == ("open", [])
    assert set(issue.labels) == {"slipway", "drift", "severity:alert"}
    assert "age" in (issue.body or "")
    written = issue.updated_at

    service.check()
    assert issue.updated_at == written
    service.ask(1, in_other_unit)
    service.check()
    assert (issue.state, issue.comments) == ("open", [])

    service.ask(6, World(unit=0.45, rome=0.9))
    before = issue.body
    service.check()
    assert issue.body != before
    (comment,) = issue.comments
    assert "`city`" in comment.body

    service.ask(14)
    service.check()
    assert (issue.state, issue.state_reason, len(issue.comments)) == ("closed", "completed", 2)

    service.ask(7, in_other_unit)
    service.check()
    assert (service.issue().number, issue.state, len(issue.comments)) == (issue.number, "open", 3)
    assert service.trainings() == []

    report = msgspec.json.decode(service.shows("/v1/drift"))
    assert (report["severity"], report["made_at"]) == ("alert", f"{service.today}T00:00:00Z")
    assert f"slipway_drift_severity {float(Severity.ALERT.rank)}" in service.shows("/metrics")


@pytest.mark.slow
def test_what_is_critical_asks_for_one_training(service: Service) -> None:
    for _ in range(2):
        service.ask(1, World(has_ages=False))
        service.check()
    assert "severity:critical" in service.issue().labels
    (training,) = service.trainings()
    assert training.inputs["as_of"] == f"{BEGIN + ONE_DAY}"


@pytest.mark.slow
def test_two_runs_at_once_leave_one_open_issue(service: Service) -> None:
    service.ask(28)
    service.ask(7, World(unit=0.45))
    machines = [service.machine(name) for name in ("one", "two")]
    with ThreadPoolExecutor() as threads:
        runs = threads.map(lambda each: list(each.run_all(REPOSITORY, WORKFLOW, "schedule", {})), machines)
        for finished in chain(*runs):
            _said(finished)
    first, *others = service.issues()
    assert first.state == "open"
    assert [(each.state, each.state_reason) for each in others] == [("closed", "duplicate")] * len(others)


@pytest.mark.slow
def test_without_a_source_the_workflow_says_what_to_set_and_ends_well(service: Service) -> None:
    service.url = ""
    said = service.check()
    assert "DRIFT_SOURCE" in said
    assert "Nothing was recorded: WANDB_API_KEY is not set." in said
    assert service.github.repository(REPOSITORY).issues == {}
