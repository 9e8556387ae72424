from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from core.contract import DriftRole
from core.reference import WEEK
from drift.columns import Columns
from drift.counts import Profile
from drift.simulation.faults import Absent, Fault, Missing, NewCategory, Shift, Swap, Unit
from drift.simulation.trial import Case, Caught, Obstacle, Simulation, simulate, strike
from drift.simulation.watch import Watch
from drift.thresholds import Thresholds
from tests.drift_windows import make_profile, make_spreads, make_week

UNIT = Unit(column="age", factor=0.45)
SMALL = Shift(column="age", sds=0.02)
GAP = Missing(column="age", share=0.05)
RARE = NewCategory(column="city", share=0.001)
WEEKS = [make_week(seed) for seed in range(1, 6)]


def run(
    faults: Sequence[Fault],
    *,
    profile: Profile | None = None,
    weeks: Sequence[Columns] = WEEKS,
    drops_columns: bool = False,
    thresholds: Thresholds | None = None,
) -> Simulation:
    return simulate(
        profile or make_profile(),
        weeks,
        faults,
        np.random.default_rng(7),
        drops_columns=drops_columns,
        thresholds=thresholds,
    )


def obstacle(
    fault: Fault, *, profile: Profile | None = None, weeks: Sequence[Columns] = WEEKS, drops_columns: bool = False
) -> Obstacle | None:
    [caught] = run([fault], profile=profile, weeks=weeks, drops_columns=drops_columns).caught
    assert caught.cases == 0 or caught.found[-1] == 0
    return caught.obstacle


def test_each_fault_is_tried_from_every_week_on_that_has_two_behind_it() -> None:
    found = run([UNIT, GAP, SMALL])

    assert found.caught == [
        Caught(fault=UNIT, cases=3, found=(3, 3, 3), obstacle=None),
        Caught(fault=GAP, cases=3, found=(0, 3, 3), obstacle=None),
        Caught(fault=SMALL, cases=3, found=(0, 0, 0), obstacle=Obstacle.VARIES),
    ]
    assert found.caught[1].within == (0, 1, 1)


@pytest.mark.parametrize(("count", "found"), [(1, (0,)), (2, (0, 1)), (3, (0, 1, 1))])
def test_a_fault_lasts_at_most_as_long_as_there_are_weeks(count: int, found: tuple[int, ...]) -> None:
    [caught] = run([GAP], weeks=WEEKS[:count]).caught
    assert (caught.cases, caught.found) == (1, found)


def test_a_simulation_needs_a_week() -> None:
    with pytest.raises(ValueError, match="at least one window"):
        run([GAP], weeks=[])


def test_a_fault_of_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="no column 'height'"):
        run([replace(UNIT, column="height")])


def test_calm_weeks_are_no_false_alarms() -> None:
    found = run([])
    assert (found.windows, found.warnings, found.alerts, found.noted, found.caught) == (5, 0, 0, {}, [])


def test_weeks_that_changed_by_themselves_are_counted() -> None:
    older = [WEEKS[0], make_week(2, older_by=1), make_week(3, older_by=8), make_week(4, older_by=8)]
    found = run([], weeks=older)

    assert (found.windows, found.warnings, found.alerts, found.noted) == (4, 1, 2, {"age": 3})


def test_a_column_that_is_an_alert_anyway_is_not_tried_there() -> None:
    weeks = [make_week(1, older_by=8), *WEEKS[1:]]
    caught = {each.fault.column: each for each in run([UNIT, RARE], weeks=weeks).caught}
    assert (caught["age"].cases, caught["city"].cases) == (2, 3)

    [always] = run([UNIT], weeks=[make_week(seed, older_by=8) for seed in range(3)]).caught
    assert (always.cases, always.found, always.within) == (0, (0, 0, 0), ())
    assert always.obstacle is Obstacle.ALARMING


def test_by_themselves_cases_leave_nothing_out() -> None:
    watch = Watch(profile=make_profile(), length=WEEK)
    case = Case.of(watch, [make_week(1, older_by=8)])

    assert case.where_calm().untried == {"age"}
    assert strike([case], [UNIT], np.random.default_rng(7))[0].found == (1,)


def test_the_last_weeks_obstacle_is_told() -> None:
    assert obstacle(GAP, weeks=WEEKS[:1]) is Obstacle.BRIEF
    assert obstacle(Absent(column="age"), drops_columns=True) is Obstacle.ABSENT
    assert obstacle(UNIT, weeks=[replace(week, redacted=frozenset({"age"})) for week in WEEKS]) is Obstacle.REDACTED
    assert obstacle(RARE) is Obstacle.VARIES
    assert obstacle(SMALL, profile=make_profile(spreads={})) is Obstacle.UNCALIBRATED
    empty = [Missing(column="age", share=1).apply(week, np.random.default_rng(7)) for week in WEEKS]
    assert obstacle(UNIT, profile=make_profile(has_values=False), weeks=empty) is Obstacle.NO_REFERENCE


@pytest.mark.parametrize(
    ("role", "expected"), [(DriftRole.CALENDAR, Obstacle.CALENDAR), (DriftRole.SEASONAL, Obstacle.SEASONAL)]
)
def test_the_values_of_a_calendar_or_a_season_are_not_caught_but_missing_ones_are(
    role: DriftRole, expected: Obstacle
) -> None:
    profile = make_profile(role=role)
    assert obstacle(Shift(column="age", sds=0.25), profile=profile) is expected
    assert run([GAP], profile=profile).caught[0].found == (0, 3, 3)


@pytest.mark.parametrize("rows", [0, 1, 150, 400])
@pytest.mark.parametrize("fault", [SMALL, RARE, GAP, Swap(column="city", first="Oslo", second="Oslo")])
def test_few_rows_say_little(rows: int, fault: Fault) -> None:
    weeks = [make_week(seed, rows) for seed in range(4)]
    assert obstacle(fault, weeks=weeks) is Obstacle.FEW_ROWS


def test_what_is_large_but_may_be_chance_lacks_rows() -> None:
    profile = make_profile(spreads=make_spreads(mean=0.0))
    weeks = [make_week(seed, 700) for seed in range(20, 23)]
    assert obstacle(SMALL, profile=profile, weeks=weeks) is Obstacle.FEW_ROWS


def test_thresholds_can_be_chosen() -> None:
    strict = Thresholds(floor=0.4)
    [caught] = run([Shift(column="age", sds=0.25)], thresholds=strict).caught
    assert caught.found == (0, 0, 0)


def test_equal_generators_give_equal_answers() -> None:
    faults: list[Fault] = [GAP, RARE, Unit(column="age", factor=0.45, share=0.1)]
    assert run(faults) == run(faults)


def test_the_progress_counts_the_starts() -> None:
    told: list[tuple[int, int]] = []
    simulate(
        make_profile(),
        WEEKS,
        [GAP],
        np.random.default_rng(7),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
