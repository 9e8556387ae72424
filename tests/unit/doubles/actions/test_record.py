"""What act wrote down of a run."""

from __future__ import annotations

import json

from doubles.actions.record import Step, read_record


def _text(*entries: dict[str, object]) -> str:
    return "\n".join(json.dumps(entry) for entry in entries)


def _ended(result: str, *, step_id: list[str] | None = None, stage: str = "Main") -> dict[str, object]:
    return {
        "jobID": "test",
        "stage": stage,
        "step": "Run the tests",
        "stepID": step_id or ["1"],
        "stepResult": result,
        "executionTime": 2_500_000_000,
        "msg": f"{result} - Run the tests",
    }


def test_a_step_has_its_conclusion_and_its_seconds() -> None:
    record = read_record(_text({"jobID": "test", "step": "Run the tests", "msg": "started"}, _ended("failure")))
    assert record.steps == (Step(job="test", name="Run the tests", conclusion="failure", seconds=2.5),)


def test_steps_within_an_action_and_before_and_after_it_are_no_steps() -> None:
    assert read_record(_text(_ended("success", step_id=["1", "0"]), _ended("success", stage="Post"))).steps == ()


def test_a_job_of_several_parts_has_failed_if_one_has() -> None:
    first, second, third = ({"jobID": "test", "jobResult": result} for result in ("success", "failure", "success"))
    assert read_record(_text(dict(first), dict(second), dict(third))).jobs == {"test": "failure"}


def test_a_summary_is_kept_line_by_line() -> None:
    record = read_record(_text({"command": "summary", "content": "## Gate\n\n| a |\n", "msg": "Summary - ## Gate"}))
    assert record.summaries == ("## Gate\n\n| a |\n",)


def test_complaints_of_act_itself_stay_in_the_log() -> None:
    record = read_record(_text({"jobID": "test", "msg": "hello\n"}) + "\nError: workflow is not valid\n")
    assert record.log == "[test] hello\nError: workflow is not valid"
    assert record.jobs == {}
