"""Which outcomes are usable, and what becomes of the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.contract import Target, Task
from core.intervals import Band
from drift.columns import Coded, Columns
from drift.quality.labelled import NO_CLASS, Labelled, joined, labelled_of
from tests.factories import INTERVALS, TARGETS

CATCH_ALL = Target(name="late", task=Task.BINARY, classes=("not yes", "yes"), catch_all=True)
NUMBERED = Target(name="grade", task=Task.MULTICLASS, classes=("1", "2", "2.5"))


def _columns(*outcomes: str | float | None, **changes: Any) -> Columns:
    rows = len(outcomes)
    values: dict[str, Any] = {
        "at": np.arange(rows),
        "numeric": {},
        "categorical": {"city": Coded(codes=np.arange(rows, dtype=np.int32), categories=tuple("abcdefgh"))},
        "scores": {"score": np.linspace(0.1, 0.9, rows)},
        "wrong": {},
        "outcomes": outcomes,
    }
    return Columns(**values | changes)


def _labelled(target: Target, columns: Columns) -> Labelled:
    return labelled_of(columns, target, threshold=0.5, segments=["city"])


def test_rows_without_an_outcome_are_counted_and_left_out() -> None:
    found = _labelled(TARGETS[Task.BINARY], _columns("yes", None, "no", float("nan"), "yes"))
    assert found.outcomes.tolist() == [1, 0, 1]
    assert found.scores[:, 0].tolist() == pytest.approx([0.1, 0.5, 0.9])
    assert found.segments["city"].codes.tolist() == [0, 2, 4]
    assert (len(found), found.predictions, found.notes) == (3, 5, ())


def test_an_outcome_that_is_no_class_counts_as_wrong_and_is_told() -> None:
    found = _labelled(TARGETS[Task.BINARY], _columns("yes", "maybe", "perhaps"))
    assert found.outcomes.tolist() == [1, NO_CLASS, NO_CLASS]
    assert found.notes == ("2 outcomes of 'churn' are none of its classes and counted as wrong, such as 'maybe'.",)


def test_any_other_text_is_negative_where_the_target_says_so() -> None:
    found = _labelled(CATCH_ALL, _columns("yes", "maybe", 3.0))
    assert (found.outcomes.tolist(), found.notes) == ([1, 0, 0], ())


def test_classes_that_a_file_holds_as_numbers_are_read() -> None:
    scores = {f"score {name}": np.full(5, 0.3) for name in NUMBERED.classes}
    found = _labelled(NUMBERED, _columns(1.0, 2, "1", 2.5, float("inf"), scores=scores))
    assert found.outcomes.tolist() == [0, 1, 0, 2, NO_CLASS]
    assert found.notes == ("1 outcome of 'grade' is none of its classes and counted as wrong, such as inf.",)


def test_what_is_no_number_is_left_out_of_a_regression_and_told() -> None:
    columns = _columns(1.5, "cheap", float("inf"), -1e39, 3, scores={"value": np.ones(5)})
    found = _labelled(TARGETS[Task.REGRESSION], columns)
    assert found.outcomes.tolist() == [1.5, 3.0]
    assert found.notes == ("3 outcomes of 'price' are no number that may be reported, and left out, such as 'cheap'.",)


def test_the_ends_of_an_interval_follow_from_the_value_that_was_answered() -> None:
    columns = _columns(1.5, None, 3.0, scores={"value": np.array([0.0, 9.0, 1.0])})
    found = labelled_of(columns, TARGETS[Task.REGRESSION], threshold=None, band=Band.of(INTERVALS))
    assert found.ends is not None
    assert found.ends.tolist() == [[-0.5, 1.0], [0.0, 3.0]]
    again = joined([found, found]).ends
    assert again is not None
    assert again.tolist() == [*found.ends.tolist()] * 2
    assert _labelled(TARGETS[Task.REGRESSION], columns).ends is None


def test_a_row_without_a_score_is_left_out_and_told() -> None:
    scores = {"score": np.array([0.2, np.nan, np.inf])}
    found = _labelled(TARGETS[Task.BINARY], _columns("yes", "no", "yes", scores=scores))
    assert found.outcomes.tolist() == [1]
    assert found.notes == ("2 with an outcome but without a score were left out.",)


def test_a_class_without_scores_leaves_no_row() -> None:
    found = _labelled(TARGETS[Task.MULTICLASS], _columns("basic", "pro", scores={"score basic": np.ones(2)}))
    assert (len(found), found.scores.shape, found.predictions) == (0, (0, 3), 2)


def test_rows_that_were_read_without_outcomes_have_none() -> None:
    columns = _columns(None, None, None, outcomes=())
    assert (len(_labelled(TARGETS[Task.BINARY], columns)), columns.at.size) == (0, 3)


def test_an_empty_window_has_no_rows() -> None:
    found = _labelled(TARGETS[Task.BINARY], _columns())
    assert (len(found), found.predictions) == (0, 0)


@pytest.mark.parametrize("changes", [{"categorical": {}}, {"redacted": frozenset({"city"})}])
def test_a_segment_that_was_not_written_down_is_passed_over(changes: dict[str, Any]) -> None:
    assert _labelled(TARGETS[Task.BINARY], _columns("yes", "no", **changes)).segments == {}


def test_parts_join_to_the_whole_whatever_order_their_categories_have() -> None:
    target, outcomes = TARGETS[Task.BINARY], ("yes", None, "no", "maybe", "no")
    whole = _labelled(target, _columns(*outcomes))
    cities = [("b", "a"), ("c", "d", "e")]
    parts = [
        _labelled(
            target,
            _columns(
                *outcomes[start:stop],
                scores={"score": np.linspace(0.1, 0.9, 5)[start:stop]},
                categorical={"city": Coded(codes=codes, categories=names)},
            ),
        )
        for (start, stop), codes, names in zip(
            ((0, 2), (2, 5)), (np.array([1, 0]), np.array([0, 1, -1])), cities, strict=True
        )
    ]
    found = joined(parts)
    assert found.scores.tolist() == whole.scores.tolist()
    assert found.outcomes.tolist() == whole.outcomes.tolist()
    assert (found.predictions, found.notes) == (whole.predictions, whole.notes)
    city = found.segments["city"]
    assert [city.categories[code] if code >= 0 else None for code in city.codes] == ["a", "c", "d", None]
