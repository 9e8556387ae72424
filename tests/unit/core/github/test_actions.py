"""The states of a workflow."""

from __future__ import annotations

import msgspec
import pytest

from core.github.actions import Workflow, WorkflowState


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("active", WorkflowState.ACTIVE),
        ("disabled_inactivity", WorkflowState.DISABLED_INACTIVITY),
        ("disabled_manually", WorkflowState.DISABLED_MANUALLY),
        ("disabled_fork", WorkflowState.DISABLED_OTHERWISE),
        ("disabled_by_the_moon", WorkflowState.DISABLED_OTHERWISE),
        ("deleted", WorkflowState.MISSING),
    ],
)
def test_every_state_is_understood_and_a_new_one_does_not_pass_for_active(said: str, state: WorkflowState) -> None:
    content = msgspec.json.encode({"state": said, "created_at": "2026-01-01T00:00:00Z"})
    assert msgspec.json.decode(content, type=Workflow).state is state
