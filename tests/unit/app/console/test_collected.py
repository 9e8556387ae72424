"""Counts of workers, added up."""

from __future__ import annotations

import math

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram

from app.console.collected import Collected, Spread


@pytest.fixture
def found() -> Collected:
    registry = CollectorRegistry()
    asked = Counter("asked", "Asked.", ["route", "status"], registry=registry)
    asked.labels("/a", "200").inc(3)
    asked.labels("/a", "500").inc()
    asked.labels("/b", "200").inc(5)
    asked.labels("/c", "200")
    took = Histogram("took", "Took.", ["route", "status"], buckets=(1, 2, 4), registry=registry)
    for status, seconds in (("200", 0.5), ("200", 1.5), ("500", 9)):
        took.labels("/a", status).observe(seconds)
    took.labels("/b", "200")
    return Collected(registry.collect())


def test_counts_are_added_up_over_what_is_not_asked_for(found: Collected) -> None:
    assert found.total("asked_total") == 9
    assert found.total("asked_total", route="/a") == 4
    assert found.total("asked_total", route="/x") == found.total("other_total") == 0
    assert found.by("asked_total", "status") == {("200",): 8, ("500",): 1}
    assert found.by("asked_total", "route") == {("/a",): 4, ("/b",): 5}


def test_histograms_are_added_up_and_those_without_values_left_out(found: Collected) -> None:
    assert found.spreads("took", "route") == {("/a",): Spread(bounds=(1, 2, 4, math.inf), counts=(1, 1, 0, 1))}
    assert found.spreads("took", "status")[("200",)].counts == (1, 1, 0, 0)
    assert found.spreads("other") == {}


@pytest.mark.parametrize(("level", "bound"), [(0.1, 1), (0.5, 1), (0.51, 2), (0.9, 4), (1, math.inf)])
def test_a_share_of_the_values_lies_within_the_bound_of_its_bucket(level: float, bound: float) -> None:
    assert Spread(bounds=(1, 2, 4, math.inf), counts=(5, 0, 4, 1)).at_most(level) == (4 if bound == 2 else bound)


def test_of_no_values_nothing_is_known() -> None:
    assert Spread(bounds=(1, math.inf), counts=(0, 0)).at_most(0.5) == math.inf
