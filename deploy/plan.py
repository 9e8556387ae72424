"""What a deployment would come to, as things stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from core.tags import ModelTag
from deploy.machine import Course, End, State, Step, after
from deploy.platform import Machine, Platform, Situation
from deploy.prices import cost

_DOES: Final[Mapping[Step, str]] = MappingProxyType(
    {
        Step.PREPARE: "remove {remnants}",
        Step.START: "run {green} where the public does not reach it",
        Step.HEALTHY: "wait until it says that it is ready",
        Step.VERIFY: "tag, golden rows, a smoke batch; then the newest rows at both, scores and time compared",
        Step.SWITCH: "let the public reach {green}",
        Step.CONFIRM: "the same at {url}",
        Step.WATCH: "errors, time and scores beside those of {blue}; a breach goes back by itself and opens an issue",
        Step.RETIRE: "let {blue} answer what it has begun, and end it",
        Step.RETURN: "let the public reach {blue} again",
        Step.DISCARD: "end {green}",
    }
)
_DOES_WITHOUT_BLUE: Final[Mapping[Step, str]] = MappingProxyType(
    {
        **_DOES,
        Step.VERIFY: "tag, golden rows, a smoke batch",
        Step.WATCH: "nothing, as there is nothing to compare with or to go back to",
        Step.RETIRE: "end whatever else runs",
    }
)


def steps_of(state: State) -> Iterator[Step]:
    """The steps from a state to its end, if all goes well."""
    while not isinstance(step := state.step, End):
        yield step
        state = after(state)


def lines_of(
    wanted: ModelTag, course: Course, situation: Situation, platform: Platform, machines: Sequence[Machine]
) -> list[str]:
    """
    A plan, line by line.

    Args:
        wanted: The tag that is to serve.
        course: What bringing it comes to.
        situation: How the platform stands.
        platform: For its name and address.
        machines: That are paid for.
    """
    serving = situation.serving.tag if situation.serving else None
    lines = [f"{platform.name} ({platform.url}) serves {serving or 'nothing'}."]
    if situation.busy:
        lines.append(f"It is busy: {situation.busy}; a deployment would be refused until that ends.")
    if course.found:
        lines.append(f"The ledger does not say so; first {course.found} would be written down.")
    if course.clears:
        lines.append(f"What a switch left would be removed: {', '.join(each.name for each in situation.remnants)}.")
    if course.state is None:
        lines.append(f"{wanted} serves already; nothing would be done.")
    else:
        words = {
            "green": course.state.green,
            "blue": course.state.blue,
            "url": platform.url,
            "remnants": ", ".join(each.name for each in situation.remnants) or "nothing, as nothing was left behind",
        }
        does = _DOES if course.state.blue else _DOES_WITHOUT_BLUE
        lines += [
            f"  {number}. {step}: {does[step].format_map(words)}"
            for number, step in enumerate(steps_of(course.state), 1)
        ]
    return [*lines, cost(machines)]
