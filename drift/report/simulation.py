"""What a simulation found on a terminal: which faults would be caught, and what is called a change without any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.console import Console

from drift.report import wording
from drift.report.printing import print_table, say
from drift.simulation.trial import Caught, Obstacle, Simulation

_OBSTACLES: Final = {
    Obstacle.ALARMING: "the column is an alert without it",
    Obstacle.ABSENT: "no row has the column, which may be on purpose",
    Obstacle.BRIEF: "it is a warning, and an alert only if it is one again",
    Obstacle.FEW_ROWS: "a week has too few rows to tell it from chance",
    Obstacle.REDACTED: "the values of the column are not written down",
    Obstacle.CALENDAR: "the values of a calendar column are not compared",
    Obstacle.SEASONAL: "the values of a seasonal column are no alert by themselves",
    Obstacle.NO_REFERENCE: "training had no values to compare with",
    Obstacle.UNCALIBRATED: "training has too few weeks to say what is usual, and for that it is too small",
    Obstacle.VARIES: "the column varies more than that by itself",
}
_MAX_COLUMNS: Final = 8


def show_simulation(simulation: Simulation, console: Console) -> None:
    """Print what the weeks say as they are, then each fault with what would become of it."""
    say(console, as_they_are(simulation))
    reach = max((len(each.found) for each in simulation.caught), default=0)
    head = ("fault", "starts", *(f"in {_weeks(number)}" for number in range(1, reach + 1)), "what would become of it")
    rows = [
        (
            wording.plain(str(each.fault), wording.TEXT_LENGTH),
            str(each.cases),
            *(map(wording.share, each.within) if each.cases else [wording.NONE] * reach),
            outcome(each),
        )
        for each in simulation.caught
    ]
    print_table(console, head, rows)
    if rows:
        say(console, _summary(simulation, reach))


def as_they_are(simulation: Simulation) -> str:
    """What the weeks say without a fault."""
    warnings, alerts, weeks = simulation.warnings, simulation.alerts, _weeks(simulation.windows)
    if not warnings and not alerts:
        return f"As they are, without a fault, none of {weeks} would be a warning."
    false = " If nothing had changed in them, these would be false alarms." if alerts else ""
    return (
        f"As they are, without a fault, {warnings or 'none'} of {weeks} would be a warning and {alerts or 'none'} an"
        f" alert: {_named(simulation.noted)}.{false}"
    )


def outcome(caught: Caught) -> str:
    """What would become of a fault, in words."""
    obstacle = _OBSTACLES[caught.obstacle] if caught.obstacle else ""
    if not caught.cases:
        return f"not tried: {obstacle}"
    best = caught.found[-1]
    if not best:
        return f"not caught: {obstacle}"
    number = caught.found.index(best) + 1
    when = "at once" if number == 1 else f"within {_weeks(number)}"
    if best == caught.cases:
        return f"caught {when}"
    often = f"caught {when} in {best} of {caught.cases} cases"
    return often if 2 * best > caught.cases else f"{often}; else {obstacle}"


def _summary(simulation: Simulation, reach: int) -> str:
    tried = [each for each in simulation.caught if each.cases]
    always = sum(each.found[-1] == each.cases for each in tried)
    never = sum(not each.found[-1] for each in tried)
    return (
        f"Within {_weeks(reach)}, {always} of {len(tried)} faults would be caught whenever they begin, and {never} of"
        " them never."
    )


def _named(noted: Mapping[str, int]) -> str:
    names = [f"{wording.plain(name)} in {_weeks(count)}" for name, count in noted.items()]
    rest = len(names) - _MAX_COLUMNS
    return ", ".join(names[:_MAX_COLUMNS]) + (f" and {rest} more columns" if rest > 0 else "")


def _weeks(count: int) -> str:
    return "1 week" if count == 1 else f"{count} weeks"
