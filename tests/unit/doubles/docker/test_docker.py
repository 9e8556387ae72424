"""The stand-in refuses what docker compose refuses."""

from __future__ import annotations

import subprocess
from pathlib import Path

from doubles.docker import Docker
from tests.compose import write_compose_file


def ask(docker: Docker, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments], env=docker.environment, capture_output=True, text=True, check=False, timeout=30
    )


def compose(docker: Docker, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    file = str(folder / "docker-compose.yml")
    return ask(docker, "compose", "--project-directory", str(folder), "--file", file, *arguments)


def test_it_refuses_what_docker_compose_refuses(tmp_path: Path) -> None:
    docker = Docker(tmp_path / "docker")
    assert "no such file or directory" in compose(docker, tmp_path, "ps", "blue").stderr
    file = write_compose_file(tmp_path, (1, 2))
    assert "no such service: red" in compose(docker, tmp_path, "up", "red").stderr
    assert "unknown flag: --fast" in compose(docker, tmp_path, "up", "--fast", "blue").stderr
    assert "no such object: 0" in ask(docker, "inspect", "0").stderr
    file.write_text(file.read_text().replace("required: false", "required: true"))
    assert "blue.env not found" in compose(docker, tmp_path, "up", "blue").stderr
    (tmp_path / ".env").write_text("")
    refused = compose(docker, tmp_path, "up", "blue")
    assert refused.returncode == 1
    assert "required variable POSTGRES_PASSWORD is missing a value" in refused.stderr
    assert docker.services == {}
