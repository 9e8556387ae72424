"""What is said of schedules that need a look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from control.notice import KEY, alert_of, last_success, problem, rows_of
from control.schedules import Observed, Schedule, Trouble, Troubled
from core.github.actions import Workflow, WorkflowState
from core.github.labels import LABELS

CREATED, SUCCEEDED = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)


def troubled(
    trouble: Trouble = Trouble.OVERDUE,
    *,
    file: str = "train.yml",
    state: WorkflowState = WorkflowState.ACTIVE,
    success: datetime | None = SUCCEEDED,
) -> Troubled:
    schedule = Schedule(file=file, longest=timedelta(days=40), means="no newer model")
    workflow = None if trouble is Trouble.MISSING else Workflow(state=state, created_at=CREATED)
    return Troubled(
        observed=Observed(schedule=schedule, workflow=workflow, last_success=success),
        trouble=trouble,
    )


def page(file: str) -> str:
    return f"https://github.com/o/r/actions/workflows/{file}"


def test_there_is_one_alert_for_all_of_them() -> None:
    alert = alert_of([troubled(), troubled(file="drift.yml")], "o/r", page)
    assert alert.key == KEY
    assert alert.title == "Schedules that do not run: train.yml, drift.yml"
    assert alert.body.count("\n| [") == 2


def test_its_labels_are_of_our_table() -> None:
    assert set(alert_of([troubled()], "o/r", page).labels) < set(LABELS)


def test_a_row_has_as_many_cells_as_the_head() -> None:
    head, _, row = rows_of([troubled()], "o/r", page).splitlines()
    assert row.count(" | ") == head.count(" | ") == 4


@pytest.mark.parametrize(
    ("each", "text"),
    [
        (troubled(), "it has not succeeded within 40 days"),
        (troubled(Trouble.MISSING), "GitHub does not know it: it is not on the default branch"),
        (troubled(Trouble.DISABLED, state=WorkflowState.DISABLED_MANUALLY), "somebody disabled it"),
        (
            troubled(Trouble.DISABLED, state=WorkflowState.DISABLED_OTHERWISE),
            "it is disabled, as schedules are in a fork",
        ),
    ],
)
def test_a_problem_is_said_in_a_few_words(each: Troubled, text: str) -> None:
    assert problem(each.observed, each.trouble) == text


@pytest.mark.parametrize(
    ("each", "remedy"),
    [
        (troubled(), "then `gh workflow run train.yml --repo o/r` |"),
        (troubled(Trouble.MISSING), "| push it to the default branch |"),
        (
            troubled(Trouble.DISABLED, state=WorkflowState.DISABLED_MANUALLY),
            "| `gh workflow enable train.yml --repo o/r` |",
        ),
    ],
)
def test_a_row_ends_with_what_to_do(each: Troubled, remedy: str) -> None:
    assert rows_of([each], "o/r", page).endswith(remedy)


@pytest.mark.parametrize(
    ("each", "text"),
    [
        (troubled(), "2026-03-04"),
        (troubled(success=None), "never, since 2026-01-02"),
        (troubled(Trouble.MISSING, success=None), "never"),
    ],
)
def test_the_last_success_is_a_day_so_that_the_text_stays_the_same(each: Troubled, text: str) -> None:
    assert last_success(each.observed) == text
