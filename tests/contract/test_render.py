"""Render against its double: every way in which it fails ends with one verified tag, and a sentence."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from core.errors import NotSwitched, PlatformAway, PlatformError, PlatformRefused
from core.tags import ModelTag
from deploy.platform import Machine, Platform, Remnant, Situation
from deploy.platforms.render import RenderPlatform
from doubles.github import AnswerLost, Before, Slow, Status
from doubles.render import Plan, Render
from doubles.render.double import KEY
from tests.contract.render_switching import HASTY, QUICK, platform_of, switching

OLD, BLUE, GREEN = ModelTag(0, 9, 0), ModelTag(1, 0, 0), ModelTag(1, 1, 0)
DEPLOYS, ENV = "*/deploys", "*/env-vars/MODEL_TAG"


@pytest.fixture
def render() -> Iterator[Render]:
    """Blue serves since an hour."""
    with Render(tag=str(BLUE)) as double:
        yield double


@pytest.fixture
def platform(render: Render) -> RenderPlatform:
    return platform_of(render)


def public(render: Render) -> str:
    """What the public gets once it has settled."""
    render.service._left_of_old = 0
    answer = requests.get(f"{render.url}/readyz", timeout=5)
    return str(answer.json()["model_tag"]) if answer.ok else ""


def run_again(render: Render) -> Situation:
    """As the command does when it is run again; what it found."""
    platform = platform_of(render)
    situation = platform.observe()
    assert situation.busy == ""
    if situation.serving is None or situation.serving.tag != GREEN:
        platform.clear(situation)
        platform.switch(GREEN, blue=situation.serving.tag if situation.serving else None)
    assert (public(render), render.tag) == (str(GREEN), str(GREEN))
    assert platform_of(render).observe().remnants == ()
    return situation


def wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def assert_blue_serves(render: Render) -> None:
    assert (public(render), render.tag) == (str(BLUE), str(BLUE))


def test_it_says_how_it_stands(render: Render, platform: RenderPlatform) -> None:
    situation = platform.observe()
    assert situation.serving is not None
    assert (situation.serving.tag, situation.serving.since) == (BLUE, render.service.deploys[0].finished_at)
    assert (situation.kept, situation.remnants, situation.busy) == (None, (), "")
    assert platform.name == "Render service forecast"
    assert platform.url == render.url
    assert platform.machines() == (Machine(kind="starter", count=1),)
    assert platform.settling_s == QUICK.settling_s


def test_it_is_a_platform(platform: RenderPlatform) -> None:
    port: Platform = platform
    assert port.name == "Render service forecast"


def test_a_green_that_cannot_start_is_rehearsed_and_told(render: Render, tmp_path: Path) -> None:
    platform = platform_of(render, environment={"MODEL_REGISTRY": f"directory:{tmp_path}"})
    addresses = platform.start(GREEN, blue=None)
    assert addresses.green.startswith("http://127.0.0.1:")
    try:
        wait_until(platform.has_died)
        assert f"{GREEN} is not in the registry" in platform.said()
    finally:
        platform.discard(GREEN)
    assert (platform.said(), render.changes) == ("", [])


def test_a_service_is_found_by_its_id(render: Render) -> None:
    assert platform_of(render, service="srv-0a1b2c").observe().serving is not None


def test_a_switch_sets_one_variable_and_deploys_the_build_there_is(render: Render, platform: RenderPlatform) -> None:
    others = {key: value for key, value in render.service.env.items() if key != "MODEL_TAG"}
    render.service.old_answers = 3
    platform.switch(GREEN, blue=BLUE)
    assert public(render) == str(GREEN)
    assert render.changes == ["PUT MODEL_TAG", "POST deploys"]
    assert render.service.env == {**others, "MODEL_TAG": str(GREEN)}
    assert not render.service.deploys[-1].has_build


def test_a_switch_that_has_come_about_is_left_alone_when_the_command_is_run_again(render: Render) -> None:
    platform_of(render).switch(GREEN, blue=BLUE)
    before = len(render.changes)
    assert run_again(render).serving is not None
    assert len(render.changes) == before


def test_the_first_deployment_builds() -> None:
    with Render() as render:
        platform = platform_of(render)
        assert platform.observe() == Situation(serving=None)
        platform.switch(GREEN, blue=None)
        assert public(render) == str(GREEN)
        assert render.service.deploys[-1].has_build


def test_a_first_deployment_that_fails_leaves_nothing_that_serves() -> None:
    with Render() as render:
        render.plan(Plan(end="update_failed"))
        with pytest.raises(NotSwitched, match="update_failed"):
            platform_of(render).switch(GREEN, blue=None)
        assert platform_of(render).observe().serving is None
        run_again(render)


@pytest.mark.parametrize("hidden", [0, 3])
def test_a_deploy_that_was_queued_without_an_id_is_found(render: Render, platform: RenderPlatform, hidden: int) -> None:
    render.service.is_busy_elsewhere, render.service.hides_queued_for = True, hidden
    platform.switch(GREEN, blue=BLUE)
    assert public(render) == str(GREEN)
    assert render.changes.count("POST deploys") == 1


def test_a_queued_deploy_that_never_shows_up_is_no_switch(render: Render) -> None:
    platform = platform_of(render, patience=HASTY)
    render.service.is_busy_elsewhere, render.service.hides_queued_for = True, 10_000
    with pytest.raises(PlatformError, match="does not show up") as caught:
        platform.switch(GREEN, blue=BLUE)
    assert not isinstance(caught.value, NotSwitched)


@pytest.mark.parametrize("end", ["update_failed", "pre_deploy_failed", "canceled"])
def test_a_deploy_that_fails_leaves_blue_and_its_variable(render: Render, platform: RenderPlatform, end: str) -> None:
    render.plan(Plan(end=end))
    with pytest.raises(NotSwitched, match=rf"deploy dep-002 is {end}; .*dashboard"):
        platform.switch(GREEN, blue=BLUE)
    assert_blue_serves(render)
    run_again(render)


def test_a_build_that_fails_is_told(render: Render) -> None:
    with Render() as empty:
        empty.plan(Plan(end="build_failed"))
        with pytest.raises(NotSwitched, match="build_failed; see the build's log"):
            platform_of(empty).switch(GREEN, blue=None)


def test_a_variable_that_cannot_be_set_back_is_told_and_set_by_the_next_run(
    render: Render, platform: RenderPlatform
) -> None:
    render.plan(Plan(end="update_failed"))
    render.plant(Status(status=503), method="PUT", skip=1, times=100)
    with pytest.raises(NotSwitched, match=r"MODEL_TAG could not be set back to model-v1\.0\.0"):
        platform.switch(GREEN, blue=BLUE)
    render.clear_faults()
    assert public(render) == str(BLUE)
    assert run_again(render).remnants == (Remnant(name="the variable MODEL_TAG", tag=GREEN),)


@pytest.mark.parametrize("status", ["created", "pre_deploy_in_progress", "update_in_progress"])
def test_a_deploy_that_takes_too_long_is_given_up(render: Render, status: str) -> None:
    render.plan(Plan(stops_at=status))
    with pytest.raises(NotSwitched, match="canceled"):
        platform_of(render, patience=HASTY).switch(GREEN, blue=BLUE)
    assert render.changes == ["PUT MODEL_TAG", "POST deploys", "POST cancel", "PUT MODEL_TAG"]
    assert_blue_serves(render)
    run_again(render)


def test_a_deploy_that_cannot_be_given_up_is_not_told_as_if_it_were(render: Render) -> None:
    platform = platform_of(render, patience=HASTY)
    render.plan(Plan(stops_at="update_in_progress", is_cancellable=False))
    with pytest.raises(PlatformError, match="cannot be cancelled") as caught:
        platform.switch(GREEN, blue=BLUE)
    assert not isinstance(caught.value, NotSwitched)
    assert_blue_serves(render)


def test_a_deploy_that_gets_live_while_it_is_given_up_is_a_switch(render: Render) -> None:
    render.plan(Plan(stops_at="update_in_progress"))

    def go_live() -> None:
        render.service.deploys[-1].plan.stops_at = ""
        render.finish()

    render.plant(Before(action=go_live), path="*/cancel")
    platform_of(render, patience=HASTY).switch(GREEN, blue=BLUE)
    assert (public(render), render.tag) == (str(GREEN), str(GREEN))


def test_live_with_no_machine_is_no_switch_and_goes_back(render: Render) -> None:
    render.plan(Plan(answers=False))
    with pytest.raises(PlatformError, match=r"is live by Render's account, but .*/readyz does not answer") as caught:
        platform_of(render, patience=HASTY).switch(GREEN, blue=BLUE)
    assert not isinstance(caught.value, NotSwitched)
    platform_of(render).go_back(BLUE, green=GREEN)
    assert_blue_serves(render)


def test_live_with_another_tag_is_no_switch(render: Render) -> None:
    render.plan(Plan(answers_with="model-v7.0.0"))
    with pytest.raises(PlatformError, match=r"answers model-v7\.0\.0 instead of model-v1\.1\.0"):
        platform_of(render, patience=HASTY).switch(GREEN, blue=BLUE)
    platform_of(render).go_back(BLUE, green=GREEN)
    assert_blue_serves(render)


@pytest.mark.parametrize(
    ("status", "advice"),
    [(401, "RENDER_API_KEY"), (403, "may not"), (404, "workspace"), (409, "suspended"), (429, "try again later")],
)
@pytest.mark.parametrize("where", [DEPLOYS, ENV])
def test_a_refusal_leaves_blue_and_says_what_to_do(
    render: Render, platform: RenderPlatform, status: int, advice: str, where: str
) -> None:
    method = "PUT" if where == ENV else "POST"
    render.plant(Status(status=status, body='{"message": "no, said Render"}'), method=method, path=where, times=5)
    with pytest.raises(NotSwitched, match=f"{status} .*no, said Render.*{advice}"):
        platform.switch(GREEN, blue=BLUE)
    render.clear_faults()
    run_again(render)


def test_a_wrong_key_is_told_and_not_shown(render: Render) -> None:
    wrong = platform_of(render, key="rnd_of_nobody")
    with pytest.raises(PlatformRefused, match="set RENDER_API_KEY to a key that is valid") as caught:
        wrong.observe()
    assert "rnd_of_nobody" not in str(caught.value)
    with pytest.raises(NotSwitched, match="401"):
        platform_of(render, key="rnd_of_nobody").switch(GREEN, blue=BLUE)
    assert render.changes == []


def test_an_answer_that_repeats_the_key_is_told_without_it(render: Render, platform: RenderPlatform) -> None:
    render.plant(Status(status=400, body=f'{{"message": "bad key {KEY}"}}'))
    with pytest.raises(PlatformRefused, match=r"bad key \[key\]"):
        platform.observe()


def test_too_many_requests_are_waited_for(render: Render, platform: RenderPlatform) -> None:
    for method in ("GET", "PUT", "POST"):
        render.plant(Status(status=429, headers={"Retry-After": "7"}), method=method, times=2)
    platform.switch(GREEN, blue=BLUE)
    assert public(render) == str(GREEN)
    assert [call.status for call in render.calls if call.path.endswith("/deploys") and call.method == "POST"] == [
        429,
        429,
        201,
    ]


@pytest.mark.parametrize("trouble", [Status(status=500), AnswerLost()], ids=["500", "lost"])
@pytest.mark.parametrize("number", range(9))
def test_one_fault_at_any_call_changes_nothing(render: Render, trouble: Status, number: int) -> None:
    platform = platform_of(render, patience=replace(QUICK, find_s=0.1))
    render.plant(trouble, skip=number)
    platform.switch(GREEN, blue=BLUE)
    assert (public(render), render.tag) == (str(GREEN), str(GREEN))
    assert len(render.service.deploys) == 2


@pytest.mark.parametrize("last", [500, 409])
def test_a_deploy_of_which_nobody_can_tell_whether_it_began_is_no_end(render: Render, last: int) -> None:
    for status in (500, 500, last):
        render.plant(Status(status=status), method="POST", path=DEPLOYS)
    with pytest.raises(PlatformAway, match=str(last)) as caught:
        platform_of(render, patience=HASTY).switch(GREEN, blue=BLUE)
    assert not isinstance(caught.value, NotSwitched)
    assert render.changes == ["PUT MODEL_TAG", *["POST deploys"] * 3]
    # It began after all, and nobody has seen it.
    render.deploy("api")
    platform_of(render).go_back(BLUE, green=GREEN)
    assert_blue_serves(render)
    assert render.service.deploys[-1].status == "canceled"


def test_a_look_that_is_refused_is_no_refused_deploy(render: Render, platform: RenderPlatform) -> None:
    render.plant(AnswerLost(), method="POST", path=DEPLOYS)
    render.plant(Status(status=401), method="GET", path=DEPLOYS, skip=3)
    with pytest.raises(PlatformAway, match="nobody can tell whether a deploy began"):
        platform.switch(GREEN, blue=BLUE)
    run_again(render)


def test_of_several_machines_one_may_have_shown_green_before_it_failed(
    render: Render, platform: RenderPlatform
) -> None:
    render.service.num_instances = 2
    render.plan(Plan(end="update_failed"))
    with pytest.raises(PlatformError, match="update_failed") as caught:
        platform.switch(GREEN, blue=BLUE)
    assert not isinstance(caught.value, NotSwitched)
    platform.go_back(BLUE, green=GREEN)
    assert_blue_serves(render)
    assert render.changes.count("POST deploys") == 1


def test_a_key_that_is_taken_away_while_it_looks_on_is_no_end(render: Render, platform: RenderPlatform) -> None:
    render.plant(Before(action=render.keys.clear), method="GET", path=f"{DEPLOYS}/*")
    with pytest.raises(PlatformRefused, match="401"):
        platform.switch(GREEN, blue=BLUE)
    render.keys.add(KEY)
    platform.go_back(BLUE, green=GREEN)
    assert_blue_serves(render)


def test_a_service_of_that_name_must_be_there(render: Render) -> None:
    with pytest.raises(PlatformRefused, match=r"no web service trains.*make one from render\.yaml"):
        platform_of(render, service="trains").observe()
    with pytest.raises(PlatformRefused, match="no web service srv-9"):
        platform_of(render, service="srv-9").observe()


def test_a_name_that_two_services_have_is_not_enough(render: Render, platform: RenderPlatform) -> None:
    two = [{"service": {"id": f"srv-{number}", "name": "forecast"}, "cursor": f"{number}"} for number in (1, 2)]
    render.plant(Status(status=200, body=json.dumps(two)), times=2)
    with pytest.raises(PlatformRefused, match="2 web services forecast; name one by its id: srv-1, srv-2"):
        platform.observe()


def test_a_service_without_an_address_is_told(render: Render, platform: RenderPlatform) -> None:
    render.service.url = ""
    with pytest.raises(PlatformError, match="has no public address; set SERVICE_URL"):
        platform.observe()


def test_an_api_that_stays_away_leaves_blue(render: Render, platform: RenderPlatform) -> None:
    render.plant(Status(status=503), times=100)
    with pytest.raises(NotSwitched, match="it answers 503; try again later"):
        platform.switch(GREEN, blue=BLUE)
    with pytest.raises(PlatformAway):
        platform_of(render).observe()


def test_an_api_that_goes_away_after_the_deploy_began_tells_no_tale(render: Render) -> None:
    platform = platform_of(render, patience=HASTY)
    render.plant(Status(status=503), method="GET", path=f"{DEPLOYS}/*", times=1000)
    with pytest.raises(PlatformAway) as caught:
        platform.switch(GREEN, blue=BLUE)
    assert not isinstance(caught.value, NotSwitched)
    render.clear_faults()
    platform.go_back(BLUE, green=GREEN)
    assert_blue_serves(render)


def test_an_api_that_hangs_is_asked_again(render: Render, platform: RenderPlatform) -> None:
    render.plant(Slow(seconds=1.5), method="GET")
    assert platform.observe().serving is not None


def test_an_answer_that_is_no_document_is_told(render: Render, platform: RenderPlatform) -> None:
    render.plant(Status(status=200, body="<html>"), times=100)
    with pytest.raises(PlatformAway, match="cannot be read"):
        platform.observe()


@pytest.mark.parametrize("policy", ["wait", "override"])
def test_a_deploy_of_somebody_else_is_told_and_left_alone(render: Render, policy: str) -> None:
    render.service.policy = "wait" if policy == "wait" else "override"
    render.deploy("manual")
    platform = platform_of(render)
    assert platform.observe().busy == "deploy dep-002 (manual) is pre_deploy_in_progress"
    with pytest.raises(NotSwitched, match=r"deploy dep-002 \(manual\) is .*wait until it has ended"):
        platform.switch(GREEN, blue=BLUE)
    assert render.changes == []


@pytest.mark.parametrize("policy", ["wait", "override"])
def test_a_deploy_that_takes_the_place_of_ours_is_followed(
    render: Render, platform: RenderPlatform, policy: str
) -> None:
    render.service.policy = "wait" if policy == "wait" else "override"
    render.plan(Plan(stops_at="pre_deploy_in_progress"))

    def overtake() -> None:
        render.deploy("manual")
        render.service.deploys[1].plan.stops_at = ""

    render.plant(Before(action=render.deploy), method="POST", path=DEPLOYS)
    render.plant(Before(action=overtake), method="GET", path=f"{DEPLOYS}/*")
    platform.switch(GREEN, blue=BLUE)
    assert [each.trigger for each in render.service.deploys[1:]] == ["manual", "api", "manual"]
    assert render.service.deploys[2].status == "canceled"
    assert public(render) == str(GREEN)


def test_a_suspended_service_is_told(render: Render, platform: RenderPlatform) -> None:
    render.service.suspended = "suspended"
    with pytest.raises(PlatformRefused, match="suspended; resume it"):
        platform.observe()


def test_a_service_that_sleeps_serves_what_its_variable_names() -> None:
    with Render(plan="free", tag=str(BLUE)) as render:
        render.awake.clear()
        situation = platform_of(render, patience=HASTY).observe()
        assert situation.serving is not None
        assert situation.serving.tag == BLUE


def test_a_service_that_wakes_in_time_tells_itself_what_it_serves() -> None:
    with Render(plan="free", tag=str(BLUE)) as render:
        render.awake.clear()
        render.service.env["MODEL_TAG"] = str(GREEN)
        timer = threading.Timer(0.2, render.awake.set)
        timer.start()
        situation = platform_of(render).observe()
        timer.join()
        assert situation.serving is not None
        assert situation.serving.tag == BLUE


@pytest.mark.parametrize("found", [GREEN, OLD])
def test_a_variable_that_a_blueprint_sync_put_back_is_put_right(render: Render, found: ModelTag) -> None:
    render.service.env["MODEL_TAG"] = str(found)
    platform = platform_of(render)
    situation = platform.observe()
    assert situation.remnants == (Remnant(name="the variable MODEL_TAG", tag=found),)
    platform.clear(situation)
    assert_blue_serves(render)
    assert render.changes == ["PUT MODEL_TAG"]


def test_a_blueprint_sync_that_runs_is_waited_for(render: Render, platform: RenderPlatform) -> None:
    render.sync_blueprint(MODEL_TAG=str(OLD))
    assert "blueprint_sync" in platform.observe().busy


def test_a_deploy_that_was_left_and_gets_live_after_all_is_told(render: Render, platform: RenderPlatform) -> None:
    render.service.env["MODEL_TAG"] = str(GREEN)
    render.deploy("api")
    situation = platform.observe()
    assert situation.serving is not None
    assert [each.name for each in situation.remnants] == ["deploy dep-002", "the variable MODEL_TAG"]
    render.plant(Before(action=render.finish), path="*/cancel")
    with pytest.raises(PlatformError, match="deploy dep-002 went live after all; run this again"):
        platform.clear(situation)
    run_again(render)


def test_retiring_blue_lets_the_variable_name_green(render: Render, platform: RenderPlatform) -> None:
    platform.switch(GREEN, blue=BLUE)
    render.service.env["MODEL_TAG"] = str(BLUE)
    platform.retire(None, green=GREEN)
    assert render.tag == str(GREEN)


def test_blue_that_still_answers_beside_a_new_green_is_no_remnant(render: Render) -> None:
    render.service.old_answers = 1
    render.service.env["MODEL_TAG"] = str(GREEN)
    render.deploy("api")
    render.finish()
    situation = platform_of(render).observe()
    assert situation.serving is not None
    assert (situation.serving.tag, situation.remnants) == (GREEN, ())


@pytest.mark.parametrize("restores", [True, False])
def test_going_back_rolls_back_and_lets_the_variable_name_blue(
    render: Render, platform: RenderPlatform, restores: bool
) -> None:
    platform.switch(GREEN, blue=BLUE)
    render.calls.clear()
    render.service.rollback_restores_env = restores
    platform.go_back(BLUE, green=GREEN)
    assert_blue_serves(render)
    assert render.changes == ["PUT MODEL_TAG", "POST rollback", "PUT MODEL_TAG"]
    platform.go_back(BLUE, green=GREEN)
    assert render.changes[3:] == ["PUT MODEL_TAG"]


def test_a_rollback_that_brings_another_tag_is_followed_by_a_deploy(render: Render) -> None:
    render.service.env["MODEL_TAG"] = str(OLD)
    render.service.add_deploy("manual", is_live=True)
    render.service.env["MODEL_TAG"] = str(GREEN)
    render.service.add_deploy("manual", is_live=True)
    render.service.rollback_restores_env = True
    platform_of(render, patience=replace(QUICK, settling_s=0.1)).go_back(BLUE, green=GREEN)
    assert_blue_serves(render)
    assert [each for each in render.changes if each.startswith("POST")] == ["POST rollback", "POST deploys"]


@pytest.mark.parametrize("plan", [Plan(end="update_failed"), Plan(answers=False)], ids=["fails", "is not there"])
def test_a_rollback_that_does_not_work_is_followed_by_a_deploy(
    render: Render, platform: RenderPlatform, plan: Plan
) -> None:
    platform.switch(GREEN, blue=BLUE)
    render.plan(plan)
    platform_of(render, patience=replace(QUICK, settling_s=0.1)).go_back(BLUE, green=GREEN)
    assert_blue_serves(render)


def test_a_deploy_that_render_no_longer_has_is_not_needed_to_go_back() -> None:
    with Render(plan="free", tag=str(BLUE)) as render:
        platform = platform_of(render)
        platform.switch(GREEN, blue=BLUE)
        for _ in range(2):
            render.deploy("manual")
            render.finish()
        platform.go_back(BLUE, green=GREEN)
        assert_blue_serves(render)
        assert any(call.status == 404 for call in render.calls)


def test_going_back_does_nothing_where_blue_serves(render: Render, platform: RenderPlatform) -> None:
    platform.go_back(BLUE, green=GREEN)
    assert render.changes == ["PUT MODEL_TAG"]


def test_going_back_gives_up_a_deploy_that_is_on_its_way(render: Render) -> None:
    platform = platform_of(render, patience=HASTY)
    render.plan(Plan(stops_at="update_in_progress", is_cancellable=False))
    with pytest.raises(PlatformError):
        platform.switch(GREEN, blue=BLUE)
    with pytest.raises(PlatformError, match="cannot be cancelled"):
        platform.go_back(BLUE, green=GREEN)
    render.service.deploys[-1].plan.is_cancellable = True
    platform_of(render).go_back(BLUE, green=GREEN)
    assert_blue_serves(render)


def test_going_back_that_does_not_work_is_told(render: Render, platform: RenderPlatform) -> None:
    platform.switch(GREEN, blue=BLUE)
    render.plan(Plan(end="update_failed"), Plan(end="update_failed"))
    with pytest.raises(PlatformError, match=r"deploy dep-004 of model-v1\.0\.0 is update_failed"):
        platform.go_back(BLUE, green=GREEN)


def test_a_clock_that_is_wrong_does_no_harm(render: Render) -> None:
    render.service.skew = timedelta(hours=3)
    platform = platform_of(render)
    platform.switch(GREEN, blue=BLUE)
    platform.go_back(BLUE, green=GREEN)
    assert_blue_serves(render)


def test_killed_after_the_variable_was_set_the_command_finishes_when_it_is_run_again(render: Render) -> None:
    render.plant(Slow(seconds=60), method="PUT")
    with switching(render, GREEN, BLUE):
        wait_until(lambda: render.tag == str(GREEN))
    assert public(render) == str(BLUE)
    assert run_again(render).remnants == (Remnant(name="the variable MODEL_TAG", tag=GREEN),)


def test_killed_after_the_deploy_was_begun_the_command_finishes_when_it_is_run_again(render: Render) -> None:
    render.plant(Slow(seconds=60), method="POST", path=DEPLOYS)
    with switching(render, GREEN, BLUE):
        wait_until(lambda: len(render.service.deploys) == 2)
    assert Remnant(name="deploy dep-002", tag=GREEN) in run_again(render).remnants


def test_killed_while_it_looks_on_the_command_finishes_when_it_is_run_again(render: Render) -> None:
    render.plan(Plan(stops_at="update_in_progress"))
    with switching(render, GREEN, BLUE):
        wait_until(lambda: len(render.service.deploys) == 2 and render.service.deploys[-1].status.startswith("update"))
    assert Remnant(name="deploy dep-002", tag=GREEN) in run_again(render).remnants


def test_killed_and_gone_live_the_command_finds_green(render: Render) -> None:
    render.plan(Plan(stops_at="update_in_progress"))
    with switching(render, GREEN, BLUE):
        wait_until(lambda: len(render.service.deploys) == 2 and render.service.deploys[-1].status.startswith("update"))
    render.service.deploys[-1].plan.stops_at = ""
    render.finish()
    situation = run_again(render)
    assert situation.serving is not None
    assert (situation.serving.tag, situation.remnants) == (GREEN, ())


def test_killed_on_the_way_back_another_goes_back(render: Render, platform: RenderPlatform) -> None:
    platform.switch(GREEN, blue=BLUE)
    render.plant(Slow(seconds=60), method="POST", path="*/rollback")
    with switching(render, GREEN, BLUE, is_back=True):
        wait_until(lambda: len(render.service.deploys) == 3)
    render.finish()
    platform_of(render).go_back(BLUE, green=GREEN)
    assert_blue_serves(render)
