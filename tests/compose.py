"""docker-compose.yml, and smaller files of its kind."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from doubles.docker.compose_file import resolve
from tests.commands import ROOT

FILE = ROOT / "docker-compose.yml"
# Of no account and no machine; only so that every variable that must be set is.
SET: Mapping[str, str] = {"API_KEYS": "keys", "POSTGRES_PASSWORD": "word", "GRAFANA_PASSWORD": "word"}


def free_ports() -> tuple[int, int]:
    """Two ports of the loopback that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return int(one.getsockname()[1]), int(other.getsockname()[1])


def write_compose_file(folder: Path, ports: tuple[int, int]) -> Path:
    """A file of the slots alone, as docker-compose.yml describes them, with their tags in `host/` beside it."""
    services = {
        colour: {
            "env_file": [{"path": f"host/{colour}.env", "required": False}],
            "environment": {"DATABASE_URL": "postgresql://slipway:${POSTGRES_PASSWORD:?run scripts/compose}@postgres"},
            "ports": [f"127.0.0.1:{port}:8080"],
            "stop_grace_period": "10s",
        }
        for colour, port in zip(("blue", "green"), ports, strict=True)
    }
    (folder / ".env").write_text("POSTGRES_PASSWORD=hunter2\n")
    file = folder / "docker-compose.yml"
    with file.open("w") as text:
        YAML().dump({"services": services}, text)
    return file


def composed(**others: str) -> dict[str, Any]:
    """docker-compose.yml with every variable put in; `others` are set beside those that must be."""
    kept = {"PATH": os.environ["PATH"]}
    return resolve(FILE, {**kept, **SET, **others})
