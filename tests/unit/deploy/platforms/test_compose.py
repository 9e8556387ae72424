"""What is asked of docker compose, and what becomes of what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import PlatformAway, PlatformRefused
from core.tags import ModelTag
from deploy.platforms.compose import ComposeSlots, open_compose_slots
from deploy.platforms.slots import Colour
from doubles.docker import Docker
from tests.compose import write_compose_file

TAG = ModelTag.parse("model-v1.0.0")
GREEN = Colour.GREEN


@pytest.fixture
def docker(tmp_path: Path) -> Iterator[Docker]:
    docker = Docker(tmp_path / "docker")
    yield docker
    docker.close()


@pytest.fixture
def slots(docker: Docker, tmp_path: Path) -> ComposeSlots:
    file = write_compose_file(tmp_path, (18001, 18002))
    return ComposeSlots(tmp_path / "host", docker.environment, file=file, ports=(18001, 18002))


def test_a_slot_is_started_by_name_with_its_tag_in_a_file_that_anybody_may_read(
    docker: Docker, slots: ComposeSlots, tmp_path: Path
) -> None:
    slots.start(GREEN, TAG)
    (up,) = [call for call in docker.calls if "up" in call]
    assert up[up.index("up") :] == ["up", "--detach", "--no-deps", "--no-build", "--force-recreate", "green"]
    file = tmp_path / "host" / "green.env"
    assert file.read_text() == "MODEL_TAG=model-v1.0.0\n"
    assert file.stat().st_mode & 0o777 == 0o644
    assert docker.services["green"]["variables"]["MODEL_TAG"] == "model-v1.0.0"


def test_the_tag_is_the_one_that_the_container_has_and_not_the_one_that_is_written_down(
    slots: ComposeSlots, tmp_path: Path
) -> None:
    slots.start(GREEN, TAG)
    (tmp_path / "host" / "green.env").write_text("MODEL_TAG=model-v2.0.0\n")
    assert slots.standing() == {GREEN: TAG}


def test_a_container_without_a_tag_stands_and_nobody_knows_its_tag(docker: Docker, slots: ComposeSlots) -> None:
    slots.start(GREEN, TAG)
    docker.change("green", variables={"MODEL_TAG": "latest"})
    assert slots.standing() == {GREEN: None}
    with pytest.raises(PlatformRefused, match="slot green runs something already"):
        slots.start(GREEN, TAG)


@pytest.mark.parametrize(
    ("happened", "died"),
    [
        ({"state": "restarting", "restarts": 3}, True),
        # It came back, and will not stay.
        ({"state": "running", "restarts": 1}, True),
        ({"state": "dead"}, True),
        ({"state": "created"}, False),
    ],
)
def test_what_docker_had_to_start_again_has_died(
    docker: Docker, slots: ComposeSlots, happened: dict[str, object], died: bool
) -> None:
    slots.start(GREEN, TAG)
    docker.change("green", **happened)
    assert slots.has_died(GREEN) is died


def test_a_slot_in_which_nothing_was_started_has_died(slots: ComposeSlots) -> None:
    assert slots.has_died(GREEN)


def test_containers_in_an_array_are_read_as_well(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "docker"
    program.write_text(
        """#!/bin/sh
[ $1 = inspect ] && echo '[{}]' || echo '[{"ID": "a", "Service": "blue", "State": "running"}]'
"""
    )
    program.chmod(0o755)
    slots = ComposeSlots(
        tmp_path, {"PATH": f"{tmp_path / 'bin'}:/bin:/usr/bin"}, file=write_compose_file(tmp_path, (1, 2))
    )
    assert slots.standing() == {Colour.BLUE: None}


@pytest.mark.parametrize("said", ["all is well", '{"ID": 1}', "[{}]"])
def test_an_answer_that_is_not_understood_is_refused(tmp_path: Path, said: str) -> None:
    program = tmp_path / "docker"
    program.write_text(f"#!/bin/sh\necho '{said}'\n")
    program.chmod(0o755)
    slots = ComposeSlots(tmp_path, {"PATH": f"{tmp_path}:/bin:/usr/bin"}, file=write_compose_file(tmp_path, (1, 2)))
    with pytest.raises(PlatformRefused, match="docker compose ps answers what is not understood"):
        slots.standing()


def test_without_docker_it_is_said_what_to_install(tmp_path: Path) -> None:
    slots = ComposeSlots(tmp_path, {"PATH": str(tmp_path)}, file=write_compose_file(tmp_path, (1, 2)))
    with pytest.raises(PlatformRefused, match="docker is not installed"):
        slots.standing()


def test_what_docker_says_of_a_failure_is_passed_on_without_secrets(docker: Docker, slots: ComposeSlots) -> None:
    said = "no space left on device: DATABASE_URL postgresql://slipway:hunter2@postgres POSTGRES_PASSWORD=hunter2"
    docker.fail("up", "noise " * 500 + said)
    with pytest.raises(PlatformRefused, match=r"docker compose up failed: .*no space left on device") as caught:
        slots.start(GREEN, TAG)
    assert "hunter2" not in str(caught.value)
    assert len(str(caught.value)) < 600
    docker.mend()
    slots.start(GREEN, TAG)


def test_an_engine_that_does_not_answer_is_away(docker: Docker, slots: ComposeSlots) -> None:
    docker.fail(
        "ps", "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
    )
    with pytest.raises(PlatformAway, match="Is the docker daemon running"):
        slots.standing()


def test_a_docker_that_hangs_is_waited_for_so_long_and_no_longer(docker: Docker, tmp_path: Path) -> None:
    file = write_compose_file(tmp_path, (1, 2))
    docker.hang("ps")
    slots = ComposeSlots(tmp_path, docker.environment, file=file, ask_s=0.5)
    with pytest.raises(PlatformAway, match=r"docker compose ps did not end within 0.5 s; .*docker info"):
        slots.standing()


def test_what_is_not_set_is_taken_from_the_file_beside_and_never_from_who_deploys(
    docker: Docker, tmp_path: Path
) -> None:
    file = write_compose_file(tmp_path, (1, 2))
    environment = {**docker.environment, "POSTGRES_PASSWORD": "of another shell", "SERVICE_KEY": "slip_x"}
    slots = ComposeSlots(tmp_path / "host", environment, file=file)
    slots.start(GREEN, TAG)
    assert docker.services["green"]["variables"]["DATABASE_URL"] == "postgresql://slipway:hunter2@postgres"
    (tmp_path / ".env").unlink()
    with pytest.raises(PlatformRefused, match="variable POSTGRES_PASSWORD is missing a value: run scripts/compose"):
        slots.standing()


def test_a_folder_that_cannot_be_written_is_named(docker: Docker, tmp_path: Path) -> None:
    file = write_compose_file(tmp_path, (1, 2))
    (tmp_path / "host").write_text("no folder")
    with pytest.raises(PlatformRefused, match=r"host.*must be a (file|folder) that can be written"):
        ComposeSlots(tmp_path / "host", docker.environment, file=file).start(GREEN, TAG)


def test_the_slots_of_this_machine_listen_where_the_compose_file_says() -> None:
    slots = open_compose_slots({})
    assert [slots.address(colour) for colour in Colour] == ["http://127.0.0.1:8001", "http://127.0.0.1:8002"]
