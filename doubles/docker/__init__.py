"""A stand-in for the program `docker`, of which it knows what running two services by `docker compose` takes."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Docker:
    """An engine of its own in a folder. What is in it outlives every call, and ends with `close`."""

    def __init__(self, folder: Path, *, command: Sequence[str] = ()) -> None:
        """
        Args:
            folder: Takes the program, what it was asked, and what runs.
            command: What a service runs in place of its image; without one, containers only are said to run.
        """
        self.folder = folder
        self._rules: dict[str, Any] = {"command": list(command), "failures": {}, "hanging": []}
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        program = folder / "bin" / "docker"
        program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m doubles.docker "$@"\n')
        program.chmod(0o755)
        self._write()

    def _write(self) -> None:
        (self.folder / "rules.json").write_text(json.dumps(self._rules))

    @property
    def environment(self) -> dict[str, str]:
        """Variables of a process that is to find this docker first."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return {"PATH": path, "DOCKER_DOUBLE": str(self.folder)}

    @property
    def calls(self) -> list[list[str]]:
        """What it was asked, oldest first."""
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        """Its containers by service: state, variables, pid, how often each was started again."""
        file = self.folder / "state.json"
        found: dict[str, dict[str, Any]] = json.loads(file.read_text()) if file.exists() else {}
        return found

    def fail(self, verb: str, said: str) -> None:
        """Let a command, such as `up`, fail from now on, and say this."""
        self._rules["failures"] = {**self._rules["failures"], verb: said}
        self._write()

    def hang(self, verb: str) -> None:
        """Let a command never end from now on."""
        self._rules["hanging"] = [*self._rules["hanging"], verb]
        self._write()

    def mend(self) -> None:
        """Let every command do its work again."""
        self._rules.update(failures={}, hanging=[])
        self._write()

    def change(self, service: str, **fields: object) -> None:
        """Let something have happened to a container, such as `state="restarting"`."""
        services = self.services
        services[service].update(fields)
        (self.folder / "state.json").write_text(json.dumps(services))

    def close(self) -> None:
        """End what runs in it."""
        for container in self.services.values():
            if container["pid"]:
                try:
                    os.killpg(container["pid"], signal.SIGKILL)
                except ProcessLookupError:
                    continue
