"""experiment.yml against a running service, run as GitHub would run it: from the start to the promotion and the end."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.experiment import Experiment
from core.github.deployments import DeploymentsLedger
from core.github.releases import ReleasesRegistry
from core.ledger import Environment, champion
from core.manifest import Metric
from core.registry import DirectoryRegistry
from deploy.experiments.service import ExperimentService
from doubles.actions.claims import Finished, Machine
from doubles.github import GitHub, Status
from doubles.github.state import Issue
from tests.experiments import CHALLENGER, CHAMPION, moved_back, use
from tests.factories import make_bundle, make_graph
from tests.github import REPOSITORY, make_client
from tests.integration.test_experiment_life import ADMIN, MODEL, OF_SERVICE, begin, url_of
from tests.integration.test_gunicorn import Server, serving
from tests.workflows import VENV, make_clone

READOUT, DEPLOY = ".github/workflows/experiment.yml", ".github/workflows/deploy.yml"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A repository with two published models, and the folder of a service."""

    github: GitHub
    folder: Path
    clone: Path

    @property
    def issue(self) -> Issue:
        """The experiment's."""
        (issue,) = self.github.repository(REPOSITORY).issues.values()
        return issue

    def serving(self) -> AbstractContextManager[Server]:
        """The service, with the tag that it should have by the ledger."""
        tag = champion(self.ledger.history(Environment.PRODUCTION)) or CHAMPION
        return serving(self.folder, MODEL_TAG=str(tag), **OF_SERVICE)

    @property
    def ledger(self) -> DeploymentsLedger:
        """What was deployed when."""
        return DeploymentsLedger(make_client(self.github, self.github.token(deployments="write")))

    def run(self, workflow: str, server: Server, **inputs: str) -> list[Finished]:
        """Run a workflow and whatever it starts."""
        machine = Machine(
            double_url=self.github.api_url,
            repositories={REPOSITORY: self.clone},
            folder=self.folder / "runs",
            variables={"PRODUCTION_URL": url_of(server)},
            secrets={"SERVICE_KEY": ADMIN},
            environment={"VENV": str(VENV)},
            timeout_s=120,
        )
        machine.push()
        return list(machine.run_all(REPOSITORY, workflow, "workflow_dispatch" if inputs else "schedule", inputs))

    def read_off(self, server: Server) -> str:
        """What the daily look said; it starts nothing."""
        (done,) = self.run(READOUT, server)
        assert done.conclusion == "success", done.log.read_text()
        return done.log.read_text()


@pytest.fixture
def place(github: GitHub, tmp_path: Path) -> Place:
    published = ReleasesRegistry(
        make_client(github, github.token(contents="write")), DirectoryRegistry(tmp_path / "cache")
    )
    beside = DirectoryRegistry(tmp_path / "registry")
    for tag, slope in ((CHAMPION, 0.02), (CHALLENGER, 0.2)):
        metrics = {"brier": Metric(value=0.2)}
        bundle = make_bundle(tmp_path / str(tag), tag=str(tag), graph=make_graph(slope=slope), metrics=metrics)
        published.publish(bundle)
        beside.publish(bundle)
    (tmp_path / "model.toml").write_text(MODEL)
    return Place(github=github, folder=tmp_path, clone=make_clone(tmp_path / "clone"))


def kept(server: Server) -> Experiment:
    _, experiment = ExperimentService(url_of(server), ADMIN).look()
    assert experiment is not None
    return experiment


@pytest.mark.slow
def test_an_experiment_from_its_start_to_the_promotion_of_its_challenger(place: Place) -> None:
    with place.serving() as server:
        assert "There is no experiment to look at." in place.read_off(server)
        place.run(DEPLOY, server, tag=str(CHAMPION), reason="the first")
        begin(place.folder, server)
        moved_back(url_of(server), ADMIN, days=2)
        use(url_of(server), ADMIN, subjects=40)
        assert "running" in place.read_off(server)
        assert place.issue.title == f"{CHALLENGER} against {CHAMPION}: running"
        assert str(place.issue.state) == "open"
        before = kept(server)
        server.process.kill()
        server.process.wait(30)
    with place.serving() as server:
        assert kept(server) == before
        use(url_of(server), ADMIN)
        # The run is cut short after the service kept what was read, and before the deployment was started.
        place.github.plant(Status(status=500), method="POST", path="*/dispatches", times=9)
        (failed,) = place.run(READOUT, server)
        assert failed.conclusion == "failure"
        decided = kept(server).decided
        assert decided is not None
        assert decided.word == "challenger better"
        place.github.faults.clear()
        looked, deployed = place.run(READOUT, server)
        assert (looked.conclusion, deployed.workflow, deployed.conclusion) == ("success", DEPLOY, "success")
        assert kept(server).decided == decided
        assert place.issue.title == f"{CHALLENGER} against {CHAMPION}: challenger better"
    with place.serving() as server:
        assert "The experiment is over: model-v1.1.0 was deployed." in place.read_off(server)
        assert str(place.issue.state) == "closed"
        assert kept(server).ended is not None
        assert "ended" in place.read_off(server)
    history = place.ledger.history(Environment.PRODUCTION)
    assert [entry.tag for entry in history] == [CHAMPION, CHALLENGER]
    assert history[-1].reason.startswith(f"better than {CHAMPION} in an experiment since ")
