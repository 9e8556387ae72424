"""The state machine: every way through it, and where it begins again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tags import ModelTag
from deploy.machine import Course, End, State, Step, after, begin
from deploy.platform import Remnant, Serving, Situation

A, B, C = (ModelTag.parse(f"model-v1.{minor}.0") for minor in range(3))
NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
FORWARD = (Step.PREPARE, Step.START, Step.HEALTHY, Step.VERIFY, Step.SWITCH, Step.CONFIRM, Step.WATCH, Step.RETIRE)


def way(failing: Step | None, blue: ModelTag | None = A, *, is_untouched: bool = False) -> list[Step | End]:
    """The steps of a deployment in which one of them goes wrong."""
    state = State(step=Step.PREPARE, green=B, blue=blue)
    passed: list[Step | End] = []
    while isinstance(state.step, Step):
        passed.append(state.step)
        state = after(state, "it broke" if state.step is failing else "", is_untouched=is_untouched)
    return [*passed, state.step]


def situation(serving: ModelTag | None, kept: ModelTag | None = None, *remnants: ModelTag, busy: str = "") -> Situation:
    return Situation(
        serving=Serving(tag=serving, since=NOON) if serving else None,
        kept=kept,
        remnants=tuple(Remnant(name="slot", tag=tag) for tag in remnants),
        busy=busy,
    )


def test_a_deployment_in_which_all_goes_well_takes_every_step_and_ends_deployed() -> None:
    assert way(None) == [*FORWARD, End.DEPLOYED]


@pytest.mark.parametrize("failing", [Step.START, Step.HEALTHY, Step.VERIFY])
def test_what_goes_wrong_before_the_switch_ends_green_and_the_public_notices_nothing(failing: Step) -> None:
    *_, last, end = way(failing)
    assert (last, end) == (Step.DISCARD, End.STOPPED)


@pytest.mark.parametrize("failing", [Step.SWITCH, Step.CONFIRM, Step.WATCH])
def test_what_goes_wrong_from_the_switch_on_leads_back_to_blue(failing: Step) -> None:
    assert way(failing)[-3:] == [Step.RETURN, Step.DISCARD, End.ROLLED_BACK]


def test_a_switch_that_is_known_not_to_have_happened_needs_no_way_back() -> None:
    assert way(Step.SWITCH, is_untouched=True)[-3:] == [Step.SWITCH, Step.DISCARD, End.STOPPED]


def test_a_first_model_has_nothing_to_go_back_to() -> None:
    assert way(Step.CONFIRM, blue=None)[-2:] == [Step.DISCARD, End.ROLLED_BACK]


def test_a_blue_that_cannot_be_ended_does_not_undo_a_deployment() -> None:
    assert way(Step.RETIRE)[-1] is End.DEPLOYED


def test_a_way_back_that_is_blocked_is_said_to_be_so() -> None:
    state = after(State(step=Step.RETURN, green=B, blue=A, was_switched=True, problem="slow"), "it does not answer")
    assert (state.step, state.problem) == (End.STUCK, "slow")


def test_nothing_follows_on_an_end() -> None:
    with pytest.raises(ValueError, match="nothing follows on deployed"):
        after(State(step=End.DEPLOYED, green=B, blue=A))


@given(st.lists(st.booleans(), max_size=20), st.sampled_from([A, None]), st.booleans())
def test_every_way_ends_and_retires_blue_only_after_green_was_watched(
    troubles: list[bool], blue: ModelTag | None, is_untouched: bool
) -> None:
    state, passed = State(step=Step.PREPARE, green=B, blue=blue), list[Step]()
    for is_wrong in [*troubles, *[False] * len(Step)]:
        if isinstance(state.step, End):
            break
        passed.append(state.step)
        state = after(state, "it broke" if is_wrong else "", is_untouched=is_untouched)
    assert isinstance(state.step, End)
    assert len(passed) == len(set(passed))
    assert (Step.RETIRE in passed) == (state.step is End.DEPLOYED)
    if Step.RETIRE in passed:
        assert passed == list(FORWARD)
        assert not state.problem or state.step is End.DEPLOYED


@pytest.mark.parametrize(
    ("now", "champion", "expected"),
    [
        pytest.param(situation(None), None, (Step.PREPARE, None, None), id="nothing served yet"),
        pytest.param(situation(A), A, (Step.PREPARE, A, None), id="another serves"),
        pytest.param(situation(A, None, B), A, (Step.PREPARE, A, None), id="green was started and left"),
        pytest.param(situation(B), A, (Step.CONFIRM, A, B), id="switched, and not written down"),
        pytest.param(situation(B, A), A, (Step.CONFIRM, A, B), id="switched, blue kept, not written down"),
        pytest.param(situation(B, A), B, (Step.CONFIRM, A, None), id="killed while watched"),
        pytest.param(situation(B, None, A), B, (Step.RETIRE, None, None), id="killed while blue was retired"),
        pytest.param(situation(None), A, (Step.PREPARE, None, None), id="the host was started again"),
        pytest.param(situation(C), A, (Step.PREPARE, C, C), id="somebody deployed past the ledger"),
    ],
)
def test_a_deployment_goes_on_where_one_was_cut_short(
    now: Situation, champion: ModelTag | None, expected: tuple[Step, ModelTag | None, ModelTag | None]
) -> None:
    course = begin(B, now, champion)
    assert course.state is not None
    assert (course.state.step, course.state.blue, course.found) == expected


@pytest.mark.parametrize(
    ("now", "champion", "clears"),
    [
        pytest.param(situation(B, None, A), A, True, id="a switch that was cut short has left blue"),
        pytest.param(situation(B, A), A, False, id="blue is kept for the way back"),
        pytest.param(situation(A, None, B), A, False, id="the first step does it anyway"),
        pytest.param(situation(B, None, A), B, False, id="the last step does it anyway"),
    ],
)
def test_what_may_answer_beside_green_is_removed_before_it_is_confirmed(
    now: Situation, champion: ModelTag, *, clears: bool
) -> None:
    assert begin(B, now, champion).clears == clears


def test_a_tag_that_serves_alone_needs_nothing() -> None:
    assert begin(B, situation(B), B) == Course(state=None)


def test_a_blue_that_stands_by_takes_over_at_once() -> None:
    course = begin(A, situation(B, A), B)
    assert course == Course(state=State(step=Step.RETURN, green=B, blue=A, was_switched=True))
