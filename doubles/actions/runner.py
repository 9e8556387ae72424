"""Runs one workflow of a repository's folder with act, and says what came of it."""

from __future__ import annotations

import json
import os
import re
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doubles.actions.processes import run_to_end
from doubles.actions.record import Record, Step, read_record
from doubles.actions.workflow_file import actions_of

_STAND_INS = Path(__file__).parent / "stand_ins"
# act has this one built in: it copies the repository's folder.
_BUILT_IN = {"actions/checkout"}

_ALWAYS = (
    *("--json", "--platform=ubuntu-latest=-self-hosted", "--no-cache-server", "--defaultbranch=main"),
    # Without a file named, act reads those that a developer may have in the repository's folder.
    *("--env-file=/dev/null", "--var-file=/dev/null", "--input-file=/dev/null"),
)

# What GitHub takes and act 0.2.89 refuses, though it does nothing with environments.
_UNREAD = re.compile(r"^ +deployment: false.*\n", re.MULTILINE)
# act gives the token to every step, GitHub only to one that asks for it. It can be made empty, which some programs do
# not take for absent, so the shell of a step begins with this.
_BEGIN = '[ -n "$GITHUB_TOKEN" ] || unset GITHUB_TOKEN\nunset BASH_ENV\n'


class MissingStandIn(Exception):
    """A workflow uses an action that cannot be run here."""

    def __init__(self, repository: str) -> None:
        self.repository = repository
        super().__init__(f"{repository} has no stand-in; add {_STAND_INS / repository}/action.yml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """
    What came of a run.

    Attributes:
        conclusion: `success`, `failure`, `timed_out`, or `startup_failure` if no job of it could be started.
        jobs: `success` or `failure` by job, without those that were skipped.
        steps: What was run, in the order in which it ended.
        summaries: What steps wrote for the page of the run, as Markdown.
        artifacts: A folder that holds a folder for each artifact.
        log: Everything that was said, a line each, with secrets masked.
    """

    conclusion: str
    jobs: Mapping[str, str]
    steps: tuple[Step, ...]
    summaries: tuple[str, ...]
    artifacts: Path
    log: str


def run_workflow(
    repository_dir: Path,
    workflow: str,
    event: str,
    *,
    folder: Path,
    inputs: Mapping[str, Any] | None = None,
    payload: Mapping[str, Any] | None = None,
    variables: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    api_url: str | None = None,
    token: str = "",
    repository: str = "owner/repository",
    timeout_s: float = 600,
) -> Run:
    """
    Run a workflow on what a folder holds, committed or not.

    Args:
        repository_dir: The folder of a git repository; its branch is the one that the run is told.
        workflow: The workflow's file, from that folder.
        event: What starts it, such as `push`; a workflow that does not listen to it does not start.
        folder: An empty folder for all that the run leaves behind; it is also its home.
        inputs: Those of `workflow_dispatch`.
        payload: What else the event says (`github.event`).
        variables: `vars`, the repository's variables.
        secrets: `secrets`; they are handed to act through a pipe.
        environment: Variables of every step beside those that GitHub sets. Nothing of this process's environment is
            passed on but PATH.
        api_url: Where GitHub's REST API is.
        token: `github.token`.
        repository: Owner and name.
        timeout_s: After how many seconds the run is ended, with everything that it started.

    Raises:
        MissingStandIn: if the workflow uses an action that is not in `stand_ins/`.

    Source:
        https://nektosact.com/usage, and act 0.2.89 as tried.
    """
    _require_stand_ins(repository_dir / workflow)
    repository_dir, folder = repository_dir.absolute(), folder.absolute()
    for name in ("home", "artifacts"):
        (folder / name).mkdir(parents=True)
    event_file, output, readable = folder / "event.json", folder / "act.jsonl", folder / Path(workflow).name
    (folder / "begin.sh").write_text(_BEGIN)
    readable.write_text(_UNREAD.sub("", (repository_dir / workflow).read_text()))
    event_file.write_text(json.dumps({"inputs": dict(inputs or {})} | dict(payload or {})))
    set_for_steps = {
        "ARTIFACTS_DIR": str(folder / "artifacts"),
        "GITHUB_REPOSITORY": repository,
        "LANG": "C.UTF-8",
        "GITHUB_TOKEN": "",
        "BASH_ENV": str(folder / "begin.sh"),
        **({"GITHUB_API_URL": api_url} if api_url else {}),
        **(environment or {}),
    }
    with _as_file({"GITHUB_TOKEN": token, **(secrets or {})}, folder / "secrets.yml") as descriptor:
        status = run_to_end(
            [
                *(str(Path(sysconfig.get_path("scripts"), "act")), event),
                *(f"--directory={repository_dir}", f"--workflows={readable}"),
                *(f"--eventpath={event_file}", f"--secret-file={folder / 'secrets.yml'}", *_ALWAYS),
                *(f"--var={name}={value}" for name, value in (variables or {}).items()),
                *(f"--env={name}={value}" for name, value in set_for_steps.items()),
                *_local_actions(repository_dir),
            ],
            folder=folder,
            environment={"PATH": os.environ["PATH"], "HOME": str(folder / "home")},
            output=output,
            timeout_s=timeout_s,
            descriptors=[descriptor],
        )
    record = read_record(output.read_text())
    return Run(
        conclusion=_conclusion(status, record),
        jobs=record.jobs,
        steps=record.steps,
        summaries=record.summaries,
        artifacts=folder / "artifacts",
        log=record.log,
    )


def _conclusion(status: int | None, record: Record) -> str:
    if status is None:
        return "timed_out"
    if status == 0:
        return "success"
    return "failure" if record.jobs else "startup_failure"


def _require_stand_ins(workflow_file: Path) -> None:
    for action in sorted(actions_of(workflow_file)):
        if action.repository not in _BUILT_IN and not (_STAND_INS / action.repository).is_dir():
            raise MissingStandIn(action.repository)


def _local_actions(repository_dir: Path) -> Iterator[str]:
    """For every reference that the repository's workflows make, the folder that stands for it."""
    used = {action for path in (repository_dir / ".github/workflows").glob("*.y*ml") for action in actions_of(path)}
    for action in sorted(used):
        if (_STAND_INS / action.repository).is_dir():
            yield f"--local-repository={action.repository}@{action.reference}={_STAND_INS / action.repository}"


@contextmanager
def _as_file(values: Mapping[str, str], name: Path) -> Iterator[int]:
    """A name under which act can read values once, as JSON, which is YAML; they are on no disk and in no argument."""
    reading, writing = os.pipe()
    try:
        with os.fdopen(writing, "w") as pipe:
            json.dump(dict(values), pipe)
        name.symlink_to(f"/dev/fd/{reading}")
        yield reading
    finally:
        os.close(reading)
