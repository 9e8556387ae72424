"""Runs the workflows that wait at the GitHub double, one after the other, and tells it how they ended."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import requests

from doubles.actions.runner import MissingStandIn, Run, run_workflow
from doubles.actions.workflow_file import UnclearWorkflow, permissions_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """
    A run that has ended.

    Attributes:
        id: Its number at the double.
        workflow: The workflow's file.
        conclusion: As in `Run`; `startup_failure` also if what is to be run is not here.
        log: The file that holds what was said.
    """

    id: int
    workflow: str
    conclusion: str
    log: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """
    A machine that takes runs from the double.

    Attributes:
        double_url: Where the double's API is.
        repositories: The git repository of each owner and name; runs get a clone of it.
        folder: Where each run gets a folder, whose name begins with its number.
        variables: `vars` of every run.
        secrets: `secrets` of every run.
        environment: Variables of every step.
        timeout_s: How long a run may take.
    """

    double_url: str
    repositories: Mapping[str, Path]
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 600

    def push(self) -> None:
        """Tell the double where each repository's branch is and which workflows there are, as a push would."""
        for name, folder in self.repositories.items():
            sha, date = _git("-C", str(folder), "show", "--no-patch", "--format=%H %cI", "HEAD").split()
            branch = _git("-C", str(folder), "branch", "--show-current")
            self._ask("POST", f"repositories/{name}/commits", {"sha": sha, "date": date, "branch": branch or None})
            for path in sorted((folder / ".github/workflows").glob("*.y*ml")):
                file = {"path": str(path.relative_to(folder)), "text": path.read_text()}
                self._ask("PUT", f"repositories/{name}/workflows", file)

    def run_all(self, repository: str, workflow: str, event: str, inputs: Mapping[str, str]) -> Iterator[Finished]:
        """Queue a run as an event of GitHub's would, and run it and whatever it starts, one after the other."""
        self._ask("POST", "runs", {"repository": repository, "workflow": workflow, "event": event, "inputs": inputs})
        while (done := self.run_next()) is not None:
            yield done

    def serve(self, stopped: Event, *, wait_s: float = 0.5) -> Iterator[Finished]:
        """Run whatever is queued until told to stop; a run that has begun is finished first."""
        while not stopped.is_set():
            done = self.run_next()
            if done is None:
                stopped.wait(wait_s)
            else:
                yield done

    def run_next(self) -> Finished | None:
        """Run what has waited longest; None if nothing waits."""
        answer = self._ask("POST", "runs/claim")
        if answer.status_code == requests.codes.no_content:
            return None
        claim = answer.json()
        self.folder.mkdir(parents=True, exist_ok=True)
        # A double that began anew counts from one again.
        folder = Path(tempfile.mkdtemp(prefix=f"{claim['id']}-", dir=self.folder))
        conclusion, log = "cancelled", ""
        try:
            run = self._run(claim, folder)
            conclusion, log = run.conclusion, run.log
        except (MissingStandIn, UnclearWorkflow, OSError, KeyError) as problem:
            conclusion, log = "startup_failure", f"{type(problem).__name__}: {problem}"
        finally:
            (folder / "log.txt").write_text(log)
            self._ask("PATCH", f"runs/{claim['id']}", {"status": "completed", "conclusion": conclusion})
        return Finished(id=claim["id"], workflow=claim["workflow"], conclusion=conclusion, log=folder / "log.txt")

    def _run(self, claim: Mapping[str, Any], folder: Path) -> Run:
        name, clone = claim["repository"], folder / "clone"
        branch = claim["ref"].removeprefix("refs/heads/").removeprefix("refs/tags/")
        _git("clone", "--quiet", f"--branch={branch}", "--", str(self.repositories[name]), str(clone))
        pages = self._ask("GET", "").json()["web"]
        return run_workflow(
            clone,
            claim["workflow"],
            claim["event"],
            folder=folder / "run",
            inputs=claim["inputs"],
            payload=claim["payload"],
            variables=self.variables,
            secrets=self.secrets,
            environment={
                "GITHUB_RUN_ID": str(claim["id"]),
                "GITHUB_SERVER_URL": pages,
                **self.environment,
            },
            api_url=self.double_url,
            token=self._token(name, permissions_of(clone / claim["workflow"])),
            repository=name,
            timeout_s=self.timeout_s,
        )

    def _token(self, repository: str, permissions: Mapping[str, str]) -> str:
        wish = {"permissions": dict(permissions), "repositories": [repository]}
        token: str = self._ask("POST", "tokens", wish).json()["token"]
        return token

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> requests.Response:
        content = None if body is None else json.dumps(body)
        answer = requests.request(method, f"{self.double_url}/_double/{path}", data=content, timeout=30)
        answer.raise_for_status()
        return answer


def _git(*arguments: str) -> str:
    """Ask git; what it said goes into the error if it refuses."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()
