from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.console import Console

from core.contract import DriftRole
from drift.counts import Profile
from drift.simulation.command import simulate_command
from drift.simulation.faults import Absent, Fault, Unit
from drift.thresholds import Thresholds
from tests.drift_windows import make_profile, make_week

WEEKS = [make_week(seed) for seed in range(1, 5)]


def said(
    faults: Sequence[Fault],
    *,
    weeks: int = 4,
    is_terminal: bool = False,
    drops_columns: bool = False,
    profile: Profile | None = None,
) -> str:
    console = Console(file=io.StringIO(), width=160, force_terminal=is_terminal, color_system=None)
    simulate_command(
        profile or make_profile(),
        WEEKS[:weeks],
        faults,
        console,
        thresholds=Thresholds(),
        drops_columns=drops_columns,
    )
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().replace("\u00a0", " ")


def test_the_named_faults_are_tried() -> None:
    text = said([Unit(column="age", factor=0.45)])
    assert "age in another unit (x 0.45) | 2 | 100 % | 100 % | 100 % | caught at once" in text
    assert "city" not in text


def test_without_names_the_usual_ones_are() -> None:
    text = said([])
    assert "city with Oslo and Rome exchanged | 2 | 100 % | 100 % | 100 % | caught at once" in text
    assert "age missing in a further 5 % of rows | 2 | 0 % | 100 % | 100 % | caught within 2 weeks" in text


def test_twice_it_says_the_same() -> None:
    assert said([]) == said([])


def test_a_column_that_may_be_left_out_is_not_missed() -> None:
    assert "caught at once" in said([Absent(column="age")])
    assert "not caught: no row has the column, which may be on purpose" in said(
        [Absent(column="age")], drops_columns=True
    )


def test_without_a_week_that_is_said() -> None:
    assert said([], weeks=0) == (
        "There is no complete week of rows of this model yet; faults are put into complete weeks.\n"
    )


def test_where_nothing_is_compared_there_are_no_usual_faults() -> None:
    profile = make_profile()
    features = tuple(replace(feature, drift=DriftRole.CALENDAR) for feature in profile.contract.features)
    text = said([], profile=replace(profile, contract=replace(profile.contract, features=features)))

    assert text.startswith("Every column is a calendar's, and these are not compared; name the faults to be tried.")


@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_file_sees_no_progress_but_a_terminal_does(is_terminal: bool) -> None:
    text = said([Unit(column="age", factor=0.45)], is_terminal=is_terminal)
    assert ("trying 1 fault" in text) is is_terminal
