from __future__ import annotations

from dataclasses import replace

import pytest

from bench.server import ROOT
from core.contract import DriftRole
from drift.simulation.choice import parse_fault
from example.bench.drift import FAULTS, naive
from ml.problem import read_problem
from tests.drift_windows import make_profile, make_week


def test_the_naive_test_sees_numbers_that_changed() -> None:
    profile = make_profile()
    assert not naive(profile, make_week(1))
    assert naive(profile, make_week(1, older_by=2))


def test_the_naive_test_sees_categories_that_changed() -> None:
    week = make_week(1)
    cities = week.categorical["city"]
    for categories in (("Rome", "Oslo"), ("Oslo", "Bergen")):
        struck = replace(week, categorical={"city": replace(cities, categories=categories)})
        assert naive(make_profile(), struck)


def test_the_naive_test_leaves_calendars_out() -> None:
    assert not naive(make_profile(role=DriftRole.CALENDAR), make_week(1, older_by=2))


@pytest.mark.parametrize("text", FAULTS)
def test_the_faults_are_faults_of_the_shipped_example(text: str) -> None:
    contract = read_problem(ROOT / "model.toml").contract
    assert parse_fault(text, contract).word == text.partition(":")[0]
