"""What every pair of slots promises."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from core.errors import PlatformError
from core.registry import DirectoryRegistry
from core.tags import ModelTag
from deploy.platforms.compose import ComposeSlots
from deploy.platforms.processes import ProcessSlots
from deploy.platforms.slots import Colour, Slots
from doubles.docker import Docker
from tests import slot_service
from tests.commands import Home
from tests.compose import free_ports, write_compose_file
from tests.factories import make_bundle

BLUE, GREEN = Colour.BLUE, Colour.GREEN


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """
    Slots to be tried.

    Attributes:
        slots: Empty ones.
        reopened: The same slots, as another process would find them.
        tags: Two that can be served.
        broken: One whose service ends as soon as it is started, and says its name.
    """

    slots: Slots
    reopened: Callable[[], Slots]
    tags: tuple[ModelTag, ModelTag]
    broken: ModelTag


@pytest.fixture
def compose(tmp_path: Path) -> Iterator[Case]:
    docker = Docker(tmp_path / "docker", command=(sys.executable, str(slot_service.__file__)))
    ports = free_ports()
    file = write_compose_file(tmp_path, ports)

    def reopened() -> ComposeSlots:
        return ComposeSlots(tmp_path / "host", docker.environment, file=file, ports=ports)

    tags = (ModelTag.parse("model-v1.0.0"), ModelTag.parse("model-v1.1.0"))
    yield Case(slots=reopened(), reopened=reopened, tags=tags, broken=ModelTag.parse(slot_service.BROKEN))
    docker.close()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Case]:
    registry = DirectoryRegistry(tmp_path / "registry")
    registry.publish(make_bundle(tmp_path / "one"))
    registry.publish(make_bundle(tmp_path / "other", tag="model-v1.1.0"))
    ports = free_ports()
    environment = Home(folder=tmp_path).environment

    def reopened() -> ProcessSlots:
        return ProcessSlots(tmp_path / "host", environment, ports)

    (tmp_path / "host").mkdir()
    tags = (ModelTag.parse("model-v1.0.0"), ModelTag.parse("model-v1.1.0"))
    slots = reopened()
    yield Case(slots=slots, reopened=reopened, tags=tags, broken=ModelTag.parse("model-v9.0.0"))
    for colour in Colour:
        slots.stop(colour)


@pytest.fixture(params=["compose", "processes"])
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.getfixturevalue(request.param)
    return found


def answering(slots: Slots, colour: Colour) -> str:
    """The tag that a slot's service says it serves, once it answers."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return str(requests.get(f"{slots.address(colour)}/readyz", timeout=5).json()["model_tag"])
        except requests.ConnectionError:
            assert time.monotonic() < deadline, slots.said(colour)
            time.sleep(0.05)


def answers(slots: Slots, colour: Colour) -> bool:
    try:
        return requests.get(f"{slots.address(colour)}/readyz", timeout=5).ok
    except requests.ConnectionError:
        return False


def wait_for_death(slots: Slots, colour: Colour) -> None:
    deadline = time.monotonic() + 30
    while not slots.has_died(colour):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_at_first_nothing_runs_and_to_stop_it_does_nothing(case: Case) -> None:
    assert case.slots.standing() == {}
    for colour in Colour:
        case.slots.stop(colour)
        assert case.slots.said(colour) == ""
    assert case.slots.standing() == {}


def test_two_tags_run_beside_each_other_and_another_process_finds_them(case: Case) -> None:
    one, other = case.tags
    case.slots.start(BLUE, one)
    case.slots.start(GREEN, other)
    assert [answering(case.slots, colour) for colour in Colour] == [str(one), str(other)]
    assert case.reopened().standing() == case.slots.standing() == {BLUE: one, GREEN: other}
    assert not case.slots.has_died(BLUE)
    assert not case.reopened().has_died(GREEN)


def test_a_slot_that_is_stopped_is_empty_and_the_other_goes_on(case: Case) -> None:
    one, other = case.tags
    case.slots.start(BLUE, one)
    case.slots.start(GREEN, other)
    answering(case.slots, BLUE)
    answering(case.slots, GREEN)
    for _ in range(2):
        case.slots.stop(BLUE)
        assert case.slots.standing() == {GREEN: other}
    assert not answers(case.slots, BLUE)
    assert answers(case.slots, GREEN)


def test_a_slot_takes_one_tag_after_the_other_but_none_while_it_runs_another(case: Case) -> None:
    one, other = case.tags
    case.slots.start(GREEN, one)
    assert answering(case.slots, GREEN) == str(one)
    case.slots.start(GREEN, one)
    assert answering(case.slots, GREEN) == str(one)
    with pytest.raises(PlatformError, match="green"):
        case.slots.start(GREEN, other)
    assert case.slots.standing() == {GREEN: one}
    case.slots.stop(GREEN)
    case.slots.start(GREEN, other)
    assert answering(case.slots, GREEN) == str(other)


def test_a_service_that_ends_by_itself_has_died_and_its_last_words_are_kept(case: Case) -> None:
    case.slots.start(GREEN, case.broken)
    wait_for_death(case.slots, GREEN)
    assert str(case.broken) in case.slots.said(GREEN)
    case.slots.stop(GREEN)
    assert case.slots.standing() == {}
    case.slots.start(GREEN, case.tags[0])
    assert answering(case.slots, GREEN) == str(case.tags[0])
    assert not case.slots.has_died(GREEN)


def test_each_slot_has_an_address_of_its_own_on_the_loopback(case: Case) -> None:
    addresses = {case.slots.address(colour) for colour in Colour}
    assert len(addresses) == 2
    assert all(address.startswith("http://127.0.0.1:") for address in addresses)
