"""The state machine of a deployment: which step follows, and what is to be done when one was cut short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from core.tags import ModelTag
from deploy.platform import Situation


class Step(StrEnum):
    """What a deployment is at; every way out of it leads to an end in which one verified tag serves."""

    PREPARE = "prepare"
    START = "start green"
    HEALTHY = "healthy"
    VERIFY = "verify"
    SWITCH = "switch"
    CONFIRM = "confirm"
    WATCH = "watch"
    RETIRE = "retire blue"
    RETURN = "return to blue"
    DISCARD = "discard green"


class End(StrEnum):
    """How a deployment ends."""

    DEPLOYED = "deployed"
    STOPPED = "stopped before the switch"
    ROLLED_BACK = "rolled back"
    STUCK = "stuck"


_FORWARD: Final[Mapping[Step, Step | End]] = {
    Step.PREPARE: Step.START,
    Step.START: Step.HEALTHY,
    Step.HEALTHY: Step.VERIFY,
    Step.VERIFY: Step.SWITCH,
    Step.SWITCH: Step.CONFIRM,
    Step.CONFIRM: Step.WATCH,
    Step.WATCH: Step.RETIRE,
    Step.RETIRE: End.DEPLOYED,
    Step.RETURN: Step.DISCARD,
}
_BACK: Final[Mapping[Step, Step | End]] = {
    Step.PREPARE: End.STOPPED,
    Step.START: Step.DISCARD,
    Step.HEALTHY: Step.DISCARD,
    Step.VERIFY: Step.DISCARD,
    Step.SWITCH: Step.RETURN,
    Step.CONFIRM: Step.RETURN,
    Step.WATCH: Step.RETURN,
    # Green was watched and found good; a blue that would not go is a remnant of the next deployment.
    Step.RETIRE: End.DEPLOYED,
    Step.RETURN: End.STUCK,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """
    Where a deployment is.

    Attributes:
        step: What is to be done now, or how it ended.
        green: The tag that is to serve.
        blue: The tag that serves; None if none did.
        was_switched: Whether the public may have reached green.
        problem: Why it goes back; empty as long as it goes forward.
    """

    step: Step | End
    green: ModelTag
    blue: ModelTag | None
    was_switched: bool = False
    problem: str = ""


def after(state: State, problem: str = "", *, is_untouched: bool = False) -> State:
    """
    The state after a step.

    Args:
        state: Before it; of a step, not of an end.
        problem: What went wrong in it; empty if nothing did.
        is_untouched: Of a switch that went wrong: whether the public is known to have reached nothing but blue.

    Raises:
        ValueError: if the deployment has ended.
    """
    step = state.step
    if isinstance(step, End):
        raise ValueError(f"nothing follows on {step}")  # noqa: TRY004  # the type is right, the time is not
    has_switched = step is Step.SWITCH and not (problem and is_untouched)
    moved = replace(state, was_switched=state.was_switched or has_switched, problem=state.problem or problem)
    if step is Step.DISCARD:
        return replace(moved, step=End.ROLLED_BACK if state.was_switched else End.STOPPED)
    following: Step | End = (_BACK if problem else _FORWARD)[step]
    if following is Step.RETURN and (not moved.was_switched or state.blue is None):
        # There is nothing to go back from, or nothing to go back to.
        following = Step.DISCARD
    return replace(moved, step=following)


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """
    What a command comes to, as things stand.

    Attributes:
        state: Where to begin; None if nothing is to be done.
        found: What turned out to serve although the ledger does not say so, to be written down first; None if it does.
        clears: Whether the remnants are removed first, too: they are of a switch that was cut short, and may answer
            beside green, who would then seem to be wrong.
    """

    state: State | None
    found: ModelTag | None = None
    clears: bool = False


def begin(wanted: ModelTag, situation: Situation, champion: ModelTag | None) -> Course:
    """
    Where a deployment begins: at its beginning, or where an earlier one of the same tag was cut short.

    Args:
        wanted: The tag that is to serve.
        situation: How the platform stands.
        champion: What serves by the ledger.
    """
    serving = situation.serving.tag if situation.serving else None
    found = serving if serving != champion else None
    if serving == wanted:
        return _go_on(wanted, situation, champion, found)
    if serving is not None and situation.kept == wanted:
        return Course(state=State(step=Step.RETURN, green=serving, blue=wanted, was_switched=True), found=found)
    return Course(state=State(step=Step.PREPARE, green=wanted, blue=serving), found=found)


def _go_on(wanted: ModelTag, situation: Situation, champion: ModelTag | None, found: ModelTag | None) -> Course:
    """It was switched and then left alone: it is confirmed and watched as if nothing had happened."""
    blue = situation.kept or (champion if found else None)
    if found or situation.kept:
        state = State(step=Step.CONFIRM, green=wanted, blue=blue, was_switched=True)
        return Course(state=state, found=found, clears=bool(situation.remnants) and situation.kept is None)
    if situation.remnants:
        return Course(state=State(step=Step.RETIRE, green=wanted, blue=None, was_switched=True))
    return Course(state=None)
