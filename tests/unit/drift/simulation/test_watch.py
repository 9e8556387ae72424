from __future__ import annotations

import numpy as np
import pytest

from core.drift import Rule, Severity
from core.reference import DAY, WEEK
from drift.simulation.faults import Absent, Missing
from drift.simulation.watch import Watch
from tests.drift_windows import make_profile, make_week

ABSENT, GAP = Absent(column="age"), Missing(column="age", share=0.05)


def severities(watch: Watch, *seeds: int) -> list[Severity]:
    """What ages are in weeks in which a twentieth of them is missing."""
    weeks = [GAP.apply(make_week(seed), np.random.default_rng(seed)) for seed in seeds]
    return [watch.see(week)[0].severity for week in weeks]


def test_a_warning_is_an_alert_when_it_comes_again() -> None:
    assert severities(Watch(profile=make_profile(), length=WEEK), 1, 2) == [Severity.WARNING, Severity.ALERT]


def test_a_day_is_judged_by_itself() -> None:
    profile = make_profile(spreads={DAY: next(iter(make_profile().reference.numeric["age"].spreads.values()))})
    assert severities(Watch(profile=profile, length=DAY), 1, 2) == [Severity.WARNING] * 2


def test_afresh_nothing_is_remembered_and_nothing_is_forgotten() -> None:
    watch = Watch(profile=make_profile(), length=WEEK)
    severities(watch, 1)

    assert severities(watch.afresh(), 2) == [Severity.WARNING]
    assert severities(watch, 2) == [Severity.ALERT]


def test_what_is_only_gathered_is_not_remembered() -> None:
    watch = Watch(profile=make_profile(), length=WEEK)
    watch.gather(GAP.apply(make_week(1), np.random.default_rng(1)))

    assert severities(watch, 2) == [Severity.WARNING]


@pytest.mark.parametrize(
    ("drops_columns", "severity"), [(False, Severity.CRITICAL), (True, Severity.INSUFFICIENT_DATA)]
)
def test_a_column_may_be_absent_on_purpose(drops_columns: bool, severity: Severity) -> None:
    watch = Watch(profile=make_profile(), length=WEEK, drops_columns=drops_columns)
    [age, _] = watch.see(ABSENT.apply(make_week(1), np.random.default_rng(1)))

    assert (age.severity, age.rule) == (severity, Rule.ABSENT)


@pytest.mark.parametrize("place", [0, 1])
def test_one_feature_alone_says_what_it_says_among_all(place: int) -> None:
    watch, week = Watch(profile=make_profile(), length=WEEK), make_week(1, older_by=2)
    everything = watch.gather(week)

    assert watch.of_feature(everything[place].column).gather(week) == [everything[place]]


def test_a_feature_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="no column 'height'; there are: age, city"):
        Watch(profile=make_profile(), length=WEEK).of_feature("height")
