"""What can be told from a list of Fly's machines."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import PlatformAway
from core.tags import ModelTag
from deploy.platforms.fly_machines import FlyMachine, is_doubtful, read_machines, serving_tag, what_lacks

BLUE, GREEN = ModelTag(1, 0, 0), ModelTag(1, 1, 0)


def machine(tag: ModelTag | None, *, minute: int = 0, **changes: Any) -> FlyMachine:
    made = FlyMachine(
        id=f"m{minute}",
        tag=tag,
        state="started",
        image="registry.fly.io/forecast:deployment-1",
        kind="shared-cpu-1x 256mb",
        created_at=datetime(2026, 11, 1, 0, minute, tzinfo=UTC),
        is_passing=True,
        is_marked=False,
        is_temporary=False,
    )
    return replace(made, **changes)


def test_what_fly_leaves_out_or_sets_to_nothing_is_no_fault() -> None:
    listed = [{"id": "a"}, {"id": "b", "config": None, "checks": None, "new": 1}, {"id": "c", "state": "destroyed"}]
    first, second = read_machines(json.dumps(listed))
    assert (first.id, first.tag, first.is_passing, first.is_temporary) == ("a", None, False, False)
    assert (second.id, second.image) == ("b", "")


@pytest.mark.parametrize("text", ["", "{}", '[{"id": 1}]', '[{"id": "a", "created_at": "yesterday"}]', "[null]"])
def test_what_is_no_list_of_machines_is_told(text: str) -> None:
    with pytest.raises(PlatformAway, match="cannot be read"):
        read_machines(text)


def test_of_two_tags_that_answer_the_one_serves_that_is_not_to_be_destroyed() -> None:
    marked = machine(BLUE, minute=1, is_marked=True)
    assert serving_tag([marked, machine(GREEN, minute=2)], {BLUE, GREEN}) == GREEN


def test_of_two_tags_that_answer_the_older_serves_as_long_as_nothing_is_marked() -> None:
    assert serving_tag([machine(GREEN, minute=2), machine(BLUE, minute=1)], {BLUE, GREEN}) == BLUE


def test_where_nobody_answers_machines_serve_that_run_well_or_sleep() -> None:
    ill = machine(GREEN, minute=2, is_passing=False)
    assert serving_tag([machine(BLUE), ill], set()) == BLUE
    assert serving_tag([machine(BLUE, state="stopped", is_passing=False), ill], set()) == BLUE
    assert serving_tag([machine(BLUE), machine(GREEN)], set()) is None
    assert serving_tag([ill], set()) is None


def test_machines_of_several_tags_or_of_none_are_doubtful() -> None:
    assert not is_doubtful([machine(BLUE), machine(BLUE)])
    assert is_doubtful([machine(BLUE), machine(GREEN)])
    assert is_doubtful([machine(None)])


@pytest.mark.parametrize(
    ("machines", "lacking"),
    [
        ([machine(GREEN), machine(GREEN, state="stopped", is_passing=False)], ""),
        ([], "has no machine left"),
        ([machine(GREEN)], "1 of 2 machines have"),
        ([machine(GREEN), machine(GREEN), machine(BLUE)], "should be gone"),
        ([machine(GREEN), machine(GREEN, is_passing=False)], "with every check passing"),
        ([machine(GREEN, state="stopped", is_passing=False)] * 2, "with every check passing"),
    ],
)
def test_a_deployment_is_done_when_nothing_lacks(machines: list[FlyMachine], lacking: str) -> None:
    said = what_lacks(machines, GREEN, at_least=2, app="forecast")
    assert (lacking in said) if lacking else not said
