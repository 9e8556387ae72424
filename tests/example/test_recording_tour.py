"""A tour stops at each section of a page, whatever they are."""

from __future__ import annotations

from itertools import pairwise

import pytest

from demo.recording.tour import Page, below, glide, glide_s, plan


def page(*headings: float, height: float = 5000) -> Page:
    return Page(headings=headings, height=height, view=720)


def test_it_begins_at_the_top_and_stops_at_each_section_in_order() -> None:
    stops = plan(page(3000, 1000, 2000), length_s=30)
    assert [stop.at for stop in stops] == [0, 976, 1976, 2976]
    assert [stop.glide_s > 0 for stop in stops] == [False, True, True, True]


def test_what_is_seen_together_is_one_stop() -> None:
    assert [stop.at for stop in plan(page(100, 200, 1000, 1100), length_s=30)] == [0, 976]


def test_nobody_goes_below_the_end_of_the_page() -> None:
    assert [stop.at for stop in plan(page(1000, 4600, 4800), length_s=30)] == [0, 976, 4280]
    assert [stop.at for stop in plan(page(500, height=600), length_s=30)] == [0]
    assert below(page(), 10) == 0


def test_it_takes_as_long_as_it_should_however_many_stops_there_are() -> None:
    for count in (1, 3, 9):
        stops = plan(page(*[1000.0 * n for n in range(1, count + 1)], height=20_000), length_s=40)
        assert sum(stop.glide_s + stop.hold_s for stop in stops) == pytest.approx(40)


def test_with_very_many_stops_each_is_still_seen() -> None:
    stops = plan(page(*[1000.0 * n for n in range(1, 60)], height=100_000), length_s=10)
    assert min(stop.hold_s for stop in stops) >= 0.5


def test_a_page_without_sections_is_looked_at() -> None:
    assert [(stop.at, stop.hold_s) for stop in plan(page(), length_s=5)] == [(0, 5)]


def test_a_glide_ends_where_it_should_and_never_turns_round() -> None:
    places = list(glide(100, 900, 20))
    assert len(places) == 20
    assert places[-1] == 900
    assert all(one < other for one, other in pairwise([100, *places]))
    assert list(glide(900, 100, 1)) == [100]


def test_a_long_way_takes_longer_but_not_for_ever() -> None:
    assert glide_s(10) < glide_s(1500) < glide_s(5000) == glide_s(-50_000)
