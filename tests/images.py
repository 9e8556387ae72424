"""Container images, built and run by buildah, which needs no daemon; their base is made of Debian's packages."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.commands import ROOT
from tests.needs import lacking

BASE = "docker.io/library/python:3.11-slim-bookworm"
# What the image promises to need no more than: the journal and models, temporary files.
STATE, TEMPORARY = "/var/lib/slipway", "/tmp"  # noqa: S108  # inside the container
_INSTALL = "apt-get install buildah mmdebstrap"
# The machine's certificates and its way to PyPI: a build must come to it as the machine does.
_MACHINE = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf")
# buildah needs /run and these two; all else of the container's file system is read-only.
_MOUNT_POINTS = ("etc/hosts", "etc/resolv.conf")
_READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && mount -t tmpfs tmpfs "$0/run" && exec "$@"'
_STARTS_S, _STOPS_S = 15.0, 30.0


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container whose file system can be looked at."""

    name: str
    tree: Path

    @property
    def size_bytes(self) -> int:
        """Of all files, each counted once."""
        return int(as_root("du", "--summarize", "--bytes", "--one-file-system", str(self.tree)).split()[0])

    def folder(self, path: str) -> Path:
        """Where a path of the container is."""
        return self.tree / path.lstrip("/")


@dataclass(frozen=True, kw_only=True)
class Running:
    """A program in a container: what waits for it, and its own process id."""

    runner: subprocess.Popen[bytes]
    pid: int


class Images:
    """
    A store of images and containers of its own.

    Args:
        folder: Existing; is filled.
    """

    def __init__(self, folder: Path) -> None:
        for program in ("buildah", "mmdebstrap"):
            if shutil.which(program) is None:
                lacking(f"{program} is not installed", _INSTALL)
        self._folder = folder
        places = f'graphroot = "{folder / "store"}"\nrunroot = "{folder / "run"}"\n'
        (folder / "storage.conf").write_text(f'[storage]\ndriver = "vfs"\n{places}')
        self.environment = {
            **os.environ,
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
            "BUILDAH_ISOLATION": "chroot",
            "BUILDER": "buildah",
        }

    def buildah(self, *arguments: str) -> str:
        """What a command of buildah prints."""
        return as_root("buildah", *arguments, environment=self.environment).strip()

    def make_base(self) -> Container:
        """Debian's own Python under the name of the image that the Dockerfile begins with."""
        name = self.buildah("from", "scratch")
        tree = Path(self.buildah("mount", name))
        packages = "--include=python3,python3-venv,ca-certificates"
        as_root("mmdebstrap", "--quiet", "--variant=minbase", packages, "bookworm", str(tree))
        for path in filter(os.path.exists, _MACHINE):
            as_root("cp", "--dereference", path, f"{tree}{path}")
        self.buildah("commit", "--quiet", name, BASE)
        return Container(name=name, tree=tree)

    def build(self, name: str, *options: str) -> str:
        """Build the Dockerfile of this repository, and give what was printed."""
        return as_root(str(ROOT / "scripts/image"), name, "--pull-never", *options, environment=self.environment)

    def container(self, image: str) -> Container:
        """A new container of an image, which nothing runs in yet."""
        name = self.buildah("from", "--pull-never", image)
        tree = Path(self.buildah("mount", name))
        as_root("touch", *(str(tree / path) for path in _MOUNT_POINTS))
        return Container(name=name, tree=tree)

    def settings(self, image: str) -> dict[str, Any]:
        """What an image says of how it is run."""
        inspected = json.loads(self.buildah("inspect", "--type", "image", image))
        settings: dict[str, Any] = inspected["Docker"]["config"]
        return settings

    def command(
        self,
        container: Container,
        command: Sequence[str],
        variables: Mapping[str, str],
        volumes: Mapping[Path, str],
    ) -> list[str]:
        """
        What runs a command as the image's user, on a root file system that is read-only.

        Args:
            container: Where.
            command: The program and its arguments.
            variables: Of the environment, beside the image's own.
            volumes: Folders and where the container sees them.
        """
        options = [f"--env={name}={value}" for name, value in variables.items()]
        options += [f"--volume={folder}:{path}" for folder, path in volumes.items()]
        run = ["buildah", "run", *options, container.name, "--", *command]
        return [*rootly(), "unshare", "--mount", "sh", "-c", _READ_ONLY, str(container.tree), *run]

    def run(
        self, container: Container, *command: str, variables: Mapping[str, str], volumes: Mapping[Path, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; the caller looks at the status."""
        return subprocess.run(
            self.command(container, command, variables, volumes),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def close(self) -> None:
        """Give up the store; its folder stays."""
        as_root("rm", "--recursive", "--force", str(self._folder / "store"))


def writable(folder: Path) -> dict[Path, str]:
    """What the image wants to write to, in a folder: volumes."""
    volumes = {folder / "state": STATE, folder / "temporary": TEMPORARY}
    for path in volumes:
        path.mkdir(parents=True)
        # The image's user is nobody's of this machine.
        path.chmod(0o777)
    return volumes


@contextmanager
def started(command: Sequence[str], environment: Mapping[str, str], program: str) -> Iterator[Running]:
    """
    A container's process while it runs; at SIGTERM it has to end with status 0.

    Args:
        command: See `Images.command`.
        environment: See `Images`.
        program: A word of the command of the process that is meant.
    """
    log = Path(environment["CONTAINERS_STORAGE_CONF"]).with_name(f"log-{time.monotonic_ns()}")
    with log.open("wb") as file:
        runner = subprocess.Popen(command, env=dict(environment), stdout=file, stderr=file)
    try:
        pid = _wait_for(program, runner, log)
    except BaseException:
        runner.terminate()
        runner.wait()
        raise
    try:
        yield Running(runner=runner, pid=pid)
    finally:
        if runner.poll() is None:
            as_root("kill", "-TERM", str(pid))
        status = runner.wait(_STOPS_S)
    assert status == 0, log.read_text()


def memory_mb(pid: int) -> float:
    """PSS of a process and all below it, whoever's they are."""
    return float(as_root(sys.executable, "-c", f"from bench.processes import pss_mb; print(pss_mb({pid}))"))


def rootly() -> list[str]:
    """What goes before a command that only root may run: nothing for root, `sudo` on GitHub's machines."""
    if os.geteuid() == 0:
        return []
    if "CI" not in os.environ or shutil.which("sudo") is None:
        lacking("images are built and run by root", "run the tests as root of a machine")
    return ["sudo", "--non-interactive", "--preserve-env"]


def as_root(*command: str, environment: Mapping[str, str] | None = None) -> str:
    """What a command prints that ends well."""
    done = subprocess.run(
        [*rootly(), *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return done.stdout


def _wait_for(program: str, runner: subprocess.Popen[bytes], log: Path) -> int:
    """The first process below the runner that is the program itself, not what starts it."""
    deadline = time.monotonic() + _STARTS_S
    while time.monotonic() < deadline:
        assert runner.poll() is None, log.read_text()
        for pid in _below(runner.pid):
            words = _read(Path(f"/proc/{pid}/cmdline")).split("\0")
            if "python" in words[0] and any(program in word for word in words):
                return pid
        time.sleep(0.05)
    raise AssertionError(f"{program} did not start:\n{log.read_text()}")


def _below(pid: int) -> Iterator[int]:
    # Any thread of buildah may have started a process.
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, _read(path).split()):
            yield child
            yield from _below(child)


def _read(path: Path) -> str:
    """A file of /proc; empty if its process or thread has just ended."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
