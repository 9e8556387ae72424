"""Where the marks of plots lie."""

from __future__ import annotations

from app.console.plots import Box, Mark, columns, intervals, strokes


def test_columns_stand_side_by_side_on_the_lower_edge() -> None:
    assert columns([2, 0, 4, 1]) == (
        Box(x=2.5, y=50, width=20, height=50),
        Box(x=52.5, y=0, width=20, height=100),
        Box(x=77.5, y=75, width=20, height=25),
    )


def test_what_is_there_at_all_can_be_seen_and_nothing_stands_out() -> None:
    assert [box.height for box in columns([1, 100_000])] == [1, 100]
    assert [box.height for box in columns([5, 10], 5)] == [100, 100]
    assert columns([0, 0]) == columns([]) == ()


def test_strokes_are_as_high_as_columns_would_be() -> None:
    assert strokes([1, 0], 2) == (Mark(x1=0, x2=50, y=50), Mark(x1=50, x2=100, y=100))


def test_intervals_lie_around_their_values_and_nothing_is_shown_beside_them() -> None:
    plot = intervals([(-0.1, 0.1, 0.3), (0.1, 0.2, 0.3)], 0.05)
    # The second one decides what fits, with a tenth of air on both sides.
    assert (round(plot.top, 3), round(plot.bottom, 3)) == (0.33, -0.03)
    assert [(span.x, span.low, span.value, span.high) for span in plot.spans] == [
        (25, 100, 63.89, 8.33),
        (75, 63.89, 36.11, 8.33),
    ]
    assert (plot.zero, plot.goal) == (91.67, 77.78)


def test_an_interval_of_nothing_has_a_place_too() -> None:
    plot = intervals([(0, 0, 0)], 0)
    assert (plot.top, plot.bottom, plot.zero) == (1, -1, 50)
