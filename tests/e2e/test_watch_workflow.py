"""watch.yml, run as GitHub would run it, with a token of the permissions that it names and no others."""

from __future__ import annotations

from pathlib import Path

from doubles.actions.claims import Machine
from doubles.github import GitHub
from tests.github import REPOSITORY
from tests.integration.test_look import shown
from tests.loopback import answering
from tests.workflows import VENV, make_clone

_WORKFLOW = ".github/workflows/watch.yml"


def _run(github: GitHub, clone: Path, url: str) -> str:
    machine = Machine(
        double_url=github.api_url,
        repositories={REPOSITORY: clone},
        folder=clone.parent / "runs",
        variables={"PRODUCTION_URL": url} if url else {},
        environment={"VENV": str(VENV)},
        timeout_s=120,
    )
    machine.push()
    (finished,) = machine.run_all(REPOSITORY, _WORKFLOW, "schedule", {})
    log = finished.log.read_text()
    assert finished.conclusion == "success", log
    return log


def _states(github: GitHub) -> dict[str, str]:
    issues = github.repository(REPOSITORY).issues.values()
    return {issue.title.partition(":")[0]: issue.state for issue in issues if "alert" in issue.labels}


def test_what_is_wrong_is_told_until_it_is_mended(github: GitHub, tmp_path: Path) -> None:
    clone = make_clone(tmp_path / "clone")
    assert "no service is looked at" in _run(github, clone, "")
    for lag_s, state in ((700, "open"), (0, "closed")):
        with answering(shown(f"slipway_journal_lag_seconds {lag_s}\n")) as service:
            _run(github, clone, service.url)
        assert _states(github) == {"JournalNotDraining": state}
