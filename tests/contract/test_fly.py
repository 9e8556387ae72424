"""Deploying to Fly.io, against a double of flyctl and of the app's address."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import NotSwitched, PlatformAway, PlatformError, PlatformRefused
from core.tags import ModelTag
from deploy.machine import Step, begin
from deploy.platform import Machine, Situation
from deploy.platforms.fly import FlyPlatform, Patience, open_fly
from doubles.fly.double import Fly

ROOT = Path(__file__).resolve().parents[2]
BLUE, GREEN, OTHER = (ModelTag.parse(f"model-v1.{minor}.0") for minor in range(3))
IMAGE = "registry.fly.io/app:deployment-1"
QUICK = Patience(deploy_s=20.0, settle_s=0.3, pause_s=0.02, answer_s=5.0)
STEPS = ("release_command", "create", "healthy", "uncordon", "mark", "cordon", "stop", "destroy")


@pytest.fixture
def fly(tmp_path: Path) -> Iterator[Fly]:
    """The app without a machine."""
    folder = tmp_path / "fly"
    folder.mkdir()
    with Fly(folder) as fly:
        yield fly


@pytest.fixture
def blue(fly: Fly) -> Fly:
    """The app with two machines of blue."""
    with fly.changing() as world:
        world.add(str(BLUE))
        world.add(str(BLUE))
    return fly


def variables(fly: Fly, **changes: str) -> dict[str, str]:
    path = f"{fly.bin}{os.pathsep}/usr/bin{os.pathsep}/bin"
    return {"PATH": path, "FLY_API_TOKEN": fly.token, "SERVICE_URL": fly.url, **changes}


def platform(
    fly: Fly, *, patience: Patience = QUICK, build: bool = False, folder: Path = ROOT, **changes: str
) -> FlyPlatform:
    return FlyPlatform(
        fly.app,
        variables(fly, **changes),
        build=build,
        folder=folder,
        lock=fly.folder / "deploys",
        patience=patience,
    )


def serving(situation: Situation) -> ModelTag | None:
    return situation.serving.tag if situation.serving else None


def tags(fly: Fly) -> list[str]:
    with fly.changing() as world:
        return world.tags()


def deployments(fly: Fly) -> list[list[str]]:
    with fly.changing() as world:
        return [call for call in world.calls if call[0] == "deploy"]


def bring(fly: Fly, green: ModelTag = GREEN) -> None:
    """What a deployment does on Fly, step by step."""
    adapter = platform(fly)
    situation = adapter.observe()
    adapter.clear(situation)
    adapter.switch(green, blue=serving(situation))
    adapter.retire(serving(situation), green=green)


def test_an_app_without_machines_serves_nothing(fly: Fly) -> None:
    assert platform(fly).observe() == Situation(serving=None)
    assert platform(fly).machines() == (Machine(kind="shared-cpu-1x 256mb", count=1),)


def test_what_serves_is_what_the_public_gets(blue: Fly) -> None:
    situation = platform(blue).observe()
    assert serving(situation) == BLUE
    assert situation.serving is not None
    assert situation.serving.since.isoformat() == "2026-11-01T00:01:00+00:00"
    assert (situation.remnants, situation.kept, situation.busy) == ((), None, "")
    assert platform(blue).machines() == (Machine(kind="shared-cpu-1x 256mb", count=2),)


def test_a_first_deployment_makes_one_machine(fly: Fly) -> None:
    bring(fly)
    assert tags(fly) == [str(GREEN)]
    ((*_, builds, single),) = deployments(fly)
    assert (builds, single) == ("--remote-only", "--ha=false")


def test_another_model_brings_no_other_code(blue: Fly) -> None:
    bring(blue)
    assert tags(blue) == [str(GREEN), str(GREEN)]
    ((*_, flag, image),) = deployments(blue)
    assert (flag, image) == ("--image", IMAGE)
    assert serving(platform(blue).observe()) == GREEN


def test_other_code_is_built_where_that_is_asked_for_and_goes_back_with_the_model(blue: Fly) -> None:
    adapter = platform(blue, build=True)
    adapter.switch(GREEN, blue=BLUE)
    with blue.changing() as world:
        assert {each["config"]["image"] for each in world.machines} != {IMAGE}
    adapter.go_back(BLUE, green=GREEN)
    with blue.changing() as world:
        assert {each["config"]["image"] for each in world.machines} == {IMAGE}
    assert tags(blue) == [str(BLUE), str(BLUE)]


def test_machines_fetch_from_the_registry_that_the_bundle_was_verified_from(blue: Fly) -> None:
    there = "github:ada/forecast"
    platform(blue, MODEL_REGISTRY=there, DEPLOYMENT_LEDGER=there).switch(GREEN, blue=BLUE)
    (call,) = deployments(blue)
    assert {f"MODEL_REGISTRY={there}", f"DEPLOYMENT_LEDGER={there}"} <= set(call)


def test_only_one_tag_answers_once_a_switch_is_over(blue: Fly) -> None:
    with blue.changing() as world:
        world.orders.overlap_s = 0.3
    bring(blue)
    assert tags(blue) == [str(GREEN), str(GREEN)]
    assert serving(platform(blue).observe()) == GREEN


def test_going_back_deploys_the_tag_before(blue: Fly) -> None:
    bring(blue)
    platform(blue).go_back(BLUE, green=GREEN)
    assert serving(platform(blue).observe()) == BLUE
    platform(blue).go_back(BLUE, green=GREEN)
    assert len(deployments(blue)) == 2


def test_machines_that_sleep_are_as_good_as_those_that_run(blue: Fly) -> None:
    with blue.changing() as world:
        world.orders.autostop = True
    bring(blue)
    with blue.changing() as world:
        assert [each["state"] for each in world.machines] == ["started", "stopped"]


def test_all_asleep_they_are_woken_by_the_question_what_serves(blue: Fly) -> None:
    with blue.changing() as world:
        for each in world.machines:
            each["state"] = "stopped"
    assert serving(platform(blue).observe()) == BLUE
    bring(blue)


@pytest.mark.parametrize(
    ("orders", "sentence"),
    [
        ({"release_status": 1}, "release_command failed"),
        ({"unhealthy": [str(GREEN)]}, "could not get all green machines to be healthy"),
        ({"has_no_room": True}, "organisation limit"),
        ({"says": {"deploy": "Error: 401 Unauthorized"}}, "set FLY_API_TOKEN"),
        ({"says": {"deploy": "Error: failed to acquire lease on machine: 409 conflict"}}, "somebody else works on"),
        ({"says": {"deploy": "Error: 429 Too Many Requests"}}, "too much was asked of Fly"),
        ({"says": {"deploy": "Error: server returned 503"}}, "in trouble of its own"),
        ({"says": {"machine list": "Error: 500 Internal Server Error"}}, "nothing was begun"),
        ({"lie": "none"}, "flyctl says that it went well"),
    ],
)
def test_blue_serves_on_where_green_was_not_let_in(blue: Fly, orders: dict[str, object], sentence: str) -> None:
    with blue.changing() as world:
        for name, value in orders.items():
            setattr(world.orders, name, value)
    with pytest.raises(NotSwitched) as caught:
        platform(blue).switch(GREEN, blue=BLUE)
    assert sentence in str(caught.value)
    with blue.changing() as world:
        world.orders.says = {}
    assert tags(blue) == [str(BLUE), str(BLUE)]
    assert serving(platform(blue).observe()) == BLUE


def test_success_with_no_machine_left_is_none(blue: Fly) -> None:
    with blue.changing() as world:
        world.orders.lie = "gone"
    with pytest.raises(PlatformError, match="fly scale count 2 -a forecast") as caught:
        platform(blue).switch(GREEN, blue=BLUE)
    assert not isinstance(caught.value, NotSwitched)
    with blue.changing() as world:
        world.orders.lie = ""
    platform(blue).go_back(BLUE, green=GREEN)
    assert tags(blue) == [str(BLUE)]


def test_machines_that_carry_another_tag_are_no_success(blue: Fly) -> None:
    with blue.changing() as world:
        world.orders.serves_instead = {str(GREEN): str(OTHER)}
    with pytest.raises(PlatformError, match=rf"{OTHER}, started\) of forecast should be gone"):
        platform(blue).switch(GREEN, blue=BLUE)
    platform(blue).go_back(BLUE, green=GREEN)
    assert serving(platform(blue).observe()) == BLUE


def test_blue_that_flyctl_could_not_destroy_is_removed(blue: Fly) -> None:
    with blue.changing() as world:
        world.orders.leaves_blue = True
    platform(blue).switch(GREEN, blue=BLUE)
    assert tags(blue) == [str(GREEN), str(GREEN)]


def test_what_was_left_behind_is_removed_before_it_blocks_a_deployment(blue: Fly) -> None:
    with blue.changing() as world:
        left = world.add(str(OTHER), image="registry.fly.io/app:deployment-0", is_registered=False)
        release = world.add(str(BLUE), env={"RELEASE_COMMAND": "1"}, is_registered=False)
    situation = platform(blue).observe()
    assert {each.name for each in situation.remnants} == {left["id"], release["id"]}
    bring(blue)
    assert tags(blue) == [str(GREEN), str(GREEN)]


def test_two_images_of_the_tag_that_serves_are_left_to_a_person(blue: Fly) -> None:
    second = "registry.fly.io/app:deployment-2"
    with blue.changing() as world:
        world.add(str(BLUE), image=second)
    with pytest.raises(PlatformRefused, match=re.escape(f"--image={second}")):
        platform(blue).clear(platform(blue).observe())
    # And should nobody have looked before: flyctl refuses by itself.
    with pytest.raises(NotSwitched, match="found multiple image versions"):
        platform(blue).switch(GREEN, blue=BLUE)
    assert len(tags(blue)) == 3


@pytest.mark.parametrize("others", [[str(GREEN)], [None]])
def test_nothing_is_removed_where_nobody_can_tell_what_serves(fly: Fly, others: list[str | None]) -> None:
    with fly.changing() as world:
        for tag in (str(BLUE), *others):
            machine = world.add(tag, is_passing=False)
    with pytest.raises(PlatformRefused, match=f"fly machine destroy --force {machine['id']} -a forecast"):
        platform(fly).clear(platform(fly).observe())
    assert len(tags(fly)) == 2


def test_the_address_of_another_app_is_no_evidence(blue: Fly, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with Fly(tmp_path / "other") as other:
        with other.changing() as world:
            world.add(str(OTHER))
        with pytest.raises(PlatformError, match="set SERVICE_URL"):
            platform(blue, SERVICE_URL=other.url).observe()


def test_a_failed_first_deployment_is_cleaned_up(fly: Fly) -> None:
    with fly.changing() as world:
        world.orders.unhealthy = [str(GREEN)]
    adapter = platform(fly)
    with pytest.raises(PlatformError):
        adapter.switch(GREEN, blue=None)
    assert adapter.observe().serving is None
    adapter.discard(GREEN)
    assert tags(fly) == []
    with fly.changing() as world:
        world.orders.unhealthy = []
    bring(fly)


@pytest.mark.parametrize("step", ["healthy", "mark"])
def test_a_deployment_that_hangs_is_ended_with_all_that_it_started(blue: Fly, step: str) -> None:
    with blue.changing() as world:
        world.orders.hangs_at = step
    adapter = platform(blue, patience=Patience(deploy_s=1.5, settle_s=0.1, pause_s=0.02, answer_s=5.0))
    with pytest.raises(PlatformError, match="was ended after"):
        adapter.switch(GREEN, blue=BLUE)
    with blue.changing() as world:
        world.orders.hangs_at = ""
    assert adapter.observe().busy == ""
    adapter.go_back(BLUE, green=GREEN)
    adapter.discard(GREEN)
    assert tags(blue) == [str(BLUE), str(BLUE)]
    assert serving(adapter.observe()) == BLUE


@pytest.mark.parametrize("token", ["", "FlyV1 fm2_ofSomebodyElse,fm2_stillTheirs"])
def test_a_wrong_token_is_told_and_never_shown(blue: Fly, token: str) -> None:
    with pytest.raises(PlatformRefused, match="FLY_API_TOKEN") as caught:
        platform(blue, FLY_API_TOKEN=token).observe()
    assert "fm2_" not in str(caught.value)


def test_a_token_that_flyctl_repeats_is_not_passed_on(blue: Fly) -> None:
    with blue.changing() as world:
        world.orders.says = {"machine list": f"Error: bad header {blue.token}"}
    with pytest.raises(PlatformError, match=r"bad header FlyV1 \*\*\*,\*\*\*") as caught:
        platform(blue).observe()
    assert "fm2_" not in str(caught.value)
    with blue.changing() as world:
        assert "fm2_" not in str(world.calls)


@pytest.mark.parametrize("says", ["Error: 429 Too Many Requests", "Error: 502 Bad Gateway", "Error: 408"])
def test_a_question_is_asked_again_while_fly_is_in_trouble(blue: Fly, says: str) -> None:
    with blue.changing() as world:
        world.orders.says, world.orders.says_times = {"machine list": says}, 2
    assert serving(platform(blue).observe()) == BLUE
    with blue.changing() as world:
        world.orders.says_times = 3
    with pytest.raises(PlatformAway, match="try again later"):
        platform(blue).observe()


def test_either_name_of_the_tool_will_do(tmp_path: Path) -> None:
    with Fly(tmp_path, program="fly") as fly:
        assert platform(fly).observe().serving is None


def test_without_the_tool_it_is_said_where_it_is_to_be_had(fly: Fly) -> None:
    with pytest.raises(PlatformRefused, match=r"https://fly\.io/docs/flyctl/install/"):
        platform(fly, PATH="/nowhere").observe()


def test_a_list_that_is_none_is_told(fly: Fly) -> None:
    (fly.bin / "flyctl").write_text("#!/bin/sh\necho 'A new flyctl is out!'\n")
    with pytest.raises(PlatformAway, match="list of machines cannot be read"):
        platform(fly).observe()


def test_secrets_of_others_are_kept_from_the_tool(fly: Fly) -> None:
    (fly.bin / "flyctl").write_text("#!/bin/sh\nenv >&2\nexit 1\n")
    with pytest.raises(PlatformError) as caught:
        platform(fly, RENDER_API_KEY="rnd_1234567", SERVICE_KEY="key_1234567").observe()
    assert "RENDER_API_KEY" not in str(caught.value)
    assert "1234567" not in str(caught.value)


@pytest.mark.parametrize("app", ["", "-a", "Forecast", "forecast; rm", "--help"])
def test_a_name_that_is_none_is_refused(app: str) -> None:
    with pytest.raises(PlatformRefused, match="no name of a Fly app"):
        open_fly(app, {})


def test_the_address_is_that_of_the_app_unless_it_is_set() -> None:
    assert open_fly("forecast", {}).url == "https://forecast.fly.dev"
    assert open_fly("forecast", {"SERVICE_URL": "https://forecast.example/"}).url == "https://forecast.example"


def test_without_process_groups_machines_would_double_and_so_the_file_is_refused(blue: Fly, tmp_path: Path) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "fly.toml").write_text((ROOT / "fly.toml").read_text().replace('[processes]\n  app = ""', ""))
    adapter = platform(blue, folder=folder)
    with pytest.raises(PlatformRefused, match="machines may double"):
        adapter.clear(adapter.observe())
    adapter.switch(GREEN, blue=BLUE)
    assert len(tags(blue)) == 4


def test_a_plain_deployment_stops_at_the_release_command(blue: Fly) -> None:
    with blue.changing() as world:
        world.orders.release_status = None
    environment = variables(blue, PATH=f"{blue.bin}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}/usr/bin:/bin")
    command = ["flyctl", "deploy", "--app", "forecast", "--yes"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "MODEL_TAG: APP_ENV=production needs a tag" in done.stderr
    assert "release_command failed" in done.stderr
    assert tags(blue) == [str(BLUE), str(BLUE)]


def test_the_double_refuses_flags_that_it_does_not_know(blue: Fly) -> None:
    command = [str(blue.bin / "flyctl"), "deploy", "--app", "forecast", "--strat", "bluegreen"]
    done = subprocess.run(command, cwd=ROOT, env=variables(blue), capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "unrecognized arguments" in done.stderr


_DEPLOYING = """
import os, pathlib, sys
from core.tags import ModelTag
from deploy.platforms.fly import FlyPlatform, Patience
lock, blue, green = pathlib.Path(sys.argv[1]), *map(ModelTag.parse, sys.argv[2:])
FlyPlatform("forecast", os.environ, lock=lock, patience=Patience(pause_s=0.02)).switch(green, blue=blue)
"""


def hang(fly: Fly, step: str) -> subprocess.Popen[bytes]:
    """A process that deploys, and flyctl below it that stands still at a step."""
    with fly.changing() as world:
        world.orders.hangs_at = step
    command = [sys.executable, "-c", _DEPLOYING, str(fly.folder / "deploys"), str(BLUE), str(GREEN)]
    process = subprocess.Popen(command, cwd=ROOT, env=variables(fly))
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with fly.changing() as world:
            if step in world.steps:
                return process
        time.sleep(0.02)
    raise AssertionError(f"{step} was not reached")


def end_flyctl(fly: Fly, process: subprocess.Popen[bytes]) -> None:
    """Kill the process and what it has started, as when a machine loses its power."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    process.wait()
    for child in map(int, children):
        os.killpg(child, signal.SIGKILL)
    with fly.changing() as world:
        world.orders.hangs_at = ""
    with (fly.folder / "deploys").open("ab") as lock:
        # Nobody holds it once they are dead.
        fcntl.flock(lock, fcntl.LOCK_EX)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_one_tag_serves_and_the_command_run_again_finishes(blue: Fly, step: str) -> None:
    end_flyctl(blue, hang(blue, step))
    adapter = platform(blue)
    situation = adapter.observe()
    assert situation.busy == ""
    assert serving(situation) in {BLUE, GREEN}

    course = begin(GREEN, situation, BLUE)
    assert course.state is not None
    if course.state.step is Step.PREPARE:
        bring(blue)
    else:
        assert course.state.step is Step.CONFIRM
        adapter.retire(BLUE, green=GREEN)
    assert tags(blue) == [str(GREEN), str(GREEN)]
    assert serving(adapter.observe()) == GREEN


def test_a_flyctl_that_outlives_us_is_waited_for(blue: Fly) -> None:
    process = hang(blue, "create")
    (child,) = map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
    process.kill()
    process.wait()
    adapter = platform(blue)
    try:
        assert "flyctl is still at a deployment" in adapter.observe().busy
        with pytest.raises(NotSwitched, match="nothing was begun"):
            adapter.switch(GREEN, blue=BLUE)
    finally:
        os.killpg(child, signal.SIGKILL)
