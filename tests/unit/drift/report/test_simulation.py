"""A simulation in words."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from drift.report.simulation import as_they_are, outcome, show_simulation
from drift.simulation.faults import Unit
from drift.simulation.trial import Caught, Obstacle, Simulation
from tests.drift_reports import HOSTILE

FAULT = Unit(column="distance", factor=0.45)
AS_THEY_ARE = "As they are, without a fault"
NOTED = "column 1 in 2 weeks, column 2 in 1 week"
FALSE = "If nothing had changed in them, these would be false alarms."


def make_caught(*found: int, cases: int = 10, obstacle: Obstacle | None = Obstacle.VARIES) -> Caught:
    return Caught(fault=FAULT, cases=cases, found=found, obstacle=obstacle)


def make_simulation(*caught: Caught, warnings: int = 0, alerts: int = 0, columns: int = 2) -> Simulation:
    noted = {f"column {number}": 3 - min(number, 2) for number in range(1, columns + 1)}
    return Simulation(windows=12, warnings=warnings, alerts=alerts, noted=noted, caught=caught)


def shown(simulation: Simulation, *, is_terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), width=160, force_terminal=is_terminal, color_system=None)
    show_simulation(simulation, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("caught", "words"),
    [
        (make_caught(10, 10, 10, obstacle=None), "caught at once"),
        (make_caught(4, 10, 10, obstacle=None), "caught within 2 weeks"),
        (make_caught(0, 9, 9), "caught within 2 weeks in 9 of 10 cases"),
        (make_caught(9, 9, 9), "caught at once in 9 of 10 cases"),
        (
            make_caught(0, 3, 5, obstacle=Obstacle.FEW_ROWS),
            "caught within 3 weeks in 5 of 10 cases; else a week has too few rows to tell it from chance",
        ),
        (make_caught(0, 0, 0), "not caught: the column varies more than that by itself"),
        (make_caught(0, 0, 0, cases=0, obstacle=Obstacle.ALARMING), "not tried: the column is an alert without it"),
    ],
)
def test_what_would_become_of_a_fault(caught: Caught, words: str) -> None:
    assert outcome(caught) == words


@pytest.mark.parametrize("obstacle", Obstacle)
def test_every_obstacle_is_said(obstacle: Obstacle) -> None:
    assert len(outcome(make_caught(0, obstacle=obstacle))) > len("not caught: ")


@pytest.mark.parametrize(
    ("simulation", "sentence"),
    [
        (make_simulation(), f"{AS_THEY_ARE}, none of 12 weeks would be a warning."),
        (
            make_simulation(warnings=3),
            f"{AS_THEY_ARE}, 3 of 12 weeks would be a warning and none an alert: {NOTED}.",
        ),
        (
            make_simulation(alerts=1, columns=1),
            f"{AS_THEY_ARE}, none of 12 weeks would be a warning and 1 an alert: column 1 in 2 weeks. {FALSE}",
        ),
    ],
)
def test_what_the_weeks_say_as_they_are(simulation: Simulation, sentence: str) -> None:
    assert as_they_are(simulation) == sentence


def test_of_many_columns_the_first_are_named() -> None:
    assert as_they_are(make_simulation(warnings=3, columns=11)).endswith("column 8 in 1 week and 3 more columns.")


def test_a_file_gets_fields_with_bars() -> None:
    untried = make_caught(0, 0, 0, cases=0, obstacle=Obstacle.ALARMING)
    lines = shown(make_simulation(make_caught(0, 9, 9), untried)).splitlines()

    assert lines[1:] == [
        "  fault | starts | in 1 week | in 2 weeks | in 3 weeks | what would become of it",
        f"  {FAULT} | 10 | 0 % | 90 % | 90 % | caught within 2 weeks in 9 of 10 cases",
        f"  {FAULT} | 0 | \u2013 | \u2013 | \u2013 | not tried: the column is an alert without it",
        "Within 3 weeks, 0 of 1 faults would be caught whenever they begin, and 0 of them never.",
    ]


def test_a_terminal_gets_a_table() -> None:
    text = shown(make_simulation(make_caught(10, obstacle=None)), is_terminal=True)
    assert "───" in text
    assert "in 1 week " in text
    assert "Within 1 week, 1 of 1 faults would be caught" in text


def test_without_faults_there_is_no_table() -> None:
    assert shown(make_simulation()) == f"{AS_THEY_ARE}, none of 12 weeks would be a warning.\n"


@pytest.mark.parametrize("is_terminal", [False, True])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_neither_markup_nor_an_escape(name: str, is_terminal: bool) -> None:
    caught = Caught(fault=Unit(column=name, factor=2), cases=1, found=(0,), obstacle=Obstacle.VARIES)
    text = shown(Simulation(windows=1, warnings=1, alerts=0, noted={name: 1}, caught=[caught]), is_terminal=is_terminal)
    assert "\u202e" not in text
    assert "\x1b[31m" not in text
