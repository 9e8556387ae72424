"""A deployment from its beginning to its end, broken and killed at every point of it."""

from __future__ import annotations

from itertools import count

import pytest

from core.errors import DeploymentFailed, DeploymentRuns, LedgerError, PlatformError, ServiceError
from core.ledger import Environment, champion
from core.tags import ModelTag
from deploy.machine import End, Step
from deploy.outcome import Outcome
from deploy.running import Run, Wish
from tests.deployments import (
    NOBODY_KNOWS,
    NOT_SWITCHED,
    START,
    Killed,
    MemoryJudge,
    MemoryLedger,
    MemoryPlatform,
    Strings,
)

A, B, C = (ModelTag.parse(f"model-v1.{minor}.0") for minor in range(3))
PRODUCTION = Environment.PRODUCTION


class World:
    """Where A serves, and the ledger knows it."""

    def __init__(self, *, keeps: bool = True, is_first: bool = False) -> None:
        self.strings = Strings()
        self.platform = MemoryPlatform(self.strings, keeps=keeps)
        self.ledger = MemoryLedger(self.strings)
        self.judge = MemoryJudge(self.platform)
        self.told: list[str] = []
        self.passed_s = 0.0
        if not is_first:
            self.platform.public = A
            self.ledger.record(PRODUCTION, A, at=START, reason="the first")
            self.strings.moments.clear()

    def bring(self, tag: ModelTag = B, *, is_return: bool = False) -> Outcome:
        wish = Wish(tag=tag, reason="a test's", is_return=is_return)
        return Run(
            wish,
            self.platform,
            self.judge,
            self.ledger,
            PRODUCTION,
            tell=self.told.append,
            sleep=self._sleep,
            now=lambda: self.passed_s,
        ).through()

    def _sleep(self, seconds: float) -> None:
        self.passed_s += seconds

    @property
    def recorded(self) -> list[ModelTag]:
        return [entry.tag for entry in self.ledger.entries]


def test_a_good_model_takes_over_and_blue_is_ended() -> None:
    world = World()
    outcome = world.bring()
    assert (outcome.end, outcome.serving, outcome.is_as_wanted) == (End.DEPLOYED, B, True)
    assert (world.platform.public, world.platform.beside, world.recorded) == (B, set(), [A, B])
    assert world.judge.asked == ["ready", "verify", "compare", "public", "watch"]
    assert list(outcome.verdicts) == [Step.HEALTHY, Step.VERIFY, Step.CONFIRM, Step.WATCH]


def test_a_first_model_is_compared_with_nothing_and_not_watched() -> None:
    world = World(is_first=True)
    assert world.bring().end is End.DEPLOYED
    assert world.recorded == [B]
    assert "watch" not in world.judge.asked


@pytest.mark.parametrize("is_return", [True, False])
def test_a_key_that_blue_does_not_take_is_told_before_anything_is_begun(is_return: bool) -> None:
    world = World()
    world.judge.has_key = False
    with pytest.raises(ServiceError, match="wants a key"):
        world.bring(is_return=is_return)
    assert (world.strings.moments, world.told, world.judge.asked) == ([], [], [])


@pytest.mark.parametrize("against", ["ready", "verify", "compare"])
def test_a_model_that_is_no_good_never_reaches_the_public(against: str) -> None:
    world = World()
    world.judge.against = {against}
    outcome = world.bring()
    assert (outcome.end, outcome.serving, outcome.problem) == (End.STOPPED, A, outcome.problem)
    assert against in outcome.problem
    assert (world.platform.seen, world.platform.beside, world.recorded) == ([], set(), [A])
    assert outcome.exposed_s is None


def test_a_green_that_does_not_get_ready_is_quoted() -> None:
    world = World()
    world.judge.against = {"ready"}
    assert "its last words" in world.bring().problem


@pytest.mark.parametrize("against", ["public", "watch"])
def test_a_model_that_does_badly_before_the_public_is_gone_back_from(against: str) -> None:
    world = World()
    world.judge.against = {against}
    outcome = world.bring()
    assert (outcome.end, outcome.serving) == (End.ROLLED_BACK, A)
    assert (world.platform.public, world.platform.beside, world.recorded) == (A, set(), [A, B, A])
    assert world.ledger.entries[-1].reason.startswith(f"rolled back from {B}: ")
    assert outcome.exposed_s is not None
    assert outcome.exposed_s >= 0


@pytest.mark.parametrize("step", [Step.PREPARE, Step.START, Step.VERIFY, Step.SWITCH])
def test_a_step_towards_the_switch_that_others_cannot_be_told_of_is_not_taken(step: Step) -> None:
    world = World()
    world.strings.errors[f"reach {step}"] = LedgerError("GitHub is away")
    outcome = world.bring()
    assert (outcome.end, outcome.problem) == (End.STOPPED, "GitHub is away")
    assert (world.platform.public, world.platform.beside, world.recorded) == (A, set(), [A])


@pytest.mark.parametrize("step", [Step.CONFIRM, Step.WATCH, Step.RETIRE])
def test_a_good_green_serves_on_where_others_cannot_be_told_of_a_step(step: Step) -> None:
    world = World()
    world.strings.errors[f"reach {step}"] = LedgerError("GitHub is away")
    assert world.bring().end is End.DEPLOYED
    assert (world.platform.public, world.recorded) == (B, [A, B])
    assert any("others cannot be told of this step: GitHub is away" in line for line in world.told)


def test_a_way_back_that_others_cannot_be_told_of_is_taken() -> None:
    world = World()
    world.judge.against.add("watch")
    for step in (Step.RETURN, Step.DISCARD):
        world.strings.errors[f"reach {step}"] = LedgerError("GitHub is away")
    assert world.bring().end is End.ROLLED_BACK
    assert (world.platform.public, world.platform.beside, world.recorded) == (A, set(), [A, B, A])


def test_a_switch_that_is_known_not_to_have_happened_leaves_the_ledger_alone() -> None:
    world = World()
    world.strings.errors["switch"] = NOT_SWITCHED
    outcome = world.bring()
    assert (outcome.end, world.recorded, world.platform.public) == (End.STOPPED, [A], A)


def test_a_switch_of_which_nobody_can_tell_is_gone_back_from() -> None:
    world = World()
    world.strings.errors["switch"] = NOBODY_KNOWS
    outcome = world.bring()
    assert (outcome.end, world.recorded, world.platform.public) == (End.ROLLED_BACK, [A], A)


def test_what_cannot_be_written_down_is_undone() -> None:
    world = World()
    world.strings.errors["record"] = LedgerError("the disk is full")
    outcome = world.bring()
    assert (outcome.end, outcome.problem) == (End.ROLLED_BACK, "the disk is full")
    assert (world.platform.public, world.recorded) == (A, [A])


@pytest.mark.parametrize(
    ("call", "end"), [("start", End.STOPPED), ("switch", End.ROLLED_BACK), ("record", End.ROLLED_BACK)]
)
def test_a_full_disk_ends_a_deployment_as_any_other_trouble_does(call: str, end: End) -> None:
    world = World()
    world.strings.errors[call] = OSError(28, "No space left on device", "green.log")
    outcome = world.bring()
    assert (outcome.end, outcome.problem) == (end, "green.log: No space left on device")
    assert (world.platform.public, world.platform.beside, world.recorded) == (A, set(), [A])


def test_a_mistake_of_ours_leaves_no_green_alone() -> None:
    world = World()
    world.strings.errors["retire"] = ZeroDivisionError("of ours")
    assert world.bring().trouble == "ZeroDivisionError: of ours (a mistake in Slipway; please report it)"
    world = World()
    world.strings.errors["record"] = ZeroDivisionError("of ours")
    assert (world.bring().end, world.platform.public, world.platform.beside) == (End.ROLLED_BACK, A, set())


def test_a_first_model_that_is_none_is_taken_away_and_never_written_down() -> None:
    world = World(is_first=True)
    world.judge.against = {"public"}
    outcome = world.bring()
    assert (outcome.end, outcome.serving) == (End.ROLLED_BACK, None)
    assert (world.platform.public, world.recorded) == (None, [])


def test_a_host_that_was_started_again_serves_what_it_did_and_nothing_new_is_written_down() -> None:
    world = World()
    world.platform.public = None
    assert world.bring(A).is_as_wanted
    assert (world.platform.seen, world.recorded) == ([A], [A])


def test_a_way_back_that_cannot_be_written_down_is_a_way_back_all_the_same() -> None:
    world = World()
    world.judge.against = {"watch"}
    world.strings.later["record"] = LedgerError("GitHub is away")
    outcome = world.bring()
    assert (outcome.end, outcome.trouble, world.platform.public) == (End.ROLLED_BACK, "GitHub is away", A)
    assert "python -m deploy up mends it" in outcome.sentence(PRODUCTION, "a platform")
    world.strings.later.clear()
    world.judge.against = set()
    world.bring(A)
    assert world.recorded == [A, B, A]


def test_a_way_back_that_is_blocked_is_said_to_be_so() -> None:
    world = World()
    world.judge.against = {"watch"}
    world.strings.errors["go_back"] = PlatformError("it does not answer")
    outcome = world.bring()
    assert (outcome.end, outcome.is_as_wanted, outcome.trouble) == (End.STUCK, False, "it does not answer")
    assert outcome.sentence(PRODUCTION, "a platform").endswith(f"run python -m deploy up {A}")


def test_a_blue_that_cannot_be_ended_is_mentioned_and_no_more() -> None:
    world = World()
    world.strings.errors["retire"] = PlatformError("it clings")
    outcome = world.bring()
    assert outcome.is_as_wanted
    assert "Something was left behind: it clings" in outcome.sentence(PRODUCTION, "a platform")


@pytest.mark.parametrize(("call", "step"), [("clear", "prepare"), ("switch", "switch"), ("retire", "retire blue")])
def test_what_is_stopped_by_hand_where_it_cannot_be_undone_is_left_with_a_sentence(call: str, step: str) -> None:
    world = World()
    world.strings.errors[call] = KeyboardInterrupt()
    with pytest.raises(DeploymentFailed, match=f"stopped by hand at the step {step}, .*up {B} goes on$"):
        world.bring()
    world.strings.errors.clear()
    assert world.bring().is_as_wanted
    assert (world.platform.public, world.platform.beside, world.recorded) == (B, set(), [A, B])


def test_what_is_stopped_by_hand_before_the_switch_is_undone() -> None:
    world = World()
    world.strings.errors["start"] = KeyboardInterrupt()
    outcome = world.bring()
    assert (outcome.end, outcome.problem) == (End.STOPPED, "it was stopped by hand")
    assert (world.platform.public, world.platform.beside, world.recorded) == (A, set(), [A])


def test_a_tag_that_serves_is_left_alone() -> None:
    world = World()
    outcome = world.bring(A)
    assert (outcome.was_there, world.strings.moments, world.recorded) == (True, [], [A])


def test_a_platform_that_somebody_else_is_at_is_left_alone() -> None:
    world = World()
    world.platform.busy = "deploy dep-1 of somebody else"
    with pytest.raises(DeploymentRuns, match="dep-1"):
        world.bring()
    assert world.strings.moments == []


def test_a_way_back_is_neither_compared_nor_watched() -> None:
    world = World()
    world.bring(B)
    world.judge.asked.clear()
    world.bring(A, is_return=True)
    assert world.judge.asked == ["ready", "verify", "public"]
    assert world.recorded == [A, B, A]


def test_what_went_past_the_ledger_is_written_down_first() -> None:
    world = World()
    world.platform.public = C
    world.bring()
    assert world.recorded == [A, C, B]


def test_what_a_switch_left_is_removed_before_green_is_looked_at() -> None:
    world = World(keeps=False)
    world.platform.public, world.platform.beside = B, {A}
    world.strings.errors["clear"] = NOBODY_KNOWS
    with pytest.raises(PlatformError):
        world.bring()
    assert world.judge.asked == []
    world.strings.errors.clear()
    assert world.bring().is_as_wanted
    assert (world.platform.seen, world.platform.beside, world.recorded) == ([], set(), [A, B])


def test_a_blue_that_stands_by_takes_over_at_once() -> None:
    world = World()
    world.strings.errors["retire"] = PlatformError("not yet")
    world.bring()
    world.strings.errors.clear()
    world.judge.asked.clear()
    outcome = world.bring(A, is_return=True)
    assert (outcome.end, outcome.is_as_wanted, world.judge.asked) == (End.ROLLED_BACK, True, ["public"])
    assert (world.platform.public, world.platform.beside, world.recorded) == (A, set(), [A, B, A])


@pytest.mark.parametrize("again", [A, B, C])
@pytest.mark.parametrize("against", ["", "verify", "watch"])
@pytest.mark.parametrize("keeps", [True, False], ids=["blue is kept", "blue is ended by the switch"])
def test_a_deployment_that_is_killed_anywhere_leaves_one_tag_and_is_finished_by_the_next(
    keeps: bool, against: str, again: ModelTag
) -> None:
    for moment in count():
        world = World(keeps=keeps)
        world.judge.against = {against} - {""}
        world.strings.kill_at = moment
        try:
            world.bring()
        except Killed:
            pass
        else:
            assert moment >= 6
            return
        assert world.platform.public in {A, B}, "the public always reaches one of the two"
        world.strings.kill_at, world.judge.against = None, set()
        outcome = world.bring(again)
        assert outcome.is_as_wanted, (moment, outcome)
        assert (world.platform.public, world.platform.beside) == (again, set()), moment
        assert champion(world.ledger.entries) == again, "the ledger says what serves"
        reached = [A, *(tag for tag in world.platform.seen if tag)]
        assert world.recorded == [tag for tag, before in zip(reached, [None, *reached], strict=False) if tag != before]
