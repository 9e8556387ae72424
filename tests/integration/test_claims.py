"""Runs that wait at the GitHub double."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from doubles.actions.claims import Machine
from tests.commands import ROOT
from tests.run_queue import RunQueue
from tests.workflows import FILE, make_repository

_CLAIM = {
    "id": 7,
    "repository": "somebody/model",
    "workflow": FILE,
    "event": "workflow_dispatch",
    "ref": "refs/heads/main",
    "inputs": {"tag": "model-v1.0.0"},
    "payload": {},
}
# The step says that it runs by calling the API that it was given.
_CALL = 'python3 -c \'import os, urllib.request as u; u.urlopen(os.environ[\\"GITHUB_API_URL\\"] + \\"/started\\")\''

MakeQueue = Callable[..., RunQueue]


@pytest.fixture
def make_queue() -> Iterator[MakeQueue]:
    queues: list[RunQueue] = []

    def make(**claim: Any) -> RunQueue:
        queues.append(RunQueue(_CLAIM | claim))
        return queues[-1]

    yield make
    for queue in queues:
        queue.close()


def _job(command: str) -> str:
    return (
        "  only:\n    runs-on: ubuntu-latest\n    permissions: {contents: read, issues: write}\n    steps:\n"
        "      - uses: actions/checkout@0123456789abcdef0123456789abcdef01234567\n"
        "      - env: {TAG: '${{ inputs.tag }}', TOKEN: '${{ github.token }}', RUN: '${{ github.run_id }}'}\n"
        f'        run: "{command}"\n'
    )


def _machine(queue: RunQueue, folder: Path, repository: Path) -> Machine:
    return Machine(
        double_url=queue.url, repositories={"somebody/model": repository}, folder=folder / "runs", secrets={"KEY": "k"}
    )


def test_a_run_gets_its_inputs_and_what_is_committed_and_the_double_is_told_how_it_ended(
    tmp_path: Path, make_queue: MakeQueue
) -> None:
    command = "echo run $RUN of $GITHUB_REPOSITORY with $TAG and ${#TOKEN} at $GITHUB_SERVER_URL $(ls -A)"
    repository, queue = (
        make_repository(tmp_path, _job(command), on="{workflow_dispatch: {inputs: {tag: {}}}}"),
        make_queue(),
    )
    (repository / "not-committed").touch()
    done = _machine(queue, tmp_path, repository).run_next()
    assert done is not None
    assert (done.id, done.conclusion) == (7, "success")
    said = "run 7 of somebody/model with model-v1.0.0 and 16 at http://127.0.0.1:1 .git .github"
    assert said in done.log.read_text()
    assert queue.all_told()[-1] == ("PATCH", "/_double/runs/7", {"status": "completed", "conclusion": "success"})


def test_the_token_of_a_run_has_the_permissions_of_its_jobs_and_no_others(
    tmp_path: Path, make_queue: MakeQueue
) -> None:
    queue = make_queue()
    _machine(queue, tmp_path, make_repository(tmp_path, _job("true"))).run_next()
    wish = {"permissions": {"contents": "read", "issues": "write"}, "repositories": ["somebody/model"]}
    assert ("POST", "/_double/tokens", wish) in queue.all_told()


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ({"repository": "somebody/else"}, "somebody/else"),
        ({"ref": "refs/heads/gone"}, "Remote branch gone not found"),
        ({"workflow": ".github/workflows/gone.yml"}, "gone.yml"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_run_of_what_is_not_here_fails_at_its_start(
    tmp_path: Path, make_queue: MakeQueue, claim: dict[str, str], words: str
) -> None:
    queue = make_queue(**claim)
    done = _machine(queue, tmp_path, make_repository(tmp_path, _job("true"))).run_next()
    assert done is not None
    assert done.conclusion == "startup_failure"
    assert words in done.log.read_text()
    told = {"status": "completed", "conclusion": "startup_failure"}
    assert queue.all_told()[-1] == ("PATCH", "/_double/runs/7", told)


def test_nothing_is_run_when_nothing_waits(tmp_path: Path, make_queue: MakeQueue) -> None:
    queue = make_queue()
    machine = _machine(queue, tmp_path, make_repository(tmp_path, _job("true")))
    machine.run_next()
    assert machine.run_next() is None


def test_the_double_is_told_where_the_branch_is_and_which_workflows_there_are(
    tmp_path: Path, make_queue: MakeQueue
) -> None:
    repository, queue = make_repository(tmp_path, _job("true")), make_queue()
    _machine(queue, tmp_path, repository).push()
    head = ["git", "-C", str(repository), "show", "--no-patch", "--format=%H %cI"]
    sha, date = subprocess.run(head, check=True, capture_output=True, text=True).stdout.split()
    commit, file = {"sha": sha, "date": date, "branch": "main"}, {"path": FILE, "text": (repository / FILE).read_text()}
    assert queue.all_told() == [
        ("POST", "/_double/repositories/somebody/model/commits", commit),
        ("PUT", "/_double/repositories/somebody/model/workflows", file),
    ]


def test_a_double_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, _job("true"))
    # Nothing may listen on port 1.
    command = [sys.executable, "-m", "doubles.actions", "serve", "http://127.0.0.1:1"]
    options = ["--repository", f"somebody/model={repository}", "--folder", str(tmp_path / "runs")]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: the double does not do what it was asked: ")


def test_a_machine_that_is_stopped_says_that_its_run_was_cancelled(tmp_path: Path, make_queue: MakeQueue) -> None:
    repository, queue = make_repository(tmp_path, _job(f"{_CALL}; sleep 600")), make_queue()
    command = [sys.executable, "-m", "doubles.actions", "serve", queue.url]
    arguments = ["--repository", f"somebody/model={repository}", "--folder", str(tmp_path / "runs")]
    process = subprocess.Popen([*command, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        while queue.told.get(timeout=30)[1] != "/started":
            pass
        process.send_signal(signal.SIGTERM)
        cancelled = {"status": "completed", "conclusion": "cancelled"}
        assert queue.told.get(timeout=30) == ("PATCH", "/_double/runs/7", cancelled)
        # A second signal could come when Python, about to end, no longer hears it.
        assert process.wait(timeout=30) == 143
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(("command", "status"), [("echo hello", 0), ("exit 3", 1)])
def test_a_workflow_can_be_run_by_hand_and_its_conclusion_is_the_exit_status(
    tmp_path: Path, command: str, status: int
) -> None:
    repository = make_repository(tmp_path, _job(command))
    options = ["--repository-dir", str(repository), "--folder", str(tmp_path / "run"), "--input", "tag=model-v1.0.0"]
    call = [sys.executable, "-m", "doubles.actions", "run", FILE, "workflow_dispatch", *options]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == status
    assert f"artifacts are in {tmp_path / 'run/artifacts'}" in done.stderr


@pytest.mark.parametrize(
    ("option", "words"),
    [(["--input", "tag"], "tag: takes NAME=VALUE"), (["--secret", "NO_SUCH"], "NO_SUCH is not in the environment")],
)
def test_a_wrong_option_is_named(option: list[str], words: str) -> None:
    command = [sys.executable, "-m", "doubles.actions", "run", FILE, "push", *option]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert words in done.stderr
