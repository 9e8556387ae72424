"""What the demonstration plays on: a clone, a GitHub that holds it, a machine for its workflows, a service."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from core.github.client import GitHub
from core.github.deployments import DeploymentsLedger
from core.github.settings import GitHubSettings
from core.ledger import Deployment, Environment
from doubles import github as double
from doubles.actions.claims import Machine

ROOT = Path(__file__).resolve().parent.parent
REPOSITORY = "acme/flights"
LOOPBACK = "127.0.0.1"
_READY_S = 60.0
# What act says of itself.
_ACT = re.compile(r"\s*(⭐|✅|❌|🏁|⚙|☁|🐳|\[DEBUG\]|LocalRepositoryCache|Couldn't get a valid docker|Cleaning up)")


class StageError(Exception):
    """Something that the demonstration needs did not work."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """A workflow that ran: its file, and what its commands said."""

    workflow: str
    said: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """Everything that plays."""

    github: double.GitHub
    clone: Path
    folder: Path
    token: str

    def run(self, workflow: str, event: str, *, as_of: str = "", **inputs: str) -> Iterator[Ran]:
        """
        Run a workflow as GitHub would, and whatever it starts.

        Raises:
            StageError: if one of them fails.
        """
        machine = Machine(
            double_url=self.github.api_url,
            repositories={REPOSITORY: self.clone},
            folder=self.folder / "runs",
            variables={"AS_OF": as_of},
            environment={
                "VENV": str(Path(sys.executable).parent.parent),
                "TERM": "dumb",
                # A thread that waits busily would take a core from the service that is to answer meanwhile.
                "OMP_WAIT_POLICY": "passive",
            },
        )
        machine.push()
        for finished in machine.run_all(REPOSITORY, f".github/workflows/{workflow}", event, inputs):
            text = finished.log.read_text()
            if finished.conclusion != "success":
                raise StageError(
                    f"{finished.workflow} ended as {finished.conclusion}; see {finished.log}\n{text[-2000:]}"
                )
            yield Ran(workflow=Path(finished.workflow).name, said=_said(text))

    def history(self) -> list[Deployment]:
        """What served production when, by the deployments."""
        settings = GitHubSettings(
            repository=REPOSITORY, api_url=self.github.api_url, server_url=self.github.server_url, token=self.token
        )
        return DeploymentsLedger(GitHub(settings)).history(Environment.PRODUCTION)

    @property
    def variables(self) -> dict[str, str]:
        """What a command needs to find registry and ledger."""
        places = dict.fromkeys(("MODEL_REGISTRY", "DEPLOYMENT_LEDGER"), f"github:{REPOSITORY}")
        return {
            **os.environ,
            **places,
            "GITHUB_API_URL": self.github.api_url,
            "GITHUB_SERVER_URL": self.github.server_url,
            "GITHUB_TOKEN": self.token,
            "MODEL_CACHE": str(self.folder / "cache"),
            "JOURNAL_DIR": str(self.folder / "journal"),
        }

    def command(self, *arguments: str, **variables: str) -> list[str]:
        """
        What `python -m ARGUMENTS` says.

        Raises:
            StageError: if it fails.
        """
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env={**self.variables, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StageError(f"python -m {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout.rstrip().splitlines()

    @contextmanager
    def serving(self, tag: str) -> Iterator[str]:
        """A service of a tag, which it fetches from its release; ready, by its address."""
        # It reads a public release without a token, and must not write to the ledger.
        changes = {
            "MODEL_TAG": tag,
            "GITHUB_TOKEN": "",
            "DEPLOYMENT_LEDGER": f"file:{self.folder / 'service.jsonl'}",
        }
        with serving({**self.variables, **changes}, self.folder / "service.log") as url:
            yield url


@contextmanager
def serving(variables: Mapping[str, str], log: Path) -> Iterator[str]:
    """
    A service on a free port.

    Args:
        variables: Its environment, but for the port.
        log: The file to which it writes.

    Yields:
        Its address, once it is ready.
    """
    (port,) = free_ports(1)
    url = f"http://{LOOPBACK}:{port}"
    with log.open("ab") as file:
        command = [sys.executable, "-m", "app", "serve"]
        process = subprocess.Popen(command, cwd=ROOT, env={**variables, "PORT": str(port)}, stdout=file, stderr=file)
    try:
        _wait(process, url, log)
        yield url
    finally:
        process.terminate()
        process.wait()


def free_ports(count: int) -> list[int]:
    """So many ports on which nothing listens."""
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server((LOOPBACK, 0))) for _ in range(count)]
        return [int(listener.getsockname()[1]) for listener in listeners]


@contextmanager
def set_up(folder: Path) -> Iterator[Stage]:
    """
    A stage in an empty folder.

    Raises:
        StageError: if what is committed here wants another environment than this one.
    """
    clone = folder / "clone"
    # A checkout may be of a commit that no branch is at, as in CI.
    for command in (["clone", "--quiet", str(ROOT), str(clone)], ["-C", str(clone), "switch", "--quiet", "-C", "main"]):
        done = subprocess.run(["git", *command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise StageError(f"this folder cannot be cloned, and the workflows run on a clone: {done.stderr.strip()}")
    level = Path(sys.executable).parent.parent / ".slipway-dev"
    # The workflows' scripts would otherwise bring this very environment to what the clone asks for.
    if not level.exists() or level.read_bytes() != (clone / "requirements-dev.txt").read_bytes():
        raise StageError("commit requirements-dev.txt first: the workflows run on what is committed")
    with double.GitHub(folder / "github") as github:
        github.add_repository(REPOSITORY)
        token = github.token(contents="read", deployments="read")
        yield Stage(github=github, clone=clone, folder=folder, token=token)


def _said(log: str) -> list[str]:
    """What the commands of a run said, without what act says of itself and of its summaries."""
    lines = []
    for line in log.splitlines():
        job, mark, text = line.partition("] ")
        if mark and job.startswith("[") and not _ACT.match(text):
            lines.append(text.rstrip())
    return lines


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StageError(f"the service ended:\n{log.read_text()[-2000:]}")
        with suppress(requests.RequestException):
            if requests.get(f"{url}/readyz", timeout=1).ok:
                return
        time.sleep(0.1)
    raise StageError("the service did not get ready")
