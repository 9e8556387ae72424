"""What a workflow file says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from doubles.actions.workflow_file import Action, UnclearWorkflow, actions_of, permissions_of


def _workflow(folder: Path, text: str) -> Path:
    path = folder / "workflow.yml"
    path.write_text(text)
    return path


def test_the_permissions_of_all_jobs_are_taken_together_and_write_includes_read(tmp_path: Path) -> None:
    path = _workflow(
        tmp_path,
        "permissions: {}\n"
        "jobs:\n"
        "  judge: {permissions: {contents: read, issues: write}}\n"
        "  publish: {permissions: {contents: write, issues: read}}\n",
    )
    assert permissions_of(path) == {"contents": "write", "issues": "write"}


def test_a_job_without_permissions_has_those_of_the_workflow(tmp_path: Path) -> None:
    path = _workflow(tmp_path, "permissions: {contents: read}\njobs: {check: {}, test: {permissions: {}}}\n")
    assert permissions_of(path) == {"contents": "read"}


def test_a_permission_of_none_is_no_scope(tmp_path: Path) -> None:
    path = _workflow(tmp_path, "jobs: {check: {permissions: {contents: none}}}\n")
    assert permissions_of(path) == {}


@pytest.mark.parametrize("permissions", ["", "permissions: write-all"])
def test_permissions_that_are_left_open_are_refused(tmp_path: Path, permissions: str) -> None:
    path = _workflow(tmp_path, f"{permissions}\njobs: {{check: {{}}}}\n")
    with pytest.raises(UnclearWorkflow, match="job check: permissions have to be named one by one"):
        permissions_of(path)


def test_a_file_that_holds_no_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnclearWorkflow, match="a workflow is a mapping"):
        permissions_of(_workflow(tmp_path, "- push\n"))


def test_actions_are_found_in_steps_and_jobs_and_local_ones_are_left_out(tmp_path: Path) -> None:
    path = _workflow(
        tmp_path,
        "jobs:\n"
        "  build:\n"
        "    steps:\n"
        "      - uses: actions/cache/restore@abc\n"
        "      - uses: ./here\n"
        "      - run: echo\n"
        "  call: {uses: owner/name/.github/workflows/x.yml@def}\n",
    )
    assert actions_of(path) == {
        Action(repository="actions/cache", reference="abc"),
        Action(repository="owner/name", reference="def"),
    }
